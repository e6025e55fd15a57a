"""Spectrograms with axes in Hz."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.displays import SpectrogramDisplay, TrackDisplay
from genrekit.features import Frontend, Spectra, mel_spectrogram

pytest.importorskip("matplotlib")

SR = 22050


def tone(hertz, seconds=1.0, sr=SR):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * sr)) / sr).astype(np.float32)


def at(display, hertz):
    """Level in the picture at a frequency, read off the axis as people do."""
    ax, image = display.ax_, display.im_
    low, high = image.get_extent()[2:]
    if display.scale == "linear":
        y = hertz
    else:
        marks = {int(label.get_text()): where for label, where in _ticks(ax)}
        y = marks[hertz]
    rows = image.get_array()
    row = int((y - low) / (high - low) * len(rows))
    return float(rows[max(row - 1, 0) : row + 2].mean(axis=1).max())


def _ticks(ax):
    return list(zip(ax.get_yticklabels(), ax.get_yticks(), strict=True))


@pytest.mark.parametrize("scale", ["mel", "log", "linear"])
@pytest.mark.parametrize("hertz", [512, 2048])
def test_a_tone_stands_at_its_frequency(scale, hertz):
    display = SpectrogramDisplay.from_track(tone(hertz), scale=scale)
    assert at(display, hertz) > -6
    assert at(display, 2048 if hertz == 512 else 512) < -40
    assert display.im_.get_array().max() <= 0
    assert display.ax_.get_ylabel() == "frequency, Hz"


@pytest.mark.parametrize("scale", ["mel", "log"])
def test_there_are_marks_below_512_hz(scale):
    display = SpectrogramDisplay.from_track(tone(440), scale=scale)
    marks = [int(label.get_text()) for label, _ in _ticks(display.ax_)]
    assert min(marks) < 512
    assert {512, 1024, 8192} <= set(marks)
    panels = TrackDisplay.from_track(tone(440)).axes_
    assert min(int(label.get_text()) for label, _ in _ticks(panels[1])) < 512


def test_values_are_those_of_the_features_and_below_the_loudest():
    y = tone(300) + 0.1 * tone(3000)
    display = SpectrogramDisplay.from_track(y, n_mels=40, top_db=50)
    expected = mel_spectrogram(Spectra(y), n_mels=40, db=True, top_db=50)
    np.testing.assert_allclose(display.decibels, expected)
    np.testing.assert_allclose(display.im_.get_array(), expected - expected.max(), atol=1e-4)
    assert display.im_.get_array().min() >= -50.001


def test_part_of_a_file_at_its_own_rate(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "a$b.wav"
    soundfile.write(path, tone(1000, 3.0, 8000), 8000)
    display = SpectrogramDisplay.from_track(
        path, scale="linear", frontend=Frontend(offset=1.0, duration=1.0, native=True)
    )
    left, right, low, high = display.im_.get_extent()
    assert left == pytest.approx(1.0, abs=0.05)
    assert right == pytest.approx(2.0, abs=0.1)
    assert (low, high) == (0, 4000)
    assert display.ax_.get_title() == r"a\$b.wav"
    assert at(display, 1000) > -3


def test_silence_one_sample_and_bad_input():
    for y in (np.zeros(3000, np.float32), np.ones(1, np.float32)):
        for scale in ("mel", "log"):
            assert np.isfinite(SpectrogramDisplay.from_track(y, scale=scale).decibels).all()
    with pytest.raises(ValueError, match="unknown scale"):
        SpectrogramDisplay.from_track(tone(440), scale="bark")
    with pytest.raises(TypeError, match=r"waveform or \(y, sr\), not int"):
        SpectrogramDisplay.from_track(5)
