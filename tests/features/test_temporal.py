"""Features of the waveform where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.features import Frontend, Spectra, rms, zero_crossing_rate

SR = 22050


def test_rms_of_a_sine():
    y = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(SR) / SR)
    np.testing.assert_allclose(rms(Spectra(y))[0, 4:-4], 0.5 / np.sqrt(2), rtol=1e-3)


def test_rms_counts_the_padding():
    got = rms(Spectra(np.ones(4096)))
    np.testing.assert_allclose(got[0], np.sqrt([0.5, 0.75, 1, 1, 1, 1, 1, 0.75, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(rms(Spectra(np.ones(4096), Frontend(pad_mode="edge"))), 1.0)


@pytest.mark.parametrize("pad_mode", ["constant", "reflect", "symmetric"])
def test_zero_crossings_ignore_the_padding(pad_mode):
    y = np.tile([1.0, -1.0], 2048)
    got = zero_crossing_rate(Spectra(y, Frontend(pad_mode=pad_mode)))
    # The first sample of a frame has none before it to differ from.
    expected = np.array([1023, 1535, 2047, 2047, 2047, 2047, 2047, 1535, 1023]) / 2048
    np.testing.assert_allclose(got[0], expected, rtol=1e-6)


def test_zero_crossings_of_a_sine():
    y = np.sin(2 * np.pi * 500 * np.arange(SR) / SR)
    np.testing.assert_allclose(zero_crossing_rate(Spectra(y))[0, 4:-4], 1000 / SR, rtol=0.02)


def test_silence_and_noise_below_the_threshold_do_not_cross():
    for y in (np.zeros(SR), 1e-11 * np.tile([1.0, -1.0], SR // 2)):
        assert not zero_crossing_rate(Spectra(y)).any()
