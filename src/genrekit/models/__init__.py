"""Pipelines and classifiers from tracks to genres, and their files."""

from genrekit.models._classifier import GenreClassifier
from genrekit.models._pipelines import (
    MODELS,
    make_classifier,
    make_knn_pipeline,
    make_rf_pipeline,
    make_svm_pipeline,
)
from genrekit.models._pretrained import PretrainedCNNClassifier
from genrekit.models._segments import SegmentClassifier
from genrekit.models._shipped import PRETRAINED
from genrekit.models._timeline import Timeline
from genrekit.networks import CNNEmbedding, ModelCard, fetch_model, get_card, list_models
from genrekit.persistence import load, save

__all__ = [
    "MODELS",
    "PRETRAINED",
    "CNNEmbedding",
    "GenreClassifier",
    "ModelCard",
    "PretrainedCNNClassifier",
    "SegmentClassifier",
    "Timeline",
    "fetch_model",
    "get_card",
    "list_models",
    "load",
    "make_classifier",
    "make_knn_pipeline",
    "make_rf_pipeline",
    "make_svm_pipeline",
    "save",
]
