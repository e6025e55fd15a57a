"""A map of tracks in which one can look up which is which."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from genrekit._moved import find
from genrekit._validation import check_choice
from genrekit.displays._scatter import scatter_genres
from genrekit.displays._table_of import read_features
from genrekit.views import Drawn, looks, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MapDisplay", "lay_out_map"]

Flat = tuple[NDArray[Any], tuple[str, str]]
# Before neighbours are sought, as is usual: what lies beyond is mostly noise.
_COMPONENTS = 50


class MapDisplay(Drawn):
    """Map of tracks by PCA, t-SNE or UMAP, with their names under the pointer as a page.

    Use `from_features` to make one. ``to_html`` writes the map as a page, in which a track is named
    when it is pointed at or tapped, and genres can be switched off; in a notebook it is shown so.

    A PCA keeps distances as well as two directions can. The others keep neighbours: groups on them
    are real, but neither their sizes nor the distances between them say anything.

    Parameters
    ----------
    coordinates : ndarray of shape (n_tracks, 2)
        Where the tracks are.
    y : ndarray of shape (n_tracks,)
        Their genres.
    tracks : sequence of str of length n_tracks, optional
        Their names; None numbers them.
    labels : tuple of str, default=("", "")
        Labels of the two axes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    PCADisplay : A PCA with its shares of the variance, as a picture.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from genrekit.displays import MapDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = MapDisplay.from_features(X, y)
    >>> display.coordinates.shape, display.tracks[-1]
    ((150, 2), 'track 149')
    """

    def __init__(
        self,
        coordinates: NDArray[Any],
        y: NDArray[Any],
        tracks: Sequence[str] | None = None,
        labels: tuple[str, str] = ("", ""),
    ) -> None:
        self.coordinates = coordinates
        self.y = y
        self.tracks = [f"track {i}" for i in range(len(y))] if tracks is None else list(tracks)
        self.labels = labels

    @classmethod
    def from_features(
        cls,
        table: Any,
        y: Any,
        *,
        tracks: Sequence[Any] | None = None,
        method: str = "pca",
        random_state: int | None = 0,
        ax: Axes | None = None,
        **method_params: Any,
    ) -> MapDisplay:
        """Standardise the features of tracks, bring them into the plane and draw them.

        Parameters
        ----------
        table : Extraction, DataFrame or array-like of shape (n_tracks, n_features)
            The features. Rows with a NaN, of tracks that could not be decoded, are left out.
        y : array-like of shape (n_tracks,)
            The genres.
        tracks : sequence of length n_tracks, optional
            Names of the tracks, such as their paths; None numbers them.
        method : {"pca", "tsne", "umap"}, default="pca"
            How: "umap" takes the package umap-learn.
        random_state : int, default=0
            Seed of "tsne" and "umap".
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **method_params
            For scikit-learn's `PCA` or `TSNE` or for `umap.UMAP`, such as ``perplexity=50``.

        Returns
        -------
        MapDisplay
            The map, drawn.

        Raises
        ------
        ImportError
            When "umap" is asked for and umap-learn is not installed.
        ValueError
            When `y` or `tracks` has another length, or there are fewer than two features or four
            complete rows.
        """
        how: dict[str, Any] = {"tracks": tracks, "method": method, "random_state": random_state}
        return lay_out_map(table, y, **how, **method_params).plot(ax=ax)

    @property
    def genres(self) -> list[Any]:
        """The genres, in the order of the legend."""
        return np.unique(self.y).tolist()

    @property
    def looks(self) -> list[tuple[str, str]]:
        """Colour and marker of each genre."""
        return looks(len(self.genres))

    def plot(self, ax: Axes | None = None) -> MapDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        MapDisplay
            The display itself.
        """
        axes = new_axes(ax, 7, 5)
        scatter_genres(axes, self.coordinates, self.y)
        axes.set(xlabel=plain(self.labels[0]), ylabel=plain(self.labels[1]))
        self.ax_, self.figure_ = axes, axes.figure
        return self

    def to_html(self, path: str | os.PathLike[str], *, title: str = "Map of the tracks") -> None:
        """Write the map as one HTML page that needs nothing else.

        Parameters
        ----------
        path : path-like
            Where to write.
        title : str, default="Map of the tracks"
            Heading of the page.

        Raises
        ------
        FileNotFoundError
            When the folder is not there.
        """
        find("genrekit.page", "write_map")(self, path, title=title)

    def _repr_html_(self) -> str:
        """The map with names under the pointer."""
        return find("genrekit.page", "map_cell")(self)


