"""How good is it: cross-validation by track, reports with intervals, pictures."""

from __future__ import annotations

from genrekit.displays import (
    ClusterDisplay,
    FeatureImportanceDisplay,
    GenreConfusionDisplay,
    LearningCurveDisplay,
    PCADisplay,
    ReliabilityDisplay,
    TimelineDisplay,
    TrackDisplay,
)
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
)
from genrekit.evaluation._intervals import group_interval, wilson_interval
from genrekit.evaluation._leakage import Leak, LeakageReport, check_leakage
from genrekit.evaluation._report import GenreReport

__all__ = [
    "CalibrationBins",
    "ClusterDisplay",
    "ClusterReport",
    "Clustering",
    "Comparison",
    "FamilyImportance",
    "FeatureImportanceDisplay",
    "GenreConfusionDisplay",
    "GenreReport",
    "Leak",
    "LeakageReport",
    "LearningCurveDisplay",
    "PCADisplay",
    "PairedDifference",
    "ReliabilityDisplay",
    "TimelineDisplay",
    "TrackDisplay",
    "calibration_bins",
    "check_leakage",
    "cluster_report",
    "compare",
    "cross_validate_genres",
    "family_of",
    "group_interval",
    "importance_by_family",
    "paired_difference",
    "wilson_interval",
]
