"""The same estimators in scikit-learn's own tools, on files and on waveforms of any length."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import genrekit
from genrekit import (
    RMS,
    AudioFeatures,
    GenreClassifier,
    MFCCStats,
    SpectralCentroid,
    ZeroCrossingRate,
    make_tracks,
)
from genrekit.dsp import kernels

SMALL = {"sr": 8000, "n_fft": 256, "hop_length": 128}
GENRES = ["arpeggio", "drone", "noise-beat"]
CHANCE = 1 / len(GENRES)


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """The same tracks as files, and as waveforms no two of which are of one length."""
    args = {"n_per_genre": 6, "genres": GENRES, "sr": 8000, "duration": 0.4}
    files = make_tracks(root=tmp_path_factory.mktemp("tracks"), **args)
    waveforms = [y[: len(y) - 20 * i] for i, y in enumerate(make_tracks(**args).waveforms)]
    return {"paths": files.paths, "ragged": waveforms}


@pytest.fixture(params=["paths", "ragged"])
def X(request, collections):
    return collections[request.param]


@pytest.fixture
def y():
    return np.repeat(GENRES, 6)


@pytest.fixture
def groups():
    """Two tracks of a genre to a group."""
    return np.arange(18) // 2


@pytest.fixture
def features():
    return AudioFeatures([MFCCStats(n_mfcc=4, n_mels=8), "rms", "zero_crossing_rate"], **SMALL)


@pytest.fixture
def pipeline(features):
    clf = LogisticRegression(C=10.0)
    return Pipeline([("features", features), ("scale", StandardScaler()), ("clf", clf)])


@pytest.fixture
def classifier(features):
    return GenreClassifier(GaussianNB(), features, random_state=0)


@pytest.fixture(params=["pipeline", "classifier"])
def estimator(request):
    return request.getfixturevalue(request.param)


def as_column(X):
    """A column of objects, for what insists on two dimensions."""
    column = np.empty((len(X), 1), dtype=object)
    for i, track in enumerate(X):
        column[i, 0] = track
    return column


@pytest.mark.parametrize("cv", [GroupKFold(3), StratifiedGroupKFold(3)], ids=repr)
def test_cross_val_score_with_groups(estimator, cv, X, y, groups):
    scores = cross_val_score(estimator, X, y, groups=groups, cv=cv, error_score="raise")
    assert scores.shape == (3,)
    assert scores.mean() > CHANCE


def test_cross_val_predict_gives_probabilities(estimator, X, y):
    proba = cross_val_predict(estimator, X, y, cv=2, method="predict_proba")
    assert proba.shape == (18, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)


def test_folds_of_several_processes_give_the_same(estimator, collections, y):
    X = collections["paths"]
    one, two = (cross_val_score(estimator, X, y, cv=2, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("spec", ["standard", ["mfcc", "rms"]], ids=["set", "list"])
def test_grid_over_nested_feature_parameters_of_a_pipeline(spec, pipeline, X, y, groups):
    pipeline.set_params(features=AudioFeatures(spec))
    grid = {"features__mfcc__n_mfcc": [2, 5], "clf__C": [1.0]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), error_score="raise")
    search.fit(X, y, groups=groups)
    best = search.best_params_["features__mfcc__n_mfcc"]
    names = search.best_estimator_["features"].get_feature_names_out()
    assert sum(name.startswith("mfcc") for name in names) == 2 * best
    assert search.score(X, y) > CHANCE
    assert pipeline["features"].features == spec  # the search worked on clones


@pytest.mark.parametrize("spec", ["standard", ["mfcc", "rms"]], ids=["set", "list"])
def test_grid_over_nested_feature_parameters_of_the_classifier(spec, X, y):
    classifier = GenreClassifier(GaussianNB(), spec, calibrate=False)
    grid = {"features__mfcc__n_mfcc": [2, 5]}
    search = GridSearchCV(classifier, grid, cv=2, error_score="raise").fit(X, y)
    best = search.best_params_["features__mfcc__n_mfcc"]
    names = search.best_estimator_.features_.get_feature_names_out()
    assert sum(name.startswith("mfcc") for name in names) == 2 * best
    assert classifier.features == spec


def test_grid_over_models_and_their_parameters(features, X, y):
    classifier = GenreClassifier(features=features, calibrate=False, random_state=0)
    grid = [
        {"model": ["svm", "knn"], "reducer": [None, 2]},
        {"model": [SVC()], "model__C": [0.1, 10.0]},
        {"reducer": np.arange(1, 3)},
    ]
    search = GridSearchCV(classifier, grid, cv=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > CHANCE
    assert search.predict_proba(X).shape == (18, 3)


def test_grid_over_how_much_of_a_track_is_read(X, y):
    classifier = GenreClassifier(GaussianNB(), ["rms", "zero_crossing_rate"], calibrate=False)
    grid = {"duration": [0.05], "features__rms__stats": [["mean"], ["mean", "max"]]}
    search = GridSearchCV(classifier, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_estimator_.median_seconds_ == pytest.approx(0.05, abs=1e-3)


def test_feature_union_gives_what_audio_features_gives(X):
    parts = [
        ("mfcc", MFCCStats(n_mfcc=4, n_mels=8, **SMALL)),
        ("centroid", SpectralCentroid(**SMALL)),
        ("rms", RMS(**SMALL)),
    ]
    together = AudioFeatures(parts, **SMALL).fit_transform(X)
    np.testing.assert_array_equal(FeatureUnion(parts).fit_transform(X), together)


def test_feature_union_in_a_pipeline(pipeline, X, y, groups):
    union = FeatureUnion([("rms", RMS(**SMALL)), ("zcr", ZeroCrossingRate(**SMALL))])
    pipeline.set_params(features=union)
    grid = {"features__rms__stats": [["mean"], ["mean", "max"]]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), error_score="raise")
    search.fit(X, y, groups=groups)
    assert search.best_score_ > CHANCE


def test_feature_union_in_the_classifier(X, y):
    union = FeatureUnion([("rms", RMS(**SMALL)), ("zcr", ZeroCrossingRate(**SMALL))])
    classifier = GenreClassifier(GaussianNB(), union, random_state=0)
    assert cross_val_score(classifier, X, y, cv=2, error_score="raise").mean() > CHANCE


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibrated(pipeline, ensemble, X, y):
    calibrated = CalibratedClassifierCV(pipeline, cv=2, ensemble=ensemble).fit(X, y)
    proba = calibrated.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert calibrated.score(X, y) > CHANCE


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_voting(pipeline, classifier, voting, X, y):
    vote = VotingClassifier([("a", pipeline), ("b", classifier)], voting=voting).fit(X, y)
    assert vote.score(X, y) > CHANCE
    assert set(vote.predict(X)) <= set(GENRES)


def test_stacking(pipeline, classifier, X, y):
    stack = StackingClassifier([("a", pipeline), ("b", classifier)], cv=2).fit(X, y)
    assert stack.score(X, y) > CHANCE
    assert stack.transform(X).shape == (18, 6)


def test_pandas_output(features, X):
    pd = pytest.importorskip("pandas")
    table = features.set_output(transform="pandas").fit_transform(X)
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == features.get_feature_names_out().tolist()
    assert table.columns[0] == "mfcc0_mean"
    np.testing.assert_array_equal(table, features.set_output(transform="default").transform(X))


def test_pandas_output_of_a_pipeline_names_the_columns_down_to_the_classifier(pipeline, X, y):
    pytest.importorskip("pandas")
    pipeline.set_output(transform="pandas").fit(X, y)
    assert pipeline["clf"].feature_names_in_[0] == "mfcc0_mean"
    assert pipeline.score(X, y) > CHANCE


def test_classifier_under_global_pandas_output(classifier, X, y):
    pytest.importorskip("pandas")
    plain = classifier.fit(X, y).predict_proba(X)
    with config_context(transform_output="pandas"):
        np.testing.assert_array_equal(classifier.fit(X, y).predict_proba(X), plain)


def test_paths_in_pandas(estimator, collections, y):
    pd = pytest.importorskip("pandas")
    paths = collections["paths"]
    expected = estimator.fit(paths, y).predict(paths)
    # Labels other than 0, 1, ... must not matter.
    series = pd.Series(paths, index=[f"track {i}" for i in range(18)])
    labels = pd.Series(y, index=series.index)
    np.testing.assert_array_equal(estimator.fit(series, labels).predict(series), expected)
    frame = series.to_frame("path")
    np.testing.assert_array_equal(estimator.fit(frame, labels).predict(frame), expected)


def test_bagging_of_a_column(estimator, X, y):
    column = as_column(X)
    bag = BaggingClassifier(estimator, n_estimators=3, random_state=0).fit(column, y)
    assert bag.score(column, y) > CHANCE


def test_permutation_importance_of_a_column(estimator, X, y):
    column = as_column(X)
    estimator.fit(column, y)
    found = permutation_importance(estimator, column, y, n_repeats=3, random_state=0)
    assert found.importances.shape == (1, 3)
    assert found.importances_mean[0] > 0  # who hears another track says another genre


def test_groups_are_routed_to_splitter_and_classifier(features, X, y, groups):
    classifier = GenreClassifier(GaussianNB(), features, random_state=0)
    with config_context(enable_metadata_routing=True):
        found = cross_validate(
            classifier.set_fit_request(groups=True),
            X,
            y,
            cv=LeaveOneGroupOut(),
            params={"groups": groups},
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    for fitted, train in zip(found["estimator"], found["indices"]["train"], strict=True):
        inner = groups[train]
        for left, right in fitted.pipeline_["clf"].cv:
            assert not set(inner[left]) & set(inner[right])


def test_weights_are_routed_to_the_classifier(features, X, y):
    classifier = GenreClassifier(GaussianNB(), features, calibrate=False)
    weight = np.where(y == GENRES[0], 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        found = cross_validate(
            classifier.set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
            X,
            y,
            cv=2,
            params={"sample_weight": weight},
            return_estimator=True,
            error_score="raise",
        )
    assert [fitted.classes_.tolist() for fitted in found["estimator"]] == [GENRES[1:]] * 2


def count_calls(function):
    """Calls that go from a file of ours to another, by their rooms, and calls by name."""
    root = Path(genrekit.__file__).parent
    hops, calls = Counter(), Counter()

    def note(frame, event, arg):
        file = Path(frame.f_code.co_filename)
        if event == "call" and root in file.parents:
            calls[frame.f_code.co_name] += 1
            before = Path(frame.f_back.f_code.co_filename) if frame.f_back else file
            if root in before.parents and before != file:
                hops[before.parent.name, file.parent.name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return hops, calls


def test_x_is_read_once_and_the_features_are_made_once(X, y):
    clf = GenreClassifier(calibrate=False, random_state=0)
    _, fitting = count_calls(lambda: clf.fit(X, y))
    clf.predict(X[:1])  # what is made once a process is there from here on
    hops, predicting = count_calls(lambda: clf.predict(X[:1]))
    for calls in (fitting, predicting):
        assert calls["read_tracks"] == calls["check_collection"] == 1
        assert calls["resolve"] <= 1  # once a process will do
        assert calls["_make_transformer"] == 0
    # numpy's kernels call from one file into another where compiled ones do not.
    most = 450 if kernels.FLAVOUR == "numba" else 480
    assert 100 < sum(hops.values()) < most
    assert not {rooms for rooms in hops if rooms[0] != "models" and rooms[1] == "models"}


def test_features_know_the_columns_of_x_as_if_they_had_read_it():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((8, 600)) * 0.1, columns=[f"s{i}" for i in range(600)])
    clf = GenreClassifier(features=["rms"], calibrate=False).fit(X, list("abababab"))
    assert clf.features_.n_features_in_ == clf.n_features_in_ == 600
    assert clf.features_.feature_names_in_.tolist() == X.columns.tolist()
    for estimator in (clf.predict, clf.features_.transform):
        with pytest.raises(ValueError, match="feature names"):
            estimator(X.rename(columns={"s0": "other"}))
    clf.fit(list(X.to_numpy()), list("abababab"))
    assert not hasattr(clf, "n_features_in_")
    assert not hasattr(clf.features_, "n_features_in_")
