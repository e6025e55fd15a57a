"""Do the probabilities keep what they promise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from genrekit.displays import ReliabilityDisplay
from genrekit.evaluation import wilson_interval

pytest.importorskip("matplotlib")

CLASSES = ["jazz", "pop", "rock"]


@pytest.fixture
def predicted():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3) / 2, size=300)
    return rng.choice(CLASSES, 300), probabilities


def points(display):
    return display.errorbar_.lines[0].get_xydata()


def test_points_are_those_of_scikit_learn(predicted):
    true, probabilities = predicted
    display = ReliabilityDisplay.from_predictions(true, probabilities, CLASSES, n_bins=8)
    right = np.array(CLASSES)[probabilities.argmax(axis=1)] == true
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=8)
    np.testing.assert_allclose(points(display), np.column_stack([confidence, accuracy]))


def test_bars_are_wilson_intervals_and_labels_counts(predicted):
    display = ReliabilityDisplay.from_predictions(*predicted, CLASSES)
    held = display.bins.count > 0
    shown = [text.get_text() for text in display.ax_.texts]
    assert shown == [str(n) for n in display.bins.count[held]]
    bars = display.errorbar_.lines[2][0].get_segments()
    first = int(np.flatnonzero(held)[0])
    n = display.bins.count[first]
    ends = wilson_interval(round(display.bins.accuracy[first] * n), n)
    np.testing.assert_allclose(bars[0][:, 1], ends)


def test_tracks_without_probabilities_are_left_out(predicted):
    true, probabilities = predicted
    probabilities[:100] = np.nan
    display = ReliabilityDisplay.from_predictions(true, probabilities, CLASSES)
    assert display.bins.count.sum() == 200


def test_from_estimator_and_from_report_draw_the_same():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    first = ReliabilityDisplay.from_estimator(model, X, y)
    report = SimpleNamespace(y_true=y, probabilities=model.predict_proba(X), classes=model.classes_)
    np.testing.assert_allclose(points(first), points(ReliabilityDisplay.from_report(report)))


def test_what_has_no_diagram(predicted):
    true, probabilities = predicted
    with pytest.raises(ValueError, match=r"shape \(300, 3\): .* each of 2 classes"):
        ReliabilityDisplay.from_predictions(true, probabilities, CLASSES[:2])
    with pytest.raises(ValueError, match="no row without NaN"):
        ReliabilityDisplay.from_predictions(true, np.full((300, 3), np.nan), CLASSES)
    with pytest.raises(ValueError, match="predicts none"):
        ReliabilityDisplay.from_report(SimpleNamespace(probabilities=None))
