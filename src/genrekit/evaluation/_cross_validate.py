"""Cross-validation that never has a track, or a group of tracks, on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed

from genrekit._validation import check_jobs
from genrekit.engine import Extracted, extraction_clock
from genrekit.evaluation._leakage import find_leaks, warn_of_leaks
from genrekit.evaluation._report import GenreReport
from genrekit.evaluation._splits import Split, fit_on, genre_splits, read_labels, take, track_labels
from genrekit.evaluation._training import Training, training_of
from genrekit.exceptions import TrackError
from genrekit.models import TrackClassifierMixin

__all__ = ["take", "cross_validate_genres", "run_folds"]


class _Said(NamedTuple):
    """What a fitted estimator says of tracks; failures are places among them with the reason."""

    y_pred: np.ndarray
    probabilities: np.ndarray | None
    segments: list[np.ndarray] | None
    failures: list[tuple[int, str]]


class _Fold(NamedTuple):
    """What one fold gave; failures are places in X, segments counts of all and of right ones."""

    y_pred: np.ndarray
    probabilities: np.ndarray | None
    classes: np.ndarray | None
    segments: np.ndarray | None
    training: Training | None
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
    X : list of path-like, list of ndarray, or array-like of shape (n_tracks, ...)
        One item or row a track.
    y : array-like of shape (n_tracks,)
        The genres.
    groups : array-like of shape (n_tracks,), optional
        What must not be split between training and test, such as artist or album. None: only
        the track. They make the folds, and reach what makes folds by them in turn: a
        `GenreClassifier`, a `SegmentClassifier`, and a search whose ``cv`` is a splitter by
        groups, such as `StratifiedGroupKFold`; not other estimators.
    cv : int, splitter or iterable of (train, test), default=5
        Number of folds, at least 2 and at most the number of tracks (or groups) of the smallest
        genre; or splits of your own, such as the official one of a data set, in which each track
        is tested once at most. The report is then about the tracks that are tested.
    n_jobs : int, optional
        Number of folds that run at a time, as in joblib.
    random_state : int, optional
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
    check_jobs(n_jobs)
    folds: list[_Fold] = Parallel(n_jobs=n_jobs)(
        delayed(_run_fold)(clone(estimator), X, y, groups, split) for split in splits
    )
    tested = np.concatenate([test for _, test in splits])
    # The report keeps the order of X.
    order = np.argsort(tested)
    tested = tested[order]
    classes, names = np.unique(y), track_labels(X)
    segments = _all_segments(folds, order)
    return GenreReport(
        y_true=y[tested],
        y_pred=_together([fold.y_pred for fold in folds])[order],
        classes=classes,
        probabilities=_all_probabilities(folds, classes, order),
        folds=np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])[order],
        groups=None if groups is None else groups[tested],
        tracks=[names[i] for i in tested.tolist()],
        leakage=leakage,
        fit_seconds=np.array([fold.seconds["fit"] for fold in folds]),
        predict_seconds=np.array([fold.seconds["predict"] for fold in folds]),
        extract_seconds=_extraction(folds),
        errors=_failures(folds, names),
        segments=None if segments is None else segments[0],
        segments_right=None if segments is None else segments[1],
        trainings=[fold.training for fold in folds if fold.training is not None],
    )


def _run_fold(
    estimator: BaseEstimator, X: Any, y: np.ndarray, groups: np.ndarray | None, split: Split
) -> _Fold:
    """Fit on one side of a split, predict the other."""
    train, test = split
    seconds: dict[str, float] = {}
    with _timed(seconds, "fit"):
        fit_on(train, estimator, X, y, groups)
    said = _answer(estimator, take(X, test), seconds)
    classes = getattr(estimator, "classes_", None)
    return _Fold(
        y_pred=said.y_pred,
        probabilities=said.probabilities,
        classes=classes,
        segments=_segment_counts(said.segments, y[test], classes),
        training=training_of(estimator),
        seconds=seconds,
        failures=[
            *((int(train[error.index]), error.reason) for error in _fit_errors(estimator)),
            *((int(test[place]), reason) for place, reason in said.failures),
        ],
    )


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


def _answer(estimator: Any, X: Any, seconds: dict[str, float]) -> _Said:
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
    failures = [(error.index, error.reason) for error in seen[0].errors] if seen else []
    segments = None if answers is None else answers.segments
    return _Said(np.asarray(y_pred), probabilities, segments, failures)


def _segment_counts(
    segments: list[np.ndarray] | None, y: np.ndarray, classes: np.ndarray | None
) -> np.ndarray | None:
    """How many segments each track has, and how many of them by themselves say its genre."""
    if segments is None or classes is None:
        return None
    right = []
    for rows, genre in zip(segments, y, strict=True):
        own, others = rows[:, classes == genre], rows[:, classes != genre]
        # A genre that no training track had is nobody's answer; nor is it one where all are alike.
        right.append(int(np.sum(own > others.max(axis=1, keepdims=True))))
    return np.array([[len(rows) for rows in segments], right])


def _together(answers: list[np.ndarray]) -> np.ndarray:
    """Join the predictions of the folds."""
    # Back and forth through a list: one fold may hold None and be of objects, others not.
    genres = [genre for answer in answers for genre in answer.tolist()]
    return np.array(genres, dtype=object if any(genre is None for genre in genres) else None)


def _all_probabilities(
    folds: list[_Fold], classes: np.ndarray, order: np.ndarray
) -> np.ndarray | None:
    """Join the probabilities of the folds, 0 for a genre that a training did not hold."""
    tables = []
    for fold in folds:
        if fold.probabilities is None or fold.classes is None:
            return None
        table = np.zeros((len(fold.probabilities), len(classes)))
        table[np.isnan(fold.probabilities).any(axis=1)] = np.nan
        table[:, np.searchsorted(classes, fold.classes)] = fold.probabilities
        tables.append(table)
    return np.concatenate(tables)[order]


def _all_segments(folds: list[_Fold], order: np.ndarray) -> np.ndarray | None:
    """Join the counts of the folds."""
    counts = [fold.segments for fold in folds if fold.segments is not None]
    return np.concatenate(counts, axis=1)[:, order] if len(counts) == len(folds) else None


def _failures(folds: list[_Fold], names: list[str]) -> list[TrackError]:
    """Each track that could not be decoded, once."""
    reasons = dict(failure for fold in folds for failure in fold.failures)
    return [TrackError(i, names[i], reasons[i]) for i in sorted(reasons)]


def _extraction(folds: list[_Fold]) -> np.ndarray | None:
    """Extraction of each fold; None where no fold saw any."""
    if not any("extract" in fold.seconds for fold in folds):
        return None
    return np.array([fold.seconds.get("extract", 0.0) for fold in folds])
