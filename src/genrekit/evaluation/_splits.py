"""How tracks are split into training and test."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.model_selection._search import BaseSearchCV

from genrekit.engine import is_file, label
from genrekit.heads import takes_groups
from genrekit.models import TrackClassifierMixin, check_present

__all__ = [
    "Split",
    "fit_on",
    "folds_by_group",
    "genre_splits",
    "items_of",
    "make_splits",
    "n_tracks_of",
    "read_labels",
    "take",
    "track_labels",
]

Split = tuple[np.ndarray, np.ndarray]
"""Indices of the training tracks and of the test tracks."""


def read_labels(X: Any, y: Any, groups: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Check that X is a collection, and that labels can belong to it."""
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError("X is a single file: pass the list of all tracks")
    if not hasattr(X, "shape") and (isinstance(X, Mapping) or not hasattr(X, "__len__")):
        raise TypeError(
            f"X is a {type(X).__name__}: pass the list of tracks, such as music.paths, or a table"
        )
    check_present(y=y, groups=groups)
    y = np.asarray(y)
    groups = None if groups is None else np.asarray(groups)
    n_tracks = X.shape[0] if hasattr(X, "shape") else len(X)
    for name, labels in (("y", y), ("groups", groups)):
        if labels is None:
            continue
        if labels.ndim != 1:
            raise ValueError(f"{name} has shape {labels.shape}: one label a track is needed")
        if len(labels) != n_tracks:
            raise ValueError(f"X holds {n_tracks} tracks and {name} {len(labels)} labels")
    n_genres = len(np.unique(y))
    if n_genres < 2:
        raise ValueError(f"y holds {n_genres} genre(s): telling genres apart takes two")
    return y, groups


def genre_splits(
    y: np.ndarray, groups: np.ndarray | None, cv: Any, random_state: int | None
) -> list[Split]:
    """Make the folds, stratified, shuffled and with groups together, or take the given ones."""
    if not isinstance(cv, str) and (hasattr(cv, "split") or hasattr(cv, "__iter__")):
        splits = make_splits(cv, len(y), y, groups)
        _check_tested(splits)
        return splits
    _check_folds(y, groups, cv)
    # Groups of one track each ask for nothing, and plain folds are the better balanced ones.
    grouped = groups is not None and len(np.unique(groups)) < len(groups)
    kind = StratifiedGroupKFold if grouped else StratifiedKFold
    splits = make_splits(kind(cv, shuffle=True, random_state=random_state), len(y), y, groups)
    n_genres = len(np.unique(y))
    if any(len(np.unique(y[train])) < n_genres for train, _ in splits):
        # The way scikit-learn 1.6 shuffles groups, a training part may be without a small genre.
        splits = make_splits(StratifiedGroupKFold(cv), len(y), y, groups)
    return splits


def fit_on(
    train: np.ndarray, estimator: Any, X: Any, y: np.ndarray, groups: np.ndarray | None
) -> None:
    """Fit on some of the tracks; what holds groups together in folds of its own is told them."""
    known = {"groups": groups[train]} if groups is not None and folds_by_group(estimator) else {}
    estimator.fit(take(X, train), y[train], **known)


def folds_by_group(estimator: Any) -> bool:
    """Whether it is a classifier of ours, or a search with a splitter by groups."""
    if isinstance(estimator, BaseSearchCV):
        return takes_groups(estimator.cv, "split")
    return isinstance(estimator, TrackClassifierMixin)


def _check_tested(splits: list[Split]) -> None:
    """Refuse splits that test a track several times: its predictions would count as several."""
    if not splits:
        raise ValueError("cv holds no split")
    if not all(len(train) and len(test) for train, test in splits):
        raise ValueError("cv: a split has no track to train on, or none to test")
    tested = np.concatenate([test for _, test in splits])
    if len(np.unique(tested)) < len(tested):
        raise ValueError(
            "cv tests some tracks several times: use a splitter that tests each once at most, such "
            "as StratifiedGroupKFold, and one report a repetition"
        )


