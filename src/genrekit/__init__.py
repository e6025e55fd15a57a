"""Music feature extraction and genre classification with a scikit-learn API.

>>> from genrekit import AudioFeatures, GenreClassifier

Names are loaded when first used, so that ``import genrekit`` costs next to nothing.
"""

from __future__ import annotations

import os

from genrekit._version import __version__ as __version__

# onnxruntime, which runs the pretrained network, reports on its use over the network and keeps an
# identifier in the user's folder, unless this is set before it is imported, by whomever; its own
# function comes too late. Who wants that says so: a value that is set stays.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# Where the public names live, and the same for type checkers and editors, below; a test holds the
# two equal. The transformers of one feature are in neither: the table of features names them.
_HOMES = {
    "genrekit.audio": ["load_audio", "stream_audio"],
    "genrekit.features": ["AudioFeatures", "Extraction", "PCAReducer", "extract", "iter_rows"],
    "genrekit.heads": ["fit_in_batches"],
    "genrekit.shards": ["ShardedTable", "read_rows"],
    "genrekit.networks": ["CNNEmbedding"],
    "genrekit.persistence": ["load", "save"],
    "genrekit.models": [
        "GenreClassifier",
        "NetworkClassifier",
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
    "genrekit.displays": ["listen"],
    "genrekit.page": ["write_report"],
    "genrekit.datasets": [
        "fetch_fma",
        "load_csv",
        "load_fma",
        "load_fma_features",
        "load_folder",
        "load_gtzan",
        "load_gtzan_features",
        "load_tags",
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
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

# What type checkers take for the constant of `typing`, which takes three times as long to import
# as all that stands here.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from genrekit.audio import load_audio as load_audio
    from genrekit.audio import stream_audio as stream_audio
    from genrekit.datasets import fetch_fma as fetch_fma
    from genrekit.datasets import load_csv as load_csv
    from genrekit.datasets import load_fma as load_fma
    from genrekit.datasets import load_fma_features as load_fma_features
    from genrekit.datasets import load_folder as load_folder
    from genrekit.datasets import load_gtzan as load_gtzan
    from genrekit.datasets import load_gtzan_features as load_gtzan_features
    from genrekit.datasets import load_tags as load_tags
    from genrekit.datasets import make_tracks as make_tracks
    from genrekit.displays import listen as listen
    from genrekit.evaluation import check_leakage as check_leakage
    from genrekit.evaluation import cluster_report as cluster_report
    from genrekit.evaluation import compare as compare
    from genrekit.evaluation import cross_validate_genres as cross_validate_genres
    from genrekit.evaluation import importance_by_family as importance_by_family
    from genrekit.exceptions import AudioContentWarning as AudioContentWarning
    from genrekit.exceptions import AudioDecodeError as AudioDecodeError
    from genrekit.exceptions import AudioDecodeWarning as AudioDecodeWarning
    from genrekit.exceptions import GenrekitWarning as GenrekitWarning
    from genrekit.exceptions import LeakageWarning as LeakageWarning
    from genrekit.exceptions import UnheardWarning as UnheardWarning
    from genrekit.features import AudioFeatures as AudioFeatures
    from genrekit.features import Extraction as Extraction
    from genrekit.features import PCAReducer as PCAReducer
    from genrekit.features import extract as extract
    from genrekit.features import iter_rows as iter_rows
    from genrekit.features.transformers.cepstral import *
    from genrekit.features.transformers.chroma import *
    from genrekit.features.transformers.rhythm import *
    from genrekit.features.transformers.spectral import *
    from genrekit.features.transformers.temporal import *
    from genrekit.heads import fit_in_batches as fit_in_batches
    from genrekit.models import GenreClassifier as GenreClassifier
    from genrekit.models import NetworkClassifier as NetworkClassifier
    from genrekit.models import PretrainedCNNClassifier as PretrainedCNNClassifier
    from genrekit.models import SegmentClassifier as SegmentClassifier
    from genrekit.models import make_genre_pipeline as make_genre_pipeline
    from genrekit.models import make_knn_pipeline as make_knn_pipeline
    from genrekit.models import make_rf_pipeline as make_rf_pipeline
    from genrekit.models import make_svm_pipeline as make_svm_pipeline
    from genrekit.networks import CNNEmbedding as CNNEmbedding
    from genrekit.page import write_report as write_report
    from genrekit.persistence import load as load
    from genrekit.persistence import save as save
    from genrekit.shards import ShardedTable as ShardedTable
    from genrekit.shards import read_rows as read_rows
else:  # type checkers would take any name for one that `__getattr__` knows

    def __getattr__(name: str) -> Any:
        """Import a public name from the room it lives in."""
        from importlib import import_module

        if name == "__all__":
            return __dir__()
        home = _HOME_OF.get(name)
        # Only a class can be a transformer; Python asks for modules too, which must load no room.
        if home is None and name[:1].isupper():
            features = import_module("genrekit.features")
            home = "genrekit.features" if name in features.TRANSFORMERS else None
        if home is None:
            return _renamed(name)
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value


def _renamed(name: str) -> Any:
    """What a name of earlier versions stands for."""
    from genrekit._moved import moved

    return moved("genrekit", {"RMSEnergy": "genrekit:RMS"})(name)


def _transformers() -> Iterator[str]:
    """The transformers of one feature, read off the sources: to load the table takes a second."""
    import ast
    from pathlib import Path

    for file in Path(__file__).parent.glob("features/transformers/[a-z]*.py"):
        _, _, exported = file.read_text(encoding="utf-8").partition("\n__all__ = ")
        yield from ast.literal_eval(exported[: exported.index("]") + 1])


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(["__version__", *_HOME_OF, *_transformers()])
