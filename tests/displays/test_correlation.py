"""Which features say the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from genrekit.displays import CorrelationDisplay

Figure = pytest.importorskip("matplotlib.figure").Figure


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    found = rng.normal(size=(50, 5))
    found[:, 3] = -found[:, 0] + 0.01 * rng.normal(size=50)
    return found


def test_cells_are_the_correlations(values):
    values[7, 1] = np.nan
    whole = np.delete(values, 7, axis=0)
    display = CorrelationDisplay.from_features(values, names=list("abcde"))
    np.testing.assert_allclose(display.correlation, np.corrcoef(whole.T))
    np.testing.assert_allclose(display.im_.get_array(), display.correlation)
    assert display.im_.get_clim() == (-1, 1)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == list("abcde")
    written = [text.get_text() for text in display.ax_.texts]
    assert written[:2] == ["1.00", f"{display.correlation[0, 1]:.2f}".replace("-", "−")]


def test_ranks_do_not_mind_outliers(values):
    values[0, :2] = 1e6
    display = CorrelationDisplay.from_features(values, method="spearman")
    np.testing.assert_allclose(display.correlation, spearmanr(values).statistic)
    assert display.names[4] == "feature 4"


def test_similar_ones_stand_together_whatever_the_sign(values):
    display = CorrelationDisplay.from_features(values, names=list("abcde"), order="similarity")
    shown = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert sorted(shown) == list("abcde")
    assert abs(shown.index("a") - shown.index("d")) == 1
    i, j = shown.index("a"), shown.index("d")
    assert display.im_.get_array()[i, j] == display.correlation[0, 3]


def test_constant_features_are_grey_and_many_have_some_names(values):
    values[:, 2] = 0.1
    display = CorrelationDisplay.from_features(values, order="similarity")
    assert np.isnan(display.correlation[2]).all()
    assert np.isfinite(np.delete(np.delete(display.correlation, 2, 0), 2, 1)).all()
    many = CorrelationDisplay.from_features(np.random.default_rng(0).normal(size=(9, 150)))
    assert len(many.ax_.get_yticklabels()) == 50
    assert not many.ax_.texts


def test_bad_input(values):
    with pytest.raises(ValueError, match="two of each"):
        CorrelationDisplay.from_features(values[:, :1])
    with pytest.raises(ValueError, match="two of each"):
        CorrelationDisplay.from_features(values[:1])
    with pytest.raises(ValueError, match="unknown method"):
        CorrelationDisplay.from_features(values, method="kendall")