def _check_folds(y: np.ndarray, groups: np.ndarray | None, cv: int) -> None:
    """Name the genre that has too few tracks, and the way out."""
    if not isinstance(cv, (int, np.integer)) or cv < 2:
        raise ValueError(f"cv={cv!r}: a whole number of folds, 2 or more, is needed")
    unit = "track" if groups is None else "group"
    units = np.arange(len(y)) if groups is None else groups
    counts = {str(genre): len(np.unique(units[y == genre])) for genre in np.unique(y)}
    smallest = min(counts, key=lambda genre: counts[genre])
    n = counts[smallest]
    if n < cv:
        fewer = f"use fewer folds (cv={n}) or " if n > 1 else ""
        raise ValueError(
            f"genre {smallest!r} has {n} {unit}{'s' if n > 1 else ''}, fewer than the {cv} folds: "
            f"{fewer}add {unit}s of {smallest!r}"
        )


def make_splits(cv: Any, n_tracks: int, y: Any, groups: Any) -> list[Split]:
    """Make index pairs of a number of folds, a splitter or an iterable of pairs."""
    if not hasattr(cv, "split") and hasattr(cv, "__iter__"):
        cv = _checked_pairs(cv)
    splitter = check_cv(cv, y, classifier=y is not None)
    with warnings.catch_warnings():
        # A splitter that knows no groups is what may have to be found out.
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        try:
            pairs = list(splitter.split(np.zeros(n_tracks), y, groups))
        except TypeError as error:
            if y is not None:
                raise
            raise ValueError(f"{cv!r} splits by genre: pass y") from error
    return [(_indices(train, n_tracks), _indices(test, n_tracks)) for train, test in pairs]


def _checked_pairs(cv: Any) -> list[Any]:
    """The splits of an iterable; a pair that stands alone is taken for two of them else."""
    pairs = list(cv)
    if not all(
        isinstance(pair, tuple | list) and list(map(np.ndim, pair)) == [1, 1] for pair in pairs
    ):
        raise ValueError(
            "cv must hold (train, test) pairs of indices; of one split, [(train, test)]"
        )
    return pairs


def _indices(chosen: Any, n_tracks: int) -> np.ndarray:
    """Make indices of a mask, and refuse what lies outside."""
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        chosen = np.flatnonzero(chosen)
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < n_tracks:
        raise ValueError(
            f"cv: a split holds index {chosen.max()} (or one below 0), and X has {n_tracks} tracks"
        )
    return chosen


def track_labels(X: Any) -> list[str]:
    """Name tracks in messages: by path, or by place (in a pandas object, its index)."""
    places = X.index if hasattr(X, "iloc") else range(n_tracks_of(X))
    kind = "track" if isinstance(X, list) else "row"
    return [
        label(item, i) if is_file(item) else f"{kind} {place}"
        for i, (item, place) in enumerate(zip(items_of(X), places, strict=True))
    ]


def n_tracks_of(X: Any) -> int:
    """Count tracks, or rows."""
    return X.shape[0] if hasattr(X, "shape") else len(X)


def items_of(X: Any) -> Any:
    """List the items of a collection, or the rows of a table."""
    if hasattr(X, "toarray"):
        return X.toarray()
    if hasattr(X, "to_numpy"):
        X = np.asarray(X)  # an Arrow array has no copy to give without being asked for it
    if isinstance(X, np.ndarray) and X.shape[1:] == (1,) and X.dtype.kind in "OUT":
        return X[:, 0]  # a column of paths
    return X


def take(X: Any, indices: np.ndarray) -> Any:
    """Select tracks of a list, an array or a pandas object."""
    if hasattr(X, "iloc"):
        return X.iloc[indices]
    if isinstance(X, Sequence):
        return [X[i] for i in indices]
    return X[indices] if hasattr(X, "toarray") else np.asarray(X)[indices]
