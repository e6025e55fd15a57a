"""Cross-validation that never has a track, or a group of tracks, on both sides of a split."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from genrekit.evaluation._leakage import Split, find_leaks, make_splits, track_labels, warn_of_leaks
from genrekit.evaluation._report import GenreReport
from genrekit.exceptions import TrackError
from genrekit.features._clock import Extracted, extraction_clock
from genrekit.models._labels import check_present
from genrekit.models._track_classifier import TrackClassifierMixin

__all__ = ["cross_validate_genres", "fit_on", "genre_splits", "read_labels", "run_folds"]


class _Fold(NamedTuple):
    """What one fold gave; failures are places in X with the reason."""

    y_pred: np.ndarray
    probabilities: np.ndarray | None
    classes: np.ndarray | None
    seconds: dict[str, float]
    failures: list[tuple[int, str]]


def cross_validate_genres(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = 5,
    n_jobs: int | None = None,
    random_state: int | None = None,
) -> GenreReport:
    """Cross-validate a classifier by track, or by group of tracks.

    Every track is predicted once, by a clone of `estimator` that has not seen it. The folds are
    stratified and shuffled.

    Parameters
    ----------
    estimator : estimator
        A classifier: a `GenreClassifier`, a pipeline, or any of scikit-learn's on a table.
    X : list of path-like, list of ndarray, or array-like, shape (n_tracks, ...)
        One item or row a track.
    y : array-like, shape (n_tracks,)
        The genres.
    groups : array-like, shape (n_tracks,), or None, default=None
        What must not be split between training and test, such as artist or album. None: only
        the track. They make the folds, and reach a `GenreClassifier` and a `SegmentClassifier`,
        whose inner folds then hold them together too; not other estimators.
    cv : int, splitter or iterable of (train, test), default=5
        Number of folds, at least 2 and at most the number of tracks (or groups) of the smallest
        genre; or splits of your own, such as the official one of a data set, in which each track
        is tested once at most. The report is then about the tracks that are tested.
    n_jobs : int or None, default=None
        Number of folds that run at a time, as in joblib.
    random_state : int or None, default=None
        Seed of the shuffling. It does not reach the estimator, which has its own.

    Returns
    -------
    GenreReport
        Scores with their interval and baseline, and the predictions.

    Raises
    ------
    ValueError
        When there is one genre only, when a genre has fewer tracks (or groups) than folds, or
        when lengths differ.

    Warns
    -----
    LeakageWarning
        When copies of a recording (or, with splits of your own, tracks of a group) stand in
        training and test; see `check_leakage`.

    See Also
    --------
    compare : Several classifiers on the same folds.

    Notes
    -----
    Extraction is told apart wherever genrekit reads the tracks in the thread of the fold: in a
    `GenreClassifier`, in a pipeline, inside a search that does not start processes. With a warm
    ``memory`` it is the time of reading the cache. With `n_jobs` each fold's time is its own, and
    their sum is more than you wait.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from genrekit.evaluation import cross_validate_genres
    >>> X, y = load_wine(return_X_y=True)
    >>> cross_validate_genres(GaussianNB(), X, y, random_state=0)
    <GenreReport: accuracy 0.972 on 178 tracks>
    """
    y, groups = read_labels(X, y, groups)
    splits = genre_splits(y, groups, cv, random_state)
    leakage = find_leaks(X, splits, groups)
    warn_of_leaks(leakage)
    return run_folds(estimator, X, y, groups, splits, leakage, n_jobs)


def run_folds(
    estimator: BaseEstimator,
    X: Any,
    y: np.ndarray,
    groups: np.ndarray | None,
    splits: list[Split],
    leakage: Any,
    n_jobs: int | None,
) -> GenreReport:
    """Run an estimator on splits that have been made and checked."""
    runs: list[_Fold] = Parallel(n_jobs=n_jobs)(
        delayed(_run_fold)(clone(estimator), X, y, groups, split) for split in splits
    )
    tested = np.concatenate([test for _, test in splits])
    # The report keeps the order of X.
    order = np.argsort(tested)
    tested = tested[order]
    classes, names = np.unique(y), track_labels(X)
    return GenreReport(
        y_true=y[tested],
        y_pred=_together([run.y_pred for run in runs])[order],
        classes=classes,
        probabilities=_all_probabilities(runs, classes, order),
        folds=np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])[order],
        groups=None if groups is None else groups[tested],
        tracks=[names[i] for i in tested.tolist()],
        leakage=leakage,
        fit_seconds=np.array([run.seconds["fit"] for run in runs]),
        predict_seconds=np.array([run.seconds["predict"] for run in runs]),
        extract_seconds=_extraction(runs),
        errors=_failures(runs, names),
    )


def read_labels(X: Any, y: Any, groups: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Check that X is a collection, and that labels can belong to it."""
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError("X is a single file: pass the list of all tracks")
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
        _check_once(splits)
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
    """Fit on some of the tracks; an estimator of ours is told the groups, for its inner folds."""
    ours = isinstance(estimator, TrackClassifierMixin)
    known = {"groups": groups[train]} if ours and groups is not None else {}
    estimator.fit(_take(X, train), y[train], **known)


