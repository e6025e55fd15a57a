"""What belongs to a machine never comes from a file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

import genrekit
from genrekit import AudioFeatures, GenreClassifier, SegmentClassifier, make_knn_pipeline
from genrekit.features import FEATURES, transformers
from genrekit.persistence import _archive, _persistence, _portable, _schema
from genrekit.persistence._model_checks import iter_objects
from genrekit.persistence._persistence import load

HOSTILE = {
    "memory": "cache",
    "decoder": "os.system",
    "n_jobs": 10**6,
    "pre_dispatch": "__import__('os').system('touch owned')",
    "verbose": 99,
    "cache_size": 1e12,
    "cache_waveform": True,
}
FEW = ["rms", "zero_crossing_rate"]


def poison(model: Any, values: dict[str, Any] = HOSTILE) -> None:
    """Set every runtime parameter of everything inside."""
    for _, part in iter_objects(model):
        if isinstance(part, BaseEstimator):
            vars(part).update({k: v for k, v in values.items() if k in part.get_params(False)})
            vars(part).pop("_metadata_request", None)  # refers to itself, which skops can't save


def forge(path: Path, model: Any, values: dict[str, Any] = HOSTILE) -> None:
    """Write a model as it is, with a good manifest: what an attacker would do."""
    poison(model, values)
    members = _schema.normalise(_archive.unzip(skops.io.dumps(model)))
    path.write_bytes(_archive.write_archive(members, {"versions": _persistence._versions()}))


@pytest.fixture(scope="module")
def music():
    tracks = genrekit.make_tracks(6, genres=["drone", "pulse"], duration=1.2)
    return [(y, tracks.sr) for y in tracks.waveforms], tracks.target


MODELS = {
    "pipeline": lambda: make_knn_pipeline(FEW),
    "shells": lambda: make_pipeline(genrekit.RMS(), genrekit.PCAReducer(1), SVC()),
    "pipeline in a pipeline": lambda: Pipeline([("all", make_knn_pipeline(FEW))]),
    "classifier": lambda: GenreClassifier(RandomForestClassifier(2), FEW),
    "segments": lambda: SegmentClassifier(make_knn_pipeline(FEW), segment_duration=0.2),
    "segments of ours": lambda: SegmentClassifier(
        GenreClassifier("knn", FEW), segment_duration=0.2
    ),
    "calibrator": lambda: CalibratedClassifierCV(make_knn_pipeline(FEW), cv=2, n_jobs=1),
    "network": lambda: genrekit.PretrainedCNNClassifier(),
    "search": lambda: GridSearchCV(make_knn_pipeline(FEW), {"clf__n_neighbors": [1, 2]}, cv=2),
    "random search": lambda: RandomizedSearchCV(
        make_knn_pipeline(FEW), {"clf__n_neighbors": [1, 2]}, cv=2, n_iter=2
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_runtime_parameters_of_a_file_are_reset(name, music, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = MODELS[name]().fit(*music)
    expected = model.predict(music[0])
    vars(model).pop("scorer_", None)  # a file that holds one is refused
    forge(tmp_path / "m.skops", model)
    found = load(tmp_path / "m.skops")
    n_reset = 0
    for where, part in iter_objects(found):
        if isinstance(part, BaseEstimator):
            for parameter, value in HOSTILE.items():
                if parameter in part.get_params(deep=False):
                    assert getattr(part, parameter) != value, (where, parameter)
                    n_reset += 1
    assert n_reset > 3
    np.testing.assert_array_equal(found.predict(music[0]), expected)
    assert [path.name for path in tmp_path.iterdir()] == ["m.skops"]


def test_a_planted_cache_is_never_read(music, tmp_path, monkeypatch):
    """The way in that there was: a pickle where the file says that the cache is."""
    monkeypatch.chdir(tmp_path)

    class Planted:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "owned",))

    model = make_knn_pipeline(FEW).fit(*music)
    forge(tmp_path / "m.skops", model, {"memory": "cache"})
    # Wherever this version would look: every entry there becomes the pickle.
    make_knn_pipeline(FEW, memory="cache").fit(*music)
    planted = [path for path in Path("cache").rglob("*") if path.is_file()]
    assert planted
    for path in planted:
        path.write_bytes(pickle.dumps(Planted()))
    load(tmp_path / "m.skops").predict(music[0])
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("holder", ["list", "dict", "tuple", "object array", "masked array"])
def test_estimators_in_containers_are_found(holder, tmp_path):
    inner = AudioFeatures(FEW)
    array = np.empty(1, dtype=object)
    array[0] = inner
    value = {
        "list": [inner],
        "dict": {"a": {"b": inner}},
        "tuple": (0, (inner,)),
        "object array": array,
        "masked array": np.ma.MaskedArray(array, [False]),
    }[holder]
    model = GridSearchCV(SVC(), {"C": value})
    forge(tmp_path / "m.skops", model)
    parts = [part for _, part in iter_objects(load(tmp_path / "m.skops"))]
    (found,) = [part for part in parts if isinstance(part, AudioFeatures)]
    assert (found.memory, found.n_jobs, found.decoder, found.verbose) == (None, None, None, 0)


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_has_its_defaults_again(name):
    """So does whatever feature comes later."""
    model = getattr(transformers, FEATURES[name].transformer)()
    poison(model)
    _portable.settle(model)
    assert (model.memory, model.n_jobs, model.decoder, model.verbose) == (None, None, None, 0)


def test_no_parameter_of_ours_that_runs_things_is_forgotten():
    """A new one belongs on the list, or here among those that say what a model is."""
    models = [AudioFeatures(), GenreClassifier(), SegmentClassifier(SVC()), genrekit.CNNEmbedding()]
    suspects = ("memory", "cache", "job", "verbose", "decoder", "dispatch", "path", "folder")
    names = {name for model in models for name in model.get_params(deep=False)}
    found = {name for name in names if any(part in name for part in suspects)}
    assert found
    assert found <= set(_portable.RUNTIME_PARAMETERS)


def test_runtime_parameter_without_default_becomes_none():
    class Needs(BaseEstimator):
        def __init__(self, decoder):
            self.decoder = decoder

    assert _portable._runtime_defaults(Needs(print)) == {"decoder": None}


def test_copies_keep_what_is_one_object_one():
    shared = RandomForestClassifier(2, n_jobs=3)
    array = np.array([shared, None], dtype=object)
    copied = _portable.portable_copy(GridSearchCV(shared, {"clf": array}))
    assert copied.param_grid["clf"][0] is copied.estimator
    assert copied.estimator.n_jobs is None
    assert array[0] is shared
    assert shared.n_jobs == 3
