"""scikit-learn's own checks, in full and with no expected failures, for all estimators."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import genrekit
from genrekit.features import FEATURES, transformers
from genrekit.features._table import _GTZAN

SMALL = {"n_fft": 64, "hop_length": 32}
# Settings that keep the checks quick, and the bands inside so short an FFT.
EXTRA = {
    "MelSpectrogram": {"n_mels": 8},
    "MFCCStats": {"n_mels": 8, "n_mfcc": 4, "deltas": 1},
    "SpectralContrast": {"n_bands": 2, "fmin": 1000.0},
}


def _estimators():
    for feature in FEATURES.values():
        cls = getattr(transformers, feature.transformer)
        yield cls(**SMALL, **EXTRA.get(feature.transformer, {}))
    for feature in _GTZAN.values():
        if feature.transformer != "GTZANMFCC":
            yield getattr(transformers, feature.transformer)(**SMALL)
    few = ["rms", "spectral_centroid", genrekit.MFCCStats(n_mels=8, n_mfcc=4)]
    yield genrekit.AudioFeatures(few, **SMALL)
    yield genrekit.AudioFeatures(sr=4000, n_fft=512).set_params(spectral_contrast__n_bands=2)
    yield genrekit.PCAReducer()
    yield genrekit.PCAReducer(n_components=1, whiten=True)
    # One sample a window: what tells the checks' rows of two samples apart is order and sign.
    order = [genrekit.MFCCStats(n_mels=2, n_mfcc=2, deltas=1, width=3), "rms", "zero_crossing_rate"]
    features = genrekit.AudioFeatures(order, n_fft=8, hop_length=1, win_length=2)
    yield genrekit.GenreClassifier()
    yield genrekit.GenreClassifier("svm", features, random_state=0)
    yield genrekit.GenreClassifier("svm", features, calibrate=False)
    yield genrekit.GenreClassifier("knn", features, reducer="pca", random_state=0)
    forest = RandomForestClassifier(10, random_state=0)
    yield genrekit.GenreClassifier(forest, features, random_state=0)
    # Four samples a segment, so that the checks' rows have several.
    cut = {"segment_duration": 4 / 22050, "pad": 1.0}
    svm, knn = genrekit.make_svm_pipeline(features), genrekit.make_knn_pipeline(features)
    yield genrekit.SegmentClassifier(genrekit.GenreClassifier(svm[-1], features), **cut)
    yield genrekit.SegmentClassifier(svm, segment_hop=2 / 22050, aggregate="logmean", **cut)
    yield genrekit.SegmentClassifier(knn, aggregate="vote", **cut)
    yield genrekit.SegmentClassifier(
        genrekit.make_rf_pipeline(features).set_params(clf=forest), aggregate="max", **cut
    )


def _networks():
    """Trained networks, where networks can be trained; segments of four samples, as above."""
    if find_spec("torch") is None:
        return
    # Without a validation part, which would cost some checks what they want to be learnt.
    yield genrekit.NetworkClassifier(
        TinyNetwork(),
        inputs="waveform",
        segment_duration=4 / 22050,
        max_epochs=30,
        lr=0.03,
        validation=None,
        random_crop=False,
        device="cpu",
        random_state=0,
    )


class TinyNetwork:
    """A network that learns what scikit-learn's checks ask in a moment."""

    def __call__(self, shapes, n_classes):
        from torch import nn

        return nn.Sequential(nn.Linear(*shapes[0], 16), nn.ReLU(), nn.Linear(16, n_classes))

    def __repr__(self):
        """Without an address: tests go by it, and all processes must know the same tests."""
        return "TinyNetwork()"

    def __deepcopy__(self, memo):
        """Like a function, it is its own copy."""
        return self


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not there: no network is trained")
@parametrize_with_checks(list(_networks()))
def test_scikit_learn_checks_of_networks(estimator, check):
    check(estimator)


@parametrize_with_checks(list(_estimators()))
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        genrekit.GenreClassifier(),
        genrekit.SegmentClassifier(genrekit.GenreClassifier()),
        genrekit.AudioFeatures(),
    ],
)
def test_tags_hide_nothing(estimator):
    tags = estimator.__sklearn_tags__()
    assert not tags.no_validation
    assert not tags.non_deterministic
    assert not tags.input_tags.string
    assert tags.classifier_tags is None or not tags.classifier_tags.poor_score


def test_scikit_learn_checks_of_the_shipped_network(without_onnx):
    check_estimator(genrekit.CNNEmbedding())


def test_pca_reducer_is_scaler_then_pca():
    import numpy as np
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.random.default_rng(0).standard_normal((30, 5)) * [1, 10, 100, 1000, 1e4]
    expected = make_pipeline(StandardScaler(), PCA(2)).fit_transform(X)
    reducer = genrekit.PCAReducer(2).fit(X)
    np.testing.assert_allclose(reducer.transform(X), expected)
    assert reducer.explained_variance_ratio_.shape == (2,)
