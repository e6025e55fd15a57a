"""Features by genre."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genrekit.displays import FeatureDistributionDisplay
from genrekit.features import Extraction

Figure = pytest.importorskip("matplotlib.figure").Figure


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 4))
    values[20:, 2] += 5
    values[:, 3] = 1.0
    return pd.DataFrame(values, columns=["one", "two", "telling", "constant"])


Y = np.repeat(["jazz", "rock"], 20)


def test_the_features_in_which_genres_differ_most_come_first(table):
    display = FeatureDistributionDisplay.from_features(table, Y, n_features=2)
    assert display.names[0] == "telling"
    assert "constant" not in display.names
    assert [ax.get_title() for ax in display.axes_] == list(display.names)
    labels = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert labels == ["jazz", "rock"]


def test_bars_are_counts_in_bins_that_genres_share(table):
    display = FeatureDistributionDisplay.from_features(table, Y, features=["two"], kind="histogram")
    ends = table["two"].min(), table["two"].max()
    for row, genre in enumerate(["jazz", "rock"]):
        counts, _ = np.histogram(table["two"][genre == Y], bins=20, range=ends)
        vertices = display.shapes_[0][row].get_paths()[0].vertices
        top = vertices[:, 1].min()
        assert row + 0.42 - top == pytest.approx(0.85)
        heights = np.unique(np.round((row + 0.42 - vertices[:, 1]) / 0.85 * counts.max(), 6))
        assert set(heights) == set(counts) | {0}


def test_violins_reach_from_the_least_to_the_most_and_mark_the_median(table):
    table.loc[0, "one"] = np.nan
    display = FeatureDistributionDisplay.from_features(table, Y, features=["one", "constant"])
    for row, genre in enumerate(["jazz", "rock"]):
        own = table["one"][genre == Y].dropna()
        x = display.shapes_[0][row].get_paths()[0].vertices[:, 0]
        assert (x.min(), x.max()) == (own.min(), own.max())
        line = display.ax_.lines[row]
        assert line.get_xdata()[0] == pytest.approx(own.median())
        assert np.mean(line.get_ydata()) == row


def test_a_genre_without_values_an_extraction_and_given_axes():
    values = np.array([[1.0], [2.0], [np.nan]])
    ax = Figure().add_subplot()
    found = Extraction(values, ["rms_mean"], [])
    display = FeatureDistributionDisplay.from_features(found, ["a", "a", "b"], ax=ax)
    assert display.ax_ is ax
    assert display.names == ["rms_mean"]
    assert display.shapes_[0][1] is None
    FeatureDistributionDisplay.from_features(np.full((2, 1), np.nan), ["a", "b"])


def test_bad_input(table):
    with pytest.raises(ValueError, match="did you mean 'telling'"):
        FeatureDistributionDisplay.from_features(table, Y, features=["teling"])
    with pytest.raises(ValueError, match="one row a label"):
        FeatureDistributionDisplay.from_features(table, Y[1:])
    with pytest.raises(ValueError, match="names has 1 names for 4 columns"):
        FeatureDistributionDisplay.from_features(table.to_numpy(), Y, names=["one"])
    with pytest.raises(ValueError, match="ax holds 1 axes: 2 are needed"):
        FeatureDistributionDisplay.from_features(table, Y, n_features=2, ax=Figure().add_subplot())
    with pytest.raises(ValueError, match="unknown kind"):
        FeatureDistributionDisplay.from_features(table, Y, kind="box")
    with pytest.raises(ValueError, match="pass the features alone"):
        FeatureDistributionDisplay.from_features(table.assign(genre="jazz"), Y)
    with pytest.raises(ValueError, match="a row a track"):
        FeatureDistributionDisplay.from_features(np.empty((0, 3)), [])
