"""How a network learned, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from genrekit._validation import check_choice
from genrekit.evaluation import GenreReport, Training, training_of
from genrekit.views import GREY, Drawn, colours, legend_beside, new_figure

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

__all__ = ["TrainingDisplay"]


class _Curve(NamedTuple):
    """One column of a history: its panel, its name in the legend, and how it is drawn."""

    panel: str
    label: str
    colour: str
    line: Any


# Told apart by dashes as well as by colour.
_BLUE, _ORANGE, _GREEN = colours(3)
_CURVES = {
    "train_loss": _Curve("loss", "training", _BLUE, "-"),
    "valid_loss": _Curve("loss", "validation", _ORANGE, (0, (5, 2))),
    "valid_accuracy": _Curve("accuracy", "by segment", _GREEN, "-"),
    "valid_accuracy_tracks": _Curve("accuracy", "by track", _ORANGE, (0, (5, 2))),
}


class TrainingDisplay(Drawn):
    """Loss and accuracy of a network by epoch, with the epoch whose weights were kept.

    Use `from_estimator`, `from_history` or `from_report` to make one. Loss on the training part
    that falls while that on the validation part rises says that the network learns its training
    tracks by heart; a loss that still falls at the end, that more epochs would help. The accuracy
    is on the validation part, by segment and by track. It chose the best epoch, and so is somewhat
    too high.

    Of several trainings, such as the folds of a cross-validation, each is a thin line, and their
    mean, as far as all of them went, a thick one.

    Parameters
    ----------
    trainings : sequence of Training
        One or more.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes of shape (n_panels,)
        The axes that `plot` drew on.
    ax_ : matplotlib.axes.Axes
        The first of them.
    figure_ : matplotlib.figure.Figure
        Their figure.
    lines_ : dict of str to list of matplotlib.lines.Line2D
        The lines by column of the history: one a training, and of several the mean behind.

    See Also
    --------
    LearningCurveDisplay : Accuracy by the number of training tracks.

    Examples
    --------
    >>> from genrekit.displays import TrainingDisplay
    >>> history = [
    ...     {"epoch": 1, "train_loss": 2.0, "valid_loss": 1.9, "valid_accuracy": 0.3},
    ...     {"epoch": 2, "train_loss": 1.2, "valid_loss": 1.5, "valid_accuracy": 0.5},
    ...     {"epoch": 3, "train_loss": 0.7, "valid_loss": 1.8, "valid_accuracy": 0.4},
    ... ]
    >>> display = TrainingDisplay.from_history(history, best_epoch=2)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['loss', 'accuracy']
    >>> sorted(display.lines_)
    ['train_loss', 'valid_accuracy', 'valid_loss']
    """

    def __init__(self, trainings: Sequence[Training]) -> None:
        self.trainings = trainings

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, **plot_params: Any
    ) -> TrainingDisplay:
        """Draw how a fitted estimator was trained.

        Parameters
        ----------
        estimator : fitted classifier
            A `NetworkClassifier`, or a search over one, or a pipeline that ends with one.
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        TrainingDisplay
            The curves, drawn.

        Raises
        ------
        NotFittedError
            When the estimator is not fitted.
        ValueError
            When it has no history.
        """
        check_is_fitted(estimator)
        training = training_of(estimator)
        if training is None:
            kind = type(estimator).__name__
            raise ValueError(f"{kind} tells nothing of its training: it has no history_")
        return cls([training]).plot(ax=ax, **plot_params)

    @classmethod
    def from_history(
        cls,
        history: Any,
        *,
        best_epoch: int | None = None,
        ax: Any = None,
        **plot_params: Any,
    ) -> TrainingDisplay:
        """Draw a history as it is, from a file for example.

        Parameters
        ----------
        history : sequence of mapping, or DataFrame
            As in `Training`: a row an epoch.
        best_epoch : int, optional
            The epoch whose weights were kept; None marks none.
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        TrainingDisplay
            The curves, drawn.
        """
        rows = history.to_dict("records") if hasattr(history, "to_dict") else list(history)
        return cls([Training(rows, best_epoch)]).plot(ax=ax, **plot_params)

    @classmethod
    def from_report(
        cls, report: GenreReport, *, ax: Any = None, **plot_params: Any
    ) -> TrainingDisplay:
        """Draw the trainings of all folds of a cross-validation.

        Parameters
        ----------
        report : GenreReport
            The result of `cross_validate_genres`, of an estimator that tells how it was trained.
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        TrainingDisplay
            The curves, drawn.

        Raises
        ------
        ValueError
            When the report holds no training.
        """
        if not report.trainings:
            raise ValueError("the report holds no training: its estimator tells of none")
        return cls(report.trainings).plot(ax=ax, **plot_params)

    @property
    def panels(self) -> tuple[str, ...]:
        """What there is to draw: the loss, and the accuracy where there was a validation part."""
        there = {curve.panel for name, curve in _CURVES.items() if self._series(name)}
        return tuple(panel for panel in ("loss", "accuracy") if panel in there)

    def plot(self, ax: Any = None, *, panels: Sequence[str] | None = None) -> TrainingDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        panels : sequence of {"loss", "accuracy"}, optional
            What to draw; None means what there is: the accuracy needs a validation part.

        Returns
        -------
        TrainingDisplay
            The display itself.

        Raises
        ------
        ValueError
            When a panel is unknown, there is nothing to draw, or there are not as many axes as
            panels.
        """
        panels = self.panels if panels is None else panels
        for panel in panels:
            check_choice("panel", panel, ("loss", "accuracy"))
        if not panels or not set(panels) <= set(self.panels):
            wanted = " and no ".join(panels) or "loss"
            raise ValueError(f"the history holds no {wanted}: it has no row or no such column")
        axes = self._axes(ax, len(panels))
        self.lines_: dict[str, list[Line2D]] = {}
        for axis, panel in zip(axes, panels, strict=True):
            self._draw(axis, panel)
        axes[-1].set_xlabel("epoch")
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _axes(self, ax: Any, n_panels: int) -> Any:
        """One axes a panel."""
        if ax is None:
            figure = new_figure(7, 0.6 + 2.6 * n_panels)
            return np.atleast_1d(figure.subplots(n_panels, sharex=True))
        axes = np.atleast_1d(np.asarray(ax, dtype=object))
        if axes.shape != (n_panels,):
            raise ValueError(f"ax holds {axes.size} axes: {n_panels} are needed, one a panel")
        return axes

    def _series(self, name: str) -> list[NDArray[np.float64]]:
        """Of each training that has the column: epochs and values."""
        found = [_column(training.history, name) for training in self.trainings]
        return [points for points in found if len(points)]

    def _draw(self, ax: Any, panel: str) -> None:
        """Draw the curves of a panel, the marks of the best epochs, and a legend."""
        handles, names = [], []
        for name, curve in _CURVES.items():
            series = self._series(name)
            if curve.panel == panel and series:
                self.lines_[name] = _draw_curve(ax, series, curve)
                handles.append(self.lines_[name][-1])
                names.append(curve.label)
        marks = self._mark_best(ax, panel)
        legend_beside(ax, [*handles, *marks], [*names, *(["best epoch"] if marks else [])])
        ax.set_ylabel(panel)
        ax.set_xlim(*_ends(self.trainings))
        ax.xaxis.get_major_locator().set_params(integer=True)
        if panel == "accuracy":
            ax.set_ylim(0, 1.02)
        else:
            ax.set_ylim(bottom=0)
        ax.spines[["top", "right"]].set_visible(False)

    def _mark_best(self, ax: Any, panel: str) -> list[Any]:
        """A line at the best epoch; of several trainings a ring on each curve."""
        best = [t.best_epoch for t in self.trainings]
        if len(best) == 1:
            line = {"color": GREY, "linestyle": ":", "linewidth": 1.5}
            return [] if best[0] is None else [ax.axvline(best[0], **line)]
        names = [name for name in self.lines_ if _CURVES[name].panel == panel]
        rings = [_value_at(t, name) for name in names[-1:] for t in self.trainings]
        there = np.array([ring for ring in rings if ring is not None])
        if not len(there):
            return []
        ring = {"marker": "o", "linestyle": "", "markerfacecolor": "none", "markersize": 7}
        return ax.plot(*there.T, color=GREY, **ring)


