"""Features of music: pure functions, and their scikit-learn transformers.

The functions and `extract` come without scikit-learn; the transformers load it when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genrekit._moved import moved
from genrekit.engine import TrackRow as TrackRow
from genrekit.engine import TrackRows as TrackRows
from genrekit.features._extract import Extraction as Extraction
from genrekit.features._extract import extract as extract
from genrekit.features._feature import Feature as Feature
from genrekit.features._feature import FeaturePart as FeaturePart
from genrekit.features._iter import iter_rows as iter_rows
from genrekit.features._table import ALL_FEATURES as ALL_FEATURES
from genrekit.features._table import FEATURES as FEATURES
from genrekit.features._table import SETS as SETS
from genrekit.features._table import resolve as resolve
from genrekit.features.cepstral import *
from genrekit.features.chroma import *
from genrekit.features.rhythm import *
from genrekit.features.spectral import *
from genrekit.features.temporal import *
from genrekit.spectra import STATS as STATS
from genrekit.spectra import WAVEFORM as WAVEFORM
from genrekit.spectra import Frontend as Frontend
from genrekit.spectra import Part as Part
from genrekit.spectra import Spectra as Spectra

TRANSFORMERS = [row.transformer for row in FEATURES.values()]

_LATE = dict.fromkeys(TRANSFORMERS, "transformers")
_LATE |= {"AudioFeatures": "_union", "PCAReducer": "_reduce"}
_renamed = moved(__name__, {"RMSEnergy": "genrekit.features:RMS"})

if TYPE_CHECKING:
    from genrekit.features._reduce import PCAReducer as PCAReducer
    from genrekit.features._union import AudioFeatures as AudioFeatures
    from genrekit.features.transformers.cepstral import *
    from genrekit.features.transformers.chroma import *
    from genrekit.features.transformers.rhythm import *
    from genrekit.features.transformers.spectral import *
    from genrekit.features.transformers.temporal import *
else:  # type checkers would take any name for one that `__getattr__` knows
    __all__ = [  # noqa: PLE0604
        "ALL_FEATURES",
        "FEATURES",
        "SETS",
        "STATS",
        "TRANSFORMERS",
        "WAVEFORM",
        "Extraction",
        "Feature",
        "FeaturePart",
        "Frontend",
        "Part",
        "Spectra",
        "delta",  # noqa: F405
        "extract",
        "onset_strength",  # noqa: F405
        "resolve",
        *[row.function.__name__ for row in FEATURES.values()],
        *_LATE,
    ]

    def __getattr__(name: str) -> Any:
        """Load what needs scikit-learn when it is first used."""
        if name not in _LATE:
            return _renamed(name)
        value = getattr(importlib.import_module(f"genrekit.features.{_LATE[name]}"), name)
        globals()[name] = value
        return value
