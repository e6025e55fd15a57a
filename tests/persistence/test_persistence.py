"""Saving and loading: what comes back, and everything that must not."""

from __future__ import annotations

import io
import json
import shutil
import threading
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from genrekit.exceptions import GenrekitWarning, TrackError
from genrekit.persistence import _archive, _persistence, _schema
from genrekit.persistence._model_checks import check_model
from genrekit.persistence._persistence import load, save
from genrekit.persistence._tree_checks import check_tree_state

CLASSIFIERS = {
    "rf": RandomForestClassifier(8, random_state=0),
    "rf_pruned": RandomForestClassifier(8, max_leaf_nodes=6, ccp_alpha=0.01, random_state=0),
    "svm": CalibratedClassifierCV(SVC(random_state=0), cv=3),
    "svm_linear": CalibratedClassifierCV(SVC(kernel="linear"), cv=3, ensemble=False),
    "knn": KNeighborsClassifier(algorithm="brute"),
    "knn_distance": KNeighborsClassifier(algorithm="brute", weights="distance"),
    "logistic": LogisticRegression(max_iter=500),
    "dummy": DummyClassifier(),
}
if hasattr(sklearn.calibration, "_TemperatureScaling"):
    CLASSIFIERS["temperature"] = CalibratedClassifierCV(SVC(), cv=3, method="temperature")


class Part(TransformerMixin, BaseEstimator):
    """A transformer with all runtime parameters, as genrekit's have."""

    def __init__(self, memory=None, n_jobs=None, verbose=0, decoder=None, metric=None):
        self.memory = memory
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.decoder = decoder
        self.metric = metric

    def fit(self, X, y=None):
        """Keep itself as a fitted part."""
        self.n_features_in_ = X.shape[1]
        self.parts_ = {"self": [type(self)(decoder=self.decoder, memory=self.memory)]}
        self.fit_errors_ = [TrackError(3, "bad.mp3", "it is empty")]
        return self

    def transform(self, X):
        """Nothing."""
        return X


class Stranger(ClassifierMixin, BaseEstimator):
    """A classifier that is not on the list."""

    def fit(self, X, y):
        """Keep the classes."""
        self.classes_ = np.unique(y)
        return self


PART = f"{__name__}.Part"
STRANGER = f"{__name__}.Stranger"


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """Three genres that overlap a little."""
    rng = np.random.RandomState(0)
    y = np.repeat(["blues", "metal", "pop"], 30)
    return rng.normal(size=(90, 6)) + np.repeat(np.arange(3), 30)[:, None], y


@pytest.fixture
def saved(tmp_path, data) -> Callable[[Any], Path]:
    """Fit a classifier and save it."""

    def fit_and_save(model: Any) -> Path:
        path = tmp_path / "model.skops"
        save(sklearn.clone(model).fit(*data), path)
        return path

    return fit_and_save


