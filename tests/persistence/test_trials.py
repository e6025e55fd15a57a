"""What can't predict is not loaded: numbers that are none, and parts that do not fit each other."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import genrekit
from genrekit import GenreClassifier, PCAReducer, SegmentClassifier, make_knn_pipeline
from genrekit.heads import fit_head
from genrekit.persistence import _archive, _persistence, _schema
from genrekit.persistence._model_checks import check_model, iter_objects
from genrekit.persistence._persistence import load, save
from genrekit.persistence._trials import try_model

FEW = ["rms", "zero_crossing_rate"]
RNG = np.random.RandomState(0)
Y = np.repeat(["blues", "metal", "pop"], 20)
X = RNG.normal(size=(60, 5)) + np.repeat(np.arange(3), 20)[:, None]
CALIBRATED = CalibratedClassifierCV(SVC(), cv=2)
# Every kind of estimator that is saved, as the last step behind the kinds of steps that are.
MODELS: dict[str, Any] = {
    "svc": SVC(),
    "svc of pairs": SVC(decision_function_shape="ovo", gamma="auto"),
    "logistic": LogisticRegression(),
    "logistic of two": LogisticRegression(),
    "knn": KNeighborsClassifier(algorithm="brute", weights="distance"),
    "forest": RandomForestClassifier(3, random_state=0),
    "tree": DecisionTreeClassifier(random_state=0),
    "dummy": DummyClassifier(),
    "calibrated": CALIBRATED,
    "calibrated once": CalibratedClassifierCV(SVC(), cv=2, ensemble=False),
    "temperature": CalibratedClassifierCV(SVC(), cv=2, method="temperature"),
    "head": None,
    "reduced head": None,
}


def fitted(name: str) -> Any:
    """One of the models above."""
    if MODELS[name] is None:
        reducer = "pca" if "reduced" in name else None
        return fit_head(X, Y, np.arange(60), model="svm", reducer=reducer)
    steps = [SimpleImputer(), StandardScaler(), PCA(4, whiten=True), MODELS[name]]
    kept = slice(40) if "two" in name else slice(None)
    return make_pipeline(*steps).fit(X[kept], Y[kept])


def build(path: Any, model: Any) -> None:
    """Write a model with skops' own code and a good manifest, without any check of ours."""
    members = _schema.normalise(_archive.unzip(skops.io.dumps(model)))
    path.write_bytes(_archive.write_archive(members, {"versions": _persistence._versions()}))


def passes(model: Any) -> bool:
    """Whether `load` would give such a model."""
    try:
        check_model(model)
        try_model(model)
    except ValueError as error:
        return "inconsistent" not in str(error)
    return True


def answers(model: Any) -> Any:
    """Everything that a model says of a table."""
    with np.errstate(all="ignore"):
        methods = ("predict_proba", "decision_function")
        said = [getattr(model, method)(X) for method in methods if hasattr(model, method)]
        return [model.predict(X).astype(str), *said]


def float_arrays(model: Any) -> list[tuple[str, Any, str]]:
    """Every array and number of floats in a fitted model: its place, its owner and its name."""
    found = []
    for where, part in iter_objects(model):
        for name, value in getattr(part, "__dict__", {}).items():
            numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size
            if numbers or isinstance(value, (float, np.floating)):
                found.append((f"{where}.{name}", part, name))
    return found


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_or_never_used(name, poison):
    model = fitted(name)
    try_model(model)
    expected = answers(model)
    refused = 0
    for where, part, attribute in float_arrays(model):
        value = vars(part)[attribute]
        worse = copy.copy(value)
        if isinstance(worse, np.ndarray):
            worse.flat[-1] = poison
        else:
            worse = float(poison)
        vars(part)[attribute] = worse
        if passes(model):
            for before, after in zip(expected, answers(model), strict=True):
                np.testing.assert_array_equal(before, after, err_msg=where)
        else:
            refused += 1
        vars(part)[attribute] = value
    assert refused >= 4


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    "change",
    [
        lambda a: a[..., :-1],
        lambda a: np.concatenate([a, a], axis=-1),
        lambda a: a.astype(object),
        lambda a: a.astype(str),
        lambda a: a[np.newaxis],
        lambda a: a.ravel()[:0],
        lambda a: None,
        lambda a: a.tolist(),
    ],
)
def test_arrays_of_other_shapes_are_refused_or_never_used(name, change):
    """Those of whole numbers and of texts as well."""
    model = fitted(name)
    expected = answers(model)
    for where, part in list(iter_objects(model)):
        for attribute, value in list(getattr(part, "__dict__", {}).items()):
            if not isinstance(value, np.ndarray) or not value.ndim or not value.size:
                continue
            vars(part)[attribute] = change(value)
            if passes(model):
                for before, after in zip(expected, answers(model), strict=True):
                    np.testing.assert_array_equal(before, after, err_msg=f"{where}.{attribute}")
            vars(part)[attribute] = value


