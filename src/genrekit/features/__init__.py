"""Features of music: pure functions, and their scikit-learn transformers.

The functions and `extract` come without scikit-learn; the transformers load it when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from genrekit._moved import moved
from genrekit.features._extract import Extraction, extract
from genrekit.features._feature import Feature, FeaturePart
from genrekit.features._table import ALL_FEATURES, FEATURES, SETS, resolve
from genrekit.features.cepstral import delta, mfcc
from genrekit.features.chroma import chroma, tonnetz
from genrekit.features.rhythm import onset_strength, tempo
from genrekit.features.spectral import (
    mel_spectrogram,
    spectral_bandwidth,
    spectral_centroid,
    spectral_contrast,
    spectral_flatness,
    spectral_flux,
    spectral_rolloff,
)
from genrekit.features.temporal import rms, zero_crossing_rate
from genrekit.spectra import STATS, WAVEFORM, Frontend, Part, Spectra

_LATE = {feature.transformer: "transformers" for feature in FEATURES.values()}
_LATE |= {"AudioFeatures": "_union", "PCAReducer": "_reduce"}
_renamed = moved(__name__, {"RMSEnergy": "genrekit.features:RMS"})

__all__ = [  # noqa: PLE0604
    "ALL_FEATURES",
    "FEATURES",
    "SETS",
    "STATS",
    "WAVEFORM",
    "Extraction",
    "Feature",
    "FeaturePart",
    "Frontend",
    "Part",
    "Spectra",
    "chroma",
    "delta",
    "extract",
    "mel_spectrogram",
    "mfcc",
    "onset_strength",
    "resolve",
    "rms",
    "spectral_bandwidth",
    "spectral_centroid",
    "spectral_contrast",
    "spectral_flatness",
    "spectral_flux",
    "spectral_rolloff",
    "tempo",
    "tonnetz",
    "zero_crossing_rate",
    *_LATE,
]


def __getattr__(name: str) -> Any:
    """Load what needs scikit-learn when it is first used."""
    if name not in _LATE:
        return _renamed(name)
    value = getattr(importlib.import_module(f"genrekit.features.{_LATE[name]}"), name)
    globals()[name] = value
    return value
