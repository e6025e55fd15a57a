"""How good is it: cross-validation by track, what leaks, reports with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genrekit._moved import moved
from genrekit.evaluation._calibration import CalibrationBins, calibration_bins
from genrekit.evaluation._clusters import Clustering, ClusterReport, cluster_report
from genrekit.evaluation._compare import (
    Comparison,
    PairedDifference,
    compare,
    paired_difference,
)
from genrekit.evaluation._cross_validate import cross_validate_genres
from genrekit.evaluation._importance import (
    FamilyImportance,
    family_of,
    importance_by_family,
    track_features,
)
from genrekit.evaluation._intervals import group_interval, wilson_interval
from genrekit.evaluation._leakage import Leak, LeakageReport, check_leakage
from genrekit.evaluation._mistakes import ConfidentMistake
from genrekit.evaluation._report import GenreReport
from genrekit.evaluation._splits import Split, folds_by_group, genre_splits, read_labels
from genrekit.evaluation._training import Training, training_of

__all__ = [
    "Split",
    "folds_by_group",
    "genre_splits",
    "read_labels",
    "track_features",
    "CalibrationBins",
    "ClusterReport",
    "Clustering",
    "Comparison",
    "ConfidentMistake",
    "FamilyImportance",
    "GenreReport",
    "Leak",
    "LeakageReport",
    "PairedDifference",
    "Training",
    "calibration_bins",
    "check_leakage",
    "cluster_report",
    "compare",
    "cross_validate_genres",
    "family_of",
    "group_interval",
    "importance_by_family",
    "paired_difference",
    "training_of",
    "wilson_interval",
]

_DISPLAYS = (
    "ClusterDisplay",
    "FeatureImportanceDisplay",
    "GenreConfusionDisplay",
    "LearningCurveDisplay",
    "PCADisplay",
    "ReliabilityDisplay",
    "TimelineDisplay",
    "TrackDisplay",
)

if not TYPE_CHECKING:  # type checkers would take any name
    __getattr__ = moved(__name__, dict.fromkeys(_DISPLAYS, "genrekit.displays"))
