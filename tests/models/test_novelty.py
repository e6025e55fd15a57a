"""Classifiers over the embedding of a network know how novel a track is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from genrekit import CNNEmbedding, GenreClassifier, PretrainedCNNClassifier, load, make_tracks, save
from genrekit.exceptions import GenrekitWarning
from genrekit.models import SegmentClassifier, make_knn_pipeline

SR = 8000


@pytest.fixture(scope="module")
def tracks():
    return make_tracks(8, genres=["drone", "noise-beat"], sr=SR, duration=1.0)


@pytest.fixture
def X(tracks):
    return [(y, tracks.sr) for y in tracks.waveforms]


@pytest.fixture
def small(tiny):
    """A classifier on a tiny network, one patch after the other."""
    features = CNNEmbedding(tiny, output="levels", patch_hop=0.02, sr=SR)
    return PretrainedCNNClassifier(features=features)


@pytest.fixture
def silence():
    return np.zeros(2 * SR), SR


def test_shipped(X, silence):
    clf = GenreClassifier.from_pretrained(on_error="nan")
    noise = np.random.default_rng(0).standard_normal(4 * SR), SR
    broken = np.full(SR, np.nan), SR
    with pytest.warns(GenrekitWarning, match="waveform|judged"):
        novelty = clf.novelty([*X[:2], noise, silence, broken])
    assert np.isnan(novelty).tolist() == [False, False, False, True, True]
    assert ((novelty[:3] >= 0) & (novelty[:3] <= 1)).all()
    assert novelty[2] > 0.9


def test_fitted(small, tracks, X):
    small.fit(X, tracks.target)
    known = small.novelty(X)
    other = [(np.sign(np.sin(np.arange(SR) / 40)), SR)]
    assert known.shape == (16,)
    assert small.novelty(other)[0] > np.quantile(known, 0.9)


def test_reject_novel(small, tracks, X):
    small.fit(X, tracks.target)
    novelty, found = small.novelty(X), small.predict(X)
    limit = float(np.median(novelty))
    small.set_params(reject_novel=limit)
    expected = np.where(novelty > limit, "unknown", found)
    assert small.predict(X).tolist() == expected.tolist()
    assert small.set_params(reject_novel=1.0).predict(X).tolist() == found.tolist()
    assert small.predict(X).dtype == object
    with pytest.raises(ValueError, match="reject_novel"):
        small.set_params(reject_novel=1.5).predict(X)


def test_clone_and_saving_keep_it(small, tracks, X, tmp_path):
    small.set_params(reject_novel=0.9).fit(X, tracks.target)
    save(small, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.novelty(X), small.novelty(X))
    assert loaded.reject_novel == clone(small).reject_novel == 0.9


def test_damaged_numbers_are_refused(small, tracks, X, tmp_path):
    small.fit(X, tracks.target)
    for numbers in ({"mean": np.zeros(3)}, {**small.novelty_, "within": np.zeros((2, 3))}, 5):
        damaged = clone(small)
        damaged.__dict__.update({**vars(small), "novelty_": numbers})
        with pytest.raises(ValueError, match="novelty_"):
            load(_saved(damaged, tmp_path / "model.skops"))


def _saved(model, path):
    save(model, path)
    return path


def test_without_a_network_there_is_none(tracks, X):
    clf = GenreClassifier("knn", ["rms"], sr=SR).fit(X, tracks.target)
    assert clf.novelty_ is None
    with pytest.raises(ValueError, match="CNNEmbedding"):
        clf.novelty(X)
    with pytest.raises(ValueError, match="CNNEmbedding"):
        clf.set_params(reject_novel=0.9).predict(X)
    with pytest.raises(ValueError, match="CNNEmbedding"):
        GenreClassifier.from_pretrained("msd-genres", reject_novel=0.9).predict(X)
    assert not hasattr(SegmentClassifier(make_knn_pipeline(["rms"])), "novelty")
