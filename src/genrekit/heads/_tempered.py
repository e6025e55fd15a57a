"""Probabilities from scores and one factor."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from genrekit._onnx import convert_tempered, tempered_shapes

__all__ = ["TemperedClassifier", "genre_scores"]

# Where the factor is looked for, from a tenth to ten times.
_BOUNDS = (-np.log(10), np.log(10))


class TemperedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Probabilities by a softmax of scores times one factor, the best for held-out tracks.

    Sigmoids, two parameters a genre, need more tracks than there often are: they make a support
    vector machine far too timid, and bend the probabilities of a logistic regression.

    Parameters
    ----------
    estimator : classifier
        One with ``decision_function`` and ``sample_weight``.
    cv : list of (train, test)
        Indices of the folds on which the factor is found; each track is in one ``test``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The genres.
    estimator_ : classifier
        Fitted on all tracks.
    factor_ : float
        What the scores are multiplied by, 0.1 to 10.
    n_features_in_ : int
        Columns of the table.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern neural networks",
       ICML 2017.
    """

    # Whose options skl2onnx lets this one have.
    alias = "SklearnLinearClassifier"

    def __init__(self, estimator: Any, cv: Any) -> None:
        self.estimator = estimator
        self.cv = cv

    def fit(self, X: NDArray[Any], y: NDArray[Any], sample_weight: Any = None) -> Self:
        """Fit the classifier, and the factor to what it says of tracks it was not fitted on."""
        X = np.asarray(X)  # a reducer may have made a frame of it
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        self.estimator_ = clone(self.estimator).fit(X, y, weights)
        self.classes_, self.n_features_in_ = self.estimator_.classes_, X.shape[1]
        scores = np.empty((len(y), len(self.classes_)))
        for train, test in self.cv:
            inner = clone(self.estimator).fit(X[train], y[train], weights[train])
            scores[test] = genre_scores(inner, X[test])
        self.factor_ = _best_factor(scores, np.searchsorted(self.classes_, y), weights)
        return self

    def decision_function(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Scores times the factor, (n_tracks, n_classes)."""
        return self.factor_ * genre_scores(self.estimator_, np.asarray(X))

    def predict_proba(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Probability of each genre, (n_tracks, n_classes)."""
        return softmax(self.decision_function(X), axis=1)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """The most probable genres."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def onnx_shape_calculator(self) -> Any:
        """What skl2onnx asks for."""
        return tempered_shapes

    def onnx_converter(self) -> Any:
        """What skl2onnx asks for."""
        return convert_tempered


def genre_scores(classifier: Any, table: Any) -> NDArray[np.float64]:
    """One score a genre, of two genres and of pairs of genres as well.

    Parameters
    ----------
    classifier : classifier or Pipeline
        Fitted, with ``decision_function``.
    table : array-like of shape (n_tracks, n_features)
        What it takes.

    Returns
    -------
    ndarray of shape (n_tracks, n_classes)
        The greater, the more probable.
    """
    scores = classifier.decision_function(table)
    if scores.ndim == 1:
        return np.column_stack([-scores, scores]) / 2
    last = classifier[-1] if isinstance(classifier, Pipeline) else classifier
    if isinstance(last, SVC) and last.decision_function_shape == "ovo":
        return _sum_of_margins(scores, len(classifier.classes_))
    return scores


def _sum_of_margins(pairs: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """How far each genre is ahead of the others, at most 1 of each.

    What SVC makes of its pairs is votes, which say nothing of how narrow each was. Beyond the
    margin, at 1, a track is no surer: one pair should not outdo the others.
    """
    scores = np.zeros((len(pairs), n_classes))
    margins = np.clip(pairs, -1, 1)
    for margin, (first, second) in zip(margins.T, combinations(range(n_classes), 2), strict=True):
        scores[:, first] += margin
        scores[:, second] -= margin
    return scores


def _best_factor(
    scores: NDArray[np.float64], true: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """The factor of least log-loss, where one more track were of every genre in equal parts.

    That one keeps a few tracks, all found, from making probabilities of 1.
    """
    share = 1 / (1 + len(true))

    def loss(log_factor: float) -> float:
        logs = log_softmax(np.exp(log_factor) * scores, axis=1)
        found = (1 - share) * logs[np.arange(len(true)), true] + share * logs.mean(axis=1)
        return -float(np.average(found, weights=weights))

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))
