"""What the table of 57 GTZAN features holds beside features of our own.

The table that circulates under the name ``features_30_sec.csv`` was made with an older librosa:
reflected ends, estimated tuning, chroma pooled over pitch classes and frames together, the
waveforms of a harmonic-percussive separation, and the tempo of the beat tracker.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.features.cepstral import mfcc
from genrekit.features.chroma import chroma
from genrekit.features.rhythm import onset_strength, tempo_of_onsets
from genrekit.spectra import Spectra

__all__ = ["beat_tempo", "harmonic_percussive", "joint_chroma", "mfcc20"]


def joint_chroma(spectra: Spectra) -> NDArray[Any]:
    """Chroma with estimated tuning, all pitch classes in one row."""
    return chroma(spectra, tuning=None).reshape(1, -1)


def harmonic_percussive(spectra: Spectra) -> NDArray[Any]:
    """Waveforms of the harmonic and of the percussive part, (2, n_samples)."""
    import librosa

    y, frontend = spectra.waveform, spectra.frontend
    grid: dict[str, Any] = {"n_fft": frontend.n_fft, "hop_length": frontend.hop_length}
    stft = librosa.stft(y, pad_mode=frontend.pad_mode, **grid)  # type: ignore[arg-type]
    # The separation mirrors the ends; done here, because scipy's median filter reads beyond an
    # array of few frames.
    reach = 15
    mirrored = librosa.decompose.hpss(np.pad(stft, ((0, 0), (reach, reach)), mode="symmetric"))
    parts = [librosa.istft(part[:, reach:-reach], **grid) for part in mirrored]
    # librosa of that time inverted whole hops only and filled the rest of the track with zeros.
    return np.stack([librosa.util.fix_length(part, size=len(y)) for part in parts])


def beat_tempo(spectra: Spectra) -> NDArray[Any]:
    """Tempo from the median rise of the mel bands; 0 without any onset."""
    onsets = onset_strength(spectra, aggregate=np.median)
    bpm = tempo_of_onsets(onsets, spectra.frontend.frames_per_second) if onsets.any() else 0.0
    return np.array([[bpm]], dtype=spectra.frontend.dtype)


def mfcc20(spectra: Spectra) -> NDArray[Any]:
    """Twenty MFCCs, numbered from 1 in the table."""
    return mfcc(spectra)
