"""The set "fma518" is what the script of the FMA data set computes, in today's librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from scipy import stats

from genrekit import AudioDecodeWarning, AudioFeatures, extract
from genrekit.dsp import BLOCK_FRAMES, frame_count
from genrekit.features import transformers

SR = 44100
STATISTICS = {
    "kurtosis": stats.kurtosis,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "skew": stats.skew,
    "std": np.std,
}


def by_librosa(y):
    """Column → value, by the calls that made the published table."""
    cqt = np.abs(librosa.cqt(y, sr=SR, n_bins=84, tuning=None, pad_mode="reflect"))
    stft = np.abs(librosa.stft(y, pad_mode="reflect"))
    mel = librosa.feature.melspectrogram(S=stft**2, sr=SR)
    cens = librosa.feature.chroma_cens(C=cqt, bins_per_octave=12)
    frames = {
        "chroma_cens": cens,
        "chroma_cqt": librosa.feature.chroma_cqt(C=cqt, bins_per_octave=12),
        # Without a rate, which is librosa's default of 22050 then.
        "chroma_stft": librosa.feature.chroma_stft(S=stft**2),
        "mfcc": librosa.feature.mfcc(S=librosa.power_to_db(mel)),
        "rmse": np.sqrt(np.mean(stft**2, axis=0, keepdims=True)),
        "spectral_bandwidth": librosa.feature.spectral_bandwidth(S=stft),
        "spectral_centroid": librosa.feature.spectral_centroid(S=stft),
        "spectral_contrast": librosa.feature.spectral_contrast(S=stft),
        "spectral_rolloff": librosa.feature.spectral_rolloff(S=stft),
        "tonnetz": librosa.feature.tonnetz(chroma=cens),
        "zcr": librosa.feature.zero_crossing_rate(y),
    }
    return {
        f"{name}_{statistic}_{i + 1:02d}": value
        for name, rows in frames.items()
        for statistic, compute in STATISTICS.items()
        for i, value in enumerate(compute(rows.astype(np.float64), axis=1))
    }


@pytest.fixture(scope="module")
def music44():
    """Four blocks of frames at 44.1 kHz: a chord that moves, beats, noise."""
    rng = np.random.default_rng(0)
    t = np.arange(round(5.2 * SR)) / SR
    assert frame_count(len(t), 2048, 512) > 3 * BLOCK_FRAMES
    chord = sum(np.sin(2 * np.pi * f * t * (1 + 0.2 * (t > 1.5))) for f in (220, 277.2, 329.6))
    beats = np.exp(-12 * (t % 0.5)) * rng.standard_normal(len(t))
    return (0.15 * chord + 0.3 * beats + 0.01 * rng.standard_normal(len(t))).astype(np.float32)


def test_every_column_is_the_scripts(music44):
    features = AudioFeatures("fma518")
    (row,) = features.fit_transform([(music44, SR)])
    expected = by_librosa(music44)
    names = features.get_feature_names_out().tolist()
    assert names == list(expected)
    np.testing.assert_allclose(row, list(expected.values()), rtol=2e-4, atol=2e-4)


def test_columns_are_sorted_as_the_published_ones():
    names = AudioFeatures("fma518").get_feature_names_out().tolist()
    assert len(names) == len(set(names)) == 518
    assert names[:2] == ["chroma_cens_kurtosis_01", "chroma_cens_kurtosis_02"]
    assert names[-1] == "zcr_std_01"
    # By feature, statistic, number: "mfcc_mean_01" is ("mfcc", "mean", "01").
    assert names == sorted(names, key=lambda name: name.rsplit("_", 2))


@pytest.mark.parametrize("sr", [22050, 44100, 48000])
def test_a_file_is_not_resampled(music44, write, sr):
    result = extract([write(music44, sr=sr), (music44, sr)], "fma518", sr=8000)
    np.testing.assert_array_equal(*result.table)
    # The same samples, so the same spectrum, whose frequencies were not told.
    centroid = result.names.index("spectral_centroid_median_01")
    expected = by_librosa(music44)["spectral_centroid_median_01"]
    np.testing.assert_allclose(result.table[:, centroid], expected, rtol=1e-4)


def test_a_bare_array_is_at_the_rate_of_the_transformer(music44):
    array, pair = AudioFeatures("fma518", sr=SR).fit_transform([music44, (music44, SR)])
    np.testing.assert_array_equal(array, pair)


def test_a_rate_that_is_too_low_costs_one_row(music44):
    with pytest.warns(AudioDecodeWarning, match="1 of 2"):
        found = extract([(music44, 8000), (music44, 44100)], "fma518")
    (error,) = found.errors
    assert (error.index, "8000 Hz is too low" in error.reason) == (0, True)
    assert np.isfinite(found.table[1]).all()


def test_no_rate_at_all(music44):
    with pytest.warns(AudioDecodeWarning, match="must be above 0, not 0"):
        assert np.isnan(extract([(music44, 0)], "fma518").table).all()


def test_beside_features_at_another_rate(music44, write):
    path = write(music44, sr=SR)
    both = AudioFeatures([("fma", transformers.FMAStatistics(pad_mode="reflect")), "rms"])
    (row,) = both.fit_transform([path])
    np.testing.assert_array_equal(row[:518], extract([path], "fma518").table[0])
    np.testing.assert_array_equal(row[518:], extract([path], ["rms"]).table[0])


def test_a_constant_row_has_the_kurtosis_of_its_time():
    with pytest.warns(UserWarning, match="Trying to estimate tuning"):
        result = extract([(np.zeros(SR), SR)], "fma518")
    values = dict(zip(result.names, result.table[0], strict=True))
    assert values["rmse_kurtosis_01"] == -3
    assert values["rmse_skew_01"] == values["rmse_std_01"] == 0
    assert np.isfinite(result.table).all()


@pytest.mark.filterwarnings("ignore:n_fft=", "ignore:Trying to estimate tuning")
@pytest.mark.parametrize("length", [1, 10, 1025, 5000])
def test_short_tracks_are_finite(music44, length):
    assert np.isfinite(AudioFeatures("fma518").fit_transform([(music44[:length], SR)])).all()


def test_shell_gives_the_same(music44):
    shell = transformers.FMAStatistics(sr=SR, pad_mode="reflect")
    track = (music44[:20000], SR)
    assert len(shell.get_feature_names_out()) == 518
    np.testing.assert_array_equal(shell.frames(track)[:, 0], extract([track], "fma518").table[0])


def test_real_tracks(data_dir):
    paths = sorted((data_dir / "fma_clips").glob("*.mp3"))[:2]
    result = extract(paths, "fma518", duration=5)
    assert not result.errors
    values = dict(zip(result.names, result.table[0], strict=True))
    expected = by_librosa(librosa.load(paths[0], sr=None, duration=5)[0])
    np.testing.assert_allclose(list(values.values()), list(expected.values()), rtol=2e-3, atol=2e-3)
