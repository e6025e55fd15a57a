"""Sections of charts: what the probabilities are worth, where the tracks lie, what matters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from genrekit.displays import (
    FeatureImportanceDisplay,
    PrecisionRecallDisplay,
    ReliabilityDisplay,
    RocDisplay,
    lay_out_map,
)
from genrekit.evaluation import FamilyImportance, GenreReport, calibration_bins
from genrekit.page._figures import NO_PICTURES, figure
from genrekit.page._headline import percent
from genrekit.page._map import hover_map
from genrekit.page._markup import Html, element, join, table

__all__ = ["calibration", "curves", "importance", "tracks"]


def calibration(report: GenreReport) -> Html | None:
    """Whether the probabilities keep what they promise, as a chart and as numbers."""
    if report.probabilities is None or np.isnan(report.probabilities).any(axis=1).all():
        return None
    explained = (
        "Tracks by the probability of the answer they got, and the share of them that is right, "
        "with 95 % Wilson intervals. On the broken line a model that says 80 % is right 80 times "
        f"of 100. Expected calibration error: {report.calibration_error:.3f}."
    )
    drawn = figure(
        lambda ax: ReliabilityDisplay.from_report(report, ax=ax),
        size=(5.6, 4.8),
        label="Reliability diagram",
    )
    bins = calibration_bins(report.y_true, report.probabilities, report.classes)
    rows = [
        [f"{low:.1f} to {high:.1f}", int(n), f"{said:.3f}", f"{right:.3f}"]
        for low, high, n, said, right in zip(bins.edges, bins.edges[1:], *bins[1:], strict=False)
        if n
    ]
    listed = table(["probability", "tracks", "mean", "right"], rows, numbers=(1, 2, 3))
    return join(element("p", explained), _beside(drawn or element("p", NO_PICTURES), listed))


def curves(report: GenreReport) -> Html | None:
    """How well the probabilities find each genre among the others."""
    if report.probabilities is None:
        return None
    shown: list[Any] = []

    def draw(kind: Any, ax: Any) -> None:
        shown.append(kind.from_report(report, ax=ax))

    kinds = {"ROC curves": RocDisplay, "Precision by recall": PrecisionRecallDisplay}
    try:
        drawn = [
            figure(partial(draw, kind), size=(5.8, 4.2), label=label)
            for label, kind in kinds.items()
        ]
    except ValueError:  # no genre has both its own tracks and others
        return None
    if not shown:
        return element("p", NO_PICTURES)
    roc, precision = shown
    explained = (
        "Each genre against the rest, by the probabilities of tracks that the model did not know. "
        "First, how much of the genre is found by how much else is taken for it; the area is 0.5 "
        "when guessing. Then, how many of those that are named are right, by how many are found."
    )
    scores = zip(roc.curves, precision.curves, strict=True)
    rows = [
        [str(area.genre), f"{area.score:.3f}", f"{average.score:.3f}", percent(area.share)]
        for area, average in scores
    ]
    head = ["genre", "area under ROC", "average precision", "share of tracks"]
    listed = _folded("The numbers", table(head, rows, numbers=(1, 2, 3)))
    return join(element("p", explained), _beside(*drawn), listed)


def tracks(report: GenreReport, names: list[str], features: Any) -> Html | None:
    """The map of the tracks, when their features are known."""
    if features is None:
        return None
    table_of = np.asarray(getattr(features, "table", features), dtype=float)  # of an Extraction
    whole = table_of.ndim == 2 and np.isfinite(table_of).all(axis=1).sum() >= 4
    if table_of.ndim == 2 and len(table_of) == len(report.y_true) and not whole:
        return None
    explained = (
        "The tracks on the two directions in which their standardised features vary most. Genres "
        "that overlap here may still be told apart by the other directions. Point at a track, or "
        "tap it, to see its name."
    )
    display = lay_out_map(table_of, report.y_true, tracks=names)
    return join(element("p", explained), hover_map(display))


def importance(found: FamilyImportance | None) -> Html | None:
    """Which families of features the classifier would miss."""
    if found is None:
        return None
    explained = (
        "How much accuracy is lost on tracks that the model did not know when all columns of a "
        "family change places among them, over folds and repeats. A family whose information "
        "another one holds too loses little."
    )
    height = 0.8 + 0.32 * min(len(found.families), 20)
    draw: Callable[[Any], object] = partial(_draw_importance, found)
    drawn = figure(draw, size=(6.4, height), label="Accuracy lost by family of features")
    order = np.argsort(-found.mean, kind="stable")
    names, sizes = list(found.families), [len(columns) for columns in found.families.values()]
    rows = [[names[i], sizes[i], f"{found.mean[i]:.3f}", f"{found.std[i]:.3f}"] for i in order]
    head = ["family", "columns", "accuracy lost", "sd"]
    listed = table(head, rows, numbers=(1, 2, 3))
    return join(element("p", explained), _beside(drawn or element("p", NO_PICTURES), listed))


def _draw_importance(found: FamilyImportance, ax: Any) -> None:
    """Bars on given axes."""
    FeatureImportanceDisplay.from_importance(found, ax=ax)


def _beside(*parts: Html | None) -> Html:
    """Charts and numbers side by side where there is room, else below each other."""
    return element("div", *(part for part in parts if part is not None), class_="charts")


def _folded(title: str, content: Html) -> Html:
    """What is there when it is asked for."""
    return element("details", element("summary", title), content)
