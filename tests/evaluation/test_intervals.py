"""Intervals of a share, of single tracks and of groups."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.evaluation import group_interval, wilson_interval


@pytest.mark.parametrize(
    ("n_correct", "n_tracks", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (56, 70, 0.692, 0.877)],
)
def test_wilson_interval(n_correct, n_tracks, low, high):
    assert wilson_interval(n_correct, n_tracks) == pytest.approx((low, high), abs=5e-4)


def test_wilson_interval_is_that_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(17, 60).proportion_ci(0.9, method="wilson")
    assert wilson_interval(17, 60, confidence=0.9) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(("n_correct", "n_tracks"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_of_no_proportion(n_correct, n_tracks):
    with pytest.raises(ValueError, match="not a proportion"):
        wilson_interval(n_correct, n_tracks)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_wilson_interval_with_an_impossible_confidence(confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson_interval(1, 2, confidence=confidence)


def test_groups_of_one_are_tracks():
    right = np.random.default_rng(0).random(60) < 0.7
    found = group_interval(right, np.arange(60))
    assert found == pytest.approx(wilson_interval(int(right.sum()), 60))


def test_groups_that_are_right_or_wrong_as_one_count_as_one():
    right = np.repeat(np.arange(40) < 28, 5)
    found = group_interval(right, np.repeat(np.arange(40), 5))
    # Up to the quantile of t and the m / (m - 1) of a variance that is estimated.
    assert found == pytest.approx(wilson_interval(28, 40), abs=8e-3)
    assert found[1] - found[0] > np.diff(wilson_interval(28, 40))


def test_groups_of_which_each_is_half_right_do_no_harm():
    right = np.tile([True, False], 50)
    found = group_interval(right, np.arange(100) // 2)
    assert found == pytest.approx(wilson_interval(50, 100), abs=3e-3)


@pytest.mark.parametrize(("value", "n_right"), [(True, 8), (False, 0)])
def test_all_or_nothing_counts_groups(value, n_right):
    found = group_interval(np.full(40, value), np.repeat(np.arange(8), 5))
    assert found == pytest.approx(wilson_interval(n_right, 8))


def test_one_group():
    low, high = group_interval(np.array([True, False, True]), np.zeros(3))
    assert 0 < low < 2 / 3 < high < 1
    assert high - low > 0.8


@pytest.mark.parametrize("n_groups", [8, 50])
@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_coverage(spread, n_groups):
    """Of intervals made so, about 95 % hold the true share, whether groups matter or not."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_groups), 6)
    held = 0
    for _ in range(400):
        # The share of a group is its own, 0.7 on average.
        share = rng.beta(1.4, 0.6, n_groups) if spread else np.full(n_groups, 0.7)
        low, high = group_interval(rng.random(len(groups)) < share[groups], groups)
        held += low <= 0.7 <= high
    assert 0.92 <= held / 400 <= 0.99


@pytest.mark.parametrize(("right", "groups"), [([], []), ([True, False], [1]), ([[True]], [[1]])])
def test_one_group_a_track(right, groups):
    with pytest.raises(ValueError, match="one a track"):
        group_interval(right, groups)
    assert group_interval([True, False], ["a", "b"]) == pytest.approx(wilson_interval(1, 2))
