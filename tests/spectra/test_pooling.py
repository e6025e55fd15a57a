"""Statistics over frames against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from genrekit.features import STATS, MFCCStats
from genrekit.spectra._pooling import check_stats, pool, select

REFERENCE = {
    "mean": np.mean,
    "std": np.std,
    "var": np.var,
    "skew": scipy.stats.skew,
    "kurtosis": scipy.stats.kurtosis,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


@pytest.mark.parametrize("n_frames", [2, 3, 100, 1293])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_statistics_are_scipys(dtype, n_frames):
    rng = np.random.default_rng(n_frames)
    frames = (rng.exponential(size=(4, n_frames)) * [[1], [1e-6], [1e4], [1]] - 3).astype(dtype)
    pooled = pool(frames)
    assert pooled.dtype == np.float64
    for column, name in enumerate(STATS):
        expected = REFERENCE[name](frames.astype(np.float64), axis=1)
        np.testing.assert_allclose(pooled[:, column], expected, rtol=1e-7, atol=1e-9, err_msg=name)
    assert list(REFERENCE) == list(STATS)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e30, 1e-300, 123456.789])
@pytest.mark.parametrize("n_frames", [1, 7, 1293])
def test_constant_rows_have_no_spread_and_no_shape(n_frames, value):
    frames = np.full((2, n_frames), value)
    expected = {"mean": value, "median": value, "min": value, "max": value}
    for column, name in enumerate(STATS):
        np.testing.assert_array_equal(pool(frames)[:, column], expected.get(name, 0.0), name)


def test_select_takes_columns_row_after_row():
    pooled = pool(np.array([[1.0, 2.0, 6.0], [3.0, 3.0, 3.0]]))
    np.testing.assert_allclose(select(pooled, ["max", "mean"]), [6, 3, 3, 3])


@pytest.mark.parametrize(
    ("stats", "message"),
    [
        ("mean", r"write \['mean'\]"),
        (["mean", "medain"], "unknown statistic 'medain' in stats: did you mean 'median'"),
        (["mean", "mean"], "each statistic once"),
        ([], "at least one"),
        ({"mean", "std"}, "stats must be a list of names"),  # columns in any order
        (3, "stats must be a list of names, not 3"),
        ([["mean"]], "unknown statistic"),
    ],
)
def test_bad_stats(stats, message):
    with pytest.raises(ValueError, match=message):
        check_stats(stats)
    with pytest.raises(ValueError, match=message):
        MFCCStats(stats=stats).fit([np.ones(100)])


def test_no_stats_are_those_of_the_union():
    with pytest.raises(ValueError, match="stats must be a list of names, not None"):
        check_stats(None)
    alone = MFCCStats(stats=None).fit([np.ones(100)])
    assert list(alone.get_feature_names_out()[:2]) == ["mfcc0_mean", "mfcc0_std"]


def test_integers_are_pooled_as_numbers():
    frames = np.array([[1, 2, 3, 6], [4, 4, 4, 4]])
    np.testing.assert_array_equal(pool(frames), pool(frames.astype(float)))


@pytest.mark.parametrize("frames", [np.ones(4), np.ones((2, 0)), [["a"]], np.ones((2, 2, 2))])
def test_what_can_not_be_pooled(frames):
    with pytest.raises(ValueError, match="frames must hold numbers in 2 dimension"):
        pool(frames)
