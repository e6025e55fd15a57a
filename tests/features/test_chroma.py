"""Pitch classes and tonal centroids where the answer is known; against librosa: test_librosa."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.features import Spectra, chroma, tonnetz


def _tones(*frequencies):
    t = np.arange(22050) / 22050
    return Spectra(sum(np.sin(2 * np.pi * f * t) for f in frequencies))


@pytest.mark.parametrize(("frequency", "pitch"), [(440.0, 9), (261.626, 0), (739.989, 6)])
def test_pitch_class_of_a_tone(frequency, pitch):
    frames = chroma(_tones(frequency))[:, 4:-4]
    assert (frames.argmax(axis=0) == pitch).all()
    np.testing.assert_array_equal(frames.max(axis=0), 1.0)
    assert (np.sort(frames, axis=0)[-2] < 0.5).all()


def test_octaves_share_a_pitch_class():
    for frequency in (220.0, 880.0, 1760.0):
        assert chroma(_tones(frequency))[:, 20].argmax() == 9


def test_tuning_moves_the_pitch_classes():
    quarter_up = _tones(440.0 * 2 ** (0.4 / 12))
    in_tune, tuned = chroma(quarter_up)[:, 20], chroma(quarter_up, tuning=0.4)[:, 20]
    assert np.sort(tuned)[-2] < np.sort(in_tune)[-2]
    estimated = chroma(quarter_up, tuning=None)[:, 20]
    np.testing.assert_allclose(estimated, tuned, atol=0.05)


def test_silence_has_no_pitch():
    silence = Spectra(np.zeros(22050))
    assert not chroma(silence).any()
    assert not tonnetz(silence).any()


def test_a_fifth_is_nearer_than_a_tritone():
    tone, fifth, tritone = (tonnetz(_tones(f))[:, 20] for f in (440.0, 659.26, 622.25))
    assert np.linalg.norm(tone - fifth) < np.linalg.norm(tone - tritone)


def test_tonal_centroids_are_their_formula(music):
    spectra = Spectra(music)
    shares = chroma(spectra) / chroma(spectra).sum(axis=0)
    for row, (step, radius) in enumerate([(7 / 6, 1.0), (3 / 2, 1.0), (2 / 3, 0.5)]):
        angle = np.pi * step * np.arange(12)
        got = tonnetz(spectra)[2 * row : 2 * row + 2]
        np.testing.assert_allclose(got[0], radius * np.sin(angle) @ shares, atol=1e-6)
        np.testing.assert_allclose(got[1], radius * np.cos(angle) @ shares, atol=1e-6)
