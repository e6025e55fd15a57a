"""Would more tracks help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import get_config
from sklearn.model_selection import LearningCurveDisplay as CurveDisplay
from sklearn.model_selection import learning_curve
from sklearn.utils import check_random_state

from genrekit.evaluation import Split, folds_by_group, genre_splits, read_labels
from genrekit.views import GREY, Drawn, legend_beside, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LearningCurveDisplay"]


class LearningCurveDisplay(Drawn, CurveDisplay):
    """Accuracy by the number of training tracks: scikit-learn's display, by track and by group.

    Use `from_estimator` to make one. A curve of new tracks that still rises at its end says that
    more tracks would help; a wide gap between the curves says that the model learns its training
    tracks by heart.

    Parameters
    ----------
    train_sizes : ndarray of shape (n_sizes,)
        Numbers of training tracks.
    train_scores, test_scores : ndarray of shape (n_sizes, n_folds)
        Accuracy on the training tracks and on those of the fold.
    score_name : str, default="accuracy"
        Label of the vertical axis.
    baseline : float, optional
        Accuracy of always answering the most frequent genre.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    lines_ : list of matplotlib.lines.Line2D
        The curves of training and of new tracks.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : What carries it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from genrekit.displays import LearningCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = LearningCurveDisplay.from_estimator(
    ...     KNeighborsClassifier(), X, y, train_sizes=[0.5, 1.0], random_state=0
    ... )
    >>> display.train_sizes.tolist(), display.test_scores.shape
    ([60, 120], (2, 5))
    """

    def __init__(
        self,
        *,
        train_sizes: np.ndarray,
        train_scores: np.ndarray,
        test_scores: np.ndarray,
        score_name: str = "accuracy",
        baseline: float | None = None,
    ) -> None:
        super().__init__(
            train_sizes=train_sizes,
            train_scores=train_scores,
            test_scores=test_scores,
            score_name=score_name,
        )
        self.baseline = baseline

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        cv: Any = 5,
        train_sizes: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0),
        n_jobs: int | None = None,
        random_state: int | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> LearningCurveDisplay:
        """Fit on more and more tracks, test on others, and draw the accuracies.

        With `memory` set on the features, each track is decoded once for the whole curve.

        Parameters
        ----------
        estimator : classifier
            What is fitted, each time a clone of it.
        X : sequence of tracks or array-like
            What it takes.
        y : array-like of shape (n_tracks,)
            The genres.
        groups : array-like of shape (n_tracks,), optional
            What must not be split between training and test, such as the artist.
        cv : int, splitter or iterable of index pairs, default=5
            The folds. A number makes shuffled ones that keep groups together.
        train_sizes : sequence of float or int, default=(0.2, 0.4, 0.6, 0.8, 1.0)
            Shares of the smallest training part, or numbers of tracks, two at the least. Each
            part holds the genres in the proportions of the whole, and the next one holds it.
        n_jobs : int, optional
            Number of fits at a time, as in joblib.
        random_state : int, optional
            Seed of the folds and of what comes first in them.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        LearningCurveDisplay
            The curves, drawn.

        Raises
        ------
        ValueError
            When there is one size only, or the folds can't be made.
        """
        if len(train_sizes) < 2:
            raise ValueError(f"train_sizes={train_sizes!r}: a curve takes two sizes or more")
        y, groups = read_labels(X, y, groups)
        rng = check_random_state(random_state)
        folds = genre_splits(y, groups, cv, random_state)
        splits = [_stratified_order(fold, y, rng) for fold in folds]
        # With metadata routing what takes groups has to ask for them, and asks elsewhere.
        routed = get_config()["enable_metadata_routing"]
        told = groups is not None and folds_by_group(estimator) and not routed
        sizes, train_scores, test_scores = learning_curve(
            estimator,
            X,
            y,
            cv=splits,
            train_sizes=np.asarray(train_sizes),
            n_jobs=n_jobs,
            params={"groups": groups} if told else None,
        )
        baseline = float(np.unique(y, return_counts=True)[1].max() / len(y))
        display = cls(
            train_sizes=sizes,
            train_scores=train_scores,
            test_scores=test_scores,
            baseline=baseline,
        )
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax: Axes | None = None, **plot_params: Any) -> LearningCurveDisplay:
        """Draw the curves: mean over the folds, and a band of one standard deviation.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For scikit-learn's `plot`.

        Returns
        -------
        LearningCurveDisplay
            The display itself.
        """
        super().plot(ax=new_axes(ax, 6.4, 4), **plot_params)
        handles, names = list(self.lines_ or ()), ["training tracks", "new tracks"]
        if self.baseline is not None:
            handles.append(self.ax_.axhline(self.baseline, color=GREY, linestyle="--"))
            names.append("most frequent genre")
        legend_beside(self.ax_, handles, names[-len(handles) :])
        self.ax_.set(xlabel="number of training tracks", ylim=(0, 1.02))
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self


def _stratified_order(split: Split, y: np.ndarray, rng: np.random.RandomState) -> Split:
    """Order the training tracks such that each beginning holds the genres in proportion."""
    train, test = split
    train = rng.permutation(train)
    place = np.empty(len(train))
    for genre in np.unique(y[train]):
        members = np.flatnonzero(y[train] == genre)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return train[np.argsort(place, kind="stable")], test
