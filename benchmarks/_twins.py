"""The same work by other means: what people write with librosa, and the bare minimum."""

from __future__ import annotations

import librosa
import numpy as np
import scipy.stats
import soundfile
import soxr

import genrekit
from benchmarks._material import SR, Track

# The seven statistics of FMA's table of features.
STATS = ("mean", "std", "skew", "kurtosis", "median", "min", "max")


def make_features(**options: object) -> genrekit.AudioFeatures:
    """Ours: 51 rows, seven statistics each, 357 columns."""
    parts = [
        genrekit.MFCCStats(n_mfcc=20, stats=STATS),
        genrekit.SpectralContrast(stats=STATS),
        genrekit.ChromaStats(stats=STATS),
        genrekit.Tonnetz(stats=STATS),
        genrekit.SpectralCentroid(stats=STATS),
        genrekit.SpectralBandwidth(stats=STATS),
        genrekit.SpectralRolloff(stats=STATS),
        genrekit.SpectralFlatness(stats=STATS),
        genrekit.RMS(stats=STATS),
        genrekit.ZeroCrossingRate(stats=STATS),
    ]
    return genrekit.AudioFeatures(parts, **options)


def make_features_with_mel() -> genrekit.AudioFeatures:
    """Ours, and the 128 mel bands as power and in decibels: twelve features, 2149 columns."""
    mel = genrekit.MelSpectrogram(stats=STATS)
    log_mel = genrekit.MelSpectrogram(db=True, stats=STATS)
    return genrekit.AudioFeatures([*make_features().features, mel, ("log_mel", log_mel)])


def make_features_with_tempo() -> genrekit.AudioFeatures:
    """Ours, and the tempo."""
    return genrekit.AudioFeatures([*make_features().features, "tempo"])


def bare_decode(track: Track) -> np.ndarray:
    """Decode, downmix, resample, and nothing else."""
    y, native = soundfile.read(track.path, dtype="float32", always_2d=True)
    mono = y[:, 0] if y.shape[1] == 1 else (y[:, 0] + y[:, 1]) / np.float32(2)
    return soxr.resample(mono, native, SR)


def librosa_log_mel(track: Track) -> np.ndarray:
    """The log-mel spectrogram alone."""
    return librosa.power_to_db(librosa.feature.melspectrogram(y=track.waveform, sr=SR))


def librosa_shared(track: Track) -> list[np.ndarray]:
    """Eleven features by frame, one spectrogram shared by hand; no statistics."""
    y = track.waveform
    magnitude = np.abs(librosa.stft(y))
    power = magnitude**2
    log_mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SR))
    chroma = librosa.feature.chroma_stft(S=power, sr=SR, tuning=0.0)
    centroid = librosa.feature.spectral_centroid(S=magnitude, sr=SR)
    return [
        log_mel,
        librosa.feature.mfcc(S=log_mel, sr=SR, n_mfcc=20),
        librosa.feature.spectral_contrast(S=magnitude, sr=SR),
        chroma,
        librosa.feature.tonnetz(chroma=chroma, sr=SR),
        centroid,
        librosa.feature.spectral_bandwidth(S=magnitude, sr=SR, centroid=centroid),
        librosa.feature.spectral_rolloff(S=magnitude, sr=SR),
        librosa.feature.spectral_flatness(S=magnitude),
        librosa.feature.rms(y=y),
        librosa.feature.zero_crossing_rate(y),
    ]


def librosa_script(track: Track, *, mel: bool = False, share_chroma: bool = False) -> np.ndarray:
    """File to as many columns, one call a feature, everything at its default.

    With `mel`, the mel bands are two features of their own. By default ``tonnetz`` computes a
    constant-Q transform, which costs more than any other. With `share_chroma` it gets the chroma
    that is there already: then the columns are ours.
    """
    y, sr = librosa.load(track.path)
    chroma = librosa.feature.chroma_stft(y=y, sr=sr)
    harmony = {"chroma": chroma} if share_chroma else {"y": y}
    frames = [
        librosa.feature.mfcc(y=y, sr=sr, n_mfcc=20),
        librosa.feature.spectral_contrast(y=y, sr=sr),
        chroma,
        librosa.feature.tonnetz(sr=sr, **harmony),
        librosa.feature.spectral_centroid(y=y, sr=sr),
        librosa.feature.spectral_bandwidth(y=y, sr=sr),
        librosa.feature.spectral_rolloff(y=y, sr=sr),
        librosa.feature.spectral_flatness(y=y),
        librosa.feature.rms(y=y),
        librosa.feature.zero_crossing_rate(y),
    ]
    if mel:
        bands = librosa.feature.melspectrogram
        frames += [bands(y=y, sr=sr), librosa.power_to_db(bands(y=y, sr=sr))]
    return np.concatenate([_statistics(rows) for rows in frames])


def gtzan_script(track: Track) -> np.ndarray:
    """File to the means of the seven features of the classic GTZAN notebook."""
    y, sr = librosa.load(track.path)
    frames = [
        librosa.feature.chroma_stft(y=y, sr=sr),
        librosa.feature.rms(y=y),
        librosa.feature.spectral_centroid(y=y, sr=sr),
        librosa.feature.spectral_bandwidth(y=y, sr=sr),
        librosa.feature.spectral_rolloff(y=y, sr=sr),
        librosa.feature.zero_crossing_rate(y),
        librosa.feature.mfcc(y=y, sr=sr, n_mfcc=20),
    ]
    # One mean a feature, but one a coefficient for the last.
    return np.array([*map(np.mean, frames[:-1]), *(np.mean(row) for row in frames[-1])])


def _statistics(rows: np.ndarray) -> np.ndarray:
    """The seven statistics as FMA's script computes them."""
    skew, kurtosis = scipy.stats.skew, scipy.stats.kurtosis
    functions = (np.mean, np.std, skew, kurtosis, np.median, np.min, np.max)
    return np.concatenate([function(rows, axis=1) for function in functions])
