"""The map of tracks."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import genrekit
from genrekit.displays import PCADisplay
from genrekit.views._style import colours, looks

pytest.importorskip("matplotlib")


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, 6)) * [1, 10, 100, 1, 1, 1]


@pytest.fixture
def y():
    return np.repeat(["jazz", "pop", "rock"], 10)


def test_points_are_the_components_of_the_standardised_table(table, y):
    display = PCADisplay.from_features(table, y)
    expected = PCA(2).fit(StandardScaler().fit_transform(table))
    np.testing.assert_allclose(display.explained_variance_ratio, expected.explained_variance_ratio_)
    drawn = np.concatenate([points.get_offsets() for points in display.ax_.collections])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(display.coordinates, axis=0))
    share = 100 * expected.explained_variance_ratio_
    assert f"({share[0]:.0f} %" in display.ax_.get_xlabel()
    assert f"({share[1]:.0f} %" in display.ax_.get_ylabel()


def test_legend_stands_outside_and_names_the_genres(table, y):
    display = PCADisplay.from_features(table, y)
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["jazz", "pop", "rock"]
    display.figure_.draw_without_rendering()
    assert legend.get_window_extent().x0 >= display.ax_.get_window_extent().x1


def test_what_extract_gives_is_a_table(table, y):
    extraction = genrekit.Extraction(table, list("abcdef"), [])
    expected = PCADisplay.from_features(table, y).coordinates
    np.testing.assert_array_equal(PCADisplay.from_features(extraction, y).coordinates, expected)


def test_twenty_genres_can_be_told_apart(table):
    display = PCADisplay.from_features(table[:20], np.arange(20))
    looks = {
        (tuple(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes())
        for points in display.ax_.collections
    }
    assert len(looks) == 20


def test_a_hundred_genres_look_different():
    assert len(set(looks(100))) == 100
    assert len(set(colours(16))) == 16


def test_names_that_matplotlib_would_read_otherwise(table):
    display = PCADisplay.from_features(table, np.repeat(["_hidden", "a$x^$b", "$"], 10))
    assert len(display.ax_.get_legend().get_texts()) == 3
    display.figure_.draw_without_rendering()  # "$x^$" as a formula would raise


def test_rows_of_undecoded_tracks_are_left_out(table, y):
    table[[3, 15]] = np.nan
    display = PCADisplay.from_features(table, y)
    assert display.coordinates.shape == (28, 2)
    assert len(display.y) == 28


def test_constant_features_do_no_harm(table, y):
    table[:, 2] = 7.0
    assert np.isfinite(PCADisplay.from_features(table, y).coordinates).all()
    table[:] = 7.0
    display = PCADisplay.from_features(table, y)
    assert (display.coordinates == 0).all()
    labels = display.ax_.get_xlabel(), display.ax_.get_ylabel()
    assert labels == tuple(f"component {i} (0 % of the variance)" for i in (1, 2))


def test_draws_on_given_axes_and_leaves_pyplot_alone(table, y):
    from matplotlib.figure import Figure

    loaded = "matplotlib.pyplot" in sys.modules
    figure = Figure()
    ax = figure.add_subplot()
    display = PCADisplay.from_features(table, y, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_a_list_goes_in(y):
    rows = [[float(i), float(i % 3), 1.0] for i in range(30)]
    assert PCADisplay.from_features(rows, y.tolist()).coordinates.shape == (30, 2)


def test_another_length(table, y):
    with pytest.raises(ValueError, match="one row a label"):
        PCADisplay.from_features(table, y[1:])


def test_too_little_to_map(table, y):
    with pytest.raises(ValueError, match="two of each"):
        PCADisplay.from_features(table[:, :1], y)
    table[1:] = np.nan
    with pytest.raises(ValueError, match="two of each"):
        PCADisplay.from_features(table, y)
