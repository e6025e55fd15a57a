"""Pictures in scikit-learn's style; matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from genrekit.evaluation.displays._clusters import ClusterDisplay
from genrekit.evaluation.displays._confusion import GenreConfusionDisplay
from genrekit.evaluation.displays._importance import FeatureImportanceDisplay
from genrekit.evaluation.displays._learning import LearningCurveDisplay
from genrekit.evaluation.displays._pca import PCADisplay
from genrekit.evaluation.displays._reliability import ReliabilityDisplay
from genrekit.evaluation.displays._timeline import TimelineDisplay
from genrekit.evaluation.displays._track import TrackDisplay

__all__ = [
    "ClusterDisplay",
    "FeatureImportanceDisplay",
    "GenreConfusionDisplay",
    "LearningCurveDisplay",
    "PCADisplay",
    "ReliabilityDisplay",
    "TimelineDisplay",
    "TrackDisplay",
]