def other(step: Any, n: int) -> Any:
    """A step fitted on so many columns."""
    return step.fit(X[:, :n], Y)


@pytest.mark.parametrize(
    "steps",
    [
        [other(StandardScaler(), 5), other(SVC(), 4)],
        [other(StandardScaler(), 5), other(PCA(3), 5), other(LogisticRegression(), 5)],
        [other(StandardScaler(), 5), "passthrough", other(CALIBRATED, 3)],
        [other(SimpleImputer(), 4), None, other(StandardScaler(), 5), other(SVC(), 5)],
        [other(PCAReducer(2), 5), other(KNeighborsClassifier(algorithm="brute"), 3)],
        [make_pipeline(StandardScaler()).fit(X), other(RandomForestClassifier(2), 4)],
    ],
)
def test_steps_that_do_not_fit_each_other_are_refused(steps, tmp_path):
    model = Pipeline([(f"step{i}", step) for i, step in enumerate(steps)])
    build(tmp_path / "m.skops", model)
    with pytest.raises(
        ValueError, match=r"m\.skops: inconsistent Pipeline at model: the step 'step"
    ):
        load(tmp_path / "m.skops")
    with pytest.raises(ValueError, match="takes . columns, and the one before it gives"):
        save(model, tmp_path / "n.skops")


@pytest.fixture(scope="module")
def music():
    tracks = genrekit.make_tracks(6, genres=["drone", "pulse"], duration=1.2)
    return [(y, tracks.sr) for y in tracks.waveforms], tracks.target


def test_features_fit_what_follows(music, tmp_path):
    """The number of columns follows from the parameters."""
    pipeline = make_knn_pipeline(FEW).fit(*music)
    pipeline[0].features = "standard"
    clf = GenreClassifier("knn", FEW).fit(*music)
    clf.features_.features = [*FEW, "spectral_centroid"]
    search = GridSearchCV(make_knn_pipeline(FEW), {"clf__n_neighbors": [1]}, cv=2).fit(*music)
    del search.scorer_
    search.best_estimator_[0].features = ["rms"]
    for model in (pipeline, clf, search):
        build(tmp_path / "m.skops", model)
        with pytest.raises(ValueError, match=r"takes 4 columns, and the one before it gives"):
            load(tmp_path / "m.skops")


@pytest.mark.parametrize(
    "make",
    [
        lambda: GenreClassifier("knn", FEW),
        lambda: SegmentClassifier(make_knn_pipeline(FEW), segment_duration=0.2),
    ],
)
@pytest.mark.parametrize("classes", [["drone", "rock"], ["drone"], ["drone", "pulse", "rock"]])
def test_both_know_the_same_genres(make, classes, music, tmp_path):
    clf = make().fit(*music)
    clf.classes_ = np.array(classes)
    build(tmp_path / "m.skops", clf)
    with pytest.raises(ValueError, match="its classes are not those of the classifier inside"):
        load(tmp_path / "m.skops")


@pytest.mark.parametrize(
    "classes",
    [
        [{"a": 1}, "b", "c"],
        [None, "b", "c"],
        ["b", "b", "c"],
        [np.nan, 1.0, 2.0],
        [["a"], ["b"], ["c"]],
    ],
)
@pytest.mark.parametrize("model", [LabelEncoder(), DummyClassifier(), LogisticRegression()])
def test_genres_are_names_or_numbers(classes, model, tmp_path):
    model = model.fit(Y) if isinstance(model, LabelEncoder) else model.fit(X, Y)
    array = np.empty(3, dtype=object)
    array[:] = classes
    model.classes_ = (
        array if isinstance(classes[0], (dict, list, str, type(None))) else np.array(classes)
    )
    build(tmp_path / "m.skops", model)
    with pytest.raises(ValueError, match=r"m\.skops: inconsistent .* (class|classes)"):
        load(tmp_path / "m.skops")


def test_columns_beyond_reason_are_not_tried(tmp_path):
    """A row of them would take the memory of the machine."""
    model = DummyClassifier().fit(X, Y)
    model.n_features_in_ = 10**13
    build(tmp_path / "m.skops", model)
    assert load(tmp_path / "m.skops").n_features_in_ == 10**13
    features = genrekit.AudioFeatures([genrekit.MelSpectrogram(n_mels=10**12)])
    build(tmp_path / "m.skops", make_pipeline(features, StandardScaler().fit(X)))
    assert load(tmp_path / "m.skops")[0].get_params()["mel__n_mels"] == 10**12


def test_the_way_a_model_was_fitted_matters_not(tmp_path):
    """Names of columns and pandas as output are no fault."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcde"))
    model = make_pipeline(StandardScaler().set_output(transform="pandas"), SVC()).fit(table, Y)
    save(model, tmp_path / "m.skops")
    assert re.match("[bmp]", load(tmp_path / "m.skops").predict(table)[0])
