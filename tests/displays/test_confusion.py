"""Which genres are taken for which."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import KNeighborsClassifier

from genrekit.displays import GenreConfusionDisplay

pytest.importorskip("matplotlib")


def names(labels):
    return [label.get_text() for label in labels]


@pytest.fixture
def pairs():
    rng = np.random.default_rng(0)
    genres = np.array([f"A genre with a long name, number {i:02d}" for i in range(16)])
    true = np.repeat(genres, 6)
    return true, np.where(rng.random(len(true)) < 0.6, true, rng.choice(genres, len(true)))


def test_counts_are_those_of_scikit_learn(pairs):
    display = GenreConfusionDisplay.from_predictions(*pairs)
    np.testing.assert_array_equal(display.confusion_matrix, confusion_matrix(*pairs))
    np.testing.assert_array_equal(display.im_.get_array(), display.confusion_matrix)
    assert names(display.ax_.get_yticklabels()) == np.unique(pairs[0]).tolist()
    assert names(display.ax_.get_xticklabels()) == np.unique(pairs[0]).tolist()


def test_cells_say_what_they_hold_and_nothing_where_it_is_nothing(pairs):
    display = GenreConfusionDisplay.from_predictions(*pairs)
    for count, text in zip(display.confusion_matrix.flat, display.text_.flat, strict=True):
        assert (text is None) if count == 0 else (text.get_text() == str(count))


@pytest.mark.parametrize(("normalize", "axis"), [("true", 1), ("pred", 0), ("all", None)])
def test_normalised_to_percent(pairs, normalize, axis):
    display = GenreConfusionDisplay.from_predictions(*pairs, normalize=normalize)
    np.testing.assert_allclose(display.im_.get_array().sum(axis=axis), 100)
    assert "%" in display.ax_.get_xlabel()
    expected = 100 * confusion_matrix(*pairs, normalize=normalize)
    np.testing.assert_allclose(display.im_.get_array(), expected)


def test_labels_of_sixteen_long_names_do_not_touch(pairs):
    display = GenreConfusionDisplay.from_predictions(*pairs)
    display.figure_.draw_without_rendering()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert all(above.y0 >= below.y1 for above, below in zip(boxes, boxes[1:], strict=False))
    assert min(box.x0 for box in boxes) >= 0
    anchors = [label.get_position()[0] for label in display.ax_.get_xticklabels()]
    assert anchors == list(range(16))
    assert all(label.get_rotation() == 45 for label in display.ax_.get_xticklabels())
    assert all(label.get_window_extent().y0 >= 0 for label in display.ax_.get_xticklabels())


def test_answers_that_are_no_genre_have_columns_of_their_own():
    true = ["a", "a", "b", "b", "b"]
    predicted = np.array(["a", None, "unknown", "b", "c"], dtype=object)
    display = GenreConfusionDisplay.from_predictions(true, predicted)
    assert display.answers == ["a", "b", "c", "unknown", "no prediction"]
    assert display.confusion_matrix.tolist() == [[1, 0, 0, 0, 1], [0, 1, 1, 1, 0]]
    assert names(display.ax_.get_yticklabels()) == ["a", "b"]


def test_best_recognised_first():
    display = GenreConfusionDisplay.from_predictions(
        ["a", "a", "b", "b", "c", "c"], ["b", "b", "b", "a", "c", "c"], order="recall"
    )
    assert names(display.ax_.get_yticklabels()) == ["c", "b", "a"]
    assert np.diag(display.im_.get_array()).tolist() == [2, 1, 0]


def test_genres_taken_for_each_other_stand_together():
    true = np.repeat(["a", "b", "c", "d"], 4)
    mixed = {"a": "c", "c": "a", "b": "d", "d": "b"}
    predicted = [mixed[g] if i % 2 else g for i, g in enumerate(true)]
    display = GenreConfusionDisplay.from_predictions(true, predicted, order="similarity")
    order = names(display.ax_.get_yticklabels())
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset("ac"), frozenset("bd")}


def test_two_genres_have_one_order():
    display = GenreConfusionDisplay.from_predictions(["a", "b"], ["b", "b"], order="similarity")
    assert names(display.ax_.get_yticklabels()) == ["a", "b"]


def test_from_estimator_and_from_report_draw_the_same():
    X, y = load_iris(return_X_y=True)
    model = KNeighborsClassifier().fit(X, y)
    first = GenreConfusionDisplay.from_estimator(model, X, y)
    report = SimpleNamespace(y_true=y, y_pred=model.predict(X))
    second = GenreConfusionDisplay.from_report(report)
    np.testing.assert_array_equal(first.im_.get_array(), second.im_.get_array())
    assert names(first.ax_.get_yticklabels()) == ["0", "1", "2"]


def test_without_values_on_given_axes_and_without_pyplot(pairs):
    from matplotlib.figure import Figure

    loaded = "matplotlib.pyplot" in sys.modules
    ax = Figure().add_subplot()
    display = GenreConfusionDisplay.from_predictions(*pairs, ax=ax, include_values=False)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.text_ is None
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_values_can_be_read_on_their_cells(pairs):
    display = GenreConfusionDisplay.from_predictions(pairs[0], pairs[0])
    assert {text.get_color() for text in display.text_.flat if text} == {"white"}
    display.plot(cmap="Greys_r")
    assert {text.get_color() for text in display.text_.flat if text} == {"black"}


def test_what_makes_no_matrix():
    with pytest.raises(ValueError, match="y_true has 2 tracks and y_pred 1"):
        GenreConfusionDisplay.from_predictions(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="0 tracks"):
        GenreConfusionDisplay.from_predictions([], [])
    with pytest.raises(ValueError, match="did you mean 'true'"):
        GenreConfusionDisplay.from_predictions(["a"], ["a"], normalize="True")
    with pytest.raises(ValueError, match="did you mean 'recall'"):
        GenreConfusionDisplay.from_predictions(["a"], ["a"], order="recalls")
