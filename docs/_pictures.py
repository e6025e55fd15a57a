"""Draws the pictures of the page on displays, when the documentation is built.

The functions at the end stand on that page as they are here. All tracks are synthetic; the history
of a training is that of a network in ``benchmarks/reproduce/mel_images.py``.
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from genrekit import GenreClassifier, cross_validate_genres, extract, make_svm_pipeline, make_tracks
from genrekit.displays import (
    ClusterDisplay,
    CorrelationDisplay,
    DurationDisplay,
    FeatureDistributionDisplay,
    FeatureImportanceDisplay,
    GenreConfusionDisplay,
    GenreTracksDisplay,
    LearningCurveDisplay,
    MapDisplay,
    PCADisplay,
    PrecisionRecallDisplay,
    ReliabilityDisplay,
    RocDisplay,
    SpectrogramDisplay,
    TimelineDisplay,
    TrackDisplay,
    TrainingDisplay,
)


def draw_all(folder: Path) -> None:
    """Draw every picture into `folder` as PNG, and write a report."""
    folder.mkdir(parents=True, exist_ok=True)
    given = _material()
    for name, function in inspect.getmembers(sys.modules[__name__], inspect.isfunction):
        if name.startswith("draw_") and name != "draw_all":
            wanted = inspect.signature(function).parameters
            display = function(**{key: given[key] for key in wanted})
            path = folder / f"{name.removeprefix('draw_')}.png"
            display.figure_.savefig(path, dpi=110)
            if isinstance(display, MapDisplay):
                display.to_html(path.with_suffix(".html"))
    page = {"title": "Synthetic tracks", "estimator": given["clf"]}
    given["report"].to_html(folder / "report.html", features=given["features"].table, **page)


def _material() -> dict:
    """Synthetic tracks, their features, a cross-validation, a fitted classifier."""
    tracks = make_tracks(15, duration=3.0, random_state=0)
    X = [(y, tracks.sr) for y in tracks.waveforms]
    features = extract(X, "standard")
    clf = GenreClassifier(random_state=0, memory=tempfile.mkdtemp())
    # Every style for four seconds, one after the other.
    long = make_tracks(1, duration=4.0, random_state=1)
    return {
        "X": X,
        "y": tracks.target,
        "features": features,
        "clf": clf.fit(X, tracks.target),
        "pipeline": make_svm_pipeline("standard", random_state=0, memory=clf.memory),
        "report": cross_validate_genres(clf, X, tracks.target, random_state=0),
        "trained": json.loads(Path(__file__).with_name("_training_history.json").read_text()),
        "medley": (np.concatenate(long.waveforms), long.sr),
    }


def draw_confusion(report):
    return GenreConfusionDisplay.from_report(report, normalize="true")


def draw_reliability(report):
    return ReliabilityDisplay.from_report(report)


def draw_roc(report):
    return RocDisplay.from_report(report)


def draw_precision_recall(report):
    return PrecisionRecallDisplay.from_report(report)


def draw_neighbours(features, y):
    return MapDisplay.from_features(features, y, method="tsne")


def draw_distribution(features, y):
    return FeatureDistributionDisplay.from_features(features, y)


def draw_correlation(features):
    return CorrelationDisplay.from_features(features)


def draw_spectrogram(medley):
    return SpectrogramDisplay.from_track(medley, scale="log")


def draw_genres(X, y):
    return GenreTracksDisplay.from_tracks(X, y)


def draw_durations(X, y):
    return DurationDisplay.from_tracks(X, y)


def draw_map(features, y):
    return PCADisplay.from_features(features.table, y)


def draw_importance(pipeline, X, y):
    return FeatureImportanceDisplay.from_estimator(pipeline, X, y, n_repeats=5, random_state=0)


def draw_clusters(features, y):
    return ClusterDisplay.from_features(features.table, y, random_state=0)


def draw_learning_curve(pipeline, X, y):
    return LearningCurveDisplay.from_estimator(pipeline, X, y, random_state=0)


def draw_training(trained):
    return TrainingDisplay.from_history(trained["history"], best_epoch=trained["best_epoch"])


def draw_track(medley):
    return TrackDisplay.from_track(medley)


def draw_timeline(clf, medley):
    return TimelineDisplay.from_estimator(clf, medley, window=3.0, hop=0.5)