def _take(X: Any, indices: np.ndarray) -> Any:
    """Select tracks of a list, an array or a pandas object."""
    if hasattr(X, "iloc"):
        return X.iloc[indices]
    if isinstance(X, Sequence):
        return [X[i] for i in indices]
    return X[indices] if hasattr(X, "toarray") else np.asarray(X)[indices]


def _check_once(splits: list[Split]) -> None:
    """Refuse splits that test a track several times: its predictions would count as several."""
    if not splits:
        raise ValueError("cv holds no split")
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


def _run_fold(
    estimator: BaseEstimator, X: Any, y: np.ndarray, groups: np.ndarray | None, split: Split
) -> _Fold:
    """Fit on one side of a split, predict the other."""
    train, test = split
    seconds: dict[str, float] = {}
    with _timed(seconds, "fit"):
        fit_on(train, estimator, X, y, groups)
    y_pred, probabilities, errors = _answer(estimator, _take(X, test), seconds)
    failures = [(int(train[error.index]), error.reason) for error in _fit_errors(estimator)]
    failures += [(int(test[error.index]), error.reason) for error in errors]
    classes = getattr(estimator, "classes_", None)
    return _Fold(np.asarray(y_pred), probabilities, classes, seconds, failures)


def _fit_errors(estimator: Any) -> Sequence[TrackError]:
    """The tracks that `fit` could not decode, as far as the estimator tells."""
    first = estimator[0] if isinstance(estimator, Pipeline) else estimator
    errors: Sequence[TrackError] = getattr(first, "fit_errors_", getattr(first, "errors_", ()))
    return errors


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[list[Extracted]]:
    """Measure a stage, with the extractions inside it, which it gives, apart."""
    start = perf_counter()
    with extraction_clock() as seen:
        yield seen
    spent = sum(extracted.seconds for extracted in seen)
    seconds[name] = perf_counter() - start - spent
    if seen:
        seconds["extract"] = seconds.get("extract", 0.0) + spent


def _answer(
    estimator: Any, X: Any, seconds: dict[str, float]
) -> tuple[Any, Any, Sequence[TrackError]]:
    """Genres, probabilities where there are some, and failures, reading tracks once if I can."""
    estimator = getattr(estimator, "best_estimator_", estimator)  # what a search asks
    with _timed(seconds, "predict") as seen:
        if isinstance(estimator, Pipeline) and len(estimator) > 1:
            estimator, X = estimator[-1], estimator[:-1].transform(X)
        ours = isinstance(estimator, TrackClassifierMixin)  # `predict` decides on probabilities
        answers = estimator._answer(X) if ours else None
        y_pred = estimator.predict(X) if answers is None else estimator._decide(answers)
    probabilities = None if answers is None else answers.probabilities
    if not ours and hasattr(estimator, "predict_proba"):
        # Not timed: who wants genres need not wait for these.
        probabilities = estimator.predict_proba(X)
    # The first extraction is of the tracks; others may be of their segments.
    return y_pred, probabilities, seen[0].errors if seen else ()


def _together(parts: list[np.ndarray]) -> np.ndarray:
    """Join the predictions of the folds."""
    # Back and forth through a list: one fold may hold None and be of objects, others not.
    genres = [genre for part in parts for genre in part.tolist()]
    return np.array(genres, dtype=object if any(genre is None for genre in genres) else None)


def _all_probabilities(
    runs: list[_Fold], classes: np.ndarray, order: np.ndarray
) -> np.ndarray | None:
    """Join the probabilities of the folds, 0 for a genre that a training did not hold."""
    tables = []
    for run in runs:
        if run.probabilities is None or run.classes is None:
            return None
        table = np.zeros((len(run.probabilities), len(classes)))
        table[np.isnan(run.probabilities).any(axis=1)] = np.nan
        table[:, np.searchsorted(classes, run.classes)] = run.probabilities
        tables.append(table)
    return np.concatenate(tables)[order]


def _failures(runs: list[_Fold], names: list[str]) -> list[TrackError]:
    """Each track that could not be decoded, once."""
    reasons = dict(failure for run in runs for failure in run.failures)
    return [TrackError(i, names[i], reasons[i]) for i in sorted(reasons)]


def _extraction(runs: list[_Fold]) -> np.ndarray | None:
    """Extraction of each fold; None where no fold saw any."""
    if not any("extract" in run.seconds for run in runs):
        return None
    return np.array([run.seconds.get("extract", 0.0) for run in runs])