def lay_out_map(
    table: Any,
    y: Any,
    *,
    tracks: Sequence[Any] | None = None,
    method: str = "pca",
    random_state: int | None = 0,
    **method_params: Any,
) -> MapDisplay:
    """Bring tracks into the plane and draw nothing, which takes no matplotlib.

    Parameters
    ----------
    table : Extraction, DataFrame or array-like of shape (n_tracks, n_features)
        The features.
    y : array-like of shape (n_tracks,)
        The genres.
    tracks : sequence of length n_tracks, optional
        Names of the tracks.
    method : {"pca", "tsne", "umap"}, default="pca"
        How, as in `MapDisplay.from_features`.
    random_state : int, default=0
        Seed.
    **method_params
        For what does it.

    Returns
    -------
    MapDisplay
        The map, to be drawn.
    """
    check_choice("method", method, _METHODS)
    y = np.asarray(y)
    values, _ = read_features(table, None, y)
    names = [f"track {i}" for i in range(len(y))] if tracks is None else list(map(str, tracks))
    if len(names) != len(y):
        raise ValueError(f"tracks has {len(names)} names for {len(y)} rows of the table")
    whole = np.asarray(np.isfinite(values).all(axis=1))
    if whole.sum() < 4 or values.shape[1] < 2:
        raise ValueError(
            f"table has {whole.sum()} complete rows and {values.shape[1]} features: a map "
            "takes four rows and two features"
        )
    standard = np.asarray(StandardScaler().fit_transform(values[whole]))
    coordinates, labels = _METHODS[method](standard, random_state, method_params)
    kept = [name for name, there in zip(names, whole.tolist(), strict=True) if there]
    return MapDisplay(coordinates, y[whole], kept, labels)


def _pca(values: NDArray[Any], seed: int | None, params: dict[str, Any]) -> Flat:
    """The two directions of the largest variance."""
    pca = PCA(**{"n_components": 2, "svd_solver": "full", **params})
    with np.errstate(invalid="ignore"):  # of features that are all constant there is none
        found = np.asarray(pca.fit_transform(values))[:, :2]
    first, second = 100 * np.nan_to_num(pca.explained_variance_ratio_[:2])
    of = "% of the variance"
    return found, (f"component 1 ({first:.0f} {of})", f"component 2 ({second:.0f} {of})")


def _tsne(values: NDArray[Any], seed: int | None, params: dict[str, Any]) -> Flat:
    """Neighbours by t-SNE."""
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(values) - 1) / 3)
    options = {"perplexity": perplexity, "init": "pca", "random_state": seed, **params}
    return np.asarray(TSNE(**options).fit_transform(_reduced(values))), ("t-SNE 1", "t-SNE 2")


def _umap(values: NDArray[Any], seed: int | None, params: dict[str, Any]) -> Flat:
    """Neighbours by UMAP."""
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError(
            f"method='umap' needs umap-learn ({error}): pip install umap-learn, or take 'tsne', "
            "which scikit-learn brings"
        ) from error
    # With a seed it runs on one core anyway, and warns unless that is asked for.
    options = {"n_neighbors": min(15, len(values) - 1), "random_state": seed, "n_jobs": 1, **params}
    return np.asarray(UMAP(**options).fit_transform(_reduced(values))), ("UMAP 1", "UMAP 2")


def _reduced(values: NDArray[Any]) -> NDArray[Any]:
    """The first components of many features."""
    n = min(_COMPONENTS, *values.shape)
    if n == values.shape[1]:
        return values
    return PCA(n, svd_solver="full").fit_transform(values)


_METHODS: dict[str, Callable[[NDArray[Any], int | None, dict[str, Any]], Flat]] = {
    "pca": _pca,
    "tsne": _tsne,
    "umap": _umap,
}