def rewrite(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Change the members and recompute the manifest, as a clever attacker would."""
    members, manifest = _archive.read_archive(path.read_bytes())
    change(members)
    path.write_bytes(_archive.write_archive(members, manifest))


def rewrite_schema(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the schema and recompute the manifest."""

    def edit(members: dict[str, bytes]) -> None:
        schema = json.loads(members["schema.json"])
        change(schema)
        members["schema.json"] = json.dumps(schema).encode()

    rewrite(path, edit)


def attributes(schema: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the model in a schema."""
    return schema["content"]["content"]


def build(path: Path, model: Any) -> None:
    """Write a model with skops' own code and a good manifest, without any check of ours."""
    members = _schema.normalise(_archive.unzip(skops.io.dumps(model)))
    path.write_bytes(_archive.write_archive(members, {"versions": _persistence._versions()}))


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_are_bit_identical(name, n_classes, data, tmp_path):
    X, y = data[0][: 30 * n_classes], data[1][: 30 * n_classes]
    model = Pipeline(
        [
            ("impute", SimpleImputer()),
            ("scale", StandardScaler()),
            ("reduce", PCA(4)),
            ("clf", sklearn.clone(CLASSIFIERS[name])),
        ]
    ).fit(X, y)
    save(model, tmp_path / "m.skops")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = load(tmp_path / "m.skops")
    assert list(again.predict(X)) == list(model.predict(X))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_object_classes_and_label_encoder_come_back(data, saved, tmp_path):
    X, y = data
    model = KNeighborsClassifier(algorithm="brute").fit(X, y.astype(object))
    save(model, tmp_path / "m.skops")
    np.testing.assert_array_equal(load(tmp_path / "m.skops").predict(X), model.predict(X))
    encoder = LabelEncoder().fit(y)
    save(encoder, tmp_path / "e.skops")
    np.testing.assert_array_equal(load(tmp_path / "e.skops").transform(y), encoder.transform(y))


def test_unfitted_models_and_random_states_come_back(tmp_path):
    model = make_pipeline(PCA(random_state=np.random.RandomState(7)), SVC(class_weight={"a": 2.0}))
    save(model, tmp_path / "m.skops")
    again = load(str(tmp_path / "m.skops"))
    assert again[1].class_weight == {"a": 2.0}
    assert again[0].random_state.randint(10**6) == model[0].random_state.randint(10**6)


def test_objects_that_occur_twice_stay_one(data, saved):
    path = saved(RandomForestClassifier(3, random_state=np.random.RandomState(0)))
    model = load(path)
    assert model.estimator_ is model.estimator


def test_same_model_gives_same_bytes(data, tmp_path):
    model = make_pipeline(StandardScaler(), RandomForestClassifier(4, random_state=0)).fit(*data)
    for name in ("a.skops", "b.skops"):
        save(model, tmp_path / name)
    assert (tmp_path / "a.skops").read_bytes() == (tmp_path / "b.skops").read_bytes()
    save(load(tmp_path / "a.skops"), tmp_path / "c.skops")
    np.testing.assert_array_equal(
        load(tmp_path / "c.skops").predict_proba(data[0]), model.predict_proba(data[0])
    )


def test_equal_values_give_same_bytes_whatever_python_shares(data, tmp_path):
    # Of each pair the first holds one object twice, the second two that are equal; integers that
    # are a multiple of 8 apart stand in a small set in the order in which they came.
    text, number = "linear", 0.125
    same = (text, text, number, number), set(range(0, 17, 8))
    apart = ("".join(["lin", "ear"]), text, float("0.125"), number), set(range(16, -1, -8))
    assert list(same[1]) != list(apart[1])
    for name, values in (("a", same), ("b", apart)):
        model = LogisticRegression().fit(*data)
        model.notes = list(values)
        save(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = load(tmp_path / "b")
    assert again.notes == [*same]
    save(again, tmp_path / "c")
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()


def test_manifest_describes_the_model(saved):
    with zipfile.ZipFile(saved(SVC(C=3.0))) as archive:
        manifest = json.loads(archive.read("genrekit.json"))
        assert sorted(manifest["sha256"]) == sorted(set(archive.namelist()) - {"genrekit.json"})
    assert manifest["format"] == 1
    assert manifest["class"] == "sklearn.svm._classes.SVC"
    assert manifest["classes"] == ["blues", "metal", "pop"]
    assert manifest["parameters"]["C"] == "3.0"
    assert manifest["versions"]["scikit-learn"] == sklearn.__version__
    assert set(manifest["versions"]) == {"genrekit", "scikit-learn", "numpy", "librosa"}


# ---------------------------------------------------------------- what is not saved


def test_runtime_parameters_are_not_saved(data, tmp_path):
    decoder, memory = (lambda source: source), joblib.Memory(tmp_path / "cache", verbose=0)
    part = Part(memory=memory, n_jobs=2, verbose=3, decoder=decoder)
    forest = RandomForestClassifier(3, n_jobs=2, verbose=0)
    model = Pipeline([("part", part), ("clf", CalibratedClassifierCV(forest, cv=2, n_jobs=2))])
    model.fit(*data).set_params(memory=str(tmp_path / "cache"), verbose=True)
    save(model, tmp_path / "m.skops")

    again = load(tmp_path / "m.skops", trusted=[Part])
    assert (again.memory, again.verbose) == (None, False)
    loaded = again["part"]
    assert (loaded.memory, loaded.n_jobs, loaded.verbose, loaded.decoder) == (None, None, 0, None)
    assert loaded.parts_["self"][0].decoder is None
    assert loaded.fit_errors_ == [TrackError(3, "bad.mp3", "it is empty")]
    assert again["clf"].n_jobs is None
    assert again["clf"].calibrated_classifiers_[0].estimator.n_jobs is None

    # The caller's own model is as it was, down to its fitted parts.
    fitted = model["part"]
    assert fitted.decoder is fitted.parts_["self"][0].decoder is decoder
    assert (fitted.memory, fitted.n_jobs, model.verbose) == (memory, 2, True)
    assert model["clf"].calibrated_classifiers_[0].estimator.n_jobs == 2


def test_runtime_parameters_inside_dict_subclasses(data, tmp_path):
    vote = VotingClassifier([("a", RandomForestClassifier(2, n_jobs=2))]).fit(*data)
    save(vote, tmp_path / "m.skops")
    names = [
        "sklearn.ensemble._voting.VotingClassifier",
        "sklearn.utils._bunch.Bunch",
    ]
    again = load(tmp_path / "m.skops", trusted=names)
    assert again.named_estimators_["a"].n_jobs is None
    assert again.named_estimators_["a"] is again.estimators_[0]
    assert vote.named_estimators_["a"].n_jobs == 2


# ---------------------------------------------------------------- failures of save


def iter_nothing():
    """A generator, which nothing can save."""
    yield


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (threading.Lock(), r"model\.steps\[0\]\[1\]\.metric can't be saved: .*_thread\.lock"),
        (lambda x: x, r"model\.steps\[0\]\[1\]\.metric can't be saved: .*<lambda>"),
        (iter_nothing(), r"model\.steps\[0\]\[1\]\.metric can't be saved: it is a .*\.generator"),
        (type("Local", (), {})(), r"model\.steps\[0\]\[1\]\.metric can't be saved: .*Local"),
        ("".join, "can't be saved"),
        ([].append, "can't be saved"),
        (Part().fit, "model.*MethodNode, which genrekit never loads"),
        (np.complex128(1), "no NdArrayNode may build"),
    ],
)
def test_what_cannot_be_saved_is_named(value, message, tmp_path):
    (tmp_path / "m.skops").write_bytes(b"old")
    with pytest.raises(TypeError, match=message):
        save(make_pipeline(Part(metric=value), SVC()), tmp_path / "m.skops")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("m.skops", b"old")]


