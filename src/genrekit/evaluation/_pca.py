"""A map of tracks by their two main directions of variation."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which people with any kind of colour vision can tell apart; its yellow
# is too pale on white. Seven colours and six markers repeat together only after 42 genres.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_MARKERS = ("o", "^", "s", "D", "v", "P")


class PCADisplay:
    """Map of tracks on their first two principal components, a colour and a marker a genre.

    Use `from_features` to make one.

    Parameters
    ----------
    coordinates : ndarray, shape (n_tracks, 2)
        The tracks on the two components.
    y : ndarray, shape (n_tracks,)
        Their genres.
    explained_variance_ratio : ndarray, shape (2,)
        Share of the variance on each component.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    """

    def __init__(
        self, coordinates: np.ndarray, y: np.ndarray, explained_variance_ratio: np.ndarray
    ) -> None:
        self.coordinates = coordinates
        self.y = y
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_features(cls, table: Any, y: Any, *, ax: Axes | None = None) -> PCADisplay:
        """Standardise a feature table, reduce it to two components and draw it.

        Parameters
        ----------
        table : array-like, shape (n_tracks, n_features)
            The features. Rows with a NaN, of tracks that could not be decoded, are left out.
        y : array-like, shape (n_tracks,)
            The genres.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        PCADisplay
            The map, drawn.

        Raises
        ------
        ValueError
            When `y` has another length, or there are fewer than two features or complete rows.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from genrekit.evaluation import PCADisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> display = PCADisplay.from_features(X, y)
        >>> display.ax_.get_xlabel()
        'component 1 (73 % of the variance)'
        """
        table, y = np.asarray(table, dtype=float), np.asarray(y)
        if table.ndim != 2 or y.shape != table.shape[:1]:
            raise ValueError(f"table has shape {table.shape} and y {y.shape}: one row a label")
        whole = np.isfinite(table).all(axis=1)
        if whole.sum() < 2 or table.shape[1] < 2:
            raise ValueError(
                f"table has {whole.sum()} complete rows and {table.shape[1]} features: a map "
                "takes two of each"
            )
        pca = PCA(n_components=2, svd_solver="full")
        coordinates = pca.fit_transform(StandardScaler().fit_transform(table[whole]))
        return cls(coordinates, y[whole], pca.explained_variance_ratio_).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> PCADisplay:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a new figure, which stands outside pyplot: nothing to
            close, no screen needed.

        Returns
        -------
        PCADisplay
            The display itself.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(7, 5), layout="constrained").add_subplot()
        styles = zip(np.unique(self.y), cycle(_COLOURS), cycle(_MARKERS), strict=False)
        for genre, colour, marker in styles:
            points = self.coordinates[self.y == genre]
            ax.scatter(
                points[:, 0],
                points[:, 1],
                s=30,
                c=colour,
                marker=marker,
                alpha=0.8,
                label=str(genre),
            )
        first, second = self.explained_variance_ratio
        ax.set_xlabel(f"component 1 ({100 * first:.0f} % of the variance)")
        ax.set_ylabel(f"component 2 ({100 * second:.0f} % of the variance)")
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
        self.ax_ = ax
        self.figure_ = ax.figure
        return self
