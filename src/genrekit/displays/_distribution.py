"""How features are spread in each genre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice, check_integer
from genrekit.displays._table_of import read_features
from genrekit.views import Drawn, colours, new_figure, plain

__all__ = ["FeatureDistributionDisplay"]

_KINDS = ("violin", "histogram")
_BINS, _POINTS = 20, 100


class FeatureDistributionDisplay(Drawn):
    """Histogram or violin of features: a panel a feature, a row in it a genre.

    Use `from_features` to make one. Each row stands by the name of its genre, so that colours are
    not needed to tell genres apart; a stroke marks the median.

    Parameters
    ----------
    values : ndarray of shape (n_tracks, n_features)
        The features. NaN, of tracks that could not be decoded, is left out.
    y : ndarray of shape (n_tracks,)
        The genres.
    names : sequence of str, length n_features
        Names of the features.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes of shape (n_features,)
        The axes that `plot` drew on.
    ax_ : matplotlib.axes.Axes
        The first of them.
    figure_ : matplotlib.figure.Figure
        Their figure.
    shapes_ : list of list of PolyCollection
        By feature, the shape of each genre; None of a genre without values.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.displays import FeatureDistributionDisplay
    >>> wine = load_wine()
    >>> display = FeatureDistributionDisplay.from_features(
    ...     wine.data, wine.target, names=wine.feature_names, n_features=2
    ... )
    >>> display.names
    ['flavanoids', 'proline']
    """

    def __init__(self, values: NDArray[Any], y: NDArray[Any], names: Sequence[str]) -> None:
        self.values = values
        self.y = y
        self.names = names

    @classmethod
    def from_features(
        cls,
        table: Any,
        y: Any,
        *,
        names: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        n_features: int = 6,
        ax: Any = None,
        **plot_params: Any,
    ) -> FeatureDistributionDisplay:
        """Draw features of tracks by genre.

        Parameters
        ----------
        table : Extraction, DataFrame or array-like of shape (n_tracks, n_features)
            The features.
        y : array-like of shape (n_tracks,)
            The genres.
        names : sequence of str, optional
            Names of the columns; None takes those that the table has.
        features : sequence of str, optional
            Which columns to draw; None takes those in which the genres differ most.
        n_features : int, default=6
            How many that are: by the F statistic of an analysis of variance.
        ax : sequence of matplotlib.axes.Axes, optional
            Where to draw, one a feature; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        FeatureDistributionDisplay
            The features, drawn.

        Raises
        ------
        ValueError
            When a feature is unknown, or shapes don't fit.
        """
        check_integer("n_features", n_features, minimum=1)
        y = np.asarray(y)
        values, found = read_features(table, names, y)
        for name in features or ():
            check_choice("feature", name, found)
        if features is None:
            columns = _telling(values, y)[:n_features]
        else:
            columns = [found.index(name) for name in features]
        display = cls(values[:, columns], y, [found[i] for i in columns])
        return display.plot(ax=ax, **plot_params)

    def plot(self, ax: Any = None, *, kind: str = "violin") -> FeatureDistributionDisplay:
        """Draw the features.

        Parameters
        ----------
        ax : sequence of matplotlib.axes.Axes, optional
            Where to draw, one a feature; None makes a new figure.
        kind : {"violin", "histogram"}, default="violin"
            Densities to both sides of the row, or counts in 20 bins above it, each as high as the
            row.

        Returns
        -------
        FeatureDistributionDisplay
            The display itself.

        Raises
        ------
        ValueError
            When there are not as many axes as features.
        """
        check_choice("kind", kind, _KINDS)
        genres = np.unique(self.y)
        axes = self._axes(ax, len(genres))
        self.shapes_: list[list[Any]] = []
        for axis, name, column in zip(axes, self.names, self.values.T, strict=True):
            self.shapes_.append(_draw(axis, column, self.y, genres, kind))
            axis.set_title(plain(name), fontsize=10)
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _axes(self, ax: Any, n_genres: int) -> Any:
        """One axes a feature."""
        n = len(self.names)
        if ax is None:
            across = 2 if n == 4 else min(3, n)
            down = -(-n // across)
            figure = new_figure(1 + 2.5 * across, down * (0.7 + 0.26 * n_genres))
            axes = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
            for spare in axes[n:]:
                spare.remove()
            return axes[:n]
        axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(axes) != n:
            raise ValueError(f"ax holds {len(axes)} axes: {n} are needed, one a feature")
        return axes


def _telling(values: NDArray[Any], y: NDArray[Any]) -> list[int]:
    """Columns in which the genres differ most, first."""
    from sklearn.feature_selection import f_classif

    whole = np.isfinite(values).all(axis=1)
    if len(np.unique(y[whole])) < 2 or whole.sum() < 3:
        return list(range(values.shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        varied = np.flatnonzero(np.ptp(values[whole], axis=0) > 0)
        scores = np.full(values.shape[1], -1.0)
        if len(varied):
            scores[varied] = f_classif(values[whole][:, varied], y[whole])[0]
    return np.argsort(-scores, kind="stable").tolist()


def _draw(
    ax: Any, column: NDArray[Any], y: NDArray[Any], genres: NDArray[Any], kind: str
) -> list[Any]:
    """One feature: a shape a genre, the first on top."""
    known = np.isfinite(column)
    ends = (column[known].min(), column[known].max()) if known.any() else (0.0, 1.0)
    shapes: list[Any] = []
    for row, (genre, colour) in enumerate(zip(genres, colours(len(genres)), strict=True)):
        own = column[known & (y == genre)]
        if not len(own):
            shapes.append(None)
            continue
        x, low, high = (_violin if kind == "violin" else _histogram)(own, ends)
        look = {"color": colour, "alpha": 0.75, "linewidth": 0}
        step = "mid" if kind == "histogram" else None
        shapes.append(ax.fill_between(x, row - low, row - high, step=step, **look))
        ax.plot([np.median(own)] * 2, [row - 0.3, row + 0.3], color="black", linewidth=1.2)
    ax.set_yticks(range(len(genres)), [plain(genre) for genre in genres])
    ax.set_ylim(len(genres) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.locator_params(axis="x", nbins=4)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return shapes


def _violin(own: NDArray[Any], ends: tuple[float, float]) -> tuple[Any, Any, Any]:
    """Where, and how far to both sides; of one value a line."""
    if np.ptp(own) == 0:
        return own[:1].repeat(2), np.array([-0.4, -0.4]), np.array([0.4, 0.4])
    from scipy.stats import gaussian_kde

    x = np.linspace(own.min(), own.max(), _POINTS)
    density = gaussian_kde(own)(x)
    half = 0.42 * density / density.max()
    return x, -half, half


def _histogram(own: NDArray[Any], ends: tuple[float, float]) -> tuple[Any, Any, Any]:
    """Middles of bins that all genres share, and heights from the foot of the row."""
    counts, edges = np.histogram(own, bins=_BINS, range=ends)
    step = edges[1] - edges[0]
    middles = np.array([edges[0] - step / 2, *(edges[:-1] + step / 2), edges[-1] + step / 2])
    heights = np.array([0, *counts, 0]) * 0.85 / counts.max()
    return middles, np.full(len(middles), -0.42), heights - 0.42
