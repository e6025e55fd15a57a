"""Bins of confidence."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.evaluation import calibration_bins

CLASSES = np.array(["a", "b"])


def test_every_track_falls_into_its_bin():
    probabilities = np.array([[0.95, 0.05], [0.15, 0.85], [0.5, 0.5], [0.0, 1.0]])
    bins = calibration_bins(np.array(["a", "a", "a", "b"]), probabilities, CLASSES)
    assert bins.count.tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1, 2]
    np.testing.assert_allclose(bins.confidence[[4, 8, 9]], [0.5, 0.85, 0.975])
    assert bins.accuracy[[4, 8, 9]].tolist() == [1, 0, 1]
    assert bins.error == pytest.approx((0.5 + 0.85 + 2 * 0.025) / 4)


def test_calibrated_probabilities_have_little_error():
    rng = np.random.default_rng(0)
    p = rng.random(20000)
    y = np.where(rng.random(20000) < p, "a", "b")
    good = calibration_bins(y, np.column_stack([p, 1 - p]), CLASSES)
    sure = calibration_bins(y, np.column_stack([p > 0.5, p <= 0.5]).astype(float), CLASSES)
    assert good.error < 0.015
    assert sure.error == pytest.approx(0.25, abs=0.02)


def test_tracks_without_probabilities_are_left_out():
    probabilities = np.array([[0.9, 0.1], [np.nan, np.nan]])
    bins = calibration_bins(np.array(["a", "b"]), probabilities, CLASSES, n_bins=5)
    assert bins.count.tolist() == [0, 0, 0, 0, 1]
    nothing = calibration_bins(np.array(["a"]), np.full((1, 2), np.nan), CLASSES)
    assert nothing.error == 0


def test_impossible_bins():
    with pytest.raises(ValueError, match="n_bins"):
        calibration_bins(np.array(["a"]), np.array([[1.0, 0.0]]), CLASSES, n_bins=0)


def test_a_row_a_track_and_a_column_a_genre():
    bins = calibration_bins(["a", "b"], [[0.9, 0.1], [0.1, 0.9]], ["a", "b"])
    assert bins.error == pytest.approx(0.1)
    with pytest.raises(ValueError, match="a column for each of 3 classes"):
        calibration_bins(["a", "b"], np.ones((2, 2)), ["a", "b", "c"])
    with pytest.raises(ValueError, match="these are scores"):
        calibration_bins(["a", "b"], [[2.3, -1.0], [0.1, 0.9]], ["a", "b"])
