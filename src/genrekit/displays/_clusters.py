"""Do clusters look like genres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genrekit._validation import check_choice
from genrekit.displays._matrix import draw_matrix, normalized
from genrekit.evaluation import Clustering, ClusterReport, cluster_report
from genrekit.views import Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ClusterDisplay"]


class ClusterDisplay(Drawn):
    """Genres against the clusters they fall into, each cluster under the genre it matches best.

    Use `from_report` or `from_features` to make one.

    Parameters
    ----------
    clustering : Clustering
        One way to cluster, of a `ClusterReport`.
    genres : sequence, length n_genres
        What the rows are.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    im_ : matplotlib.image.AxesImage
        The cells.
    text_ : ndarray of Text of shape (n_genres, n_clusters), or None
        The values in the cells, None where they are 0; None without values.

    See Also
    --------
    cluster_report : Makes the clusters and says how well they fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from genrekit.displays import ClusterDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = ClusterDisplay.from_features(X, y, method="k-means", random_state=0)
    >>> display.text_[0, 0].get_text()  # all of the first kind are in one cluster
    '50'
    """

    def __init__(self, clustering: Clustering, genres: Any) -> None:
        self.clustering = clustering
        self.genres = genres

    @classmethod
    def from_report(
        cls,
        report: ClusterReport,
        *,
        method: str | None = None,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> ClusterDisplay:
        """Draw one of the clusterings of a report.

        Parameters
        ----------
        report : ClusterReport
            The result of `cluster_report`.
        method : str, optional
            Name of the clustering, such as ``"k-means"`` or ``"k-means, PCA"``; None takes the
            one with the highest adjusted Rand index.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        ClusterDisplay
            The matrix, drawn.

        Raises
        ------
        ValueError
            When the report has no such clustering.
        """
        found = {clustering.name: clustering for clustering in report.clusterings}
        if method is not None:
            check_choice("method", method, found)
        clustering = report.best if method is None else found[method]
        return cls(clustering, report.classes).plot(ax=ax, **plot_params)

    @classmethod
    def from_features(
        cls,
        X: Any,
        y: Any,
        *,
        method: str | None = None,
        ax: Axes | None = None,
        **report_params: Any,
    ) -> ClusterDisplay:
        """Cluster tracks or a table of their features, and draw one of the clusterings.

        Parameters
        ----------
        X : sequence of tracks or array-like of shape (n_tracks, n_features)
            As in `cluster_report`.
        y : array-like of shape (n_tracks,)
            The genres.
        method : str, optional
            As in `from_report`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **report_params
            For `cluster_report`.

        Returns
        -------
        ClusterDisplay
            The matrix, drawn.
        """
        return cls.from_report(cluster_report(X, y, **report_params), method=method, ax=ax)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        normalize: str | None = None,
        include_values: bool = True,
        cmap: str = "Blues",
    ) -> ClusterDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        normalize : {"true", "pred", "all"}, optional
            Show percent of the genre (its row), of the cluster (its column) or of all tracks;
            None shows numbers of tracks.
        include_values : bool, default=True
            Whether to write the values into the cells.
        cmap : str, default="Blues"
            Colour map; its low end should be light.

        Returns
        -------
        ClusterDisplay
            The display itself.
        """
        found = self.clustering
        values = normalized(found.confusion, normalize)
        self.ax_, self.im_, self.text_ = draw_matrix(
            values if normalize is None else 100 * values,
            list(self.genres),
            [str(i + 1) for i in range(found.confusion.shape[1])],
            ax=ax,
            cmap=cmap,
            include_values=include_values,
            values_format="d" if normalize is None else ".0f",
            slanted=False,
        )
        share = {"true": ", % of genre", "pred": ", % of cluster", "all": ", % of all"}
        self.ax_.set_xlabel("cluster" + share.get(str(normalize), ""))
        self.ax_.set_ylabel("true genre")
        scores = f"adjusted Rand {found.adjusted_rand:.2f}, {100 * found.matched:.0f} % matched"
        self.ax_.set_title(f"{found.name}\n{scores}", fontsize=10)
        self.figure_ = self.ax_.figure
        return self
