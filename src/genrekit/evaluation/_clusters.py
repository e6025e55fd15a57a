"""Do clusters, found without labels, look like the genres."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from genrekit._shown import Printed
from genrekit._tables import text_table
from genrekit.evaluation._splits import read_labels
from genrekit.features import AudioFeatures

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ClusterReport", "Clustering", "cluster_report"]

_N_SHUFFLES = 20


class Clustering(NamedTuple):
    """One way to cluster, beside the genres.

    Attributes
    ----------
    method : str
        ``"k-means"``, ``"agglomerative"``, ``"Gaussian mixture"``, or ``"shuffled genres"``.
    pca : bool
        Whether after a PCA.
    labels : ndarray of int of shape (n_tracks,)
        The cluster of each track.
    adjusted_rand : float
        Agreement on which pairs of tracks belong together; 0 by chance, 1 at best.
    nmi : float
        Normalised mutual information, 1 at best; above 0 by chance.
    purity : float
        Share of the tracks that are of the most frequent genre of their cluster; above
        1 / n_genres by chance.
    confusion : ndarray of int of shape (n_genres, n_clusters)
        Number of tracks of each genre by cluster. The clusters stand in the order of the genres
        they are matched with, such that as many tracks as can be are on the diagonal.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.evaluation import cluster_report
    >>> best = cluster_report(*load_wine(return_X_y=True), random_state=0).best
    >>> best.adjusted_rand > 0.7, best.confusion.shape
    (True, (3, 3))
    """

    method: str
    pca: bool
    labels: np.ndarray
    adjusted_rand: float
    nmi: float
    purity: float
    confusion: np.ndarray

    @property
    def name(self) -> str:
        """Method, and whether after a PCA."""
        return f"{self.method}, PCA" if self.pca else self.method

    @property
    def matched(self) -> float:
        """Share of the tracks on the diagonal of `confusion`."""
        return float(np.trace(self.confusion) / self.confusion.sum())


@dataclass(frozen=True, eq=False, repr=False)
class ClusterReport(Printed):
    """Several ways to cluster, beside the genres.

    `cluster_report` makes it; ``print(report)`` shows it.

    Parameters
    ----------
    clusterings : list of Clustering
        The ways.
    classes : ndarray of shape (n_genres,)
        The genres: the rows of `Clustering.confusion`.
    y : ndarray of shape (n_tracks,)
        The genre of each track.
    coordinates : ndarray of shape (n_tracks, 2)
        The tracks on the first two principal components, for a map.
    kept : ndarray of int of shape (n_tracks,)
        Position in X of each track; those that could not be decoded are left out.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.evaluation import cluster_report
    >>> report = cluster_report(*load_wine(return_X_y=True), random_state=0)
    >>> report.coordinates.shape
    (178, 2)
    """

    clusterings: list[Clustering]
    classes: np.ndarray
    y: np.ndarray
    coordinates: np.ndarray
    kept: np.ndarray

    @property
    def best(self) -> Clustering:
        """The clustering with the highest adjusted Rand index."""
        return max(self.clusterings, key=lambda found: found.adjusted_rand)

    def to_frame(self) -> DataFrame:
        """Give the scores, a row a clustering.

        Returns
        -------
        pandas.DataFrame
            ``method``, ``pca``, ``adjusted_rand``, ``nmi``, ``purity``, ``matched``.
        """
        import pandas as pd

        columns = ("method", "pca", *_SCORES)
        rows = [{name: getattr(found, name) for name in columns} for found in self.clusterings]
        return pd.DataFrame(rows, columns=list(columns))

    def __repr__(self) -> str:
        best = self.best
        return f"<ClusterReport: {best.name}, adjusted Rand {best.adjusted_rand:.3f}>"

    def __str__(self) -> str:
        head = ["clusters", "adjusted Rand", "NMI", "purity", "matched"]
        rows = [
            [found.name, *(f"{getattr(found, score):.3f}" for score in _SCORES)]
            for found in self.clusterings
        ]
        return text_table(head, rows, right=head[1:])


_SCORES = ("adjusted_rand", "nmi", "purity", "matched")

_METHODS: Mapping[str, Callable[[int, Any], Any]] = {
    "k-means": lambda k, seed: KMeans(k, n_init=10, random_state=seed),
    "agglomerative": lambda k, seed: AgglomerativeClustering(k),
    # A full covariance has more numbers than a genre has tracks.
    "Gaussian mixture": lambda k, seed: GaussianMixture(
        k, covariance_type="diag", n_init=5, reg_covar=1e-3, random_state=seed
    ),
}


def cluster_report(
    X: Any,
    y: Any,
    *,
    features: Any = None,
    n_clusters: int | None = None,
    n_components: float = 0.9,
    random_state: int | None = None,
) -> ClusterReport:
    """Cluster tracks without their genres, three ways, with and without PCA, and compare.

    Every feature is standardised. k-means, agglomerative clustering (Ward's) and a Gaussian mixture
    (diagonal covariances) each make as many clusters as there are genres. As a yardstick stand
    there the scores of genres that are dealt out to the tracks by chance: NMI and purity are then
    above 0.

    Parameters
    ----------
    X : array-like of shape (n_tracks, n_features), or collection of tracks
        A table of features; with `features`, the tracks.
    y : array-like of shape (n_tracks,)
        The genres.
    features : str, list or transformer, optional
        What to compute of each track, as in `AudioFeatures`; None: X is a table.
    n_clusters : int, optional
        Number of clusters; None makes as many as there are genres.
    n_components : int or float, default=0.9
        Components of the PCA, or the share of the variance they have to hold.
    random_state : int, optional
        Seed of what is random.

    Returns
    -------
    ClusterReport
        The scores and the matched confusion of each.

    Raises
    ------
    ValueError
        When there are fewer tracks than clusters, or one genre only.

    References
    ----------
    .. [1] L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.
    .. [2] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics
       Quarterly 2, 1955.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.evaluation import cluster_report
    >>> X, y = load_wine(return_X_y=True)
    >>> report = cluster_report(X, y, random_state=0)
    >>> print(f"{report.clusterings[0].adjusted_rand:.2f}")
    0.90
    """
    X = getattr(X, "table", X)  # of an Extraction
    y, _ = read_labels(X, y, None)
    table = _numbers(X if features is None else _extract(X, features))
    kept = np.flatnonzero(np.isfinite(table).all(axis=1))
    y, table = y[kept], np.asarray(StandardScaler().fit_transform(table[kept]))
    k = len(np.unique(y)) if n_clusters is None else n_clusters
    if len(kept) < max(2, k) or table.shape[1] < 2:
        raise ValueError(
            f"{len(kept)} complete rows of {table.shape[1]} features: {k} clusters take as many "
            "rows at the least, and two features"
        )
    reduced = PCA(n_components, svd_solver="full").fit_transform(table)
    found = [
        _score(y, make(k, random_state).fit_predict(space), name, pca)
        for pca, space in ((False, table), (True, reduced))
        for name, make in _METHODS.items()
    ]
    coordinates = np.asarray(PCA(2, svd_solver="full").fit_transform(table))
    return ClusterReport([*found, _by_chance(y, random_state)], np.unique(y), y, coordinates, kept)


def _numbers(table: Any) -> np.ndarray:
    """A table of features as an array."""
    try:
        numbers = np.asarray(table, dtype=float)
    except (TypeError, ValueError):  # paths, or tracks of several lengths
        numbers = np.empty(0)
    if numbers.ndim != 2:
        raise ValueError("X is no table of features: pass features='standard' to compute them")
    return numbers


def _extract(X: Any, features: Any) -> Any:
    """Compute features; a track that can't be decoded gives NaN."""
    if not hasattr(features, "transform"):
        features = AudioFeatures(features, on_error="nan")
    return features.fit_transform(X)


def _score(y: np.ndarray, labels: np.ndarray, method: str, pca: bool) -> Clustering:
    """Compare clusters with genres."""
    counts = _matched_counts(y, labels)
    return Clustering(
        method=method,
        pca=pca,
        labels=labels,
        adjusted_rand=float(adjusted_rand_score(y, labels)),
        nmi=float(normalized_mutual_info_score(y, labels)),
        purity=float(counts.max(axis=0).sum() / counts.sum()),
        confusion=counts,
    )


def _matched_counts(y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Count genres by cluster, each cluster in the column of the genre it is matched with."""
    genres = np.unique(y, return_inverse=True)[1]
    clusters = np.unique(labels, return_inverse=True)[1]
    n_genres, n_clusters = genres.max() + 1, clusters.max() + 1
    # With fewer clusters than genres empty ones fill up, so that each genre has its column.
    counts = np.zeros((n_genres, max(n_genres, n_clusters)), dtype=int)
    np.add.at(counts, (genres, clusters), 1)
    columns = linear_sum_assignment(counts, maximize=True)[1].tolist()
    return counts[:, [*columns, *sorted(set(range(counts.shape[1])) - set(columns))]]


def _by_chance(y: np.ndarray, random_state: int | None) -> Clustering:
    """Score genres that are dealt out by chance, and take the shuffle of median purity."""
    rng = np.random.default_rng(random_state)
    codes = np.unique(y, return_inverse=True)[1]
    scored = [
        _score(y, rng.permutation(codes), "shuffled genres", False) for _ in range(_N_SHUFFLES)
    ]
    return sorted(scored, key=lambda found: found.purity)[_N_SHUFFLES // 2]
