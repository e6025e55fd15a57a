"""Which families of features a classifier would miss most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from genrekit.evaluation import FamilyImportance, importance_by_family
from genrekit.views import BLUE, GREY, Drawn, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FeatureImportanceDisplay"]


class FeatureImportanceDisplay(Drawn):
    """How much accuracy a classifier loses without each family of features.

    Use `from_estimator` or `from_importance` to make one.

    Parameters
    ----------
    families : sequence of str, length n_families
        Names of the families.
    drops : ndarray of shape (n_families, ...)
        How much accuracy is lost without each, over folds and repeats.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    bars_ : matplotlib.container.BarContainer
        The mean losses, the largest on top, with one standard deviation to each side.

    See Also
    --------
    importance_by_family : Measures it.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.displays import FeatureImportanceDisplay
    >>> drops = np.array([[0.02, 0.04], [0.2, 0.1]])
    >>> display = FeatureImportanceDisplay(["tempo", "mfcc"], drops).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['mfcc', 'tempo']
    """

    def __init__(self, families: Sequence[str], drops: np.ndarray) -> None:
        self.families = families
        self.drops = drops

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None, **importance_params: Any
    ) -> FeatureImportanceDisplay:
        """Measure the importance of each family by cross-validation, and draw it.

        Parameters
        ----------
        estimator : classifier
            What is fitted in each fold.
        X : sequence of tracks or array-like
            What it takes.
        y : array-like of shape (n_tracks,)
            The genres.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **importance_params
            For `importance_by_family`.

        Returns
        -------
        FeatureImportanceDisplay
            The bars, drawn.
        """
        return cls.from_importance(
            importance_by_family(estimator, X, y, **importance_params), ax=ax
        )

    @classmethod
    def from_importance(
        cls, importance: FamilyImportance, *, ax: Axes | None = None, n_families: int = 20
    ) -> FeatureImportanceDisplay:
        """Draw what `importance_by_family` found.

        Parameters
        ----------
        importance : FamilyImportance
            The result of `importance_by_family`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        n_families : int, default=20
            How many to draw at most, the most important ones.

        Returns
        -------
        FeatureImportanceDisplay
            The bars, drawn.
        """
        display = cls(list(importance.families), importance.drops)
        return display.plot(ax=ax, n_families=n_families)

    def plot(self, ax: Axes | None = None, *, n_families: int = 20) -> FeatureImportanceDisplay:
        """Draw a bar a family.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        n_families : int, default=20
            How many to draw at most, the most important ones.

        Returns
        -------
        FeatureImportanceDisplay
            The display itself.
        """
        drops = np.reshape(self.drops, (len(self.families), -1))
        mean, spread = drops.mean(axis=1), drops.std(axis=1)
        order = np.argsort(-mean, kind="stable")[:n_families]
        axes = new_axes(ax, 6.4, 0.8 + 0.32 * len(order))
        self.bars_ = axes.barh(
            np.arange(len(order)), mean[order], xerr=spread[order], color=BLUE, ecolor=GREY
        )
        axes.set_yticks(range(len(order)), [plain(self.families[i]) for i in order])
        axes.invert_yaxis()
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel("accuracy lost when the family is shuffled (± 1 standard deviation)")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        self.ax_, self.figure_ = axes, axes.figure
        return self
