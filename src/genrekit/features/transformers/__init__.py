"""The scikit-learn transformers, one file a family, each a thin shell over a pure function."""

from genrekit.features.transformers._base import FRONTEND_PARAMETERS, AudioTransformer
from genrekit.features.transformers._fma import FMAStatistics
from genrekit.features.transformers._gtzan import GTZANHPSS, GTZANMFCC, GTZANChroma, GTZANTempo
from genrekit.features.transformers.cepstral import MFCCStats
from genrekit.features.transformers.chroma import ChromaStats, Tonnetz
from genrekit.features.transformers.rhythm import Tempo
from genrekit.features.transformers.spectral import (
    MelSpectrogram,
    SpectralBandwidth,
    SpectralCentroid,
    SpectralContrast,
    SpectralFlatness,
    SpectralFlux,
    SpectralRolloff,
)
from genrekit.features.transformers.temporal import RMS, ZeroCrossingRate

__all__ = [
    "FRONTEND_PARAMETERS",
    "AudioTransformer",
    "ChromaStats",
    "FMAStatistics",
    "GTZANChroma",
    "GTZANHPSS",
    "GTZANMFCC",
    "GTZANTempo",
    "MFCCStats",
    "MelSpectrogram",
    "RMS",
    "SpectralBandwidth",
    "SpectralCentroid",
    "SpectralContrast",
    "SpectralFlatness",
    "SpectralFlux",
    "SpectralRolloff",
    "Tempo",
    "Tonnetz",
    "ZeroCrossingRate",
]
