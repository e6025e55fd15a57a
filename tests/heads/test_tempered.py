"""Probabilities from scores and one factor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from genrekit import load, save
from genrekit.heads import TemperedClassifier, genre_scores


@pytest.fixture(params=[2, 3, 5])
def n_classes(request):
    """How many genres."""
    return request.param


@pytest.fixture
def y(n_classes):
    return np.repeat(list("abcdefgh")[:n_classes], 60)


@pytest.fixture
def table(y, n_classes):
    """Columns that are sure of themselves and wrong of a third."""
    rng = np.random.default_rng(0)
    said = np.where(rng.random(len(y)) < 1 / 3, rng.permutation(y), y)
    sure = 3.0 * (said[:, np.newaxis] == np.unique(y))
    return sure + 0.1 * rng.standard_normal(sure.shape)


@pytest.fixture
def halves(y):
    """Two folds that hold all genres."""
    odd, even = np.arange(1, len(y), 2), np.arange(0, len(y), 2)
    return [(odd, even), (even, odd)]


CLASSIFIERS = [LogisticRegression(), SVC(decision_function_shape="ovo"), SVC()]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_factor_is_the_best_for_held_out_tracks(classifier, table, y, halves, weighted):
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    fitted = TemperedClassifier(classifier, halves).fit(table, y, weight if weighted else None)
    true = np.searchsorted(fitted.classes_, y)

    def loss(factor):
        total = 0.0
        for train, test in halves:
            inner = type(classifier)(**classifier.get_params())
            scores = genre_scores(inner.fit(table[train], y[train], weight[train]), table[test])
            logs = log_softmax(factor * scores, axis=1)
            found = len(y) * logs[np.arange(len(test)), true[test]] + logs.mean(axis=1)
            total -= np.sum(found * weight[test])
        return total

    assert 0.1 < fitted.factor_ < 10
    assert loss(fitted.factor_) < min(loss(fitted.factor_ * 0.95), loss(fitted.factor_ * 1.05))


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
def test_probabilities_are_a_softmax_and_decide(classifier, table, y, halves):
    fitted = TemperedClassifier(classifier, halves).fit(table, y)
    proba = fitted.predict_proba(table)
    expected = softmax(fitted.factor_ * genre_scores(fitted.estimator_, table), axis=1)
    np.testing.assert_allclose(proba, expected)
    np.testing.assert_array_equal(fitted.predict(table), fitted.classes_[proba.argmax(axis=1)])


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
def test_as_sure_as_it_is_right(classifier, table, y, halves):
    # Other rows, made the same way.
    train, test = np.arange(len(y)) % 60 < 30, np.arange(len(y)) % 60 >= 30
    half = [(fold[fold < train.sum()], rest[rest < train.sum()]) for fold, rest in halves]
    fitted = TemperedClassifier(classifier, half).fit(table[train], y[train])
    sure = fitted.predict_proba(table[test]).max(axis=1).mean()
    assert abs(sure - np.mean(fitted.predict(table[test]) == y[test])) < 0.15


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
@pytest.mark.parametrize(("n_each", "least", "most"), [(4, 0.75, 0.99), (40, 0.95, 0.999)])
def test_few_tracks_all_found_are_no_certainty(classifier, n_each, least, most):
    y = np.repeat([0, 1, 2], n_each)
    table = np.eye(3)[y] + 0.01 * np.random.default_rng(0).standard_normal((len(y), 3))
    halves = [(np.arange(1, len(y), 2), np.arange(0, len(y), 2))]
    fitted = TemperedClassifier(classifier, [*halves, halves[0][::-1]]).fit(table, y)
    assert fitted.factor_ < 10
    assert least < fitted.predict_proba(table).max(axis=1).mean() < most


def test_two_genres_share_one_score():
    table, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    fitted = LogisticRegression().fit(table, y)
    proba = softmax(genre_scores(fitted, table), axis=1)
    np.testing.assert_allclose(proba, fitted.predict_proba(table))


def test_margins_of_pairs_add_up_to_one_score_a_genre():
    class Pairs(SVC):
        """Answers of three pairs: a or b, a or c, b or c."""

        classes_ = np.array(["a", "b", "c"])

        def decision_function(self, X):
            """The first is a by a hair, and c beyond any margin; the second b."""
            return np.array([[0.1, -7.0, 0.5], [-1.0, 0.5, 1.0]])

    found = genre_scores(Pairs(decision_function_shape="ovo"), None)
    np.testing.assert_allclose(found, [[-0.9, 0.4, 0.5], [-0.5, 2.0, -1.5]])


@pytest.mark.parametrize("classifier", CLASSIFIERS[:2], ids=str)
def test_saved_and_loaded(classifier, table, y, halves, tmp_path):
    fitted = TemperedClassifier(classifier, halves).fit(table, y)
    save(fitted, tmp_path / "m.skops")
    loaded = load(tmp_path / "m.skops")
    np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
