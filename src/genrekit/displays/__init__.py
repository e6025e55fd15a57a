"""Pictures in scikit-learn's style; matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from genrekit.displays._clusters import ClusterDisplay
from genrekit.displays._confusion import GenreConfusionDisplay, confusion_counts
from genrekit.displays._importance import FeatureImportanceDisplay
from genrekit.displays._learning import LearningCurveDisplay
from genrekit.displays._pca import PCADisplay
from genrekit.displays._reliability import ReliabilityDisplay
from genrekit.displays._timeline import TimelineDisplay
from genrekit.displays._track import TrackDisplay
from genrekit.displays._training import TrainingDisplay

__all__ = [
    "ClusterDisplay",
    "FeatureImportanceDisplay",
    "GenreConfusionDisplay",
    "LearningCurveDisplay",
    "PCADisplay",
    "ReliabilityDisplay",
    "TimelineDisplay",
    "TrackDisplay",
    "TrainingDisplay",
    "confusion_counts",
]
