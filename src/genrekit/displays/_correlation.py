"""Which features say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.displays._table_of import read_features
from genrekit.views import Drawn, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CorrelationDisplay"]

_METHODS, _ORDERS = ("pearson", "spearman"), ("name", "similarity")
# More names than these can't be read, more values can't be told apart.
_NAMES, _VALUES = 60, 14


class CorrelationDisplay(Drawn):
    """Map of how features go together: correlations from -1 to 1, a cell a pair.

    Use `from_features` to make one.

    Parameters
    ----------
    correlation : ndarray of shape (n_features, n_features)
        The correlations; NaN, which is grey, for a feature that does not vary.
    names : sequence of str, length n_features
        Names of the features.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    im_ : matplotlib.image.AxesImage
        The cells.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from genrekit.displays import CorrelationDisplay
    >>> iris = load_iris(as_frame=True)
    >>> display = CorrelationDisplay.from_features(iris.data)
    >>> round(float(display.correlation[2, 3]), 2), display.names[2]
    (0.96, 'petal length (cm)')
    """

    def __init__(self, correlation: NDArray[Any], names: Sequence[str]) -> None:
        self.correlation = correlation
        self.names = names

    @classmethod
    def from_features(
        cls,
        table: Any,
        *,
        names: Sequence[str] | None = None,
        method: str = "pearson",
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> CorrelationDisplay:
        """Correlate the features of tracks and draw how they go together.

        Parameters
        ----------
        table : Extraction, DataFrame or array-like of shape (n_tracks, n_features)
            The features. Rows with a NaN, of tracks that could not be decoded, are left out.
        names : sequence of str, optional
            Names of the columns; None takes those that the table has.
        method : {"pearson", "spearman"}, default="pearson"
            Correlation of the values, or of their ranks, on which outliers have no hold.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        CorrelationDisplay
            The map, drawn.

        Raises
        ------
        ValueError
            When there are fewer than two features or complete rows.
        """
        check_choice("method", method, _METHODS)
        values, found = read_features(table, names)
        values = values[np.isfinite(values).all(axis=1)]
        if len(values) < 2 or values.shape[1] < 2:
            raise ValueError(
                f"table has {len(values)} complete rows and {values.shape[1]} features: a "
                "correlation takes two of each"
            )
        if method == "spearman":
            from scipy.stats import rankdata

            values = rankdata(values, axis=0)
        # A constant one correlates with nothing: rounding must not make it look as if it did.
        values = np.where(np.ptp(values, axis=0) > 0, values, np.nan)
        return cls(np.asarray(np.corrcoef(values, rowvar=False)), found).plot(ax=ax, **plot_params)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        order: str = "name",
        include_values: bool | None = None,
        cmap: str = "RdBu_r",
    ) -> CorrelationDisplay:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        order : {"name", "similarity"}, default="name"
            Order of the features: as given, or such that those stand together that say the same,
            whatever the sign.
        include_values : bool, optional
            Whether to write the values into the cells; None does so up to 14 features.
        cmap : str, default="RdBu_r"
            Colour map, its middle light.

        Returns
        -------
        CorrelationDisplay
            The display itself.
        """
        check_choice("order", order, _ORDERS)
        n = len(self.names)
        rows = _similar(self.correlation) if order == "similarity" else list(range(n))
        values = self.correlation[np.ix_(rows, rows)]
        side = min(max(4.0, 0.24 * n), 8.5)
        axes = new_axes(ax, side + 2.2, side + 1.2)
        self.im_ = axes.imshow(values, cmap=cmap, vmin=-1, vmax=1)
        axes.set_facecolor("#c8c8c8")
        _name(axes, [self.names[i] for i in rows])
        if n <= _VALUES if include_values is None else include_values:
            _write(axes, values)
        axes.spines[:].set_visible(False)
        axes.figure.colorbar(self.im_, ax=axes, label="correlation", shrink=0.7, pad=0.02)
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _similar(correlation: NDArray[Any]) -> list[int]:
    """Leaves of a tree that joins features by how much they say the same."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 - np.nan_to_num(np.abs(correlation))
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), method="average", optimal_ordering=True)
    return leaves_list(tree).tolist()


def _name(ax: Any, names: Sequence[str]) -> None:
    """Names beside rows and below columns; of many, some."""
    step = -(-len(names) // _NAMES)
    places = range(0, len(names), step)
    shown = [plain(names[i]) for i in places]
    size = 9 if len(names) <= 30 else 6.5
    ax.set_xticks(places, shown, fontsize=size, rotation=90)
    ax.set_yticks(places, shown, fontsize=size)
    ax.tick_params(length=0 if step == 1 else 2)


def _write(ax: Any, values: NDArray[Any]) -> None:
    """The values in the cells, light where the colour is strong."""
    for row, column in np.argwhere(np.isfinite(values)):
        value = values[row, column]
        colour = "white" if abs(value) > 0.6 else "black"
        text = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
        ax.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
