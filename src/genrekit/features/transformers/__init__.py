"""The scikit-learn transformers, one file a family, each a thin shell over a pure function."""

from genrekit.features.transformers import cepstral, chroma, rhythm, spectral, temporal
from genrekit.features.transformers._base import FRONTEND_PARAMETERS, AudioTransformer
from genrekit.features.transformers._fma import FMAStatistics
from genrekit.features.transformers._gtzan import GTZANHPSS, GTZANMFCC, GTZANChroma, GTZANTempo
from genrekit.features.transformers.cepstral import *
from genrekit.features.transformers.chroma import *
from genrekit.features.transformers.rhythm import *
from genrekit.features.transformers.spectral import *
from genrekit.features.transformers.temporal import *

__all__ = [
    "FRONTEND_PARAMETERS",
    "AudioTransformer",
    "FMAStatistics",
    "GTZANChroma",
    "GTZANHPSS",
    "GTZANMFCC",
    "GTZANTempo",
]
__all__ += cepstral.__all__
__all__ += chroma.__all__
__all__ += rhythm.__all__
__all__ += spectral.__all__
__all__ += temporal.__all__
