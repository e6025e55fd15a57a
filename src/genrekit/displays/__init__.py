"""Pictures in scikit-learn's style; matplotlib is loaded when the first one is drawn."""

from __future__ import annotations

from genrekit.displays._clusters import ClusterDisplay
from genrekit.displays._confusion import GenreConfusionDisplay, confusion_counts
from genrekit.displays._correlation import CorrelationDisplay
from genrekit.displays._distribution import FeatureDistributionDisplay
from genrekit.displays._importance import FeatureImportanceDisplay
from genrekit.displays._learning import LearningCurveDisplay
from genrekit.displays._map import MapDisplay, lay_out_map
from genrekit.displays._one_vs_rest import GenreCurve, PrecisionRecallDisplay, RocDisplay
from genrekit.displays._pca import PCADisplay
from genrekit.displays._reliability import ReliabilityDisplay
from genrekit.displays._training import TrainingDisplay
from genrekit.views import (
    DurationDisplay,
    GenreTracksDisplay,
    SpectrogramDisplay,
    TimelineDisplay,
    TrackDisplay,
    listen,
)

__all__ = [
    "ClusterDisplay",
    "CorrelationDisplay",
    "DurationDisplay",
    "FeatureDistributionDisplay",
    "FeatureImportanceDisplay",
    "GenreConfusionDisplay",
    "GenreCurve",
    "GenreTracksDisplay",
    "LearningCurveDisplay",
    "MapDisplay",
    "PCADisplay",
    "PrecisionRecallDisplay",
    "ReliabilityDisplay",
    "RocDisplay",
    "SpectrogramDisplay",
    "TimelineDisplay",
    "TrackDisplay",
    "TrainingDisplay",
    "confusion_counts",
    "lay_out_map",
    "listen",
]
