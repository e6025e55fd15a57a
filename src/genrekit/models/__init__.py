"""Pipelines and classifiers from tracks to genres, and their files."""

from genrekit.models._classifier import GenreClassifier
from genrekit.models._persistence import load, save
from genrekit.models._pipelines import (
    MODELS,
    make_classifier,
    make_knn_pipeline,
    make_rf_pipeline,
    make_svm_pipeline,
)

__all__ = [
    "MODELS",
    "GenreClassifier",
    "load",
    "make_classifier",
    "make_knn_pipeline",
    "make_rf_pipeline",
    "make_svm_pipeline",
    "save",
]
