"""From rows of features to calibrated genres: what `GenreClassifier` fits behind its features."""

from __future__ import annotations

import warnings
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from genrekit.exceptions import GenrekitWarning
from genrekit.models._pipelines import make_classifier, make_reducer

__all__ = ["fit_head", "probabilities"]

# Inner folds of the calibration, where there are tracks enough.
_FOLDS = 5
_Splits = list[tuple[NDArray[np.int64], NDArray[np.int64]]]


def fit_head(
    table: NDArray[np.float64],
    y: NDArray[Any],
    groups: NDArray[Any],
    sample_weight: NDArray[np.float64] | None = None,
    *,
    model: Any,
    reducer: Any = None,
    calibrate: bool = True,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Pipeline:
    """Scale, reduce and classify, with calibrated probabilities.

    Parameters
    ----------
    table : ndarray of shape (n_tracks, n_features)
        Features.
    y : ndarray of shape (n_tracks,)
        The genres.
    groups : ndarray of shape (n_tracks,)
        What the folds of the calibration must not split.
    sample_weight : ndarray of shape (n_tracks,), optional
        Weight of each track.
    model : str or classifier
        This and the following as in `GenreClassifier`.
    reducer : None, str, int, float or transformer, default=None
        Fewer columns.
    calibrate : bool, default=True
        Whether to calibrate.
    n_jobs : int, optional
        Processors for a model that can use several.
    random_state : int, RandomState instance or None, optional
        Seed of the folds, and of a model that draws.

    Returns
    -------
    Pipeline
        Steps ``scale``, ``reduce``, ``clf``, fitted.
    """
    splits = _inner_splits(y, groups, random_state) if calibrate else []
    if calibrate:
        _warn_of_few(splits)
    classifier = clone(make_classifier(model, n_jobs=n_jobs, random_state=random_state))
    if _is_named(model, "knn"):
        # No more neighbours than the smallest training part has tracks.
        fewest = min((len(train) for train, _ in splits), default=len(y))
        classifier.set_params(n_neighbors=min(classifier.n_neighbors, fewest))
    tempered = bool(splits) and _is_named(model, "logreg")
    if splits and not tempered:
        classifier = CalibratedClassifierCV(classifier, method="sigmoid", cv=splits, ensemble=False)
    reduce = make_reducer(reducer, random_state)
    steps = [("scale", StandardScaler()), ("reduce", reduce), ("clf", classifier)]
    weights = {} if sample_weight is None else {"clf__sample_weight": sample_weight}
    # The weights have arrived: inside, nobody need ask for them again.
    with config_context(enable_metadata_routing=False):
        pipeline = Pipeline(steps).fit(table, y, **weights)
        if tempered:
            _temper(pipeline["clf"], pipeline[:-1].transform(table), y, splits, sample_weight)
    return pipeline


def probabilities(classifier: Any, table: Any) -> NDArray[np.float64]:
    """The classifier's probabilities, or a softmax of its scores where it has none.

    Parameters
    ----------
    classifier : estimator
        Fitted.
    table : sequence of length n_tracks
        What it takes.

    Returns
    -------
    ndarray of shape (n_tracks, n_classes)
        Rows sum to 1.
    """
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(table)
    return softmax(_scores(classifier, table), axis=1)


def _scores(classifier: Any, table: Any) -> NDArray[np.float64]:
    """One score a genre, of two genres as well."""
    scores = classifier.decision_function(table)
    return np.column_stack([-scores, scores]) / 2 if scores.ndim == 1 else scores


def _temper(
    fitted: LogisticRegression,
    rows: NDArray[np.float64],
    y: NDArray[Any],
    splits: _Splits,
    sample_weight: NDArray[np.float64] | None,
) -> None:
    """Calibrate a logistic regression by one factor on its scores, the best for held-out tracks.

    Sigmoids, two parameters a genre, would bend what is a fit of probabilities already.
    """
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    scores = np.empty((len(y), len(fitted.classes_)))
    for train, test in splits:
        inner = clone(fitted).fit(rows[train], y[train], weights[train])
        scores[test] = _scores(inner, rows[test])
    true = np.searchsorted(fitted.classes_, y)[:, np.newaxis]

    def loss(log_factor: float) -> float:
        logs = log_softmax(np.exp(log_factor) * scores, axis=1)
        return -float(np.average(np.take_along_axis(logs, true, axis=1)[:, 0], weights=weights))

    # At most ten times: where held-out tracks are all right, no factor would be large enough.
    factor = np.exp(minimize_scalar(loss, bounds=(-np.log(10), np.log(10)), method="bounded").x)
    fitted.coef_ *= factor
    fitted.intercept_ *= factor


def _inner_splits(y: NDArray[Any], groups: NDArray[Any], random_state: Any) -> _Splits:
    """Folds that keep groups together and show every genre to every training part."""
    # Shuffled, for files come sorted by album; the same way each time unless a seed says otherwise.
    seed = 0 if random_state is None else random_state
    genres = np.unique(y)
    smallest = min(len(np.unique(groups[y == genre])) for genre in genres)
    for n_splits, shuffle in product(range(min(_FOLDS, smallest), 1, -1), (True, False)):
        # scikit-learn 1.6 shuffles without regard to genres: in order they are spread at least.
        folds = StratifiedGroupKFold(
            n_splits, shuffle=shuffle, random_state=seed if shuffle else None
        )
        splits = list(folds.split(y, y, groups))
        if all(len(np.unique(y[train])) == len(genres) for train, _ in splits):
            return splits
    return []


def _warn_of_few(splits: _Splits) -> None:
    """Probabilities rest on little, or are not calibrated, where there are few tracks."""
    if len(splits) == _FOLDS:
        return
    message = (
        f"the smallest genre has tracks (or groups) for {len(splits)} inner folds only: "
        f"probabilities, and with them the genres, rest on little. Add tracks ({_FOLDS} of "
        "each genre or more), or set calibrate=False"
    )
    if not splits:
        message = (
            "the smallest genre has too few tracks (or groups) to calibrate probabilities: "
            "they are the classifier's own. Add tracks, two of each genre at the least"
        )
    warnings.warn(message, GenrekitWarning, stacklevel=4)  # of whoever called fit


def _is_named(named: Any, name: str) -> bool:
    """Whether a model was asked for by this name."""
    return isinstance(named, str) and named == name