def test_cycles_cannot_be_saved(tmp_path):
    model = Part()
    model.metric = [model]
    with pytest.raises(TypeError, match="can't be saved"):
        save(model, tmp_path / "m.skops")


def test_only_estimators_are_saved(tmp_path):
    with pytest.raises(TypeError, match="must be a scikit-learn estimator, got a dict"):
        save({}, tmp_path / "m.skops")


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"m\.skops: the folder .*nowhere does not exist"):
        save(SVC(), tmp_path / "nowhere" / "m.skops")


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(_archive.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save(SVC(), tmp_path / "m.skops")
    assert list(tmp_path.iterdir()) == []


def test_inconsistent_model_is_not_saved(data, tmp_path):
    model = SVC().fit(*data)
    model._n_support = model._n_support[:2]
    with pytest.raises(ValueError, match="inconsistent SVC at model: _n_support"):
        save(model, tmp_path / "m.skops")


# ---------------------------------------------------------------- types


def test_strangers_need_trust(data, saved):
    path = saved(make_pipeline(StandardScaler(), Stranger()))
    with pytest.raises(ValueError, match=r"model\.skops: it holds types.*\.Stranger") as caught:
        load(path)
    assert f"trusted=['{STRANGER}']" in str(caught.value)
    assert isinstance(load(path, trusted=[STRANGER])[1], Stranger)
    assert isinstance(load(path, trusted=(Stranger,))[1], Stranger)


@pytest.mark.parametrize("trusted", ["my.module.Name", True, Stranger, [3]])
def test_trusted_must_be_a_list_of_names(trusted, saved):
    with pytest.raises(TypeError, match="trusted must be a list of dotted names or classes"):
        load(saved(DummyClassifier()), trusted=trusted)


@pytest.mark.parametrize(
    "model",
    [
        ExtraTreesClassifier(2),
        HistGradientBoostingClassifier(max_iter=2),
        KNeighborsClassifier(algorithm="kd_tree"),
    ],
)
def test_what_the_error_names_is_enough_to_load(model, data, saved):
    path = saved(model)
    with pytest.raises(ValueError, match="not loaded by default") as caught:
        load(path)
    names = str(caught.value).split("trusted=[")[1].split("]")[0].replace("'", "").split(", ")
    assert type(load(path, trusted=names)) is type(model)


def test_functions_are_never_offered(saved):
    """skops itself would trust this one. Who names it gets it, unhinted."""
    path = saved(FunctionTransformer(np.log1p))
    with pytest.raises(ValueError, match=r"numpy\.log1p is a function, not a class\.") as caught:
        load(path)
    assert "trusted=" not in str(caught.value)
    transformer = "sklearn.preprocessing._function_transformer.FunctionTransformer"
    assert load(path, trusted=[transformer, "numpy.log1p"]).func is np.log1p


NOT_OFFERED = {
    "os.system": "is a part of Python, not of a model",
    "subprocess.Popen": "is a part of Python, not of a model",
    "builtins.eval": "is a part of Python, not of a model",
    "webbrowser.open": "is a part of Python, not of a model",
    "numpy.load": "is not a class",
    "sklearn.base.clone": "is not a class",
    "sklearn.base.nothing": "is not a class",
    "joblib.load": "is not a class",
}


@pytest.mark.parametrize("name", NOT_OFFERED)
@pytest.mark.parametrize("loader", ["ObjectNode", "ConstructorFromReduceNode", "TypeNode"])
def test_only_classes_are_offered_and_built(name, loader, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = saved(DummyClassifier())
    hostile = node(loader, name, content=ARGS)
    rewrite_schema(path, lambda schema: attributes(schema).update(constant=hostile))
    with pytest.raises(ValueError, match=f"{name} {NOT_OFFERED[name]}") as caught:
        load(path)
    assert "trusted=" not in str(caught.value)
    # Not even who was talked into it runs anything.
    if not isinstance(
        getattr(import_module(name.rpartition(".")[0]), name.split(".")[-1], 0), type
    ):
        monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("skops was called"))
        with pytest.raises(ValueError, match=f"is a {name}, which is no class"):
            load(path, trusted=[name])


def test_what_is_not_imported_is_not_imported_to_tell(saved):
    """An object is offered by its name; what would be called is not."""
    for loader, offered in (("ObjectNode", True), ("ConstructorFromReduceNode", False)):
        path = saved(DummyClassifier())
        hostile = node(loader, "antigravity_of_mine.fly", content=ARGS)
        rewrite_schema(path, lambda schema, h=hostile: attributes(schema).update(constant=h))
        with pytest.raises(ValueError, match=r"antigravity_of_mine\.fly \(at") as caught:
            load(path)
        assert ("trusted=['antigravity_of_mine.fly']" in str(caught.value)) == offered


def test_long_names_cost_nothing(saved):
    """Each of the places below would hold them."""
    path = saved(DummyClassifier())
    items = [text(0, number=10**7 + i) for i in range(500)]
    deep = node("ListNode", "builtins.list", content=items)
    rewrite_schema(path, lambda schema: attributes(schema).update({"x" * 10**6: deep}))
    schema = json.loads(members_of(path)["schema.json"])
    places = [found.where for found in _schema.iter_nodes(schema)]
    assert sum("[499]" in place for place in places) == 1
    assert max(map(len, places)) <= 301
    tracemalloc.start()
    try:
        load(path)
        assert tracemalloc.get_traced_memory()[1] < 50 * 10**6
    finally:
        tracemalloc.stop()


def test_one_array_is_not_copied_often(saved):
    path = saved(DummyClassifier())
    twice = [
        node("NdArrayNode", "numpy.ndarray", type="numpy", file="0.npy") | {"__id__": number}
        for number in (10**8, 10**8 + 1)
    ]
    hostile = node("ListNode", "builtins.list", content=twice)
    rewrite_schema(path, lambda schema: attributes(schema).update(constant=hostile))
    with pytest.raises(ValueError, match=r"refers to '0\.npy', which is another array's"):
        load(path)


@pytest.mark.parametrize("package", _schema.GENREKIT_PACKAGES)
def test_every_estimator_of_genrekit_is_loaded_untrusted(package, tmp_path):
    module = import_module(package)
    exported = [getattr(module, name) for name in module.__all__]
    classes = [cls for cls in exported if _schema._is_estimator(cls)]
    needed = {"estimator": SVC(), "cv": []}
    estimators = [
        cls(**{name: needed[name] for name in signature(cls).parameters if name in needed})
        for cls in classes
    ]
    assert estimators
    for model in estimators:
        save(model, tmp_path / "m.skops")
        again = load(tmp_path / "m.skops")
        assert type(again) is type(model)
        assert str(again.get_params()) == str(model.get_params())


@pytest.mark.parametrize("public", sorted(_schema.SKLEARN_TYPES))
def test_listed_names_exist(public):
    module, _, name = public.rpartition(".")
    if name == "_TemperatureScaling" and "temperature" not in CLASSIFIERS:
        pytest.skip("scikit-learn 1.8 and later")
    assert isinstance(getattr(import_module(module), name), type)


# ---------------------------------------------------------------- hostile schemas


def node(loader: str, name: str, **more: Any) -> dict[str, Any]:
    """A node of a schema."""
    module, _, cls = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": cls, "__id__": 10**6} | more


def text(value: Any, number: int = 10**7) -> dict[str, Any]:
    """A JSON node."""
    return node("JsonNode", "builtins.str", content=json.dumps(value)) | {"__id__": number}


ARGS = node("TupleNode", "builtins.tuple", content=[text("touch owned")]) | {"__id__": 10**6 + 1}
SELF = node("ListNode", "builtins.list", content=[]) | {"__id__": 10**6 + 2}

HOSTILE_NODES = {
    "function os": node("FunctionNode", "os.system"),
    "function eval": node("FunctionNode", "builtins.eval"),
    "function of an allowed module": node("FunctionNode", "sklearn.svm._classes.clone"),
    "function of genrekit": node("FunctionNode", "genrekit.persistence._persistence.load"),
    "ufunc": node("FunctionNode", "numpy.add"),
    "type": node("TypeNode", "os.system"),
    "class": node("ObjectNode", "subprocess.Popen", content=None),
    "unlisted estimator": node("ObjectNode", "sklearn.linear_model._ridge.Ridge", content=None),
    "constructor": node("ConstructorFromReduceNode", "builtins.eval", content=ARGS),
    "constructor of a listed type": node(
        "ConstructorFromReduceNode", "sklearn.pipeline.Pipeline", content=ARGS
    ),
    "array type": node("NdArrayNode", "builtins.exec", type="json", content=[], shape=ARGS),
    "list type": node("ListNode", "builtins.map", content=[]),
    "dict type": node("DictNode", "os.system", content={}, key_types=SELF),
    "method": node("MethodNode", "builtins.list", content={"func": "append", "obj": SELF}),
    "partial": node("PartialNode", "functools.partial", content={}),
    "operator": node("OperatorFuncNode", "operator.methodcaller", attrs=ARGS),
    "cached": node("CachedNode", "builtins.str"),
    "generator": node("RandomGeneratorNode", "os.system", content={}),
    "unknown loader": node("PickleNode", "builtins.str", content=""),
    "loss": node("LossNode", "os.system", content=SELF, __reduce__={"args": ARGS}),
    "tree by another loader": node("ObjectNode", "sklearn.tree._tree.Tree", content=None),
    "no id": {k: v for k, v in SELF.items() if k != "__id__"},
    "odd id": SELF | {"__id__": "1"},
    "shared id": text("x", number=1),
    "missing file": node("NdArrayNode", "numpy.ndarray", type="numpy", file="../x.npy"),
    "file of another kind": node("NdArrayNode", "numpy.ndarray", type="numpy", file="schema.json"),
    "unknown array type": node("NdArrayNode", "numpy.ndarray", type="pickle"),
    "list": [],
    "nothing": None,
    "bad json": node("JsonNode", "builtins.str", content="{"),
}


@pytest.mark.parametrize("name", HOSTILE_NODES)
@pytest.mark.parametrize("trusted", [[], ["sklearn.tree._tree.Tree", "sklearn.pipeline.Pipeline"]])
def test_hostile_nodes_are_refused(name, trusted, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = saved(DummyClassifier())
    rewrite_schema(path, lambda schema: attributes(schema).update(constant=HOSTILE_NODES[name]))
    with pytest.raises(ValueError, match=r"^.*model\.skops: "):
        load(path, trusted=trusted)
    assert not (tmp_path / "owned").exists()


def test_nothing_is_built_before_all_is_checked(saved, monkeypatch):
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("skops was called"))
    path = saved(DummyClassifier())
    hostile = HOSTILE_NODES["ufunc"]
    rewrite_schema(path, lambda schema: attributes(schema).update(zzz=hostile))
    with pytest.raises(ValueError, match=r"numpy\.add \(at model\.zzz\)"):
        load(path)


@pytest.mark.parametrize("protocol", [0, 1, 3, True, "2", None])
def test_other_protocols_are_refused(protocol, saved):
    path = saved(DummyClassifier())
    rewrite_schema(path, lambda schema: schema.update(protocol=protocol))
    with pytest.raises(ValueError, match="protocol"):
        load(path)


def test_deep_schema_is_refused(saved):
    path = saved(DummyClassifier())

    def nest(members):
        members["schema.json"] = b'{"content":' * 10**5 + b"1" + b"}" * 10**5

    rewrite(path, nest)
    with pytest.raises(ValueError, match=r"model\.skops: "):
        load(path)


def test_methods_cannot_be_replaced(data, tmp_path):
    model = DummyClassifier().fit(*data)
    model.predict_proba = "nothing"
    build(tmp_path / "m.skops", model)
    with pytest.raises(ValueError, match="the attribute 'predict_proba' hides a method"):
        load(tmp_path / "m.skops")


# ---------------------------------------------------------------- damaged and doubtful archives


def test_truncated_files_are_refused(saved):
    path = saved(LogisticRegression())
    whole = path.read_bytes()
    for size in (0, 1, 30, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"model\.skops: "):
            load(path)


def test_one_flipped_byte_in_any_member_is_found(saved):
    path = saved(SVC())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    assert len(infos) > 5
    for info in infos:
        changed = bytearray(whole)
        changed[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"model\.skops: "):
            load(path)


def test_changed_member_with_good_checksum_is_found(saved):
    path = saved(DummyClassifier())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["schema.json"] += b" "
    write_zip(path, members.items())
    with pytest.raises(ValueError, match=r"damaged: the SHA-256 of \['schema.json'\]"):
        load(path)


def write_zip(path: Path, members: Any, compression: int = zipfile.ZIP_DEFLATED) -> None:
    """A zip file of just these members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)


def members_of(path: Path) -> dict[str, bytes]:
    """All members, the manifest included."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ["extra.npy", "../evil.npy", "/tmp/evil.npy", "a/b.npy", "x.py"])
def test_members_beyond_the_manifest_are_refused(name, saved):
    path = saved(DummyClassifier())
    write_zip(path, [*members_of(path).items(), (name, b"")])
    with pytest.raises(ValueError, match="no place in a model file|missing from the file or from"):
        load(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_missing_and_repeated_members_are_refused(saved):
    path = saved(DummyClassifier())
    members = members_of(path)
    write_zip(path, [*members.items(), ("schema.json", b"{}")])
    with pytest.raises(ValueError, match="occurs twice"):
        load(path)
    del members["0.npy"]
    write_zip(path, members.items())
    with pytest.raises(ValueError, match=r"missing from the file or from its manifest: \['0.npy'"):
        load(path)


def test_other_compressions_are_refused(saved):
    path = saved(DummyClassifier())
    write_zip(path, members_of(path).items(), zipfile.ZIP_LZMA)
    with pytest.raises(ValueError, match="packed in an unknown way"):
        load(path)


def test_zip_bombs_are_refused_unread(saved, monkeypatch):
    path = saved(DummyClassifier())
    declared = sum(len(content) for content in members_of(path).values())
    monkeypatch.setattr(_archive, "MAX_BYTES", declared - 1)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("a member was read"))
    with pytest.raises(ValueError, match=rf"unpack to {declared} bytes, more than the limit"):
        load(path)
    monkeypatch.setattr(_archive, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match=r"model\.skops: \d+ bytes, more than the limit of 10"):
        load(path)


def test_other_files_are_refused(tmp_path, data):
    path = tmp_path / "m.skops"
    path.write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"m\.skops: not a model file"):
        load(path)
    skops.io.dump(DummyClassifier().fit(*data), path)
    with pytest.raises(ValueError, match="no genrekit.json.*skops.io.load"):
        load(path)
    write_zip(path, [("genrekit.json", b'{"format": 2, "versions": {"genrekit": "9.0"}}')])
    with pytest.raises(ValueError, match="its format is 2 .* install the genrekit.*9.0"):
        load(path)
    write_zip(path, [("genrekit.json", b"[]")])
    with pytest.raises(ValueError, match=r"m\.skops: it is damaged or genrekit.save did not"):
        load(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.skops: there is no such model file"):
        load(tmp_path / "nowhere.skops")


def npy(array: Any, **save: Any) -> bytes:
    """An array as a .npy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), **save)
    return buffer.getvalue()


def header(shape: str, dtype: str = "<f8") -> bytes:
    """A .npy header of version 1.0 with nothing behind it."""
    body = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    body += b" " * ((-len(body) - 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"",
        header("(1000000000000,)"),
        header("(1000000000000,)", "<U0"),
        header("(-1, -1)") + bytes(8),
        header("(2,)") + bytes(15),
        npy(np.array([None]), allow_pickle=True),
        npy(np.zeros(2), version=(3, 0)),
    ],
)
def test_arrays_that_lie_about_themselves_are_refused(content, saved):
    path = saved(DummyClassifier())
    rewrite(path, lambda members: members.update({"0.npy": content}))
    with pytest.raises(ValueError, match=r"model\.skops: "):
        load(path)


def test_wide_npy_headers_are_read(saved):
    path = saved(DummyClassifier())
    classes = npy(np.array(["blues", "metal", "pop"]), version=(2, 0))
    array = np.array(["blues", "metal", "pop"])

    def replace(members):
        name = next(n for n, c in members.items() if c == npy(array))
        members[name] = classes

    rewrite(path, replace)
    assert list(load(path).classes_) == ["blues", "metal", "pop"]


# ---------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("package", "version", "warned"),
    [
        ("scikit-learn", "1.2.3", True),
        ("genrekit", "99.0", True),
        ("numpy", "99.1", True),
        ("numpy", np.__version__.split(".")[0] + ".999", False),
        ("librosa", "0.1", False),
    ],
)
def test_other_versions_are_told_once(package, version, warned, saved, monkeypatch):
    here = _persistence._versions()
    with monkeypatch.context() as patch:
        patch.setattr(_persistence, "_versions", lambda: here | {package: version})
        path = saved(make_pipeline(StandardScaler(), SVC()))

    def older(schema):
        for _, _, _, state in _schema.iter_nodes(schema):
            if "_sklearn_version" in (state.get("content") or ()):
                state["content"]["_sklearn_version"]["content"] = json.dumps("1.2.3")

    rewrite_schema(path, older)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(path)
    assert [w.category for w in caught] == [GenrekitWarning] * warned
    for warning in caught:
        assert warning.filename == __file__
        expected = f"{package} {version} (here {here[package]})"
        assert expected in str(warning.message)
    if warned:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(GenrekitWarning):
                load(path)


# ---------------------------------------------------------------- hostile numbers


def tree_parts(data: tuple[np.ndarray, np.ndarray], **params: Any) -> tuple[tuple, dict]:
    """What a fitted tree would be built from, free to be changed."""
    _, args, state = DecisionTreeClassifier(**params).fit(*data).tree_.__reduce__()
    return args, {key: np.copy(v) if isinstance(v, np.ndarray) else v for key, v in state.items()}


@pytest.mark.parametrize("params", [{}, {"max_leaf_nodes": 5}, {"max_depth": 1}])
def test_good_trees_pass(params, data):
    check_tree_state(*tree_parts(data, **params))


def set_node(field: str, index: int, value: int) -> Callable[[tuple, dict], tuple]:
    """Change one field of one node."""

    def change(args: tuple, state: dict) -> tuple:
        state["nodes"][field][index] = value
        return args, state

    return change


BAD_TREES = {
    "child out of range": set_node("left_child", 0, 10**6),
    "right child out of range": set_node("right_child", 0, 10**6),
    "negative child": set_node("right_child", 0, -5),
    "one child": set_node("right_child", 0, -1),
    "cycle to itself": set_node("left_child", 0, 0),
    "cycle to the root": set_node("right_child", 1, 0),
    "both children the same": set_node("right_child", 0, 1),
    "unreachable nodes": lambda args, s: set_node("left_child", 0, -1)(
        *set_node("right_child", 0, -1)(args, s)
    ),
    "feature out of range": set_node("feature", 0, 6),
    "negative feature": set_node("feature", 0, -2),
    "no threshold": set_node("threshold", 0, np.nan),
    "no value": lambda args, s: (args, s | {"values": s["values"] * np.nan}),
    "endless value": lambda args, s: (args, s | {"values": s["values"] + np.inf}),
    "few values": lambda args, s: (args, s | {"values": s["values"][:-1]}),
    "other values": lambda args, s: (args, s | {"values": s["values"].astype("f4")}),
    "many nodes": lambda args, s: (args, s | {"node_count": s["node_count"] + 1}),
    "no nodes": lambda args, s: (args, s | {"node_count": 0, "nodes": s["nodes"][:0]}),
    "flat": lambda args, s: (args, s | {"max_depth": 0}),
    "too deep": lambda args, s: (args, s | {"max_depth": 10**9}),
    "plain nodes": lambda args, s: (args, s | {"nodes": np.zeros(s["node_count"])}),
    "permuted nodes": lambda args, s: (
        args,
        s | {"nodes": s["nodes"][["right_child", "left_child", *s["nodes"].dtype.names[2:]]]},
    ),
    "few features": lambda args, s: ((1, *args[1:]), s),
    "no features": lambda args, s: ((0, *args[1:]), s),
    "features as a text": lambda args, s: (("6", *args[1:]), s),
    "many outputs": lambda args, s: ((*args[:2], 10**9), s),
    "outputs as true": lambda args, s: ((*args[:2], True), s),
    "many classes": lambda args, s: ((args[0], args[1] + 1, args[2]), s),
    "no classes": lambda args, s: ((args[0], args[1] * 0, args[2]), s),
    "fractional classes": lambda args, s: ((args[0], args[1] * 1.0, args[2]), s),
}


@pytest.mark.parametrize("name", BAD_TREES)
def test_bad_trees_are_refused(name, data):
    with pytest.raises(ValueError, match=r".") as caught:
        check_tree_state(*BAD_TREES[name](*tree_parts(data)))
    assert "numpy" not in str(caught.value)


@pytest.mark.parametrize("child", [0, 10**9])
def test_bad_trees_in_a_file_are_never_built(child, saved, monkeypatch):
    path = saved(RandomForestClassifier(2, random_state=0))

    def change(members):
        for name, content in members.items():
            if b"left_child" in content and name.endswith(".npy"):
                nodes = np.load(io.BytesIO(content))
                nodes["left_child"][0] = child
                members[name] = npy(nodes)

    rewrite(path, change)
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("skops was called"))
    with pytest.raises(ValueError, match=r"inconsistent Tree at model\.estimators_\[\d\]\.tree_"):
        load(path)


def test_trees_hold_plain_values_only(saved):
    path = saved(DecisionTreeClassifier())

    def change(schema):
        attributes(schema)["tree_"]["content"]["content"]["max_depth"] = SELF

    rewrite_schema(path, change)
    with pytest.raises(ValueError, match="a decision tree has no place for a ListNode"):
        load(path)


# Which fitted attribute of which estimator becomes what.
BAD_MODELS: list[tuple[Any, str, Callable[[Any], Any]]] = [
    (SVC(), "support_", lambda v: v[:-1]),
    (SVC(), "support_", lambda v: v + 90),
    (SVC(), "support_vectors_", lambda v: v[:-1]),
    (SVC(), "support_vectors_", lambda v: v[:, :-1]),
    (SVC(), "dual_coef_", lambda v: v[:-1]),
    (SVC(), "_dual_coef_", lambda v: v[:, :-1]),
    (SVC(), "_n_support", lambda v: v[:-1]),
    (SVC(), "_n_support", lambda v: v + 1),
    (SVC(), "_n_support", lambda v: v - v.sum() * np.array([1, -1, 0], dtype=v.dtype)),
    (SVC(), "intercept_", lambda v: v[:-1]),
    (SVC(), "_intercept_", lambda v: v[:-1]),
    (SVC(), "_intercept_", list),
    (SVC(), "_probA", lambda v: np.zeros(3)),
    (SVC(), "_probB", lambda v: np.zeros(3)),
    (SVC(), "_probA", lambda v: np.zeros(1)),
    (SVC(), "classes_", lambda v: v[:-1]),
    (SVC(), "n_features_in_", lambda v: v + 1),
    (SVC(), "n_features_in_", lambda v: None),
    (SVC(), "_gamma", lambda v: np.nan),
    (SVC(), "_gamma", lambda v: "scale"),
    (SVC(), "degree", lambda v: "three"),
    (SVC(), "support_vectors_", lambda v: v * np.nan),
    (SVC(), "_dual_coef_", lambda v: v + np.inf),
    (SVC(), "classes_", lambda v: np.array([[1], [2], [3]], dtype=object).ravel()[[0, 0, 1]]),
    (SVC(), "kernel", lambda v: "precomputed"),
    (SVC(), "_sparse", lambda v: True),
    (SVC(), "_impl", lambda v: "epsilon_svr"),
    (KNeighborsClassifier(algorithm="brute"), "_fit_X", lambda v: v[:-1]),
    (KNeighborsClassifier(algorithm="brute"), "_fit_X", lambda v: v[:, :-1]),
    (KNeighborsClassifier(algorithm="brute"), "_y", lambda v: v[:-1]),
    (KNeighborsClassifier(algorithm="brute"), "_y", lambda v: v + 1),
    (KNeighborsClassifier(algorithm="brute"), "_y", lambda v: v - 1),
    (KNeighborsClassifier(algorithm="brute"), "_y", lambda v: v * 1.0),
    (KNeighborsClassifier(algorithm="brute"), "n_samples_fit_", lambda v: v + 1),
    (KNeighborsClassifier(algorithm="brute"), "n_samples_fit_", lambda v: "90"),
    (KNeighborsClassifier(algorithm="brute"), "n_neighbors", lambda v: 91),
    (KNeighborsClassifier(algorithm="brute"), "classes_", lambda v: v[:2]),
    (KNeighborsClassifier(algorithm="brute"), "classes_", list),
    (DecisionTreeClassifier(), "tree_", lambda v: None),
    (DecisionTreeClassifier(), "n_features_in_", lambda v: 7),
    (DecisionTreeClassifier(), "n_outputs_", lambda v: 2),
    (DecisionTreeClassifier(), "n_classes_", lambda v: 4),
    (DecisionTreeClassifier(), "classes_", lambda v: v[:2]),
    (RandomForestClassifier(2), "n_features_in_", lambda v: 7),
    (RandomForestClassifier(2), "n_classes_", lambda v: 2),
    (RandomForestClassifier(2), "estimators_", lambda v: []),
    (RandomForestClassifier(2), "estimators_", lambda v: [*v, DecisionTreeClassifier()]),
    (RandomForestClassifier(2), "estimators_", lambda v: [*v, SVC()]),
    (StandardScaler(), "mean_", lambda v: v[:-1]),
    (StandardScaler(), "scale_", lambda v: "x"),
    (PCA(2), "components_", lambda v: v[:, :-1]),
    (PCA(2), "mean_", lambda v: v[:-1]),
    (PCA(2), "explained_variance_", lambda v: v[:-1]),
    (StandardScaler(), "scale_", lambda v: v * 0),
    (StandardScaler(), "mean_", lambda v: v * np.nan),
    (PCA(2), "components_", lambda v: v.astype(object)),
    (SimpleImputer(), "statistics_", lambda v: v[:-1]),
    (SimpleImputer(), "statistics_", lambda v: v + np.inf),
    (SimpleImputer(), "statistics_", lambda v: np.array(["x"] * 6, dtype=object)),
    (KNeighborsClassifier(algorithm="brute"), "_fit_X", lambda v: v * np.nan),
    (KNeighborsClassifier(algorithm="brute"), "effective_metric_", lambda v: "no such metric"),
    (LogisticRegression(), "coef_", lambda v: v * np.nan),
    (DummyClassifier(), "class_prior_", lambda v: v - 1),
    (LogisticRegression(), "coef_", lambda v: v[:-1]),
    (LogisticRegression(), "intercept_", lambda v: v[:-1]),
    (DummyClassifier(), "class_prior_", lambda v: v[:-1]),
    (CalibratedClassifierCV(SVC(), cv=2), "classes_", lambda v: v[:-1]),
    (CalibratedClassifierCV(SVC(), cv=2), "calibrated_classifiers_", lambda v: [SVC()]),
    (CalibratedClassifierCV(SVC(), cv=2), "calibrated_classifiers_", lambda v: None),
]


@pytest.mark.parametrize(("model", "name", "change"), BAD_MODELS)
def test_bad_models_are_refused(model, name, change, data, tmp_path):
    fitted = sklearn.clone(model).fit(*data)
    check_model(fitted)
    setattr(fitted, name, change(getattr(fitted, name)))
    build(tmp_path / "m.skops", Pipeline([("a", "passthrough"), ("b", fitted)]))
    expected = rf"m\.skops: inconsistent {type(model).__name__} at model\.steps\[1\]\[1\]: "
    with pytest.raises(ValueError, match=expected):
        load(tmp_path / "m.skops")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (SVC(), "_n_support"),
        (KNeighborsClassifier(algorithm="brute"), "n_samples_fit_"),
        (DecisionTreeClassifier(), "n_outputs_"),
        (RandomForestClassifier(2), "n_classes_"),
        (DecisionTreeClassifier(), "n_features_in_"),
    ],
)
def test_missing_attributes_are_refused(model, name, data, tmp_path):
    fitted = sklearn.clone(model).fit(*data)
    delattr(fitted, name)
    build(tmp_path / "m.skops", fitted)
    with pytest.raises(ValueError, match=name):
        load(tmp_path / "m.skops")


def test_calibrators_must_fit_the_classes(data):
    model = CalibratedClassifierCV(SVC(), cv=2).fit(*data)
    model.calibrated_classifiers_[0].calibrators.pop()
    with pytest.raises(ValueError, match="calibrators and classes do not fit"):
        check_model(model)


def test_encoder_needs_classes():
    encoder = LabelEncoder()
    encoder.classes_ = None
    with pytest.raises(ValueError, match="classes_ is not a list of classes"):
        check_model(encoder)


def test_random_state_out_of_range_is_refused(saved):
    path = saved(DummyClassifier(random_state=np.random.RandomState(0)))

    def change(schema):
        state = attributes(schema)["random_state"]["content"]["content"]["state"]
        state["content"]["pos"] = text(10**6)

    rewrite_schema(path, change)
    with pytest.raises(ValueError, match="position (1000000 is out of range|must be)"):
        load(path)


def test_generators_with_a_position_are_refused(tmp_path):
    generator = "numpy.random._generator.Generator"
    for bits, message in ((np.random.PCG64(1), None), (np.random.MT19937(1), "only PCG64")):
        build(tmp_path / "m.skops", PCA(random_state=np.random.Generator(bits)))
        with pytest.raises(ValueError, match=message or generator):
            load(tmp_path / "m.skops", trusted=[generator] if message else ())
    build(tmp_path / "m.skops", PCA(random_state=np.random.default_rng(1)))
    again = load(tmp_path / "m.skops", trusted=[np.random.Generator])
    assert again.random_state.integers(10**9) == np.random.default_rng(1).integers(10**9)


def test_hidden_models_are_found(data):
    bad = StandardScaler().fit(data[0])
    bad.mean_ = bad.mean_[:-1]
    holder = Part(metric={"a": (np.array([None, bad], dtype=object),)})
    with pytest.raises(ValueError, match=r"at model\.metric\.a\[0\]\[1\]: mean_"):
        check_model(holder)


def test_saving_over_a_folder_fails_cleanly(tmp_path):
    (tmp_path / "m.skops").mkdir()
    with pytest.raises(OSError, match=r"m\.skops"):
        save(SVC(), tmp_path / "m.skops")
    assert [p.name for p in tmp_path.iterdir()] == ["m.skops"]
    shutil.rmtree(tmp_path / "m.skops")
