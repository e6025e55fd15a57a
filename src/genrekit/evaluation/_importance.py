"""What a classifier would miss most, by families of features."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.parallel import Parallel, delayed

from genrekit._shown import Printed
from genrekit._tables import text_table
from genrekit._validation import check_integer, check_jobs
from genrekit.engine import AudioExtractor
from genrekit.evaluation._splits import fit_on, genre_splits, read_labels
from genrekit.models import GenreClassifier, SegmentClassifier
from genrekit.spectra import STATS

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["FamilyImportance", "family_of", "importance_by_family", "track_features"]


@dataclass(frozen=True, eq=False, repr=False)
class FamilyImportance(Printed):
    """What a classifier loses without each family of features.

    `importance_by_family` makes it; ``print(importance)`` shows it.

    Parameters
    ----------
    families : dict of str to list of str
        The columns of each family.
    drops : ndarray of shape (n_families, n_folds, n_repeats)
        How much the accuracy on the test tracks of a fold fell when the family was permuted.
    accuracy : ndarray of shape (n_folds,)
        Accuracy on the test tracks of each fold as they are.

    Attributes
    ----------
    mean, std : ndarray of shape (n_families,)
        Mean and standard deviation of `drops` over folds and repeats.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.evaluation import FamilyImportance
    >>> drops = np.array([[[0.2, 0.4]], [[0.0, 0.0]]])  # two families, one fold, two repeats
    >>> families = {"mfcc": ["mfcc0_mean"], "rms": ["rms_mean"]}
    >>> FamilyImportance(families, drops, np.array([0.8])).mean.round(2).tolist()
    [0.3, 0.0]
    """

    families: Mapping[str, Sequence[str]]
    drops: np.ndarray
    accuracy: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Mean drop of each family."""
        return self.drops.mean(axis=(1, 2))

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of the drop of each family, over folds and repeats."""
        return self.drops.std(axis=(1, 2))

    def to_frame(self) -> DataFrame:
        """Give the drops, a row a family, the largest first.

        Returns
        -------
        pandas.DataFrame
            ``mean``, ``std``, ``n_columns``, indexed by family.
        """
        import pandas as pd

        sizes = [len(columns) for columns in self.families.values()]
        columns = {"mean": self.mean, "std": self.std, "n_columns": sizes}
        frame = pd.DataFrame(columns, index=pd.Index(list(self.families), name="family"))
        return frame.sort_values("mean", ascending=False, kind="stable")

    def __repr__(self) -> str:
        first = list(self.families)[int(self.mean.argmax())]
        return f"<FamilyImportance: {first} first of {len(self.families)} families>"

    def __str__(self) -> str:
        scored = zip(self.families.items(), self.mean, self.std, strict=True)
        rows = [
            [family, str(len(columns)), f"{mean:.3f}", f"{sd:.3f}"]
            for (family, columns), mean, sd in sorted(scored, key=lambda row: -row[1])
        ]
        head = ["family", "columns", "accuracy lost", "sd"]
        table = text_table(head, rows, right=head[1:])
        return f"accuracy {self.accuracy.mean():.3f}\n\n{table}"


def importance_by_family(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = 5,
    feature_names: Sequence[str] | None = None,
    families: Mapping[str, Sequence[str]] | None = None,
    n_repeats: int = 10,
    n_jobs: int | None = None,
    random_state: int | None = None,
) -> FamilyImportance:
    """Permutation importance of families of features, on tracks that were not trained on.

    In each fold the classifier is fitted as it is; then all columns of a family change places
    among the test tracks, together, and the accuracy is measured again. Features are extracted
    once. A family whose information another one holds too loses little: what is measured is what
    the classifier can't do without, not what a family would reach on its own.

    Parameters
    ----------
    estimator : GenreClassifier, Pipeline or classifier
        What to ask; no `SegmentClassifier`, whose features are not those of tracks. A pipeline
        that takes tracks must compute its features in its first step, which is fitted on all
        tracks: it should learn nothing.
    X : collection of tracks, or array-like of shape (n_tracks, n_features)
        What it takes. Tracks that can't be decoded are left out where `estimator` has
        ``on_error="nan"``, as are rows with a NaN.
    y : array-like of shape (n_tracks,)
        The genres.
    groups : array-like of shape (n_tracks,), optional
        What must not be split between training and test.
    cv : int, splitter or iterable of (train, test), default=5
        The folds, as in `cross_validate_genres`.
    feature_names : sequence of str, optional
        Names of the columns, for a table without names.
    families : dict of str to sequence of str, optional
        Columns by family; None takes them from the names: ``mfcc0_mean`` is of ``mfcc``.
    n_repeats : int, default=10
        Number of permutations in each fold.
    n_jobs : int, optional
        Number of folds that run at a time, as in joblib.
    random_state : int, optional
        Seed of folds and permutations.

    Returns
    -------
    FamilyImportance
        The drops of the accuracy.

    Raises
    ------
    ValueError
        When columns have no names, or a family names an unknown one.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from genrekit.evaluation import importance_by_family
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["jazz", "rock"], 20)
    >>> X = rng.normal(size=(40, 3))
    >>> X[:, 0] += 4 * (y == "rock")
    >>> names = ["mfcc0_mean", "mfcc1_mean", "tempo"]
    >>> importance_by_family(GaussianNB(), X, y, feature_names=names, random_state=0)
    <FamilyImportance: mfcc first of 2 families>
    """
    check_integer("n_repeats", n_repeats, minimum=1)
    check_jobs(n_jobs)
    y, groups = read_labels(X, y, groups)
    model, table, names = _tabulate(estimator, X, feature_names)
    kept = np.flatnonzero(~np.isnan(table).any(axis=1))
    table, y = table[kept], y[kept]
    groups = None if groups is None else groups[kept]
    splits = genre_splits(y, groups, cv, random_state)
    families = _families(names) if families is None else families
    columns = [_positions(members, names, family) for family, members in families.items()]
    seeds = np.random.SeedSequence(random_state).spawn(len(splits))
    found = Parallel(n_jobs=n_jobs)(
        delayed(_fold_drops)(clone(model), table, y, groups, split, columns, n_repeats, seed)
        for split, seed in zip(splits, seeds, strict=True)
    )
    drops = np.stack([drops for _, drops in found], axis=1)
    named = {family: list(members) for family, members in families.items()}
    return FamilyImportance(named, drops, np.array([accuracy for accuracy, _ in found]))


def family_of(name: str) -> str:
    """Name the family of a column: what stands before numbers, statistics and deltas.

    Parameters
    ----------
    name : str
        Such as ``mfcc_delta3_mean``.

    Returns
    -------
    str
        Such as ``mfcc``.

    Examples
    --------
    >>> from genrekit.evaluation import family_of
    >>> [family_of(name) for name in ("mfcc_delta3_mean", "chroma_cens_kurtosis_01", "tempo")]
    ['mfcc', 'chroma_cens', 'tempo']
    """
    words = [re.sub(r"\d+$", "", word) for word in name.split("_")]
    return "_".join(word for word in words if word and word not in _NO_FAMILY) or name


_NO_FAMILY = frozenset({*STATS, "delta"})


def track_features(estimator: Any) -> Any:
    """The part of an estimator of tracks that gives each its features; None where it has none."""
    if isinstance(estimator, GenreClassifier):
        return estimator._running(estimator._make_features())
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], AudioExtractor):
        return clone(estimator[0])
    return None


def _tabulate(
    estimator: Any, X: Any, feature_names: Sequence[str] | None
) -> tuple[Any, np.ndarray, list[str]]:
    """Take an estimator of tracks apart: what works on a table, the table, names of its columns."""
    features = track_features(estimator)
    if features is None:
        table = _as_table(estimator, X)
        return estimator, table, _column_names(X, feature_names, table.shape[1])
    if isinstance(estimator, GenreClassifier):
        # With features that are passed through, a table goes in where tracks did.
        estimator = clone(estimator).set_params(features=FunctionTransformer())
    else:
        estimator = Pipeline(estimator.steps[1:])
    table = np.asarray(features.fit_transform(X), dtype=float)
    return estimator, table, list(map(str, features.get_feature_names_out()))


def _as_table(estimator: Any, X: Any) -> np.ndarray:
    """The table that X is; ``ValueError`` if it is none."""
    if isinstance(estimator, SegmentClassifier):
        raise ValueError(
            "a SegmentClassifier has features of segments, not of tracks: pass the estimator "
            "inside it, which then describes tracks as a whole"
        )
    with suppress(ValueError):  # tracks of different lengths make no array
        table = np.asarray(X)
        if table.ndim == 2 and table.dtype.kind in "fiu":
            return table.astype(float)
    raise ValueError(
        "X is no table of numbers: for tracks, pass a GenreClassifier or a pipeline whose first "
        "step computes their features, such as AudioFeatures"
    )


def _column_names(X: Any, names: Sequence[str] | None, n_columns: int) -> list[str]:
    """Find the names of the columns of a table."""
    if names is None and hasattr(X, "columns"):
        names = X.columns
    if names is None or len(names) != n_columns:
        had = "none" if names is None else str(len(names))
        raise ValueError(f"X has {n_columns} columns and feature_names {had}: give one a column")
    return list(map(str, names))


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """Sort columns into families."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(family_of(name), []).append(name)
    return families


def _positions(members: Sequence[str], names: list[str], family: str) -> list[int]:
    """Find the columns of a family."""
    missing = [name for name in members if name not in names]
    if missing or not members:
        raise ValueError(f"families: {family!r} names no column, or an unknown one: {missing}")
    return [names.index(name) for name in members]


def _fold_drops(
    model: Any,
    table: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    split: tuple[np.ndarray, np.ndarray],
    columns: list[list[int]],
    n_repeats: int,
    seed: np.random.SeedSequence,
) -> tuple[float, np.ndarray]:
    """Fit on one side, then permute each family on the other."""
    train, test = split
    rng = np.random.default_rng(seed)
    fit_on(train, model, table, y, groups)
    accuracy = float(np.mean(model.predict(table[test]) == y[test]))
    drops = np.empty((len(columns), n_repeats))
    for i, family in enumerate(columns):
        for j in range(n_repeats):
            permuted = table[test]
            permuted[:, family] = permuted[rng.permutation(len(test))][:, family]
            drops[i, j] = accuracy - np.mean(model.predict(permuted) == y[test])
    return accuracy, drops
