"""The plain pipelines: their steps, and what their arguments reach."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from genrekit import (
    RMS,
    AudioFeatures,
    PCAReducer,
    ZeroCrossingRate,
    load_audio,
    make_genre_pipeline,
    make_knn_pipeline,
    make_rf_pipeline,
    make_svm_pipeline,
    make_tracks,
)
from genrekit.audio import Decoded
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning
from genrekit.models import MODELS, make_classifier
from genrekit.models._pipelines import make_reducer, with_running

MAKERS = {"svm": make_svm_pipeline, "rf": make_rf_pipeline, "knn": make_knn_pipeline}
SMALL = {"sr": 8000, "n_fft": 256, "hop_length": 128}
NAMES = ["rms", "zero_crossing_rate", "spectral_centroid"]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    root = tmp_path_factory.mktemp("tracks")
    return make_tracks(4, root=root, genres=["drone", "noise-beat"], sr=8000, duration=0.3)


@pytest.fixture
def features():
    return AudioFeatures(NAMES, **SMALL)


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.wav"
    path.write_bytes(b"")
    return str(path)


class CountingDecoder:
    """Reads WAV files, and writes a line a call: a file counts across threads and copies."""

    def __init__(self, log: Path) -> None:
        self.log, self.cache_key = log, "counting"
        log.touch()

    def __call__(self, source, *, offset, duration):
        with self.log.open("a") as log:
            log.write(f"{source}\n")
        y = load_audio(source, sr=8000, offset=offset, duration=duration)
        return Decoded(8000, iter([y[:, np.newaxis]]))

    @property
    def calls(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.mark.parametrize(
    ("model", "clf"),
    [("svm", SVC), ("rf", RandomForestClassifier), ("knn", KNeighborsClassifier)],
)
def test_steps(model, clf):
    pipeline = MAKERS[model]()
    assert type(pipeline) is Pipeline
    assert list(pipeline.named_steps) == ["features", "scale", "reduce", "clf"]
    assert isinstance(pipeline["clf"], clf)
    assert pipeline["features"].features == "standard"
    assert pipeline["reduce"] == "passthrough"


@pytest.mark.parametrize("name", MAKERS)
def test_the_three_names_are_the_factory_with_a_classifier(name):
    options = {"reducer": 3, "n_jobs": 2, "random_state": 1, "on_error": "nan", "memory": "m"}
    one, other = MAKERS[name](NAMES, **options), make_genre_pipeline(name, NAMES, **options)
    assert repr(one) == repr(other)
    with pytest.raises(TypeError, match="n_job"):
        MAKERS[name](n_job=2)


def test_the_factory_takes_any_classifier(features, tracks):
    given = LogisticRegression(C=3.0)
    pipeline = make_genre_pipeline(clf=given, features=features).fit(tracks.paths, tracks.target)
    assert pipeline["clf"].C == 3.0
    assert pipeline.score(tracks.paths, tracks.target) == 1
    assert not hasattr(given, "coef_")  # the pipeline has a clone
    assert make_genre_pipeline("logreg")["clf"].C == 0.1
    with pytest.raises(ValueError, match="clf must be a classifier, not LinearRegression"):
        make_genre_pipeline(LinearRegression())
    with pytest.raises(ValueError, match="clf.*'svm'"):
        make_genre_pipeline("swm")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_fits_and_predicts_files(make, features, tracks):
    pipeline = make(features, reducer=2, random_state=0).fit(tracks.paths, tracks.target)
    assert pipeline.score(tracks.paths, tracks.target) > 0.5
    assert pipeline["reduce"].pca_.n_components_ == 2


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_bad_file_stops_by_default(make, features, tracks, broken):
    pipeline = make(features).fit(tracks.paths, tracks.target)
    with pytest.raises(AudioDecodeError, match="broken.wav"):
        pipeline.predict([*tracks.paths, broken])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("instance", [True, False], ids=["instance", "names"])
def test_a_bad_file_is_imputed_on_request(make, instance, features, tracks, broken):
    spec = features if instance else NAMES
    pipeline = make(spec, on_error="nan", random_state=0)
    assert list(pipeline.named_steps) == ["features", "impute", "scale", "reduce", "clf"]
    assert isinstance(pipeline["impute"], SimpleImputer)
    X, y = [*tracks.paths, broken], [*tracks.target, "drone"]
    with pytest.warns(AudioDecodeWarning) as caught:
        pipeline.fit(X, y)
    assert [error.path for error in caught[0].message.errors] == [broken]
    with pytest.warns(AudioDecodeWarning):
        predicted = pipeline.predict(X)
    assert set(predicted) <= {"drone", "noise-beat"}
    assert len(predicted) == 9


def test_an_imputed_row_is_the_median(features, tracks, broken):
    pipeline = make_svm_pipeline(features, on_error="nan").fit(tracks.paths, tracks.target)
    table = features.fit_transform(tracks.paths)
    with pytest.warns(AudioDecodeWarning):
        row = pipeline[:2].transform([broken])
    np.testing.assert_allclose(row[0], np.median(table, axis=0))


def test_bad_files_in_a_feature_union_are_imputed_too(tracks, broken):
    union = FeatureUnion([("a", RMS(**SMALL)), ("b", ZeroCrossingRate(**SMALL))])
    pipeline = make_svm_pipeline(union, on_error="nan").fit(tracks.paths, tracks.target)
    with pytest.warns(AudioDecodeWarning):
        assert len(pipeline.predict([broken])) == 1
    assert union.transformer_list[0][1].on_error == "raise"


def test_arguments_reach_the_steps():
    pipeline = make_rf_pipeline(
        ["rms"], reducer="pca", memory="cache", n_jobs=2, random_state=3, verbose=1
    )
    assert (
        pipeline["features"].get_params(deep=False).items()
        >= {
            "memory": "cache",
            "n_jobs": 2,
            "verbose": 1,
            "on_error": "raise",
        }.items()
    )
    assert pipeline["reduce"].random_state == pipeline["clf"].random_state == 3
    assert pipeline["clf"].n_jobs == 2
    assert make_knn_pipeline(n_jobs=2)["clf"].n_jobs == 2


def test_a_transformer_keeps_its_own_and_is_not_changed(features):
    features.set_params(n_jobs=2, memory="own")
    pipeline = make_svm_pipeline(features, on_error="nan", verbose=1)
    inner = pipeline["features"]
    assert (inner.n_jobs, inner.memory, inner.verbose, inner.on_error) == (2, "own", 1, "nan")
    assert (features.verbose, features.on_error) == (0, "raise")
    pipeline.set_params(features__rms__stats=["max"])
    assert features.features == NAMES


def test_memory_keeps_rows_by_track(features, tracks, tmp_path):
    decoder = CountingDecoder(tmp_path / "log")
    features.set_params(decoder=decoder)
    pipeline = make_svm_pipeline(features, memory=tmp_path / "cache")
    first = cross_val_score(pipeline, tracks.paths, tracks.target, cv=2)
    assert decoder.calls == 8  # not once a fold
    second = cross_val_score(pipeline, tracks.paths, tracks.target, cv=4)
    assert decoder.calls == 8
    assert first.shape == (2,)
    assert second.shape == (4,)
    pipeline.set_params(features__rms__n_fft=512, features__rms__hop_length=256)
    pipeline.fit(tracks.paths, tracks.target)
    assert decoder.calls == 16  # other features are other entries


def test_nested_parameters_of_a_named_set():
    pipeline = clone(make_svm_pipeline().set_params(features__mfcc__n_mfcc=13, clf__C=1.0))
    names = pipeline["features"].get_feature_names_out()
    assert "mfcc12_std" in names
    assert "mfcc13_mean" not in names
    assert pipeline["clf"].C == 1.0


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_unknown_names_get_a_suggestion(make):
    with pytest.raises(ValueError, match="unknown on_error 'nam'.*'nan'"):
        make(on_error="nam")
    with pytest.raises(ValueError, match="unknown reducer 'pac'.*'pca'"):
        make(reducer="pac")
    with pytest.raises(ValueError, match="unknown feature 'mfc'.*'mfcc'"):
        make(["mfc"]).fit([np.zeros(9)] * 2, ["a", "b"])


@pytest.mark.parametrize("model", MODELS)
def test_classifiers_by_name(model):
    clf = make_classifier(model, n_jobs=2, random_state=1)
    if model in MAKERS:
        assert type(clf) is type(MAKERS[model]()["clf"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as SVC(probability=True) would give
        # scikit-learn 1.6 has not heard of scipy 1.18.
        warnings.filterwarnings("ignore", "Unknown solver options")
        clf.fit(np.arange(20.0).reshape(-1, 1), np.arange(20) > 9)


def test_a_classifier_is_given_back():
    model = LogisticRegression()
    assert make_classifier(model) is model


def test_what_is_no_classifier_is_refused():
    with pytest.raises(ValueError, match="must be a classifier, not LinearRegression"):
        make_classifier(LinearRegression())
    with pytest.raises(ValueError, match="unknown model 'svc': did you mean 'svm'"):
        make_classifier("svc")
    with pytest.raises(ValueError, match="'SVC' is a class.*SVC()"):
        make_classifier(SVC)
    with pytest.raises(ValueError, match="unknown model None"):
        make_classifier(None)


@pytest.mark.parametrize("number", [5, 0.9, np.int64(5), np.float32(0.9)])
def test_a_number_is_the_components_of_a_reducer(number):
    reducer = make_reducer(number, random_state=4)
    assert isinstance(reducer, PCAReducer)
    assert reducer.n_components == number
    assert reducer.random_state == 4


def test_other_reducers():
    assert make_reducer(None) == make_reducer("passthrough") == "passthrough"
    assert make_reducer("pca").n_components == 0.95
    mine = MinMaxScaler()
    made = make_reducer(mine)
    assert isinstance(made, MinMaxScaler)
    assert made is not mine


def test_with_running_reaches_transformers_of_audio_only():
    nested = Pipeline([("union", FeatureUnion([("a", RMS())])), ("scale", MinMaxScaler())])
    copied = with_running(nested, on_error="nan", n_jobs=2, memory=None, verbose=0)
    inner = copied["union"].transformer_list[0][1]
    assert (inner.on_error, inner.n_jobs) == ("nan", 2)
    assert copied["union"].n_jobs is None
    original = nested["union"].transformer_list[0][1]
    assert (original.on_error, original.n_jobs) == ("raise", None)
