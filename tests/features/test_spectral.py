"""Features of the spectrum where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.features import (
    Frontend,
    Spectra,
    mel_spectrogram,
    spectral_bandwidth,
    spectral_centroid,
    spectral_contrast,
    spectral_flatness,
    spectral_flux,
    spectral_rolloff,
)

SR = 22050
INNER = slice(4, -4)  # frames that padding does not reach


def _sine(frequency, n_samples=SR):
    return np.sin(2 * np.pi * frequency * np.arange(n_samples) / SR)


@pytest.fixture(scope="module")
def noise():
    return Spectra(np.random.default_rng(0).standard_normal(4 * SR))


@pytest.fixture(scope="module")
def silence():
    return Spectra(np.zeros(SR))


@pytest.fixture(scope="module")
def impulse():
    """One sample, seen by the frames around it."""
    y = np.zeros(SR)
    y[20 * 512] = 1.0
    return Spectra(y)


@pytest.mark.parametrize("frequency", [440.0, 1000.0, 5000.0])
def test_centroid_and_rolloff_of_a_sine_are_its_frequency(frequency):
    spectra = Spectra(_sine(frequency))
    np.testing.assert_allclose(spectral_centroid(spectra)[:, INNER], frequency, atol=1.0)
    np.testing.assert_allclose(spectral_rolloff(spectra)[:, INNER], frequency, atol=3 * SR / 2048)
    assert (spectral_bandwidth(spectra)[:, INNER] < 25).all()
    assert (spectral_flatness(spectra)[:, INNER] < 1e-3).all()


def test_two_equal_sines_lie_around_their_mean():
    spectra = Spectra(_sine(2000.0) + _sine(4000.0))
    np.testing.assert_allclose(spectral_centroid(spectra)[:, INNER], 3000, atol=15)
    np.testing.assert_allclose(spectral_bandwidth(spectra)[:, INNER], 1000, atol=15)


def test_impulse_is_flat_with_its_centre_in_the_middle(impulse):
    assert spectral_flatness(impulse)[0, 20] == pytest.approx(1.0)
    assert spectral_centroid(impulse)[0, 20] == pytest.approx(SR / 4, rel=1e-3)
    assert spectral_bandwidth(impulse)[0, 20] == pytest.approx(SR / 2 / np.sqrt(12), rel=2e-3)
    assert spectral_rolloff(impulse)[0, 20] == pytest.approx(0.85 * SR / 2, rel=2e-3)
    np.testing.assert_allclose(spectral_contrast(impulse)[:, 20], 0.0, atol=1e-4)


def test_white_noise(noise):
    # Powers are exponentially distributed: their geometric mean is exp(-gamma) of the mean.
    expected = np.exp(-np.euler_gamma)
    assert spectral_flatness(noise).mean() == pytest.approx(expected, rel=0.01)
    assert spectral_centroid(noise).mean() == pytest.approx(SR / 4, rel=0.01)


def test_silence(silence):
    for function in (spectral_centroid, spectral_bandwidth, spectral_rolloff, spectral_flux):
        assert not function(silence).any(), function
    assert not spectral_contrast(silence).any()
    assert not mel_spectrogram(silence).any()
    np.testing.assert_allclose(mel_spectrogram(silence, db=True), -100.0, rtol=1e-6)
    np.testing.assert_allclose(spectral_flatness(silence), 1.0, rtol=1e-5)


@pytest.mark.parametrize("times", [4, 2**20])  # powers of two: exact
def test_level_moves_only_what_measures_it(music, times):
    loud, soft = Spectra(music), Spectra(music / times)
    for function in (spectral_centroid, spectral_bandwidth, spectral_rolloff, spectral_flux):
        np.testing.assert_array_equal(function(loud), function(soft))
    np.testing.assert_array_equal(mel_spectrogram(loud), times**2 * mel_spectrogram(soft))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_flux_is_its_formula(music, dtype):
    padded = np.pad(music.astype(np.float64), 1024)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2048)[::512]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    magnitude = np.abs(np.fft.rfft(frames * window))
    shape = magnitude / magnitude.sum(axis=1, keepdims=True)
    expected = np.append(0.0, (np.diff(shape, axis=0) ** 2).sum(axis=1))
    got = spectral_flux(Spectra(music, Frontend(dtype=dtype)))
    tolerance = 1e-4 if dtype == "float32" else 1e-9
    np.testing.assert_allclose(got[0], expected, rtol=0, atol=tolerance * expected.max())


def test_flux_of_a_sudden_change():
    y = np.concatenate([_sine(SR / 16, 16 * 512), _sine(SR / 4, 16 * 512)])
    flux = spectral_flux(Spectra(y))[0, 3:-3]
    assert 14 <= 3 + flux.argmax() <= 18  # frames 14 to 17 hold both
    assert flux.max() > 100 * np.median(flux)


def test_energy_lies_in_the_band_of_the_sine():
    mel = mel_spectrogram(Spectra(_sine(1000.0)), n_mels=40)
    # Slaney's mel: 1000 Hz is mel 15, and 11025 Hz is mel 49.9; centres lie 49.9 / 41 apart.
    assert mel[:, 20].argmax() in (11, 12)
    assert mel[:, 20].max() > 0.5 * mel[:, 20].sum()


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (spectral_rolloff, {"roll_percent": 1.0}, "roll_percent must lie between 0 and 1"),
        (spectral_contrast, {"quantile": 0.0}, "quantile must lie between 0 and 1"),
        (spectral_contrast, {"n_bands": 7}, "use fewer n_bands"),
        (spectral_flatness, {"amin": 0.0}, "amin must be a number of at least 1e-37"),
        (mel_spectrogram, {"fmin": 20000.0}, "fmin must lie between 0 and fmax"),
        (mel_spectrogram, {"db": True, "top_db": -1.0}, "top_db must be a number of at least 0"),
    ],
)
def test_parameters_out_of_range(silence, function, options, message):
    with pytest.raises(ValueError, match=message):
        function(silence, **options)
