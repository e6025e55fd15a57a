"""Pipelines and classifiers from tracks to genres."""

from typing import TYPE_CHECKING

from genrekit._moved import moved
from genrekit.heads import (
    MODELS,
    PRETRAINED,
    TemperedClassifier,
    check_present,
    iter_objects,
    make_classifier,
    named_children,
    place,
    probabilities,
    read_head,
)
from genrekit.models._classifier import GenreClassifier
from genrekit.models._network_classifier import NetworkClassifier
from genrekit.models._novelty_mixin import NoveltyMixin
from genrekit.models._pipelines import (
    make_genre_pipeline,
    make_knn_pipeline,
    make_rf_pipeline,
    make_svm_pipeline,
)
from genrekit.models._pretrained import PretrainedCNNClassifier
from genrekit.models._segments import SegmentClassifier
from genrekit.models._timeline import Timeline
from genrekit.models._track_classifier import TrackClassifierMixin

__all__ = [
    "iter_objects",
    "named_children",
    "place",
    "NoveltyMixin",
    "TemperedClassifier",
    "TrackClassifierMixin",
    "probabilities",
    "check_present",
    "read_head",
    "MODELS",
    "PRETRAINED",
    "GenreClassifier",
    "NetworkClassifier",
    "PretrainedCNNClassifier",
    "SegmentClassifier",
    "Timeline",
    "make_classifier",
    "make_genre_pipeline",
    "make_knn_pipeline",
    "make_rf_pipeline",
    "make_svm_pipeline",
]

_NETWORKS = ("CNNEmbedding", "ModelCard", "fetch_model", "get_card", "list_models")

if not TYPE_CHECKING:  # type checkers would take any name
    __getattr__ = moved(
        __name__,
        {
            **dict.fromkeys(_NETWORKS, "genrekit.networks"),
            **dict.fromkeys(("load", "save"), "genrekit.persistence"),
        },
    )
