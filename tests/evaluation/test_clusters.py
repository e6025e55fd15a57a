"""Clusters beside genres."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

import genrekit
from genrekit.datasets import make_tracks
from genrekit.evaluation import cluster_report


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.repeat(["jazz", "pop", "rock"], 30)
    centres = {"jazz": 0, "pop": 6, "rock": 12}
    X = rng.normal(size=(90, 5)) * [1, 10, 1, 1, 1]
    X[:, 0] += [centres[genre] for genre in y]
    X[:, 2] -= [centres[genre] for genre in y]
    return X, y


@pytest.fixture(scope="module")
def report(blobs):
    return cluster_report(*blobs, random_state=0)


def test_three_ways_with_and_without_pca(report):
    assert [(found.method, found.pca) for found in report.clusterings] == [
        ("k-means", False), ("agglomerative", False), ("Gaussian mixture", False),
        ("k-means", True), ("agglomerative", True), ("Gaussian mixture", True),
        ("shuffled genres", False),
    ]  # fmt: skip


def test_what_is_apart_is_found(report):
    assert report.best.adjusted_rand > 0.95
    assert report.best.matched > 0.95
    by_chance = report.clusterings[-1]
    assert abs(by_chance.adjusted_rand) < 0.1
    assert 1 / 3 < by_chance.purity < 0.55
    assert 0 < by_chance.nmi < 0.15


def test_chance_is_the_median_of_twenty_shuffles(blobs, report):
    _, y = blobs
    rng = np.random.default_rng(0)
    codes = np.unique(y, return_inverse=True)[1]
    tables = [contingency_matrix(y, rng.permutation(codes)) for _ in range(20)]
    purities = sorted(table.max(axis=0).sum() / len(y) for table in tables)
    assert purities[0] < purities[10] < purities[-1]
    assert report.clusterings[-1].purity == pytest.approx(purities[10])


def test_scores_are_those_of_scikit_learn(blobs, report):
    _, y = blobs
    for found in report.clusterings:
        assert found.adjusted_rand == pytest.approx(adjusted_rand_score(y, found.labels))
        assert found.nmi == pytest.approx(normalized_mutual_info_score(y, found.labels))
        best = sum(
            np.unique(y[found.labels == c], return_counts=True)[1].max() for c in set(found.labels)
        )
        assert found.purity == pytest.approx(best / 90)


def test_the_diagonal_holds_as_many_as_can_be(report):
    from itertools import permutations

    for found in report.clusterings:
        counts = found.confusion
        assert counts.sum() == 90
        sums = [sum(counts[i, p[i]] for i in range(3)) for p in permutations(range(3))]
        assert np.trace(counts) == max(sums) == round(found.matched * 90)


@pytest.mark.parametrize("n_clusters", [2, 5])
def test_another_number_of_clusters(blobs, n_clusters):
    report = cluster_report(*blobs, n_clusters=n_clusters, random_state=0)
    found = report.clusterings[0]
    assert len(set(found.labels)) == n_clusters
    assert found.confusion.shape == (3, max(3, n_clusters))
    assert found.confusion.sum() == 90
    assert found.matched == pytest.approx(2 / 3 if n_clusters == 2 else found.matched, abs=0.05)


def test_the_seed_decides(blobs):
    one, two = (cluster_report(*blobs, random_state=1) for _ in range(2))
    for first, second in zip(one.clusterings, two.clusterings, strict=True):
        np.testing.assert_array_equal(first.labels, second.labels)


def test_tracks_with_features():
    made = make_tracks(5, genres=["drone", "noise-beat"], sr=8000, duration=1.0, random_state=0)
    X = [(y, made.sr) for y in made.waveforms]
    names = ["rms", "zero_crossing_rate"]
    report = cluster_report(X, made.target, features=names, random_state=0)
    table = genrekit.extract(X, names).table
    expected = cluster_report(table, made.target, random_state=0)
    transformer = genrekit.AudioFeatures(names)
    other = cluster_report(X, made.target, features=transformer, random_state=0)
    for one, two, three in zip(
        report.clusterings, expected.clusterings, other.clusterings, strict=True
    ):
        np.testing.assert_array_equal(one.labels, two.labels)
        np.testing.assert_array_equal(one.labels, three.labels)


def test_rows_of_undecoded_tracks_are_left_out(blobs):
    X, y = blobs
    X = X.copy()
    X[[3, 40]] = np.nan
    report = cluster_report(X, y, random_state=0)
    assert len(report.kept) == len(report.y) == len(report.coordinates) == 88
    assert 3 not in report.kept


def test_text_and_frame(report):
    lines = str(report).splitlines()
    assert lines[2].startswith("k-means ")
    assert f"{report.clusterings[0].purity:.3f}" in lines[2]
    assert any(line.startswith("agglomerative, PCA") for line in lines)
    assert report.best.name in repr(report)
    pytest.importorskip("pandas")
    frame = report.to_frame()
    assert frame["nmi"].tolist() == [found.nmi for found in report.clusterings]


def test_tracks_without_features():
    with pytest.raises(ValueError, match="features='standard'"):
        cluster_report(np.zeros(4), ["a", "b"] * 2)
    with pytest.raises(ValueError, match="features='standard'"):
        cluster_report(["one.mp3", "two.mp3"], ["a", "b"])


def test_what_extract_gives_is_a_table(blobs):
    X, y = blobs
    names = [f"feature {i}" for i in range(X.shape[1])]
    found = cluster_report(genrekit.Extraction(X, names, []), y, random_state=0)
    expected = cluster_report(X, y, random_state=0)
    np.testing.assert_array_equal(found.coordinates, expected.coordinates)


def test_too_few(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="40 clusters"):
        cluster_report(X[20:40], y[20:40], n_clusters=40)
    with pytest.raises(ValueError, match="two features"):
        cluster_report(X[:, :1], y)
