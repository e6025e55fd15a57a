"""How the networks of the folds were trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from genrekit.displays import TrainingDisplay
from genrekit.evaluation import GenreReport, Training, training_of
from genrekit.page._figures import NO_PICTURES, figure
from genrekit.page._markup import Html, element, join, table

__all__ = ["training"]

# Of the best epoch: column of the history, heading.
_COLUMNS = {
    "train_loss": "training loss",
    "valid_loss": "validation loss",
    "valid_accuracy": "accuracy by segment",
    "valid_accuracy_tracks": "by track",
}


def training(report: GenreReport, estimator: Any) -> Html | None:
    """Curves of loss and accuracy, and what the best epoch of each fold had."""
    known = list(report.trainings)
    if not known and (own := training_of(estimator)):
        known = [own]
    if not known or not TrainingDisplay(known).panels:
        return None
    explained = (
        "Loss on the tracks that were learned, and loss and accuracy on those that were kept back "
        "from them to choose the best epoch. None of these is a tested track; since it chose the "
        "epoch, the accuracy here is somewhat too high."
    )
    if len(known) > 1:
        explained += " Thin lines are the folds, thick ones their mean as far as all of them went."
    return join(
        element("p", explained),
        element("div", *_pictures(known), class_="charts"),
        _best_epochs(known),
    )


def _pictures(known: Sequence[Training]) -> Iterator[Html]:
    """One figure a panel, which stand below each other on a narrow page."""
    display = TrainingDisplay(known)
    for panel in display.panels:
        draw = partial(display.plot, panels=[panel])
        drawn = figure(draw, size=(6.8, 2.9), label=f"{panel.capitalize()} by epoch")
        yield drawn or element("p", NO_PICTURES)


def _best_epochs(known: Sequence[Training]) -> Html:
    """What each training had at the epoch whose weights were kept."""
    rows = []
    for fold, (history, best) in enumerate(known, start=1):
        row = next((row for row in history if row["epoch"] == best), {})
        found = [row.get(name) for name in _COLUMNS]
        cells = ["" if value is None else f"{value:.3f}" for value in found]
        rows.append([fold, len(history), best or "", *cells])
    head = ["fold", "epochs", "best epoch", *_COLUMNS.values()]
    return table(head, rows, numbers=range(1, len(head)))
