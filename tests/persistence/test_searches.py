"""Searches over parameters, saved and loaded: what they found, and none of their code."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genrekit import GenreClassifier, SegmentClassifier, make_svm_pipeline, make_tracks
from genrekit.exceptions import GenrekitWarning
from genrekit.persistence import _archive, _persistence, _schema
from genrekit.persistence._persistence import load, save

FEATURES = ["rms", "zero_crossing_rate"]
SEARCHES = {
    "grid": lambda model, name: GridSearchCV(model, {name: [1, 2, None][:2]}, cv=2),
    "random": lambda model, name: RandomizedSearchCV(model, {name: [1, 2]}, n_iter=2, cv=2),
    "halving": lambda model, name: HalvingGridSearchCV(model, {name: [1, 2]}, cv=2, factor=2),
    "halving random": lambda model, name: HalvingRandomSearchCV(
        model, {name: [1, 2]}, cv=2, factor=2, random_state=0
    ),
}


@pytest.fixture(scope="module")
def music():
    tracks = make_tracks(6, genres=["drone", "pulse"], duration=1.2)
    return [(y, tracks.sr) for y in tracks.waveforms], tracks.target


@pytest.fixture(scope="module")
def table():
    rng = np.random.RandomState(0)
    return rng.normal(size=(40, 4)) + np.repeat([0, 1], 20)[:, None], np.repeat(["a", "b"], 20)


def again(model, tmp_path, **options):
    save(model, tmp_path / "g.skops")
    return load(tmp_path / "g.skops", **options)


def assert_same(found, search, X, y):
    """Everything that a search is asked for after `fit`."""
    assert type(found) is type(search)
    np.testing.assert_array_equal(found.predict(X), search.predict(X))
    assert found.score(X, y) == search.score(X, y)
    for name in ("best_score_", "best_index_", "n_splits_", "multimetric_", "refit", "cv"):
        assert getattr(found, name) == getattr(search, name)
    assert str(found.best_params_) == str(search.best_params_)
    assert found.cv_results_.keys() == search.cv_results_.keys()
    for name, values in search.cv_results_.items():
        loaded = found.cv_results_[name]
        assert type(loaded) is type(values)
        assert str(list(loaded)) == str(list(values))
        if isinstance(values, np.ma.MaskedArray):
            np.testing.assert_array_equal(np.ma.getmaskarray(loaded), np.ma.getmaskarray(values))


@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("over", ["pipeline", "classifier"])
def test_a_search_comes_back(kind, over, music, tmp_path):
    if over == "pipeline":
        search = SEARCHES[kind](make_svm_pipeline(FEATURES), "clf__C")
    else:
        search = SEARCHES[kind](GenreClassifier(SVC(), FEATURES, calibrate=False), "model__C")
    search.fit(*music)
    found = again(search, tmp_path)
    assert_same(found, search, *music)
    assert again(found, tmp_path).best_score_ == search.best_score_  # and once more


def test_the_example_of_the_readme(music, tmp_path):
    search = GridSearchCV(make_svm_pipeline(), {"clf__C": [1]}, cv=2).fit(*music)
    assert_same(again(search, tmp_path), search, *music)


def test_estimators_among_the_parameters_come_back_without_their_runtime(table, tmp_path):
    models = [KNeighborsClassifier(1, algorithm="brute", n_jobs=2), SVC(C=3.0, cache_size=7.0)]
    grid = [{"clf": models[:1]}, {"clf": models[1:], "clf__C": [1.0, 2.0]}]
    steps = [("scale", StandardScaler()), ("clf", SVC())]
    search = GridSearchCV(Pipeline(steps), grid, cv=2).fit(*table)
    found = again(search, tmp_path)
    np.testing.assert_array_equal(found.predict(table[0]), search.predict(table[0]))
    column = found.cv_results_["param_clf__C"]
    assert column.mask.tolist() == [True, False, False]
    assert found.cv_results_["param_clf"].data[0].n_jobs is None
    assert search.cv_results_["param_clf"].data[0].n_jobs == 2
    assert found.cv_results_["param_clf"].data[1].cache_size == 200


def test_unfitted_and_nested_searches_come_back(music, tmp_path):
    search = GridSearchCV(make_svm_pipeline(FEATURES), {"clf__C": [1, 2]}, scoring="accuracy")
    assert again(search, tmp_path).scoring == "accuracy"
    clf = SegmentClassifier(search, segment_duration=0.2).fit(*music)
    found = again(clf, tmp_path)
    np.testing.assert_array_equal(found.predict_proba(music[0]), clf.predict_proba(music[0]))
    assert found.estimator_.best_params_ == clf.estimator_.best_params_


@pytest.mark.parametrize(
    ("scoring", "refit", "kept"),
    [
        ("f1_macro", True, "f1_macro"),
        (["accuracy", "f1_macro"], "f1_macro", ["accuracy", "f1_macro"]),
        (("accuracy", "f1_macro"), "f1_macro", ["accuracy", "f1_macro"]),
        ({"f": "f1_macro", "a": "accuracy"}, "f", {"f": "f1_macro", "a": "accuracy"}),
        (make_scorer(f1_score, average="macro", pos_label=None), True, "f1_macro"),
    ],
)
def test_scorers_are_kept_by_name(scoring, refit, kept, table, tmp_path):
    search = GridSearchCV(SVC(), {"C": [1e-3, 1.0]}, cv=2, scoring=scoring, refit=refit)
    search.fit(*table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = again(search, tmp_path)
    assert found.scoring == kept
    assert_same(found, search, *table)


def test_what_is_code_is_left_out_and_told(table, tmp_path):
    def best(results):
        return int(np.argmax(results["mean_test_mine"]))

    mine = {"mine": lambda model, X, y: model.score(X, y) / 2}
    search = GridSearchCV(SVC(), {"C": [1e-3, 1.0]}, cv=2, scoring=mine, refit=best).fit(*table)
    with pytest.warns(GenrekitWarning, match=r"scoring=.*lambda.* and refit=.*best.* being code"):
        found = again(search, tmp_path)
    assert (found.scoring, found.refit) == (None, True)
    np.testing.assert_array_equal(found.predict(table[0]), search.predict(table[0]))
    assert found.score(*table) == search.best_estimator_.score(*table)
    np.testing.assert_array_equal(
        found.cv_results_["mean_test_mine"], search.cv_results_["mean_test_mine"]
    )


def test_distributions_are_kept_as_what_was_drawn(table, tmp_path):
    choices = {"C": loguniform(1e-2, 1e2), "kernel": ["rbf", "linear"]}
    search = RandomizedSearchCV(SVC(), choices, n_iter=3, cv=2, random_state=0).fit(*table)
    found = again(search, tmp_path)
    assert_same(found, search, *table)
    drawn = [params["C"] for params in search.cv_results_["params"]]
    assert found.param_distributions == {"C": drawn, "kernel": ["rbf", "linear"]}
    both = RandomizedSearchCV(SVC(), [choices], n_iter=3, cv=2, random_state=0).fit(*table)
    assert again(both, tmp_path).param_distributions[0]["C"] == drawn


@pytest.mark.parametrize("folds", ["iterator", "list", "splitter"])
def test_folds_come_back(folds, table, tmp_path):
    X, y = table
    splits = list(StratifiedKFold(2).split(X, y))
    cv = {
        "iterator": (split for split in splits),
        "list": splits,
        "splitter": GroupKFold(2),
    }[folds]
    given = {"groups": np.arange(40) % 5} if folds == "splitter" else {}
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=cv).fit(X, y, **given)
    found = again(search, tmp_path)
    np.testing.assert_array_equal(found.predict(X), search.predict(X))
    if folds == "splitter":
        assert found.cv.n_splits == 2
    else:
        np.testing.assert_array_equal(found.cv[0][1], splits[0][1])


# ---------------------------------------------------------------- hostile files


@pytest.mark.parametrize(
    ("name", "value"),
    [("scoring", [1, 2]), ("scoring", "os.system"), ("scoring", {"a": 3}), ("refit", [1])],
)
def test_scores_of_a_file_are_names(name, value, table, tmp_path):
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(*table)
    save(search, tmp_path / "g.skops")
    members, manifest = _archive.read_archive((tmp_path / "g.skops").read_bytes())
    schema = json.loads(members[_schema.FILE])
    hostile = GridSearchCV(None, {}).set_params(**{name: value})
    odd = json.loads(_archive.unzip(_persistence._dump(hostile))[_schema.FILE])
    for node in _schema.iter_nodes(odd):
        node.state["__id__"] += 10**16
    schema["content"]["content"][name] = odd["content"]["content"][name]
    members[_schema.FILE] = json.dumps(schema).encode()
    (tmp_path / "g.skops").write_bytes(_archive.write_archive(members, manifest))
    with pytest.raises(ValueError, match=r"g\.skops: "):
        load(tmp_path / "g.skops")
