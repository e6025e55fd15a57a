"""Do the probabilities keep what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genrekit.evaluation import CalibrationBins, calibration_bins, wilson_interval
from genrekit.views import BLUE, GREY, Drawn, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ReliabilityDisplay"]


class ReliabilityDisplay(Drawn):
    """How often the answer is right, by the probability it is given with.

    Use `from_estimator`, `from_predictions` or `from_report` to make one. Tracks are put into
    bins of equal width by the probability of their most probable genre. Points on the diagonal
    are calibrated; below it the model is too sure, above it not sure enough.

    Parameters
    ----------
    bins : CalibrationBins
        What `calibration_bins` gives.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    errorbar_ : matplotlib.container.ErrorbarContainer
        The points with their 95 % Wilson intervals.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : The same for one class against the rest.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.displays import ReliabilityDisplay
    >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    >>> true = ["jazz", "jazz", "rock", "rock"]
    >>> display = ReliabilityDisplay.from_predictions(true, probabilities, ["jazz", "rock"])
    >>> display.bins.count.tolist()
    [0, 0, 0, 0, 0, 1, 1, 1, 1, 0]
    """

    def __init__(self, bins: CalibrationBins) -> None:
        self.bins = bins

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, n_bins: int = 10, ax: Axes | None = None
    ) -> ReliabilityDisplay:
        """Predict the probabilities of tracks and draw how often the answers are right.

        Parameters
        ----------
        estimator : fitted classifier
            What predicts, with `predict_proba`. Tracks that it was fitted on say nothing.
        X : sequence of tracks or array-like
            What it takes.
        y : array-like of shape (n_tracks,)
            The true genres.
        n_bins : int, default=10
            Number of bins between 0 and 1.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        ReliabilityDisplay
            The diagram, drawn.
        """
        probabilities = estimator.predict_proba(X)
        return cls.from_predictions(y, probabilities, estimator.classes_, n_bins=n_bins, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        classes: Any,
        *,
        n_bins: int = 10,
        ax: Axes | None = None,
    ) -> ReliabilityDisplay:
        """Draw how often the most probable genre is right.

        Parameters
        ----------
        y_true : array-like of shape (n_tracks,)
            The true genres.
        probabilities : array-like of shape (n_tracks, n_classes)
            What was predicted. Rows of NaN, of tracks that could not be decoded, are left out.
        classes : array-like of shape (n_classes,)
            The genres of the columns.
        n_bins : int, default=10
            Number of bins between 0 and 1.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        ReliabilityDisplay
            The diagram, drawn.

        Raises
        ------
        ValueError
            When shapes do not fit or no row is whole.
        """
        table, true = np.asarray(probabilities, dtype=float), np.asarray(y_true)
        if table.shape != (len(true), len(classes)):
            raise ValueError(
                f"probabilities has shape {table.shape}: a row for each of {len(true)} tracks and "
                f"a column for each of {len(classes)} classes is needed"
            )
        if np.isnan(table).any(axis=1).all():
            raise ValueError("probabilities has no row without NaN")
        return cls(calibration_bins(true, table, np.asarray(classes), n_bins=n_bins)).plot(ax=ax)

    @classmethod
    def from_report(
        cls, report: Any, *, n_bins: int = 10, ax: Axes | None = None
    ) -> ReliabilityDisplay:
        """Draw the probabilities of a cross-validation.

        Parameters
        ----------
        report : GenreReport
            The result of `cross_validate_genres`, of an estimator that has probabilities.
        n_bins : int, default=10
            Number of bins between 0 and 1.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        ReliabilityDisplay
            The diagram, drawn.

        Raises
        ------
        ValueError
            When the report holds no probabilities.
        """
        if report.probabilities is None:
            raise ValueError("the report holds no probabilities: its estimator predicts none")
        return cls.from_predictions(
            report.y_true, report.probabilities, report.classes, n_bins=n_bins, ax=ax
        )

    def plot(self, ax: Axes | None = None) -> ReliabilityDisplay:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        ReliabilityDisplay
            The display itself.
        """
        axes = new_axes(ax, 4.6, 4.4)
        axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1, label="calibrated")
        held = self.bins.count > 0
        count, x, y = (part[held] for part in self.bins[1:])
        hits = np.round(y * count).astype(int)
        ends = np.array([wilson_interval(k, n) for k, n in zip(hits, count, strict=True)])
        self.errorbar_ = axes.errorbar(
            x, y, yerr=np.abs(ends.T - y), fmt="o-", color=BLUE, capsize=2
        )
        for n, place in zip(count, x, strict=True):
            axes.text(place, -0.04, str(n), ha="center", fontsize=7, color=GREY)
        axes.set(xlim=(0, 1.02), ylim=(-0.05, 1.02), aspect="equal")
        axes.set_xlabel("probability of the answer (grey: number of tracks)")
        axes.set_ylabel("share of answers that are right")
        axes.legend(loc="upper left", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        self.ax_, self.figure_ = axes, axes.figure
        return self
