"""How well probabilities find each genre among the others: ROC, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from genrekit.views import GREY, Drawn, legend_beside, looks, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GenreCurve", "PrecisionRecallDisplay", "RocDisplay"]

# With markers, lines can be told apart without their colours.
_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))


class GenreCurve(NamedTuple):
    """One genre against the rest.

    Attributes
    ----------
    genre : object
        Its name.
    x, y : ndarray of shape (n_thresholds,)
        The points of the curve.
    score : float
        Area under it, or average precision.
    share : float
        Share of the tracks that are of the genre: what guessing reaches.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.displays import GenreCurve
    >>> GenreCurve("jazz", np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5, 0.1).score
    0.5
    """

    genre: Any
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    score: float
    share: float


class _OneVsRest(Drawn):
    """What both have; a kind says what its curves are, and how axes and scores are called."""

    _axes = ("", "")
    _score = ""

    def __init__(self, curves: Sequence[GenreCurve]) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None, **plot_params: Any
    ) -> Self:
        """Predict the probabilities of tracks and draw a curve a genre.

        Parameters
        ----------
        estimator : fitted classifier
            What predicts, with `predict_proba`. Tracks that it was fitted on say nothing.
        X : sequence of tracks or array-like
            What it takes.
        y : array-like of shape (n_tracks,)
            The true genres.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        RocDisplay or PrecisionRecallDisplay
            The curves, drawn.
        """
        found = estimator.predict_proba(X)
        return cls.from_predictions(y, found, estimator.classes_, ax=ax, **plot_params)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        classes: Any,
        *,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> Self:
        """Draw a curve a genre: of it against all others.

        Parameters
        ----------
        y_true : array-like of shape (n_tracks,)
            The true genres.
        probabilities : array-like of shape (n_tracks, n_classes)
            What was predicted. Rows of NaN, of tracks that could not be decoded, are left out.
        classes : array-like of shape (n_classes,)
            The genres of the columns. Those of which there is no track, or nothing else, have no
            curve.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        RocDisplay or PrecisionRecallDisplay
            The curves, drawn.

        Raises
        ------
        ValueError
            When shapes do not fit, or no genre has a curve.
        """
        table, true = np.asarray(probabilities, dtype=float), np.asarray(y_true)
        names = np.asarray(classes).tolist()
        if table.shape != (len(true), len(names)):
            raise ValueError(
                f"probabilities has shape {table.shape}: a row for each of {len(true)} tracks and "
                f"a column for each of {len(names)} classes is needed"
            )
        known = ~np.isnan(table).any(axis=1)
        is_own = np.array([[g == name for name in names] for g in true[known].tolist()], dtype=bool)
        curves = [
            GenreCurve(name, *cls._curve(own, scores), float(own.mean()))
            for name, own, scores in zip(names, is_own.T, table[known].T, strict=False)
            if own.any() and not own.all()
        ]
        if not curves:
            raise ValueError("no genre has both tracks of it and others, with probabilities")
        return cls(curves).plot(ax=ax, **plot_params)

    @classmethod
    def from_report(cls, report: Any, *, ax: Axes | None = None, **plot_params: Any) -> Self:
        """Draw the probabilities of a cross-validation, each given by a model that did not know it.

        Parameters
        ----------
        report : GenreReport
            The result of `cross_validate_genres`, of an estimator that has probabilities.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        RocDisplay or PrecisionRecallDisplay
            The curves, drawn.

        Raises
        ------
        ValueError
            When the report holds no probabilities.
        """
        if report.probabilities is None:
            raise ValueError("the report holds no probabilities: its estimator predicts none")
        found = report.y_true, report.probabilities, report.classes
        return cls.from_predictions(*found, ax=ax, **plot_params)

    @staticmethod
    def _curve(own: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Any, Any, float]:
        """Points of a curve, and its score."""
        raise NotImplementedError

    @property
    def mean_score(self) -> float:
        """Mean of the scores over the genres."""
        return float(np.mean([curve.score for curve in self.curves]))

    def plot(self, ax: Axes | None = None, *, n_genres: int = 20) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        n_genres : int, default=20
            How many to draw at most: those with the lowest scores, which are worth a look.

        Returns
        -------
        RocDisplay or PrecisionRecallDisplay
            The display itself.
        """
        axes = new_axes(ax, 6.4, 4.4)
        shown = sorted(self.curves, key=lambda curve: curve.score)[:n_genres][::-1]
        # A genre looks the same in each picture of the same genres.
        genres = [curve.genre for curve in self.curves]
        own = dict(zip(genres, zip(looks(len(genres)), cycle(_DASHES), strict=False), strict=True))
        self.lines_ = [self._draw(axes, curve, *own[curve.genre]) for curve in shown]
        self._guess(axes)
        axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), aspect="equal")
        axes.set(xlabel=self._axes[0], ylabel=self._axes[1])
        axes.spines[["top", "right"]].set_visible(False)
        names = [f"{curve.genre} {curve.score:.3f}" for curve in shown]
        title = f"{self._score}\nmean {self.mean_score:.3f}"
        legend_beside(axes, self.lines_, names, title=title, alignment="left")
        self.ax_, self.figure_ = axes, axes.figure
        return self

    def _draw(self, ax: Any, curve: GenreCurve, own: tuple[str, str], dashes: Any) -> Any:
        """One curve; of a precision each value holds until the next."""
        colour, marker = own
        look = {"color": colour, "linestyle": dashes, "linewidth": 1.5}
        marks = {"marker": marker, "markevery": 0.25, "markersize": 5}
        return ax.plot(curve.x, curve.y, **look, **marks, **self._steps())[0]

    def _steps(self) -> dict[str, str]:
        """How points are joined."""
        return {}

    def _guess(self, ax: Any) -> None:
        """What guessing reaches."""
        raise NotImplementedError


