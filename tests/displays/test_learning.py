"""Would more tracks help."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier

from genrekit.displays import LearningCurveDisplay

Figure = pytest.importorskip("matplotlib.figure").Figure


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    y = np.repeat(["blues", "jazz", "rock"], [60, 30, 30])  # sorted, as folders come
    return rng.normal(size=(120, 4)) + np.unique(y, return_inverse=True)[1][:, None], y


class Remembering(KNeighborsClassifier):
    """Keeps what it was fitted on."""

    fitted: list = []  # noqa: RUF012

    def fit(self, X, y):
        Remembering.fitted.append((np.asarray(X).copy(), np.asarray(y).copy()))
        return super().fit(X, y)


def test_curves_are_the_means_over_folds(table):
    display = LearningCurveDisplay.from_estimator(KNeighborsClassifier(), *table, random_state=0)
    assert display.train_sizes.tolist() == [19, 38, 57, 76, 96]
    training, new = display.lines_
    np.testing.assert_allclose(training.get_ydata(), display.train_scores.mean(axis=1))
    np.testing.assert_allclose(new.get_ydata(), display.test_scores.mean(axis=1))
    assert display.baseline == 0.5
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["training tracks", "new tracks", "most frequent genre"]


def test_every_part_holds_the_genres_in_proportion_and_the_part_before(table):
    Remembering.fitted.clear()
    LearningCurveDisplay.from_estimator(
        Remembering(), *table, cv=2, train_sizes=[8, 20, 60], random_state=0
    )
    for X, y in Remembering.fitted:
        shares = np.unique(y, return_counts=True)[1] / len(y)
        np.testing.assert_allclose(shares, [0.5, 0.25, 0.25], atol=1 / len(y))
        assert len(shares) == 3
        assert len(np.unique(X, axis=0)) == len(y)
    small, middle = Remembering.fitted[0][0], Remembering.fitted[1][0]
    np.testing.assert_array_equal(small, middle[: len(small)])


def test_groups_stay_on_one_side(table):
    X, y = table
    groups = np.arange(120) // 3
    X = np.column_stack([X, groups])
    Remembering.fitted.clear()
    tested = []

    class Watching(Remembering):
        def predict(self, X):
            tested.append(set(X[:, -1]))
            return super().predict(X)

    LearningCurveDisplay.from_estimator(
        Watching(), X, y, groups=groups, cv=3, train_sizes=[0.5, 1.0], random_state=0
    )
    fitted = [set(part[:, -1]) for part, _ in Remembering.fitted]
    assert len(fitted) == 6
    # scikit-learn scores the test, then the training.
    assert all(not (one & other) for one, other in zip(fitted, tested[::2], strict=True))


def test_a_list_of_tracks_and_the_same_seed_twice(table):
    class FirstSample(KNeighborsClassifier):
        def fit(self, X, y):
            return super().fit([track[:1] for track in X], y)

        def predict(self, X):
            return super().predict([track[:1] for track in X])

    X = [np.asarray(row) for row in table[0]]
    one, two = (
        LearningCurveDisplay.from_estimator(FirstSample(), X, table[1], random_state=1)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.test_scores, two.test_scores)


def test_one_size_makes_no_curve(table):
    with pytest.raises(ValueError, match="two sizes or more"):
        LearningCurveDisplay.from_estimator(KNeighborsClassifier(), *table, train_sizes=[1.0])


def test_draws_on_given_axes(table):
    ax = Figure().add_subplot()
    display = LearningCurveDisplay.from_estimator(
        KNeighborsClassifier(), *table, train_sizes=[0.5, 1.0], random_state=0, ax=ax,
        score_type="test",
    )  # fmt: skip
    assert display.ax_ is ax
    assert len(display.lines_) == 1
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["new tracks", "most frequent genre"]
    assert "matplotlib.pyplot" in sys.modules  # scikit-learn loads it; nothing is left open
    assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_groups_reach_a_search_that_splits_by_them(table):
    X, y = table
    nearest = KNeighborsClassifier(1)
    search = GridSearchCV(nearest, {"n_neighbors": [1, 5]}, cv=GroupKFold(2))
    display = LearningCurveDisplay.from_estimator(
        search, X, y, groups=np.arange(120) // 2, cv=2, train_sizes=[0.5, 1.0]
    )
    assert display.test_scores.mean() > 0.5
