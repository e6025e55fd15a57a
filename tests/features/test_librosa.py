"""Frame by frame, features are librosa's: on synthetic and on real music."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from genrekit import load_audio
from genrekit.features import FEATURES, Frontend, Spectra, chroma, delta, onset_strength

# Largest difference as a share of the maximum.
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
EXCEPTIONS = {
    # librosa squares in float32 whatever it is given.
    ("rms", "float64"): 1e-7,
    # Decibels of bins that are all but empty, which librosa rounds to float32 before it sorts them.
    ("spectral_contrast", "float32"): 5e-3,
}
FRONTENDS = [
    {},
    {"sr": 16000, "n_fft": 1024, "hop_length": 256},
    {"window": "hamming", "win_length": 1500, "pad_mode": "reflect"},
    {"n_fft": 512, "hop_length": 50},  # more frames than are worked on at once
    {"center": False, "n_fft": 1000, "hop_length": 333},
]
SETTINGS = {
    "mel": {"n_mels": 40, "fmin": 100.0, "fmax": 7000.0},
    "mfcc": {"n_mfcc": 13, "lifter": 22.0, "n_mels": 60},
    "chroma": {"n_chroma": 24, "tuning": 0.2},
    "spectral_rolloff": {"roll_percent": 0.5},
    "spectral_contrast": {"n_bands": 4, "fmin": 100.0, "quantile": 0.1},
    "spectral_flatness": {"amin": 1e-4},
    "tempo": {"start_bpm": 80.0, "ac_size": 2.0, "std_bpm": 0.5, "max_tempo": 200.0},
}


class Librosa:
    """Every feature by librosa, on one spectrogram."""

    def __init__(self, y, front):
        self.y, self.front, self.sr = y, front, front.sr
        self.grid = {"n_fft": front.n_fft, "hop_length": front.hop_length}
        self.ends = {"center": front.center, "pad_mode": front.pad_mode}
        window = {"win_length": front.win_length, "window": front.window}
        self.magnitude = np.abs(librosa.stft(y, **self.grid, **self.ends, **window))
        self.power = self.magnitude**2

    def mel(self, n_mels=128, fmin=0.0, fmax=None):
        bands = {"n_mels": n_mels, "fmin": fmin, "fmax": fmax}
        return librosa.feature.melspectrogram(S=self.power, sr=self.sr, **bands)

    def mfcc(self, n_mfcc=20, lifter=0.0, n_mels=128):
        log_mel = librosa.power_to_db(self.mel(n_mels))
        return librosa.feature.mfcc(S=log_mel, n_mfcc=n_mfcc, lifter=lifter)

    def chroma(self, n_chroma=12, tuning=0.0):
        options = {"n_chroma": n_chroma, "tuning": tuning, "n_fft": self.front.n_fft}
        return librosa.feature.chroma_stft(S=self.power, sr=self.sr, **options)

    def tonnetz(self):
        return librosa.feature.tonnetz(chroma=self.chroma(), sr=self.sr)

    def spectral_centroid(self):
        return librosa.feature.spectral_centroid(S=self.magnitude, sr=self.sr, **self.grid)

    def spectral_bandwidth(self):
        return librosa.feature.spectral_bandwidth(S=self.magnitude, sr=self.sr, **self.grid)

    def spectral_rolloff(self, **options):
        return librosa.feature.spectral_rolloff(
            S=self.magnitude, sr=self.sr, **self.grid, **options
        )

    def spectral_contrast(self, **options):
        return librosa.feature.spectral_contrast(
            S=self.magnitude, sr=self.sr, **self.grid, **options
        )

    def spectral_flatness(self, **options):
        return librosa.feature.spectral_flatness(S=self.magnitude, **options)

    def zero_crossing_rate(self):
        return librosa.feature.zero_crossing_rate(
            self.y, **self._frames(), center=self.ends["center"]
        )

    def rms(self):
        return librosa.feature.rms(y=self.y, **self._frames(), **self.ends)

    def onset_strength(self):
        log_mel = librosa.power_to_db(self.mel())
        center = self.ends["center"]
        return librosa.onset.onset_strength(S=log_mel, sr=self.sr, center=center, **self.grid)

    def tempo(self, **options):
        onsets = self.onset_strength()
        hop = self.front.hop_length
        bpm = librosa.feature.tempo(onset_envelope=onsets, sr=self.sr, hop_length=hop, **options)
        return bpm[:, np.newaxis]

    def _frames(self):
        return {"frame_length": self.front.n_fft, "hop_length": self.front.hop_length}


LIBROSA = [name for name in FEATURES if hasattr(Librosa, name)]


def test_what_librosa_has_is_compared():
    same = {
        name for name, row in FEATURES.items() if hasattr(librosa.feature, row.function.__name__)
    }
    assert {*same, "mel", "chroma"} <= set(LIBROSA)


def _stragglers(name, got, expected, front):
    """Assert agreement, and count the frames whose rolloff is a bin apart."""
    assert got.shape == expected.shape
    assert got.dtype == front.dtype
    difference = np.abs(got - expected)
    if name == "spectral_rolloff":
        assert difference.max() <= 1.001 * front.sr / front.n_fft  # one bin
        return np.sum(difference > 0.01)
    share = difference / np.abs(expected).max()
    assert share.max() <= EXCEPTIONS.get((name, front.dtype), TOLERANCE[front.dtype]), name
    return 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", FRONTENDS, ids=str)
@pytest.mark.parametrize("name", LIBROSA)
def test_synthetic(name, options, dtype, music):
    front = Frontend(**options, dtype=dtype)
    y = music.astype(dtype)
    got = FEATURES[name].function(Spectra(music, front))
    assert _stragglers(name, got, getattr(Librosa(y, front), name)(), front) <= 0.01 * got.size


@pytest.mark.parametrize("name", SETTINGS)
def test_other_settings(name, music):
    front = Frontend(dtype="float64")
    got = FEATURES[name].function(Spectra(music, front), **SETTINGS[name])
    expected = getattr(Librosa(music.astype(np.float64), front), name)(**SETTINGS[name])
    assert _stragglers(name, got, expected, front) == 0


@pytest.mark.parametrize("options", FRONTENDS, ids=str)
def test_onset_strength(options, music):
    front = Frontend(**options, dtype="float64")
    got = onset_strength(Spectra(music, front))
    expected = Librosa(music.astype(np.float64), front).onset_strength()
    np.testing.assert_allclose(got, expected, atol=1e-9 * expected.max())


def test_estimated_tuning(music):
    y = music.astype(np.float64)
    expected = librosa.feature.chroma_stft(y=y, sr=22050, tuning=None, pad_mode="constant")
    got = chroma(Spectra(y, Frontend(dtype="float64")), tuning=None)
    np.testing.assert_allclose(got, expected, atol=1e-9)
    assert np.abs(got - chroma(Spectra(y))).max() > 0.01  # the tuning is not 0


def test_decibels(music):
    front = Frontend(dtype="float64")
    got = FEATURES["mel"].function(Spectra(music, front), db=True, top_db=60.0)
    mel = Librosa(music.astype(np.float64), front).mel()
    np.testing.assert_allclose(got, librosa.power_to_db(mel, top_db=60.0), atol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("width", [3, 5, 9, 15])
@pytest.mark.parametrize("n_frames", [3, 4, 5, 8, 9, 10, 40])
def test_deltas(n_frames, width, order):
    x = np.random.default_rng(n_frames).standard_normal((3, n_frames))
    shrunk = min(width, n_frames - 1 + n_frames % 2)
    expected = librosa.feature.delta(x, width=shrunk, order=order)
    np.testing.assert_allclose(delta(x, order=order, width=width), expected, atol=1e-12)
    assert delta(x.astype(np.float32)).dtype == np.float32


# --- real music -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clips(data_dir):
    """Eight seconds of one clip of each genre, and of MP3s whose top is emptied by resampling."""
    paths = [*data_dir.glob("gtzan_clips/*/*.00000.flac"), *data_dir.glob("fma_clips/*.mp3")]
    assert len(paths) == 22
    return [load_audio(path, duration=8) for path in sorted(paths)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_real_music(clips, dtype):
    front = Frontend(dtype=dtype)
    stragglers = dict.fromkeys(LIBROSA, 0)
    for y in clips:
        spectra, reference = Spectra(y, front), Librosa(y.astype(dtype), front)
        for name in LIBROSA:
            got, expected = FEATURES[name].function(spectra), getattr(reference, name)()
            stragglers[name] += _stragglers(name, got, expected, front)
    n_frames = sum(1 + len(y) // front.hop_length for y in clips)
    assert max(stragglers.values()) <= 0.001 * n_frames, stragglers