class RocDisplay(_OneVsRest):
    """ROC curve of each genre against the rest: what it finds by what it takes for it wrongly.

    Use `from_estimator`, `from_predictions` or `from_report` to make one. The area under a curve is
    the probability that a track of the genre gets a higher one than another track; guessing
    reaches 0.5, the broken line.

    Parameters
    ----------
    curves : sequence of GenreCurve
        A curve a genre.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves, the highest area first.
    mean_score : float
        Mean area over the genres.

    See Also
    --------
    PrecisionRecallDisplay : The same where genres are rare.

    Examples
    --------
    >>> from genrekit.displays import RocDisplay
    >>> probabilities = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]
    >>> true = ["jazz", "jazz", "rock", "jazz"]
    >>> display = RocDisplay.from_predictions(true, probabilities, ["jazz", "rock"])
    >>> round(display.mean_score, 3)
    0.667
    """

    _axes = ("false positive rate", "true positive rate")
    _score = "area under curve"

    @staticmethod
    def _curve(own: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Any, Any, float]:
        from sklearn.metrics import auc, roc_curve

        x, y, _ = roc_curve(own, scores)
        return x, y, float(auc(x, y))

    def _guess(self, ax: Any) -> None:
        ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)


class PrecisionRecallDisplay(_OneVsRest):
    """Precision of each genre by its recall: how many of those it names are right.

    Use `from_estimator`, `from_predictions` or `from_report` to make one. The score is the average
    precision; guessing reaches the share of the genre, so that genres of other shares should not be
    compared by it.

    Parameters
    ----------
    curves : sequence of GenreCurve
        A curve a genre.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves, the highest average precision first.
    mean_score : float
        Mean average precision over the genres.

    See Also
    --------
    RocDisplay : The same by what is wrongly taken for the genre.

    Examples
    --------
    >>> from genrekit.displays import PrecisionRecallDisplay
    >>> probabilities = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]
    >>> true = ["jazz", "jazz", "rock", "jazz"]
    >>> display = PrecisionRecallDisplay.from_predictions(true, probabilities, ["jazz", "rock"])
    >>> [(curve.genre, round(curve.score, 3)) for curve in display.curves]
    [('jazz', 0.917), ('rock', 0.5)]
    """

    _axes = ("recall", "precision")
    _score = "average precision"

    @staticmethod
    def _curve(own: NDArray[np.bool_], scores: NDArray[Any]) -> tuple[Any, Any, float]:
        from sklearn.metrics import average_precision_score, precision_recall_curve

        y, x, _ = precision_recall_curve(own, scores)
        return x, y, float(average_precision_score(own, scores))

    def _steps(self) -> dict[str, str]:
        return {"drawstyle": "steps-post"}

    def _guess(self, ax: Any) -> None:
        share = float(np.mean([curve.share for curve in self.curves]))
        ax.axhline(share, color=GREY, linestyle="--", linewidth=1)
