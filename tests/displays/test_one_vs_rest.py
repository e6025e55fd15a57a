"""ROC curves, precision and recall."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.naive_bayes import GaussianNB

from genrekit.displays import PrecisionRecallDisplay, RocDisplay
from genrekit.evaluation import GenreReport

Figure = pytest.importorskip("matplotlib.figure").Figure

CLASSES = np.array(["jazz", "pop", "rock"])


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    y = np.repeat(CLASSES, 20)
    table = rng.dirichlet(np.ones(3), size=60)
    table[np.arange(60), np.repeat(range(3), 20)] += 0.3
    return y, table / table.sum(axis=1, keepdims=True)


def test_areas_and_points_are_scikit_learns(predictions):
    y, table = predictions
    display = RocDisplay.from_predictions(y, table, CLASSES)
    expected = [roc_auc_score(y == genre, table[:, i]) for i, genre in enumerate(CLASSES)]
    np.testing.assert_allclose([curve.score for curve in display.curves], expected)
    assert display.mean_score == pytest.approx(np.mean(expected))
    x, true, _ = roc_curve(y == "jazz", table[:, 0])
    place = np.argsort(expected)[::-1].tolist().index(0)
    np.testing.assert_array_equal(display.lines_[place].get_xydata(), np.stack([x, true], 1))
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend[place] == f"jazz {expected[0]:.3f}"
    assert [curve.share for curve in display.curves] == pytest.approx([1 / 3] * 3)


def test_average_precisions_are_scikit_learns(predictions):
    y, table = predictions
    display = PrecisionRecallDisplay.from_predictions(y, table, CLASSES)
    expected = [average_precision_score(y == genre, table[:, i]) for i, genre in enumerate(CLASSES)]
    np.testing.assert_allclose([curve.score for curve in display.curves], expected)
    assert all(line.get_drawstyle() == "steps-post" for line in display.lines_)


def test_tracks_without_an_answer_and_genres_without_tracks_are_left_out(predictions):
    y, table = predictions
    table = np.column_stack([table, np.zeros(60)])
    table[[0, 30]] = np.nan
    display = RocDisplay.from_predictions(y, table, [*CLASSES, "never"])
    assert [curve.genre for curve in display.curves] == ["jazz", "pop", "rock"]
    kept = ~np.isnan(table[:, 0])
    expected = roc_auc_score(y[kept] == "jazz", table[kept, 0])
    assert display.curves[0].score == pytest.approx(expected)


def test_lines_can_be_told_apart_without_colours():
    rng = np.random.default_rng(0)
    y, table = np.arange(200) % 20, rng.dirichlet(np.ones(20), size=200)
    display = RocDisplay.from_predictions(y, table, np.arange(20))
    looks = {(str(line._dash_pattern), line.get_marker()) for line in display.lines_}
    assert len(looks) == 20
    assert len(RocDisplay(display.curves).plot(n_genres=5).lines_) == 5


def test_from_estimator_and_report(predictions):
    X, y = load_iris(return_X_y=True)
    ax = Figure().add_subplot()
    display = RocDisplay.from_estimator(GaussianNB().fit(X, y), X, y, ax=ax)
    assert display.ax_ is ax
    assert display.mean_score > 0.99
    true, table = predictions
    report = GenreReport(true, true, CLASSES, np.ones(1), np.ones(1), probabilities=table)
    shown = PrecisionRecallDisplay.from_report(report)
    np.testing.assert_array_equal(
        shown.curves[0].x, PrecisionRecallDisplay.from_predictions(true, table, CLASSES).curves[0].x
    )


def test_bad_input(predictions):
    y, table = predictions
    with pytest.raises(ValueError, match="a row for each of 59 tracks"):
        RocDisplay.from_predictions(y[1:], table, CLASSES)
    with pytest.raises(ValueError, match="no genre has both"):
        RocDisplay.from_predictions(y[:5], table[:5], CLASSES)
    with pytest.raises(ValueError, match="no genre has both"):
        RocDisplay.from_predictions(y, np.full((60, 3), np.nan), CLASSES)
    with pytest.raises(ValueError, match="holds no probabilities"):
        RocDisplay.from_report(GenreReport(y, y, CLASSES, np.ones(1), np.ones(1)))
