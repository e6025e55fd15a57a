"""From files to genres in one object."""

from __future__ import annotations

import inspect
import io
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import accuracy_score, classification_report
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from genrekit import (
    RMS,
    AudioDecodeError,
    AudioDecodeWarning,
    AudioFeatures,
    GenreClassifier,
    GenrekitWarning,
    MFCCStats,
    NetworkClassifier,
    PCAReducer,
    ZeroCrossingRate,
    load,
    load_audio,
    make_genre_pipeline,
    make_tracks,
    save,
)
from genrekit.audio import Decoded
from genrekit.heads import TemperedClassifier

SMALL = {"sr": 8000, "n_fft": 256, "hop_length": 128}
GENRES = ["arpeggio", "drone", "noise-beat"]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Five short files of each of three genres."""
    root = tmp_path_factory.mktemp("tracks")
    return make_tracks(5, root=root, genres=GENRES, sr=8000, duration=0.3)


@pytest.fixture
def X(tracks):
    return list(tracks.paths)


@pytest.fixture
def y(tracks):
    return tracks.target.copy()


@pytest.fixture
def features():
    return AudioFeatures([MFCCStats(n_mfcc=4, n_mels=8), "rms", "zero_crossing_rate"], **SMALL)


@pytest.fixture
def clf(features):
    return GenreClassifier(features=features, random_state=0)


@pytest.fixture
def broken(tmp_path):
    """An empty file and a web page."""
    paths = [tmp_path / "empty.wav", tmp_path / "page.mp3"]
    paths[0].write_bytes(b"")
    paths[1].write_bytes(b"<!DOCTYPE html><html></html>")
    return [str(path) for path in paths]


class CountingDecoder:
    """Reads WAV files, and writes a line a call: a file counts across threads and copies."""

    cache_key = "counting"

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


class NaNFeatures(TransformerMixin, BaseEstimator):
    """A transformer that is not genrekit's: mean and peak, NaN for waveforms of zeros."""

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Two columns."""
        rows = [[np.abs(x).mean(), np.abs(x).max()] for x in X]
        return [row if row[1] > 0 else [np.nan, np.nan] for row in rows]

    def __sklearn_is_fitted__(self):
        return True


# --- the usual -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["svm", "rf", "knn", LogisticRegression(), GaussianNB()], ids=str)
def test_fit_predict_score(model, features, X, y):
    clf = GenreClassifier(model, features, random_state=0).fit(X, y)
    assert clf.classes_.tolist() == GENRES
    assert clf.fit_errors_ == []
    proba = clf.predict_proba(X)
    assert proba.shape == (15, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    predicted = clf.predict(X)
    np.testing.assert_array_equal(predicted, clf.classes_[proba.argmax(axis=1)])
    assert clf.score(X, y) == np.mean(predicted == y) > 0.6
    assert list(clf.pipeline_.named_steps) == ["scale", "clf"]


def test_top_k(clf, X, y):
    clf.fit(X, y)
    best = clf.top_k(X[:4], k=2)
    proba = clf.predict_proba(X[:4])
    assert [len(row) for row in best] == [2] * 4
    assert [row[0][0] for row in best] == clf.predict(X[:4]).tolist()
    np.testing.assert_allclose([[p for _, p in row] for row in best], -np.sort(-proba)[:, :2])
    assert all(type(genre) is str and type(p) is float for row in best for genre, p in row)
    assert [len(row) for row in clf.top_k(X[:2], k=9)] == [3, 3]
    assert len(clf.top_k(X[:1])[0]) == 3


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_top_k_needs_a_whole_number(k, clf, X, y):
    with pytest.raises(ValueError, match="k must be an integer"):
        clf.fit(X, y).top_k(X, k=k)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "top_k"])
def test_not_fitted(method, clf, X):
    with pytest.raises(NotFittedError):
        getattr(clf, method)(X)


@pytest.mark.parametrize(
    "labels", [np.repeat([3, 7, -1], 5), list("aaaaabbbbbccccc"), np.repeat([True, False, True], 5)]
)
def test_labels_keep_their_type(labels, clf, X):
    predicted = clf.fit(X, labels).predict(X)
    assert predicted.dtype == np.asarray(labels).dtype
    assert set(predicted.tolist()) <= set(np.asarray(labels).tolist())


def test_score_takes_weights(clf, X, y):
    wrong = np.where(np.arange(15) == 0, "drone", clf.fit(X, y).predict(X))
    assert clf.score(X, wrong) == pytest.approx(14 / 15)
    assert clf.score(X, wrong, sample_weight=np.arange(15)) == 1.0
    assert clf.score(X, list(wrong), sample_weight=np.arange(15) == 0) == 0.0
    with pytest.raises(ValueError, match=r"y has shape \(14,\), X holds 15 tracks"):
        clf.score(X, wrong[:-1])


def test_every_kind_of_track(clf, X, y):
    waveforms = [load_audio(path, sr=8000) for path in X]
    expected = clf.fit(X, y).predict_proba(X)
    collections = [
        [Path(path) for path in X],
        tuple(X),
        np.array(X),
        np.array(X, dtype=object)[:, np.newaxis],
        [Path(path).read_bytes() for path in X],
        [io.BytesIO(Path(path).read_bytes()) for path in X],
        waveforms,
        [(waveform, 8000) for waveform in waveforms],
        np.stack(waveforms),
    ]
    for collection in collections:
        found = clf.fit(collection, y).predict_proba(collection)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_array_notes_its_width(clf, X, y):
    table = np.stack([load_audio(path, sr=8000) for path in X])
    assert clf.fit(table, y).n_features_in_ == 2400
    with pytest.raises(ValueError, match="2400 features"):
        clf.predict(table[:, :-1])
    assert not hasattr(clf.fit(X, y), "n_features_in_")


# --- tracks that can't be decoded ----------------------------------------------------------------


def test_raise_names_the_first_file(clf, X, y, broken):
    with pytest.raises(AudioDecodeError, match=r"empty\.wav") as caught:
        clf.fit([X[0], *broken, *X[1:]], [y[0], "drone", "drone", *y[1:]])
    assert caught.value.path == broken[0]
    with pytest.raises(AudioDecodeError, match=r"page\.mp3.*HTML"):
        clf.fit(X, y).predict([X[0], broken[1], broken[0]])


def test_nan_fits_on_what_decoded(clf, X, y, broken):
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning, match="2 of 17") as caught:
        clf.fit([*X[:5], *broken, *X[5:]], [*y[:5], "drone", "techno", *y[5:]])
    assert [type(warning.message) for warning in caught] == [AudioDecodeWarning, GenrekitWarning]
    assert "no track of 'techno' could be decoded" in str(caught[1].message)
    assert caught[1].filename == __file__
    assert [error.index for error in clf.fit_errors_] == [5, 6]
    assert [error.path for error in clf.fit_errors_] == broken
    assert caught[0].message.errors == clf.fit_errors_
    assert clf.classes_.tolist() == GENRES  # none of techno could be heard
    expected = clone(clf).fit(X, y)
    np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(X))


def test_a_genre_of_weight_zero_is_left_out_without_a_word(clf, X, y, recwarn):
    clf.fit(X, y, sample_weight=(y != "drone").astype(float))
    assert clf.classes_.tolist() == ["arpeggio", "noise-beat"]
    assert not recwarn.list


def test_scikit_learn_scores_what_can_be_read_through_score(clf, X, y, broken):
    clf.set_params(on_error="nan", calibrate=False)
    labels = [*y, "drone", "drone"]
    with pytest.warns(AudioDecodeWarning):
        scores = cross_val_score(clf, [*X, *broken], labels, cv=StratifiedKFold(3))
    assert np.isfinite(scores).all()


def test_nan_answers_for_what_decoded(clf, X, y, broken):
    clf.set_params(on_error="nan").fit(X, y)
    mixed, labels = [X[0], broken[0], X[1]], [y[0], "drone", y[1]]
    with pytest.warns(AudioDecodeWarning, match="1 of 3") as caught:
        predicted = clf.predict(mixed)
    assert len(caught) == 1
    assert [error.index for error in caught[0].message.errors] == [1]
    assert predicted[1] is None
    np.testing.assert_array_equal(predicted[[0, 2]], clf.predict(X[:2]))
    with pytest.warns(AudioDecodeWarning):
        proba = clf.predict_proba(mixed)
    assert np.isnan(proba[1]).all()
    np.testing.assert_array_equal(proba[[0, 2]], clf.predict_proba(X[:2]))
    with pytest.warns(AudioDecodeWarning):
        best = clf.top_k(mixed)
    assert [len(row) for row in best] == [3, 0, 3]
    with pytest.warns(AudioDecodeWarning):
        assert clf.score(mixed, labels) == pytest.approx(2 / 3 * clf.score(X[:2], y[:2]))


def test_nan_with_numbers_as_genres(clf, X, broken):
    clf.set_params(on_error="nan").fit(X, np.repeat([0, 1, 2], 5))
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict([broken[0], X[0]])[0] is None
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict(broken).tolist() == [None, None]
    with pytest.warns(AudioDecodeWarning):
        assert clf.score(broken, [0, 0]) == 0.0


def test_too_little_decodes(clf, X, y, broken):
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning), pytest.raises(ValueError, match="1 class .*decoded"):
        clf.fit([X[0], *broken], ["drone", "pop", "pop"])
    with pytest.warns(AudioDecodeWarning), pytest.raises(ValueError, match="0 classes .*decoded"):
        clf.fit(broken, ["drone", "pop"])


def test_a_bad_waveform_is_a_bad_track(clf, X, y):
    bad = np.full(2400, np.nan, dtype=np.float32)
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning):
        clf.fit([*X, bad], [*y, "drone"])
    assert clf.fit_errors_[0].path == "<waveform, item 15>"


@pytest.mark.parametrize("union", [True, False], ids=["union", "own"])
def test_on_error_holds_for_a_transformer_of_ones_own(union, X, y, broken):
    inner = AudioFeatures(["rms", "zero_crossing_rate"], **SMALL)
    features = FeatureUnion([("a", inner)]) if union else inner
    clf = GenreClassifier(GaussianNB(), features, on_error="nan", random_state=0)
    with pytest.warns(AudioDecodeWarning):
        clf.fit([*X, broken[0]], [*y, "drone"])
    assert [(error.index, error.path) for error in clf.fit_errors_] == [(15, broken[0])]
    inner.set_params(on_error="nan")
    clf.set_params(on_error="raise")
    with pytest.raises(AudioDecodeError, match=r"empty\.wav"):
        clf.fit([*X, broken[0]], [*y, "drone"])


def test_rows_of_nan_from_elsewhere(X, y):
    waveforms = [load_audio(path, sr=8000) for path in X] + [np.zeros(2400, np.float32)]
    labels = [*y, "drone"]
    clf = GenreClassifier(GaussianNB(), NaNFeatures(), on_error="nan", random_state=0)
    clf.fit(waveforms, labels)
    assert clf.fit_errors_ == [(15, "<waveform, item 15>", "its features are NaN")]
    assert np.isnan(clf.median_seconds_)
    assert clf.predict(waveforms)[15] is None
    with pytest.raises(AudioDecodeError, match="item 15>: its features are NaN"):
        clf.set_params(on_error="raise").fit(waveforms, labels)


# --- what is wrong gets an error that says so ----------------------------------------------------


def test_one_class_only(clf, X):
    with pytest.raises(ValueError, match="1 class .'drone'.: .* more than one class"):
        clf.fit(X, ["drone"] * 15)


@pytest.mark.parametrize("name", ["y", "groups", "sample_weight"])
def test_another_length(name, clf, X, y):
    args = {"y": y, "groups": np.arange(15), "sample_weight": np.ones(15)}
    args[name] = args[name][:-1]
    with pytest.raises(ValueError, match=rf"{name} has shape \(14,\), X holds 15 tracks"):
        clf.fit(X, **args)


@pytest.mark.parametrize("track", ["a.wav", Path("a.wav"), b"RIFF", (np.zeros(9), 8000)], ids=str)
def test_a_single_track(track, clf, X, y):
    with pytest.raises(ValueError, match="wrap it in a list"):
        clf.fit(track, ["drone"])
    with pytest.raises(ValueError, match="wrap it in a list"):
        clf.fit(X, y).predict(track)


def test_no_tracks(clf):
    with pytest.raises(ValueError, match="empty"):
        clf.fit([], [])


def test_labels_that_are_none(clf, X, y):
    with pytest.raises(ValueError, match="continuous"):
        clf.fit(X, np.linspace(0, 1, 15))
    with pytest.raises(ValueError, match="unknown"):
        clf.fit(X, np.array([3, *y[1:]], dtype=object))
    with pytest.raises(ValueError, match="Input y contains NaN or None, the first at index 0"):
        clf.fit(X, [None, *y[1:]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "svn"}, "unknown model 'svn': did you mean 'svm'?"),
        ({"model": PCAReducer()}, "model must be a classifier, not PCAReducer"),
        ({"model": SVC}, "'SVC' is a class: pass an instance"),
        ({"reducer": "pac"}, "unknown reducer 'pac': did you mean 'pca'?"),
        ({"on_error": "raize"}, "unknown on_error 'raize': did you mean 'raise'?"),
        ({"features": "standart"}, "unknown feature 'standart': did you mean 'standard'?"),
        ({"features": ["mfc"]}, "unknown feature 'mfc': did you mean 'mfcc'?"),
        ({"features": 3}, "features must be a named set"),
        ({"features": ["rms"], "duration": -1}, "duration must be a number above 0"),
    ],
    ids=str,
)
def test_wrong_parameters_are_found_before_anything_is_decoded(params, message, tmp_path, y, X):
    decoder = CountingDecoder(tmp_path / "log")
    clf = GenreClassifier(decoder=decoder).set_params(**params)
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        clf.fit(X, y)
    assert decoder.calls == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("modle", "GenreClassifier has no parameter 'modle': did you mean 'model'"),
        ("modle__C", "GenreClassifier has no parameter 'modle__C': did you mean 'model'"),
        ("model__C", "'model__C' can't be set while model is 'svm'.*SVC"),
        ("features__mfc__n_mfcc", "no parameter or part 'mfc__n_mfcc': did you mean 'mfcc'"),
        ("features__mfcc__n_mfc", "MFCCStats has no parameter 'n_mfc': did you mean 'n_mfcc'"),
        ("features__n_ftt", "did you mean 'n_fft'"),
    ],
)
def test_unknown_parameter_names(name, message):
    with pytest.raises(ValueError, match=message):
        GenreClassifier().set_params(**{name: 1})


def test_unknown_keywords_of_fit(clf, X, y):
    with pytest.raises(TypeError, match="no parameter 'group': did you mean 'groups'"):
        clf.fit(X, y, group=np.arange(15))


# --- parameters ----------------------------------------------------------------------------------


def test_get_params_expands_a_named_set():
    params = GenreClassifier().get_params()
    assert params["features"] == "standard"
    assert params["features__mfcc__n_mfcc"] == 20
    assert params["features__sr"] == 22050
    assert not any(name.startswith("features__") for name in GenreClassifier().get_params(False))
    assert GenreClassifier(features="nonsense").get_params()["features"] == "nonsense"


@pytest.mark.parametrize("spec", ["standard", ["mfcc", "rms"]], ids=["set", "list"])
def test_nested_parameters_leave_the_others_in_force(spec):
    clf = GenreClassifier(features=spec).set_params(features__mfcc__n_mfcc=13, sr=8000)
    clf.set_params(duration=5.0, offset=1.0)
    params = clone(clf).get_params()
    assert params["features__mfcc__n_mfcc"] == 13
    names = ("sr", "duration", "offset")
    assert [params[f"features__{name}"] for name in names] == [8000, 5.0, 1.0]


def test_nested_front_end():
    clf = GenreClassifier(duration=5.0).set_params(features__n_fft=1024, features__mfcc__n_mfcc=13)
    params = clone(clf).get_params()
    assert isinstance(params["features"], AudioFeatures)
    assert params["features__n_fft"] == 1024
    assert params["features__mfcc__n_mfcc"] == 13
    assert params["features__duration"] == 5.0
    assert clf.set_params(features__mfcc__n_mfcc=14).features.n_fft == 1024


def test_set_params_takes_an_object_and_its_parameters_at_once():
    clf = GenreClassifier().set_params(
        reducer__n_components=3, model__C=2.0, model=SVC(), reducer=PCAReducer()
    )
    assert clf.model.C == 2.0
    assert clf.reducer.n_components == 3
    clf.set_params(features__mfcc__n_mfcc=5, features=["mfcc"])
    assert clf.get_params()["features__mfcc__n_mfcc"] == 5


def test_clone_fits_the_same(clf, X, y):
    copied = clone(clf.fit(X, y))
    assert not hasattr(copied, "classes_")
    np.testing.assert_array_equal(copied.fit(X, y).predict_proba(X), clf.predict_proba(X))


def test_fit_changes_no_parameter(features, X, y):
    model, reducer = SVC(), PCAReducer(2)
    clf = GenreClassifier(model, features, reducer=reducer, n_jobs=2, random_state=0)
    before = clf.get_params(deep=False)
    clf.fit(X, y)
    assert clf.get_params(deep=False) == before
    assert not hasattr(model, "classes_")
    assert not hasattr(reducer, "pca_")
    assert features.n_jobs is None


@pytest.mark.parametrize(
    ("reducer", "columns"),
    [(None, 12), ("passthrough", 12), (3, 3), (np.int64(3), 3), (PCAReducer(2), 2)],
    ids=str,
)
def test_reducers(reducer, columns, features, X, y):
    clf = GenreClassifier(GaussianNB(), features, reducer=reducer, calibrate=False).fit(X, y)
    assert clf.pipeline_["clf"].n_features_in_ == columns


@pytest.mark.parametrize("reducer", ["pca", 0.95])
def test_reducers_by_explained_variance(reducer, features, X, y):
    clf = GenreClassifier(GaussianNB(), features, reducer=reducer, calibrate=False).fit(X, y)
    fitted = clf.pipeline_["reduce"]
    assert fitted.explained_variance_ratio_.sum() > 0.95
    assert 1 < clf.pipeline_["clf"].n_features_in_ == fitted.pca_.n_components_ < 12


def test_any_transformer_is_a_reducer(features, X, y):
    clf = GenreClassifier(GaussianNB(), features, reducer=MinMaxScaler(), calibrate=False)
    rows = clf.fit(X, y).pipeline_[:-1].transform(clf.features_.transform(X))
    assert (rows.min(), rows.max()) == (0.0, pytest.approx(1.0))


@pytest.mark.parametrize(
    "features",
    [
        AudioFeatures(["rms", "zero_crossing_rate"], **SMALL),
        MFCCStats(n_mfcc=4, n_mels=8, **SMALL),
        FeatureUnion([("rms", RMS(**SMALL)), ("zcr", ZeroCrossingRate(**SMALL))]),
        "standard",
        ["rms", "zero_crossing_rate"],
        [("level", "rms"), RMS(stats=["max"])],
    ],
    ids=["AudioFeatures", "transformer", "FeatureUnion", "set", "names", "pairs"],
)
def test_features(features, X, y):
    clf = GenreClassifier(GaussianNB(), features, random_state=0).fit(X, y)
    assert clf.score(X, y) > 0.4
    assert clf.features_ is not features
    assert clf.features_.transform(X[:1]).shape == (1, clf.pipeline_["scale"].n_features_in_)


def test_offset_and_duration(tmp_path, X, y):
    args = {"features": ["rms", "zero_crossing_rate"], "sr": 8000, "random_state": 0}
    clf = GenreClassifier(GaussianNB(), offset=0.1, duration=0.1, **args).fit(X, y)
    assert clf.median_seconds_ == pytest.approx(0.1)
    cut = [load_audio(path, sr=8000)[800:1600] for path in X]
    by_hand = GenreClassifier(GaussianNB(), **args).fit(cut, y)
    np.testing.assert_allclose(clf.predict_proba(X), by_hand.predict_proba(cut), atol=1e-6)
    save(clf, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops", trusted=[GaussianNB])
    assert (loaded.offset, loaded.duration, loaded.sr) == (0.1, 0.1, 8000)
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_much_longer_tracks_are_warned_about(clf, X, y):
    waveforms = [load_audio(path, sr=8000) for path in X]
    clf.fit(waveforms, y)
    assert clf.median_seconds_ == pytest.approx(0.3)
    with pytest.warns(GenrekitWarning, match=r"1 of 2 tracks .* \(0.3 s\): set duration"):
        clf.predict([waveforms[0], np.tile(waveforms[1], 3)])
    with pytest.warns(GenrekitWarning, match=r"a track is over 2 times as long"):
        clf.predict([np.tile(waveforms[1], 3)[: round(2.05 * 0.3 * 8000)]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.predict([np.tile(waveforms[1], 2)])


def test_duration_keeps_long_tracks_from_being_warned_about(X, y):
    waveforms = [load_audio(path, sr=8000) for path in X]
    features = ["rms", "zero_crossing_rate"]
    clf = GenreClassifier(GaussianNB(), features, sr=8000, duration=0.2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.fit(waveforms, y).predict([np.tile(waveforms[0], 5)])


# --- running -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "calibrate"), [("svm", True), ("rf", False)])
def test_random_state_decides(model, calibrate, features, X, y):
    clf = GenreClassifier(model, features, calibrate=calibrate)
    first, second, other = (
        clone(clf).set_params(random_state=seed).fit(X, y).predict_proba(X) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, second)
    assert np.any(first != other)


@pytest.mark.parametrize("model", ["svm", "knn"])
def test_jobs_change_no_bit(model, features, X, y):
    one, two = (
        GenreClassifier(model, features, n_jobs=n_jobs, random_state=0).fit(X, y).predict_proba(X)
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_memory_spares_the_second_fit_the_decoding(clf, X, y, tmp_path):
    decoder = CountingDecoder(tmp_path / "log")
    clf.set_params(decoder=decoder, memory=tmp_path / "cache")
    clf.fit(X, y)
    assert decoder.calls == 15
    clone(clf).fit(X, y).predict(X)
    assert decoder.calls == 15


def test_the_decoder_reaches_every_transformer(features, X, y, tmp_path):
    decoder = CountingDecoder(tmp_path / "log")
    union = FeatureUnion([("rms", RMS(**SMALL)), ("zcr", ZeroCrossingRate(**SMALL))])
    for n_calls, spec in [(15, features), (45, union), (60, ["rms", "zero_crossing_rate"])]:
        GenreClassifier(GaussianNB(), spec, decoder=decoder, random_state=0).fit(X, y)
        assert decoder.calls == n_calls
    assert features.decoder is None


def test_ways_of_running_may_change_after_fit(clf, X, y, broken, tmp_path):
    decoder = CountingDecoder(tmp_path / "log")
    clf.fit(X, y)
    expected = clf.predict_proba(X)
    clf.set_params(decoder=decoder, n_jobs=2, on_error="nan", memory=tmp_path / "cache")
    np.testing.assert_array_equal(clf.predict_proba(X), expected)
    assert decoder.calls == 15
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict(broken).tolist() == [None, None]


def test_verbose_shows_a_bar(clf, X, y, capsys):
    clf.fit(X, y)
    assert capsys.readouterr().err == ""
    clf.set_params(verbose=1).predict(X)
    assert "15/15" in capsys.readouterr().err


# --- calibration and its folds -------------------------------------------------------------------


@pytest.mark.parametrize("n_genres", [2, 3])
def test_a_genre_of_one_file_is_not_calibrated(n_genres, clf, X, y):
    n = 5 * (n_genres - 1) + 1
    with pytest.warns(GenrekitWarning, match="too few tracks"):
        clf.fit(X[:n], y[:n])
    assert isinstance(clf.pipeline_["clf"], SVC)
    proba = clf.predict_proba(X)
    assert proba.shape == (15, n_genres)
    assert proba.min() >= 0
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert clf.score(X[:n], y[:n]) > 0.8


@pytest.mark.parametrize("n_genres", [2, 3])
@pytest.mark.parametrize("model", [SVC(), RidgeClassifier(), "knn", "rf"], ids=str)
def test_uncalibrated_on_request(model, n_genres, features, X, y):
    n = 5 * n_genres
    clf = GenreClassifier(model, features, calibrate=False, random_state=0).fit(X[:n], y[:n])
    assert not isinstance(clf.pipeline_["clf"], CalibratedClassifierCV)
    proba = clf.predict_proba(X[:n])
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert clf.score(X[:n], y[:n]) > 0.6


def test_scores_of_two_genres_become_probabilities_that_agree_with_them(features, X, y):
    clf = GenreClassifier(SVC(), features, calibrate=False).fit(X[:10], y[:10])
    scores = clf.pipeline_.decision_function(clf.features_.transform(X))
    np.testing.assert_allclose(clf.predict_proba(X)[:, 1], 1 / (1 + np.exp(-scores)))


def test_scores_of_pairs_become_probabilities_of_genres(features):
    tracks = make_tracks(3, sr=8000, duration=0.2)
    X, y = tracks.waveforms, tracks.target
    clf = GenreClassifier(SVC(C=10, decision_function_shape="ovo"), features, calibrate=False)
    proba = clf.fit(X, y).predict_proba(X)
    assert proba.shape == (len(X), len(clf.classes_))
    assert (
        np.mean(
            clf.classes_[proba.argmax(axis=1)] == clf.pipeline_.predict(clf.features_.transform(X))
        )
        > 0.9
    )


@pytest.mark.parametrize(("n_per_genre", "n_splits"), [(2, 2), (4, 4), (5, 5)])
def test_as_many_folds_as_the_smallest_genre_has_files(n_per_genre, n_splits, clf, X, y):
    keep = np.flatnonzero((np.arange(15) % 5 < n_per_genre) | (y != "drone"))
    clf.fit([X[i] for i in keep], y[keep])
    splits = clf.pipeline_["clf"].cv
    assert len(splits) == n_splits
    tested = np.concatenate([test for _, test in splits])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(keep)))


def test_five_folds_at_most(features):
    tracks = make_tracks(7, genres=GENRES[:2], sr=8000, duration=0.1)
    clf = GenreClassifier(GaussianNB(), features, random_state=0)
    assert len(clf.fit(tracks.waveforms, tracks.target).pipeline_["clf"].cv) == 5


def test_inner_folds_keep_groups_together(clf, X, y):
    groups = np.array(["a", "a", "b", "b", "c"] * 3) + np.char.add("-", y)
    clf.fit(X, y, groups=groups)
    splits = clf.pipeline_["clf"].cv
    assert len(splits) == 3
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == set(GENRES)


def test_inner_folds_keep_groups_together_when_files_are_bad(clf, X, y, broken):
    groups = np.array([0, *np.repeat(np.arange(1, 4), 5), 9]) * 10
    groups[1:-1] += np.tile([0, 0, 1, 1, 2], 3)
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning):
        clf.fit([broken[0], *X, broken[1]], ["drone", *y, "drone"], groups=list(groups))
    for train, test in clf.pipeline_["clf"].cv:
        assert not set(groups[1:-1][train]) & set(groups[1:-1][test])


def test_a_group_of_a_whole_genre_is_not_calibrated(clf, X, y):
    with pytest.warns(GenrekitWarning, match="too few tracks .or groups."):
        clf.fit(X, y, groups=np.repeat([0, 1, 2], 5))
    assert isinstance(clf.pipeline_["clf"], SVC)


def test_groups_across_genres_leave_every_genre_in_training(clf, X, y):
    groups = np.array([0, 1, 2, 3, 4] * 3)
    groups[y == "drone"] = [0, 0, 0, 0, 1]
    clf.fit(X, y, groups=groups)
    for train, test in clf.pipeline_["clf"].cv:
        assert set(y[train]) == set(GENRES)
        assert not set(groups[train]) & set(groups[test])


def test_a_path_that_stands_twice_is_one_track(clf, X, y):
    twice = [*X, *map(Path, X)]
    clf.fit(twice, [*y, *y])
    for train, test in clf.pipeline_["clf"].cv:
        assert not {str(twice[i]) for i in train} & {str(twice[i]) for i in test}


@pytest.mark.parametrize("model", ["svm", "logreg", SVC(kernel="linear"), LogisticRegression()])
def test_scores_are_calibrated_by_one_factor(model, features, X, y):
    clf = GenreClassifier(model, features, random_state=0).fit(X, y)
    assert isinstance(clf.pipeline_["clf"], TemperedClassifier)
    assert clf.pipeline_["clf"].factor_ != 1


@pytest.mark.parametrize("model", ["rf", "knn", GaussianNB(), RidgeClassifier()], ids=str)
def test_other_models_are_calibrated_by_a_sigmoid_a_genre(model, features, X, y):
    clf = GenreClassifier(model, features, random_state=0).fit(X, y)
    assert isinstance(clf.pipeline_["clf"], CalibratedClassifierCV)
    assert clf.pipeline_["clf"].method == "sigmoid"


# --- unknown -------------------------------------------------------------------------------------


def test_unknown_below_a_probability(clf, X, y):
    proba = clf.fit(X, y).predict_proba(X)
    highest = proba.max(axis=1)
    limit = float(np.median(highest))
    found = clf.set_params(reject_below=limit).predict(X)
    expected = np.where(highest < limit, "unknown", clf.classes_[proba.argmax(axis=1)])
    assert found.tolist() == expected.tolist()
    assert 0 < np.sum(found == "unknown") < len(X)
    np.testing.assert_array_equal(clf.predict_proba(X), proba)
    assert clf.top_k(X[:1], k=1)[0][0][1] == highest[0]


def test_unknown_counts_as_wrong_unless_it_is_the_label(clf, X, y):
    clf.fit(X, y).set_params(reject_below=1.0)
    assert clf.score(X, y) == 0
    assert clf.score(X, ["unknown"] * len(X)) == 1
    assert clf.set_params(reject_below=0).score(X, y) > 0.8


def test_unknown_beside_numbers_and_bad_files(features, X, y, broken):
    numbers = np.unique(y, return_inverse=True)[1]
    clf = GenreClassifier(features=features, on_error="nan", reject_below=1.0, random_state=0)
    clf.fit(X, numbers)
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict([*X[:1], broken[0]]).tolist() == [-1, None]


@pytest.mark.parametrize(
    ("genres", "unknown"),
    [
        ([0, 1, 2], -1),
        ([1, 2, 3], -1),
        ([-1, 0, 1], -2),
        (np.array([7, 8, 9], np.uint8), -1),
        (np.array([-128, 0, 1], np.int8), -129),
        ([0.0, 1.0, 2.0], -1.0),
        ([False, True, True], -1),
        (["a", "b", "c"], "unknown"),
    ],
)
def test_what_is_rejected_goes_into_scikit_learns_metrics(genres, unknown, clf, X, y):
    labels = np.asarray(genres)[np.unique(y, return_inverse=True)[1]]
    proba = clf.fit(X, labels).predict_proba(X)
    limit = np.median(proba.max(axis=1))
    found = clf.set_params(reject_below=limit).predict(X)
    assert (found == unknown).sum() == (proba.max(axis=1) < limit).sum() > 0
    told = labels.tolist()  # as whoever has a list
    report = classification_report(told, found.tolist(), output_dict=True, zero_division=0)
    assert str(unknown) in report
    assert accuracy_score(told, found.tolist()) == pytest.approx(clf.score(X, labels))
    assert clf.score(X, found) == 1


@pytest.mark.parametrize("share", [-0.1, 1.5, "half"])
def test_wrong_reject_below(share, clf, X, y):
    with pytest.raises(ValueError, match="reject_below"):
        clf.set_params(reject_below=share).fit(X, y)


# --- weights, groups and their routing -----------------------------------------------------------


def test_fit_names_neither_groups_nor_weights():
    names = list(inspect.signature(GenreClassifier.fit).parameters)
    assert names == ["self", "X", "y", "fit_params"]


def test_weights_matter(features, X, y):
    clf = GenreClassifier(GaussianNB(), features, calibrate=False)
    weight = np.where(np.arange(15) % 5 < 3, 1.0, 3.0)
    repeats = weight.astype(int)
    clf.fit(X, y, sample_weight=list(weight))
    # The scaler knows no weights, so compare behind it.
    rows = clf.pipeline_[:-1].transform(features.transform(X))
    twin = GaussianNB().fit(np.repeat(rows, repeats, axis=0), np.repeat(y, repeats))
    np.testing.assert_allclose(clf.predict_proba(X), twin.predict_proba(rows), atol=1e-9)


def test_weights_reach_the_calibrated(clf, X, y):
    weight = np.where(np.arange(15) % 5 == 0, 20.0, 0.1)
    weighted = clone(clf).fit(X, y, sample_weight=weight).predict_proba(X)
    assert np.abs(weighted - clf.fit(X, y).predict_proba(X)).max() > 0.003
    with config_context(enable_metadata_routing=True):
        routed = clone(clf).fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_array_equal(routed, weighted)


def test_weight_zero_is_absence(clf, X, y):
    weight = np.where(np.arange(15) == 7, 0.0, 1.0)
    keep = np.flatnonzero(weight)
    found = clf.fit(X, y, sample_weight=weight).predict_proba(X)
    clf.fit([X[i] for i in keep], y[keep], sample_weight=np.ones(14))
    np.testing.assert_array_equal(clf.predict_proba(X), found)
    with pytest.raises(ValueError, match="1 class .*sample_weight 0"):
        clf.fit(X, y, sample_weight=(y == "drone").astype(float))


def test_fit_requests(clf):
    with config_context(enable_metadata_routing=True):
        request = clf.get_metadata_routing().fit.requests
        assert request == {"groups": None, "sample_weight": None}
        clf.set_fit_request(groups=True)
        assert clf.get_metadata_routing().fit.requests["groups"] is True


def test_weights_not_asked_for_are_refused(clf, X, y):
    with config_context(enable_metadata_routing=True), pytest.raises(ValueError, match="request"):
        cross_validate(clf, X, y, cv=2, params={"sample_weight": np.ones(15)}, error_score="raise")


# --- keeping -------------------------------------------------------------------------------------


def test_pickle(clf, X, y):
    clf.fit(X, y)
    copied = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(copied.predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("model", ["svm", "rf", "knn"])
def test_save_and_load(model, X, y, broken, tmp_path):
    features = ["rms", "zero_crossing_rate", MFCCStats(n_mfcc=4, n_mels=32)]
    calibrate = model != "rf"  # five forests of 500 trees take long
    clf = GenreClassifier(model, features, reducer="pca", calibrate=calibrate, random_state=0)
    clf.set_params(features__mfcc__n_mfcc=5, n_jobs=2).fit(X, y)
    save(clf, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert loaded.n_jobs is None
    assert loaded.predict(X).tolist() == clf.predict(X).tolist()
    loaded.set_params(on_error="nan", n_jobs=2)
    with pytest.warns(AudioDecodeWarning):
        assert loaded.top_k([broken[0]]) == [[]]


def test_nearest_neighbours_of_few_tracks():
    tracks = [np.sin(np.arange(4000) * (0.05 if i % 2 else 0.5) * (1 + i / 50)) for i in range(4)]
    genres = ["low", "high"] * 2
    with pytest.warns(GenrekitWarning, match="2 inner folds only"):
        clf = GenreClassifier("knn", ["rms", "spectral_centroid"]).fit(tracks, genres)
    np.testing.assert_allclose(clf.predict_proba(tracks).sum(axis=1), 1.0)


@pytest.mark.filterwarnings("ignore:the smallest genre:genrekit.exceptions.GenrekitWarning")
@pytest.mark.parametrize("calibrate", [True, False])
@pytest.mark.parametrize(
    "weights", ["balanced", {"drone": 20.0, "arpeggio": 1.0, "noise-beat": 0.1}]
)
def test_class_weight_reaches_what_decides(weights, calibrate, features, X, y):
    given = {"calibrate": calibrate, "random_state": 0}
    named = GenreClassifier("logreg", features, class_weight=weights, **given).fit(X[:-2], y[:-2])
    model = LogisticRegression(C=0.1, class_weight=weights, max_iter=1000)
    passed = GenreClassifier(model, features, **given)
    np.testing.assert_array_equal(
        named.predict_proba(X), passed.fit(X[:-2], y[:-2]).predict_proba(X)
    )
    plain = GenreClassifier("logreg", features, **given).fit(X[:-2], y[:-2])
    assert not np.array_equal(named.predict_proba(X), plain.predict_proba(X))


def test_class_weight_sets_that_of_a_classifier_that_is_passed(features, X, y):
    model = LogisticRegression(class_weight={"drone": 3.0})
    clf = GenreClassifier(model, features, class_weight="balanced", calibrate=False).fit(X, y)
    assert clf.pipeline_["clf"].class_weight == "balanced"
    assert model.class_weight == {"drone": 3.0}


@pytest.mark.parametrize("model", ["knn", GaussianNB()], ids=["knn", "instance"])
def test_class_weight_that_can_not_be_heeded(model, features, y):
    clf = GenreClassifier(model, features, class_weight="balanced", calibrate=False)
    with pytest.raises(ValueError, match="class_weight='balanced' has no meaning to"):
        clf.fit(["nowhere.wav"] * len(y), y)  # before anything is read


@pytest.mark.filterwarnings("ignore:Since KNeighborsClassifier:UserWarning")
@pytest.mark.parametrize("model", ["knn", "rf"])
def test_class_weight_is_not_taken_back_by_calibration(model, features, X, y):
    genre = np.unique(y)[0]
    weights = {name: 1000.0 if name == genre else 0.001 for name in np.unique(y)}
    weighted = GenreClassifier(model, features, class_weight=weights, random_state=0).fit(X, y)
    plain = GenreClassifier(model, features, random_state=0).fit(X, y)
    assert set(plain.predict(X)) > {genre}
    assert set(weighted.predict(X)) == {genre}


def test_a_part_of_a_named_set_is_dropped(X, y):
    clf = GenreClassifier("svm", ["rms", "zero_crossing_rate"], sr=8000)
    clf.set_params(features__rms="drop", calibrate=False)
    assert clone(clf).get_params()["features__rms"] == "drop"
    clf.fit(X, y)
    names = ["zero_crossing_rate_mean", "zero_crossing_rate_std"]
    assert clf.features_.get_feature_names_out().tolist() == names
    assert clf.set_params(features__stats=["max"]).fit(X, y).pipeline_.n_features_in_ == 1


def test_rows_shorter_than_a_hop_are_described_by_their_samples_too(tmp_path):
    # The spectra of (a, b), (b, a) and (-a, -b) are the same.
    X = np.repeat([[1.0, 3.0], [3.0, 1.0], [-1.0, -3.0]], 5, axis=0)
    X += np.random.default_rng(0).normal(0, 0.1, X.shape)
    y = np.repeat(["a", "b", "c"], 5)
    clf = GenreClassifier(random_state=0).fit(X, y)
    assert clf.score(X, y) == 1
    n_features = len(clf.features_.get_feature_names_out())
    assert clf.pipeline_.n_features_in_ == n_features + 2
    save(clf, tmp_path / "tiny.skops")
    loaded = load(tmp_path / "tiny.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    with pytest.raises(ValueError, match="fitted on rows of 2 samples: pass a 2-D array"):
        clf.predict([np.zeros(3)])


@pytest.mark.parametrize("form", ["a hop or more", "a list"])
def test_what_has_a_spectrum_is_described_by_features_alone(form):
    X = np.random.default_rng(0).standard_normal((8, 512))
    X[:4] *= 0.1
    X = list(X[:, :300]) if form == "a list" else X
    clf = GenreClassifier(features=["rms", "tempo"], calibrate=False).fit(X, [0] * 4 + [1] * 4)
    assert clf.pipeline_.n_features_in_ == 3
    assert clf.predict(X).tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize("model", ["svm", "knn"])
@pytest.mark.parametrize("outputs", [("pandas", "default"), ("default", "pandas")])
def test_what_transformers_are_set_to_give_makes_no_difference(clf, X, y, model, outputs):
    pytest.importorskip("pandas")
    clf.set_params(model=model, reducer=2)
    plain = clf.fit(X, y).predict_proba(X)
    in_fit, later = outputs
    with config_context(transform_output=in_fit):
        clf.fit(X, y)
    with config_context(transform_output=later), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(clf.predict_proba(X), plain)


def test_a_reducer_may_give_frames(clf, X, y):
    pytest.importorskip("pandas")
    plain = clf.set_params(reducer=PCAReducer(2)).fit(X, y).predict_proba(X)
    frames = clf.set_params(reducer=PCAReducer(2).set_output(transform="pandas"))
    np.testing.assert_array_equal(frames.fit(X, y).predict_proba(X), plain)


@pytest.mark.parametrize("calibrate", [False, True])
def test_a_classifier_of_tracks_is_no_model(features, X, y, calibrate):
    pipeline = make_genre_pipeline("knn", features)
    for model in (pipeline, GridSearchCV(pipeline, {}), GenreClassifier(), NetworkClassifier()):
        with pytest.raises(ValueError, match="model decides on rows of features, and this"):
            GenreClassifier(model, features, calibrate=calibrate).fit(X, y)
    with pytest.raises(ValueError, match="clf decides on rows of features, and this Pipeline"):
        make_genre_pipeline(pipeline, features)


@pytest.mark.parametrize("calibrate", [False, True])
def test_a_model_says_how_sure_it_is(features, X, y, calibrate):
    voting = VotingClassifier([("bayes", GaussianNB())])
    clf = GenreClassifier(voting, features, calibrate=calibrate)
    with pytest.raises(ValueError, match="VotingClassifier as model has neither .*voting='soft'"):
        clf.fit(X, y)
    assert clf.set_params(model__voting="soft").fit(X, y).score(X, y) > 0.5
