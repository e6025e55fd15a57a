"""Maps in which tracks can be looked up."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn import config_context

from genrekit import cluster_report
from genrekit.displays import MapDisplay, PCADisplay

pytest.importorskip("matplotlib")

Y = np.repeat(["jazz", "pop", "rock"], 8)


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 6)) + 8 * np.repeat(np.eye(3, 6), 8, axis=0)


def test_a_pca_is_that_of_the_other_display(table):
    table[3] = np.nan
    names = [f"{i}.mp3" for i in range(24)]
    display = MapDisplay.from_features(table, Y, tracks=names)
    other = PCADisplay.from_features(table, Y)
    np.testing.assert_allclose(display.coordinates, other.coordinates)
    assert display.labels == (other.ax_.get_xlabel(), other.ax_.get_ylabel())
    assert display.tracks == names[:3] + names[4:]
    assert display.ax_.get_xlabel() == other.ax_.get_xlabel()
    drawn = np.concatenate([points.get_offsets() for points in display.ax_.collections])
    np.testing.assert_allclose(drawn, display.coordinates)


def test_tsne_keeps_neighbours_and_is_the_same_each_time(table):
    one, other = (MapDisplay.from_features(table, Y, method="tsne") for _ in "ab")
    np.testing.assert_array_equal(one.coordinates, other.coordinates)
    apart = np.linalg.norm(one.coordinates[:, np.newaxis] - one.coordinates, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (Y[apart.argmin(axis=1)] == Y).all()
    assert one.ax_.get_xlabel() == "t-SNE 1"


def test_umap_needs_its_package(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match="pip install umap-learn, or take 'tsne'"):
        MapDisplay.from_features(table, Y, method="umap")


def test_umap_is_asked_for_what_a_seed_takes(table, monkeypatch):
    asked = {}

    class UMAP:
        def __init__(self, **options):
            asked.update(options)

        def fit_transform(self, X):
            return X[:, :2]

    monkeypatch.setitem(sys.modules, "umap", type(sys)("umap"))
    sys.modules["umap"].UMAP = UMAP
    display = MapDisplay.from_features(table, Y, method="umap", random_state=7, min_dist=0.5)
    assert asked == {"n_neighbors": 15, "random_state": 7, "n_jobs": 1, "min_dist": 0.5}
    assert display.coordinates.shape == (24, 2)


def test_bad_input(table):
    with pytest.raises(ValueError, match="tracks has 1 names for 24 rows"):
        MapDisplay.from_features(table, Y, tracks=["a"])
    with pytest.raises(ValueError, match="unknown method"):
        MapDisplay.from_features(table, Y, method="lda")
    with pytest.raises(ValueError, match="four rows and two features"):
        MapDisplay.from_features(table[:3], Y[:3])
    with pytest.raises(ValueError, match="one row a label"):
        MapDisplay.from_features(table, Y[1:])


def test_what_transformers_are_set_to_give_makes_no_difference(table):
    pytest.importorskip("pandas")
    plain = MapDisplay.from_features(table, Y).coordinates
    with config_context(transform_output="pandas"):
        np.testing.assert_array_equal(MapDisplay.from_features(table, Y).coordinates, plain)
        np.testing.assert_array_equal(PCADisplay.from_features(table, Y).coordinates, plain)
        clusters = cluster_report(table, Y, random_state=0)
    np.testing.assert_allclose(clusters.coordinates, plain)
