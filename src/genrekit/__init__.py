"""Music feature extraction and genre classification with a scikit-learn API.

>>> from genrekit import AudioFeatures, GenreClassifier

Names are loaded when first used, so that ``import genrekit`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from genrekit._moved import moved

__version__ = "0.1.0"

# onnxruntime, which runs the pretrained network, reports on its use over the network and keeps an
# identifier in the user's folder, unless this is set before it is imported, by whomever; its own
# function comes too late. Who wants that says so: a value that is set stays.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "genrekit.audio": ["load_audio", "stream_audio"],
    "genrekit.features": [
        "AudioFeatures",
        "ChromaStats",
        "Extraction",
        "MFCCStats",
        "MelSpectrogram",
        "PCAReducer",
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
        "extract",
    ],
    "genrekit.networks": ["CNNEmbedding"],
    "genrekit.persistence": ["load", "save"],
    "genrekit.models": [
        "GenreClassifier",
        "PretrainedCNNClassifier",
        "SegmentClassifier",
        "make_genre_pipeline",
        "make_knn_pipeline",
        "make_rf_pipeline",
        "make_svm_pipeline",
    ],
    "genrekit.evaluation": [
        "check_leakage",
        "cluster_report",
        "compare",
        "cross_validate_genres",
        "importance_by_family",
    ],
    "genrekit.page": ["write_report"],
    "genrekit.datasets": [
        "fetch_fma",
        "load_csv",
        "load_fma",
        "load_fma_features",
        "load_folder",
        "load_gtzan",
        "load_gtzan_features",
        "make_tracks",
    ],
    "genrekit.exceptions": [
        "AudioContentWarning",
        "AudioDecodeError",
        "AudioDecodeWarning",
        "GenrekitWarning",
        "LeakageWarning",
        "UnheardWarning",
    ],
}
_renamed = moved(__name__, {"RMSEnergy": "genrekit:RMS"})
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a public name from the room it lives in."""
    if name not in _HOME_OF:
        return _renamed(name)
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
