"""Features of music: pure functions, and their scikit-learn transformers.

The functions and `extract` come without scikit-learn; the transformers load it when first used.
"""

from __future__ import annotations

from typing import Any

from genrekit.features._extract import Extraction, extract
from genrekit.features._parts import Feature, FeaturePart, Part
from genrekit.features._pooling import STATS
from genrekit.features._spectra import WAVEFORM, Frontend, Spectra
from genrekit.features._table import FEATURES, SETS
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

_TRANSFORMERS = [feature.transformer for feature in FEATURES.values()]

__all__ = [  # noqa: PLE0604
    "FEATURES",
    "SETS",
    "STATS",
    "WAVEFORM",
    "AudioFeatures",
    "Extraction",
    "Feature",
    "FeaturePart",
    "Frontend",
    "PCAReducer",
    "Part",
    "Spectra",
    "chroma",
    "delta",
    "extract",
    "mel_spectrogram",
    "mfcc",
    "onset_strength",
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
    *_TRANSFORMERS,
]


def __getattr__(name: str) -> Any:
    """Load what needs scikit-learn when it is first used."""
    if name == "AudioFeatures":
        from genrekit.features._union import AudioFeatures as value
    elif name == "PCAReducer":
        from genrekit.features._reduce import PCAReducer as value
    elif name in _TRANSFORMERS:
        from genrekit.features import transformers

        value = getattr(transformers, name)
    else:
        raise AttributeError(f"module 'genrekit.features' has no attribute {name!r}")
    globals()[name] = value
    return value
