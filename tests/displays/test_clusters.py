"""Genres against clusters."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.displays import ClusterDisplay
from genrekit.evaluation import cluster_report

pytest.importorskip("matplotlib")


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    y = np.repeat(["blues", "jazz", "rock"], 12)
    centres = rng.normal(size=(3, 5)) * 8
    return centres[np.unique(y, return_inverse=True)[1]] + rng.normal(size=(36, 5)), y


def test_draws_the_best_clustering_of_a_report(table):
    report = cluster_report(*table, random_state=0)
    display = ClusterDisplay.from_report(report)
    np.testing.assert_array_equal(display.im_.get_array(), report.best.confusion)
    assert display.ax_.get_title().startswith(f"{report.best.name}\nadjusted Rand")
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["blues", "jazz", "rock"]
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["1", "2", "3"]


def test_a_named_clustering_in_percent_of_the_genre(table):
    report = cluster_report(*table, random_state=0)
    name = report.clusterings[-2].name
    display = ClusterDisplay.from_report(report, method=name, normalize="true")
    assert display.clustering is report.clusterings[-2]
    np.testing.assert_allclose(display.im_.get_array().sum(axis=1), 100)
    with pytest.raises(ValueError, match="unknown method 'kmeans': did you mean 'k-means'"):
        ClusterDisplay.from_report(report, method="kmeans")


def test_more_clusters_than_genres(table):
    display = ClusterDisplay.from_features(*table, n_clusters=5, method="k-means", random_state=0)
    assert display.im_.get_array().shape == (3, 5)
    assert display.im_.get_array().sum() == 36
