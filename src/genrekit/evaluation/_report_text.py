"""A report in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from genrekit._tables import text_table

__all__ = ["report_text"]


def report_text(report: Any) -> str:
    """The single numbers of a report, what is wrong with them, and a table of the genres."""
    columns = (report.classes, report.precision, report.recall, report.f1, report.support)
    rows = [
        [str(genre), *(f"{score:.3f}" for score in scores), str(n)]
        for genre, *scores, n in zip(*columns, strict=True)
    ]
    head = ["genre", "precision", "recall", "F1", "tracks"]
    return "\n".join([*_lines(report), "", text_table(head, rows, right=head[1:])])


def _lines(report: Any) -> Iterator[str]:
    """Say the single numbers, and what is wrong with them."""
    low, high = report.interval
    failed = f", {report.n_failed} without a prediction" if report.n_failed else ""
    n_folds = len(report.fit_seconds)
    how = f"in {n_folds} folds" if n_folds > 1 else "on one split"
    yield (
        f"accuracy {report.accuracy:.3f} (95 % {report.interval_name} {low:.3f} to {high:.3f}), "
        f"{report.n_correct} of {len(report.y_true)} tracks {how}{failed}"
    )
    if report.segments is not None and report.segments.any():
        low, high = report.segment_interval
        yield (
            f"by segment {report.segment_accuracy:.3f} ({low:.3f} to {high:.3f}), of "
            f"{report.segments.sum()} segments"
        )
    yield (
        f"most frequent genre {report.baseline:.3f} | macro F1 {report.macro_f1:.3f} | "
        f"balanced accuracy {report.balanced_accuracy:.3f}"
    )
    if report.probabilities is not None:
        yield (
            f"log loss {report.log_loss:.3f} (shares of the genres: {report.dummy.log_loss:.3f}) | "
            f"calibration error {report.calibration_error:.3f}"
        )
    named = ("extract", report.extract_seconds), ("fit", report.fit_seconds)
    times = [*named, ("predict", report.predict_seconds)]
    yield ", ".join(f"{name} {t.sum():.1f} s" for name, t in times if t is not None)
    if report.leakage:
        yield f"LEAK: {report.leakage}"
