"""What a track looks like."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.datasets import make_tracks
from genrekit.displays import TrackDisplay
from genrekit.exceptions import AudioDecodeError
from genrekit.features import Frontend, Spectra, mel_spectrogram, mfcc

Figure = pytest.importorskip("matplotlib.figure").Figure


def test_shows_what_the_features_see(tmp_path):
    (path,) = make_tracks(1, genres=["pluck"], duration=2.0, root=tmp_path).paths
    display = TrackDisplay.from_track(path, n_mels=64, n_mfcc=13)
    (array,) = make_tracks(1, genres=["pluck"], duration=2.0).waveforms
    np.testing.assert_allclose(display.waveform, array, atol=1e-4)
    spectra = Spectra(display.waveform)
    np.testing.assert_array_equal(display.mel, mel_spectrogram(spectra, n_mels=64, db=True))
    np.testing.assert_array_equal(display.mfcc, mfcc(spectra, n_mels=64, n_mfcc=13))
    assert display.ax_.get_title() == "pluck.00000.wav"
    assert display.axes_[-1].get_xlabel() == "time, s"
    assert all(ax.get_xlim() == (0.0, 2.0) for ax in display.axes_)


def test_the_file_is_read_once(tmp_path):
    reads = []

    class File:
        def __init__(self, path):
            self.file = path.open("rb")

        def __getattr__(self, name):
            return getattr(self.file, name)

        def read(self, *args):
            data = self.file.read(*args)
            reads.append(len(data))
            return data

    path = make_tracks(1, genres=["pulse"], duration=3.0, root=tmp_path).paths[0]
    size = (tmp_path / path).stat().st_size
    TrackDisplay.from_track(File(tmp_path / path))
    assert sum(reads) < 1.5 * size


def test_a_pair_at_its_own_rate_and_a_part_of_it():
    y = np.sin(2 * np.pi * 440 * np.arange(3 * 8000) / 8000).astype(np.float32)
    display = TrackDisplay.from_track((y, 8000), frontend=Frontend(offset=1.0, duration=1.0))
    assert abs(len(display.waveform) - 22050) <= 1
    left, right = display.axes_[0].get_xlim()
    assert left == 1.0
    assert right == pytest.approx(2.0, abs=1e-3)
    assert display.ax_.get_title() == ""


def test_a_tone_stands_at_its_frequency():
    y = np.sin(2 * np.pi * 2048 * np.arange(22050) / 22050).astype(np.float32)
    display = TrackDisplay.from_track(y)
    ax = display.axes_[1]
    ticks = dict(zip([t.get_text() for t in ax.get_yticklabels()], ax.get_yticks(), strict=True))
    loudest = display.mel.mean(axis=1).argmax()
    assert abs(ticks["2048"] - loudest) <= 1


def test_a_long_track_is_drawn_with_no_more_columns_than_a_screen_has():
    y = np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 22050).astype(np.float32)
    y[12345] = 1.0
    display = TrackDisplay.from_track(y)
    (envelope,) = display.axes_[0].collections
    vertices = envelope.get_paths()[0].vertices
    assert len(vertices) < 5000
    assert vertices[:, 1].max() == 1.0  # no peak is lost
    assert display.axes_[1].images[0].get_array().shape[1] <= 2000


def test_some_panels_on_given_axes():
    ax = Figure().add_subplot()
    y = make_tracks(1, genres=["drone"], duration=1.0).waveforms[0]
    display = TrackDisplay.from_track(y, ax=ax, panels=["mel"])
    assert display.ax_ is ax
    assert len(display.axes_) == 1
    assert display.axes_[0].get_ylabel() == "mel band, Hz"


def test_silence_and_one_sample():
    for y in (np.zeros(22050, np.float32), np.ones(1, np.float32)):
        display = TrackDisplay.from_track(y)
        assert np.isfinite(display.axes_[2].images[0].get_array()).all()


def test_what_can_not_be_drawn(tmp_path):
    y = np.zeros(1000, np.float32)
    with pytest.raises(ValueError, match="did you mean 'mfcc'"):
        TrackDisplay.from_track(y, panels=["mfc"])
    with pytest.raises(ValueError, match="ax holds 1 axes: 3 are needed"):
        TrackDisplay.from_track(y, ax=Figure().add_subplot())
    with pytest.raises(TypeError, match=r"waveform or \(y, sr\), not int"):
        TrackDisplay.from_track(5)
    (tmp_path / "page.mp3").write_text("<html>")
    with pytest.raises(AudioDecodeError, match=r"page\.mp3"):
        TrackDisplay.from_track(tmp_path / "page.mp3")
