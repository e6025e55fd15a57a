"""From rows of features to calibrated genres: what `GenreClassifier` fits behind its features."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

from genrekit.exceptions import warn_caller
from genrekit.heads._named import make_classifier, make_reducer
from genrekit.heads._tempered import TemperedClassifier, genre_scores

__all__ = ["fit_head", "head_probabilities", "inner_splits", "probabilities"]

# Inner folds of the calibration, where there are tracks enough.
_FOLDS = 5
# Their scores need no more than one factor.
_TEMPERED = (SVC, LogisticRegression)
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
    class_weight: Any = None,
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
    reducer : str, int, float or transformer, optional
        Fewer columns.
    calibrate : bool, default=True
        Whether to calibrate.
    class_weight : dict or "balanced", optional
        Weights of the genres.
    n_jobs : int, optional
        Processors for a model that can use several.
    random_state : int or RandomState instance, optional
        Seed of the folds, and of a model that draws.

    Returns
    -------
    Pipeline
        Steps ``scale``, ``reduce`` if columns are made fewer, and ``clf``, fitted.
    """
    splits = inner_splits(y, groups, random_state) if calibrate else []
    if calibrate:
        _warn_of_few(splits)
    made = {"n_jobs": n_jobs, "random_state": random_state}
    classifier = clone(make_classifier(model, **made))
    if class_weight is not None and splits and not isinstance(classifier, _TEMPERED):
        # Sigmoids know genres as frequent as they are: they would take the weights back.
        by_genre = compute_sample_weight(class_weight, y)
        sample_weight = by_genre if sample_weight is None else by_genre * sample_weight
    elif class_weight is not None:
        classifier = make_classifier(classifier, class_weight=class_weight)
    if isinstance(model, str) and model == "knn":
        # No more neighbours than the smallest training part has tracks.
        fewest = min((len(train) for train, _ in splits), default=len(y))
        classifier.set_params(n_neighbors=min(classifier.n_neighbors, fewest))
    if splits:
        classifier = _calibrated(classifier, splits)
    reduce = make_reducer(reducer, random_state)
    steps = [("scale", StandardScaler()), ("reduce", reduce), ("clf", classifier)]
    # What does nothing is no step: skl2onnx takes all of them for estimators.
    steps = [(name, step) for name, step in steps if not isinstance(step, str)]
    weights = {} if sample_weight is None else {"clf__sample_weight": sample_weight}
    # The weights have arrived: inside, nobody need ask for them again.
    with config_context(enable_metadata_routing=False, transform_output="default"):
        head = Pipeline(steps).fit(table, y, **weights)
    _check_tells(head[-1])
    return head


def head_probabilities(head: Pipeline, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities of what `fit_head` gave.

    Parameters
    ----------
    head : Pipeline
        Fitted on arrays, so that its steps pass on arrays, whatever scikit-learn is set to.
    table : ndarray of shape (n_tracks, n_features)
        Rows of features.

    Returns
    -------
    ndarray of shape (n_tracks, n_classes)
        Rows sum to 1.
    """
    with config_context(transform_output="default"):
        return probabilities(head, table)


def _calibrated(classifier: Any, splits: _Splits) -> Any:
    """One factor for scores that need no more, else a sigmoid a genre."""
    if isinstance(classifier, SVC):
        classifier.set_params(decision_function_shape="ovo")  # its votes are no scores
    if isinstance(classifier, _TEMPERED):
        return TemperedClassifier(classifier, splits)
    _check_tells(classifier)
    return CalibratedClassifierCV(classifier, method="sigmoid", cv=splits, ensemble=False)


def _check_tells(classifier: Any) -> None:
    """Refuse what says genres and nothing of how sure it is."""
    if not (hasattr(classifier, "predict_proba") or hasattr(classifier, "decision_function")):
        raise ValueError(
            f"{type(classifier).__name__} as model has neither predict_proba nor decision_function "
            "to make probabilities of: a VotingClassifier has with voting='soft', a "
            "StackingClassifier with a final_estimator"
        )


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
    return softmax(genre_scores(classifier, table), axis=1)


def inner_splits(y: NDArray[Any], groups: NDArray[Any], random_state: Any) -> _Splits:
    """Folds that keep groups together and show every genre to every training part.

    Parameters
    ----------
    y : ndarray of shape (n_tracks,)
        The genres.
    groups : ndarray of shape (n_tracks,)
        What must not be split.
    random_state : int, RandomState instance or None
        Seed.

    Returns
    -------
    list of (train, test)
        Five, or as many as the smallest genre has groups for; none if that is one.
    """
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
    warn_caller(message)