def _column(history: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    """Epochs and values of a column, shape (n, 2); without rows that have none."""
    pairs = [(row["epoch"], row[name]) for row in history if row.get(name) is not None]
    found = np.array(pairs, dtype=float).reshape(-1, 2)
    return found[np.isfinite(found[:, 1])]


def _value_at(training: Training, name: str) -> NDArray[np.float64] | None:
    """The point of a curve at the best epoch."""
    points = _column(training.history, name)
    at = points[points[:, 0] == training.best_epoch]
    return at[0] if len(at) else None


def _draw_curve(ax: Any, series: Sequence[NDArray[np.float64]], curve: _Curve) -> list[Line2D]:
    """A line a training, and of several a thick one for their mean."""
    look = {"color": curve.colour, "linestyle": curve.line}
    if len(series) == 1:
        # One epoch alone is a point, which a line does not show.
        return ax.plot(*series[0].T, marker="." if len(series[0]) == 1 else None, **look)
    thin = [ax.plot(*points.T, linewidth=0.7, alpha=0.45, **look)[0] for points in series]
    return [*thin, *ax.plot(*_mean(series).T, linewidth=2.4, **look)]


def _mean(series: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean at the epochs that all have: beyond, it would jump wherever one ends."""
    tables = [dict(points.tolist()) for points in series]
    shared = sorted(set(tables[0]).intersection(*tables[1:]))
    means = [np.mean([table[epoch] for table in tables]) for epoch in shared]
    return np.column_stack([shared, means])


def _ends(trainings: Sequence[Training]) -> tuple[float, float]:
    """The first and the last epoch of all, and half an epoch beside."""
    epochs = [row["epoch"] for training in trainings for row in training.history]
    return min(epochs) - 0.5, max(epochs) + 0.5
