"""A map of tracks by their two main directions of variation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from genrekit.displays._scatter import scatter_genres
from genrekit.displays._table_of import read_features
from genrekit.views import Drawn, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PCADisplay(Drawn):
    """Map of tracks on their first two principal components, a colour and a marker a genre.

    Use `from_features` to make one.

    Parameters
    ----------
    coordinates : ndarray of shape (n_tracks, 2)
        The tracks on the two components.
    y : ndarray of shape (n_tracks,)
        Their genres.
    explained_variance_ratio : ndarray of shape (2,)
        Share of the variance on each component.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    MapDisplay : The same and other maps, with names under the pointer.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.displays import PCADisplay
    >>> display = PCADisplay.from_features(*load_wine(return_X_y=True))
    >>> display.coordinates.shape
    (178, 2)
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
        table : array-like of shape (n_tracks, n_features)
            The features. Rows with a NaN, of tracks that could not be decoded, are left out.
        y : array-like of shape (n_tracks,)
            The genres.
        ax : matplotlib.axes.Axes, optional
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
        >>> from genrekit.displays import PCADisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> display = PCADisplay.from_features(X, y)
        >>> display.ax_.get_xlabel()
        'component 1 (73 % of the variance)'
        """
        (table, _), y = read_features(table, y=y), np.asarray(y)
        whole = np.isfinite(table).all(axis=1)
        if whole.sum() < 2 or table.shape[1] < 2:
            raise ValueError(
                f"table has {whole.sum()} complete rows and {table.shape[1]} features: a map "
                "takes two of each"
            )
        pca = PCA(n_components=2, svd_solver="full")
        with np.errstate(invalid="ignore"):  # of features that are all constant there is none
            coordinates = np.asarray(
                pca.fit_transform(StandardScaler().fit_transform(table[whole]))
            )
        return cls(coordinates, y[whole], np.nan_to_num(pca.explained_variance_ratio_)).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> PCADisplay:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure, which stands outside pyplot: nothing to
            close, no screen needed.

        Returns
        -------
        PCADisplay
            The display itself.
        """
        axes = new_axes(ax, 7, 5)
        scatter_genres(axes, self.coordinates, self.y)
        first, second = self.explained_variance_ratio
        axes.set_xlabel(f"component 1 ({100 * first:.0f} % of the variance)")
        axes.set_ylabel(f"component 2 ({100 * second:.0f} % of the variance)")
        self.ax_, self.figure_ = axes, axes.figure
        return self
