"""Tracks in, genres out, by way of the tracks' segments."""

from __future__ import annotations

import inspect
import io
import os
import threading
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
import soundfile
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.metadata_routing import get_routing_for_object

from genrekit import (
    AudioDecodeError,
    AudioDecodeWarning,
    AudioFeatures,
    GenreClassifier,
    GenrekitWarning,
    MFCCStats,
    SegmentClassifier,
    load,
    load_audio,
    make_svm_pipeline,
    make_tracks,
    save,
)
from genrekit.audio import Decoded, _pipes
from genrekit.engine._tracks import RECENT
from genrekit.heads import splits_inside
from genrekit.models._cutting import AGGREGATES

SR = 8000
SMALL = {"sr": SR, "n_fft": 256, "hop_length": 128}
GENRES = ["arpeggio", "drone", "noise-beat"]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Four short files of each of three genres."""
    root = tmp_path_factory.mktemp("tracks")
    return make_tracks(4, root=root, genres=GENRES, sr=SR, duration=0.6)


@pytest.fixture
def X(tracks):
    return list(tracks.paths)


@pytest.fixture
def y(tracks):
    return tracks.target.copy()


@pytest.fixture
def features():
    return AudioFeatures([MFCCStats(n_mfcc=4, n_mels=8), "rms"], **SMALL)


@pytest.fixture
def pipeline(features):
    return make_pipeline(features, GaussianNB())


@pytest.fixture
def clf(pipeline):
    return SegmentClassifier(pipeline, segment_duration=0.2, sr=SR)


@pytest.fixture
def broken(tmp_path):
    """An empty file and a web page."""
    paths = [tmp_path / "empty.wav", tmp_path / "page.mp3"]
    paths[0].write_bytes(b"")
    paths[1].write_bytes(b"<!DOCTYPE html><html></html>")
    return [str(path) for path in paths]


class CountingDecoder:
    """Reads WAV files, and writes a line a call: a file counts across threads and processes."""

    cache_key = "counting"

    def __init__(self, log: Path) -> None:
        self.log, self.cache_key = log, "counting"
        log.touch()

    def __call__(self, source, *, offset, duration):
        with self.log.open("a") as log:
            log.write(f"{source}\n")
        y = load_audio(source, sr=SR, offset=offset, duration=duration)
        return Decoded(SR, iter([y[:, np.newaxis]]))

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


# --- cutting -------------------------------------------------------------------------------------


def test_segments_are_slices_of_the_decoded_track(clf, tmp_path):
    y = np.random.default_rng(0).uniform(-0.5, 0.5, 30000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", y, 44100, subtype="FLOAT")
    clf.set_params(segment_hop=0.15, pad=0.6, sr=22050)
    whole = load_audio(tmp_path / "a.wav", sr=22050)
    cutter = clf._cutter()
    tracks = [str(tmp_path / "a.wav"), (y, 44100), whole]
    starts, described = cutter.starts(tracks, None, on_error="raise")
    assert starts == [[0, 3308, 6616, 9924, 13232]] * 3
    assert not described.errors
    for track in tracks:
        segments = cutter.segments(track, starts[0])
        pairs = [segment if isinstance(segment, tuple) else segment.pair() for segment in segments]
        padded = np.pad(whole, (0, 4410))
        for start, (samples, sr) in zip(starts[0], pairs, strict=True):
            assert sr == 22050
            np.testing.assert_array_equal(samples, padded[start : start + 4410])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes as files")
def test_what_can_be_read_only_once(clf, X, y, tmp_path):
    """Tracks are gone through twice: for their lengths, and for their segments."""
    expected = clf.fit(X, y).predict_proba(X[:1])
    content, pipe = Path(X[0]).read_bytes(), tmp_path / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()

    class Socket(io.BytesIO):
        def seekable(self):
            return False

    answers = clf.predict_proba([str(pipe), Socket(content), X[0]])
    np.testing.assert_array_equal(answers, expected[[0, 0, 0]])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes as files")
def test_a_pipe_that_nobody_writes_to_costs_one_row(clf, X, y, tmp_path, monkeypatch):
    monkeypatch.setattr(_pipes, "_PATIENCE", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    clf.fit(X, y).set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning, match=f"{pipe}: nothing has come through it"):
        answers = clf.predict_proba([X[0], str(pipe)])
    np.testing.assert_array_equal(np.isnan(answers).all(axis=1), [False, True])


def test_segments_at_another_rate_than_the_features(clf, features, X, y):
    clf.set_params(sr=16000).fit(X, y)
    waveforms = [load_audio(path, sr=16000) for path in X]
    segments = [(w[s : s + 3200], 16000) for w in waveforms for s in (0, 3200, 6400)]
    expected = clf.estimator_[-1].predict_proba(features.transform(segments))
    found = np.concatenate([track.probabilities for track in clf.predict_segments(X)])
    np.testing.assert_array_equal(found, expected)


def test_offset_and_duration(clf, X, y):
    clf.set_params(offset=0.05, duration=0.4).fit(X, y)
    timeline = clf.timeline(X[0])
    np.testing.assert_allclose(timeline.times, [0.05, 0.25])
    cut = load_audio(X[0], sr=SR, offset=0.05, duration=0.4)
    clf.set_params(offset=0.0, duration=None)
    np.testing.assert_array_equal(clf.timeline(cut).probabilities, timeline.probabilities)


def test_a_timeline_is_asked_for_as_of_the_other_classifier(clf, X, y):
    wanted = inspect.signature(GenreClassifier.timeline)
    assert inspect.signature(SegmentClassifier.timeline) == wanted
    assert list(wanted.parameters) == ["self", "track", "window", "hop"]
    own = clf.fit(X, y).timeline(X[0])
    asked = clf.timeline(X[0], window=0.2, hop=0.2)
    np.testing.assert_array_equal(asked.probabilities, own.probabilities)
    longer = clf.timeline(X[0], window=0.3, hop=0.1)
    assert longer.window == 0.3
    np.testing.assert_allclose(np.diff(longer.times), 0.1)
    np.testing.assert_allclose(np.diff(clf.timeline(X[0], window=0.3).times), 0.3)
    np.testing.assert_allclose(np.diff(clf.timeline(X[0], hop=0.1).times), 0.1)
    assert clf.segment_duration == 0.2  # as it was
    segments = clf.set_params(segment_duration=0.3, segment_hop=0.1).predict_segments(X[:1])[0]
    np.testing.assert_array_equal(longer.probabilities, segments.probabilities)
    for wrong in ({"window": 0.1, "hop": 0.2}, {"window": 0}, {"hop": -1}, {"hop": 9.0}):
        with pytest.raises(ValueError, match="window|hop"):
            clf.timeline(X[0], **wrong)


# --- the usual -----------------------------------------------------------------------------------


def test_a_segment_much_longer_than_the_tracks_is_named_once(clf, X, y):
    clf.set_params(segment_duration=100.0)
    with pytest.warns(GenrekitWarning, match="shorter than half a segment of 100") as caught:
        clf.fit(X, y)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.predict(X[:1])


@pytest.mark.parametrize("aggregate", list(AGGREGATES))
def test_fit_predict_score(aggregate, clf, X, y):
    clf.set_params(aggregate=aggregate)
    assert clf.fit(X, y) is clf
    proba = clf.predict_proba(X)
    assert proba.shape == (12, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert clf.classes_.tolist() == GENRES
    np.testing.assert_array_equal(clf.predict(X), clf.classes_[proba.argmax(axis=1)])
    assert clf.score(X, y) > 0.8
    assert len(RECENT) == 0  # nothing is kept


def test_aggregates():
    rows = np.array([[0.6, 0.4, 0.0], [0.6, 0.4, 0.0], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(AGGREGATES["mean"](rows), [1.3 / 3, 1 / 3, 0.7 / 3])
    np.testing.assert_allclose(AGGREGATES["max"](rows), np.array([6, 4, 7]) / 17)
    logs = np.log(np.maximum(rows, 1e-6)).mean(axis=0)
    np.testing.assert_allclose(AGGREGATES["logmean"](rows), np.exp(logs) / np.exp(logs).sum())


def test_votes_are_shares_of_segments(clf, X, y):
    clf.set_params(aggregate="vote").fit(X, y)
    votes = np.array(
        [timeline.probabilities.argmax(axis=1) for timeline in clf.predict_segments(X)]
    )
    shares = np.array([[np.mean(row == k) for k in range(3)] for row in votes])
    np.testing.assert_allclose(clf.predict_proba(X), shares)


@pytest.mark.parametrize("last", [SVC(), RidgeClassifier()], ids=str)
def test_estimators_without_probabilities(last, features, X, y):
    clf = SegmentClassifier(make_pipeline(features, last), segment_duration=0.2, sr=SR).fit(X, y)
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1.0)
    assert clf.score(X, y) > 0.6


def test_estimators_with_nothing_but_answers(features, X, y):
    class Bare(GaussianNB):
        predict_proba = property()

    clf = SegmentClassifier(make_pipeline(features, Bare()), segment_duration=0.2, sr=SR).fit(X, y)
    expected = clf.set_params(aggregate="vote").predict_proba(X)
    np.testing.assert_array_equal(clf.set_params(aggregate="mean").predict_proba(X), expected)


def test_segments_without_a_genre_say_nothing(features, X, y):
    class Rejecting(GaussianNB):
        def predict(self, X):
            answers = super().predict(X).astype(object)
            answers[: self.n_rejected] = "unknown"
            return answers

    last = Rejecting()
    clf = SegmentClassifier(make_pipeline(features, last), segment_duration=0.2, sr=SR)
    clf.set_params(aggregate="vote").fit(X, y)
    for n_rejected, expected in ((0, [0, 1, 0]), (1, [1 / 9, 7 / 9, 1 / 9]), (3, [1 / 3] * 3)):
        clf.estimator_[-1].n_rejected = n_rejected
        np.testing.assert_allclose(clf.predict_proba(X[4:5]), [expected])


def test_predict_segments(clf, X, y):
    clf.set_params(segment_hop=0.1).fit(X, y)
    timelines = clf.predict_segments([*X[:2], load_audio(X[0], sr=SR)[:2400]])
    assert [len(timeline.times) for timeline in timelines] == [5, 5, 2]
    np.testing.assert_allclose(timelines[0].times, np.arange(5) / 10)
    assert timelines[0].probabilities.shape == (5, 3)
    assert timelines[0].classes.tolist() == GENRES
    assert timelines[0].window == 0.2
    np.testing.assert_array_equal(clf.timeline(X[1]).probabilities, timelines[1].probabilities)
    frame = timelines[0].to_frame()
    assert frame.columns.tolist() == ["time", *GENRES]
    np.testing.assert_array_equal(frame.iloc[:, 1:].to_numpy(), timelines[0].probabilities)
    means = [timeline.probabilities.mean(axis=0) for timeline in timelines[:2]]
    np.testing.assert_allclose(clf.predict_proba(X[:2]), means)


def test_top_k(clf, X, y):
    proba = clf.fit(X, y).predict_proba(X[:2])
    best = clf.top_k(X[:2], k=2)
    assert [row[0][0] for row in best] == clf.predict(X[:2]).tolist()
    np.testing.assert_allclose([[p for _, p in row] for row in best], -np.sort(-proba)[:, :2])


def test_unknown_below_a_probability_of_the_track(clf, X, y):
    highest = clf.fit(X, y).predict_proba(X).max(axis=1)
    limit = float(np.median(highest))
    found = clf.set_params(reject_below=limit).predict(X)
    assert (found == "unknown").tolist() == (highest < limit).tolist()


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_segments"])
def test_not_fitted(method, clf, X):
    with pytest.raises(NotFittedError):
        getattr(clf, method)(X)


def test_every_kind_of_track(clf, X, y):
    waveforms = [load_audio(path, sr=SR) for path in X]
    clf.fit(X, y)
    expected = clf.predict_proba(X)
    contents = [Path(path).read_bytes() for path in X]
    kinds = {
        "Path": [Path(path) for path in X],
        "bytes": contents,
        "memoryview": [memoryview(content) for content in contents],
        "file objects": [io.BytesIO(content) for content in contents],
        "waveforms": waveforms,
        "pairs": [(waveform, SR) for waveform in waveforms],
        "array": np.stack(waveforms),
        "column": np.array(X, dtype=object)[:, np.newaxis],
    }
    for kind, tracks in kinds.items():
        found = clf.predict_proba(tracks) if kind != "array" else None
        if found is not None:
            np.testing.assert_array_equal(found, expected, err_msg=kind)
        np.testing.assert_array_equal(clone(clf).fit(tracks, y).predict_proba(X), expected)


def test_an_array_notes_its_width(clf, X, y):
    rows = np.stack([load_audio(path, sr=SR) for path in X])
    clf.fit(rows, y)
    assert clf.n_features_in_ == rows.shape[1]
    with pytest.raises(ValueError, match="features"):
        clf.predict(rows[:, :-1])
    assert not hasattr(clf.fit(X, y), "n_features_in_")


@pytest.mark.parametrize("track", ["song.wav", (np.zeros(10), SR), np.zeros(10)], ids=type)
def test_a_single_track_is_no_collection(track, clf, y):
    with pytest.raises(ValueError, match="list"):
        clf.fit(track, y)


def test_silence_and_single_samples(clf, X, y):
    proba = clf.fit(X, y).predict_proba([np.zeros(5000), np.zeros(1), np.full(3, 0.1)])
    assert np.isfinite(proba).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"aggregate": "maen"}, "did you mean 'mean'"),
        ({"on_error": "ignore"}, "on_error"),
        ({"segment_duration": 0}, "segment_duration must be a number above 0"),
        ({"segment_hop": -1.0}, "segment_hop must be a number above 0"),
        ({"pad": 1.5}, "pad must be a share of a segment"),
        ({"pad": "auto"}, "pad must be a number"),
        ({"sr": 0}, "sr must be"),
        ({"reject_below": 2}, "reject_below is a probability"),
        ({"offset": -1}, "offset must be"),
        ({"estimator": AudioFeatures()}, "estimator must be a classifier"),
        ({"estimator": "svm"}, "estimator must be a classifier of tracks, not 'svm'"),
    ],
)
def test_wrong_parameters(params, message, clf, X, y):
    with pytest.raises(ValueError, match=message):
        clf.set_params(**params).fit(X, y)


def test_wrong_labels(clf, X, y):
    with pytest.raises(ValueError, match="12 tracks"):
        clf.fit(X, y[:-1])
    with pytest.raises(ValueError, match="groups has shape"):
        clf.fit(X, y, groups=[1, 2])
    with pytest.raises(ValueError, match="1 class"):
        clf.fit(X, ["drone"] * 12)
    with pytest.raises(TypeError, match="did you mean 'groups'"):
        clf.fit(X, y, group=y)


# --- files that can't be read --------------------------------------------------------------------


def test_raise_names_the_first_file(clf, X, y, broken):
    with pytest.raises(AudioDecodeError) as caught:
        clf.fit([*X, *broken], [*y, "drone", "drone"])
    assert caught.value.path == broken[0]
    clf.fit(X, y)
    with pytest.raises(AudioDecodeError, match=r"page\.mp3"):
        clf.predict([*X, broken[1]])
    with pytest.raises(AudioDecodeError, match="a int is no track"):
        clf.predict([*X, 5])


def test_nan_leaves_them_out(clf, X, y, broken):
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning) as warned:
        clf.fit([broken[0], *X, broken[1]], ["rare", *y, "drone"])
    assert len(warned) == 2
    assert "no track of 'rare' could be decoded" in str(warned[1].message)
    assert [error.index for error in clf.fit_errors_] == [0, 13]
    assert clf.classes_.tolist() == GENRES
    with pytest.warns(AudioDecodeWarning, match="1 of 3"):
        proba = clf.predict_proba([X[0], broken[0], X[5]])
    assert np.isnan(proba[1]).all()
    assert np.isfinite(proba[[0, 2]]).all()
    np.testing.assert_array_equal(proba[[0, 2]], clf.predict_proba([X[0], X[5]]))
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict([broken[0], X[0]]).tolist() == [None, y[0]]
    with pytest.warns(AudioDecodeWarning):
        assert clf.score([broken[0], X[0]], ["drone", y[0]]) == 0.5
    with pytest.warns(AudioDecodeWarning):
        assert len(clf.timeline(broken[0]).times) == 0


def test_nothing_can_be_read(clf, X, y, broken):
    clf.set_params(on_error="nan")
    with pytest.warns(AudioDecodeWarning), pytest.raises(ValueError, match="can't be decoded"):
        clf.fit(broken, ["drone", "pulse"])
    with pytest.warns(AudioDecodeWarning):
        assert clf.fit(X, y).predict(broken).tolist() == [None, None]


def test_a_waveform_of_nan_is_a_bad_track(clf, X, y):
    clf.fit(X, y).set_params(on_error="nan")
    bad = np.full(3000, np.nan)
    with pytest.warns(AudioDecodeWarning):
        assert clf.predict([bad, X[0]]).tolist() == [None, y[0]]


# --- folds inside hold tracks and groups together ------------------------------------------------


def tone(frequency: float, n: int = 1600) -> np.ndarray:
    """0.2 seconds that begin and end at 0 for multiples of 5 Hz."""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(n) / SR)


@pytest.fixture
def duplicated():
    """Twelve tracks, each five times the same 0.2 s; the tracks next in pitch are the other genre.

    So whoever knows a track's other segments is always right, and whoever does not is always
    wrong.
    """
    X = [np.tile(tone(300 + 100 * i), 5) for i in range(12)]
    return X, np.array(["low", "high"] * 6)


@pytest.fixture
def nearest():
    features = AudioFeatures(["spectral_centroid"], sr=SR, n_fft=1024, hop_length=512, center=False)
    return make_pipeline(features, KNeighborsClassifier(1))


def test_random_segments_leak_and_tracks_do_not(duplicated, nearest):
    X, y = duplicated
    segments = [segment for track in X for segment in np.split(track, 5)]
    naive = cross_val_score(nearest, segments, np.repeat(y, 5), cv=KFold(5, shuffle=True))
    assert naive.mean() == 1.0
    honest = SegmentClassifier(nearest, segment_duration=0.2, sr=SR)
    scores = cross_val_score(honest, X, y, cv=KFold(12), error_score="raise")
    assert scores.mean() == 0.0


def search(estimator, **params):
    """A search whose `best_score_` tells what its folds look like."""
    return GridSearchCV(estimator, {"kneighborsclassifier__n_neighbors": [1]}, **params)


@pytest.mark.parametrize("cv", [None, 4, GroupKFold(4), StratifiedGroupKFold(3)], ids=repr)
def test_folds_of_a_search_hold_tracks_together(cv, duplicated, nearest):
    clf = SegmentClassifier(search(nearest, cv=cv), segment_duration=0.2, sr=SR)
    clf.fit(*duplicated)
    assert clf.estimator_.best_score_ < 0.3
    assert clf.estimator.cv is cv  # the parameter is left alone
    segments = [segment for track in duplicated[0] for segment in np.split(track, 5)]
    naive = search(nearest, cv=KFold(5, shuffle=True, random_state=0))
    assert naive.fit(segments, np.repeat(duplicated[1], 5)).best_score_ == 1.0


def test_folds_of_a_search_hold_groups_together(duplicated, nearest):
    # Two tracks of each pitch, the genre by pitch: an "album" that is known as soon as one of its
    # tracks is.
    X, y = (np.repeat(np.asarray(values), 2, axis=0) for values in duplicated)
    clf = SegmentClassifier(search(nearest), segment_duration=0.2, sr=SR)
    assert clf.fit(X, y).estimator_.best_score_ > 0.7
    assert clf.fit(X, y, groups=np.arange(24) // 2).estimator_.best_score_ < 0.3


def test_a_path_that_stands_twice_is_one_track(duplicated, nearest, tmp_path):
    X, y = duplicated
    paths = [str(tmp_path / f"{i}.wav") for i in range(12)]
    for path, track in zip(paths, X, strict=True):
        soundfile.write(path, track, SR)
    clf = SegmentClassifier(search(nearest), segment_duration=0.2, sr=SR)
    assert clf.fit(paths * 2, [*y, *y]).estimator_.best_score_ < 0.3


@pytest.fixture
def noting():
    """A classifier, and the rows of each of its fits."""
    seen = []

    class Noting(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            seen.append(X)
            return super().fit(X, y, sample_weight)

    return Noting(), seen


def assert_whole_tracks(seen, n_segments=5):
    """A track of which there is a segment is there with all of them."""
    assert len(seen) > 2
    for rows in seen:
        _, counts = np.unique(rows.round(6), axis=0, return_counts=True)
        assert (counts == n_segments).all()


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("groups", [None, np.arange(12) // 4 * 2 + np.arange(12) % 2], ids=type)
def test_folds_of_the_calibration_hold_them_together(routing, groups, noting, duplicated):
    X, y = duplicated
    inner = GenreClassifier(noting[0], ["spectral_centroid"], sr=SR, random_state=0)
    clf = SegmentClassifier(inner, segment_duration=0.2, sr=SR)
    with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
        warnings.simplefilter("ignore", GenrekitWarning)
        clf.fit(X, y, **({} if groups is None else {"groups": groups}))
    assert_whole_tracks(noting[1])
    if groups is not None:  # two tracks each
        assert all(len(rows) % 10 == 0 for rows in noting[1])


@pytest.mark.parametrize("inside", [CalibratedClassifierCV, GridSearchCV], ids=lambda c: c.__name__)
def test_nested_folds_hold_tracks_together(inside, noting, nearest, duplicated):
    pipeline = make_pipeline(nearest[0], noting[0])
    extra = {"param_grid": {}} if inside is GridSearchCV else {}
    middle = inside(pipeline, cv=2, **extra)
    clf = SegmentClassifier(GridSearchCV(middle, {}, cv=3), segment_duration=0.2, sr=SR)
    clf.fit(*duplicated)
    assert len(noting[1]) > 6
    assert_whole_tracks(noting[1])
    assert isinstance(clf.estimator_.best_estimator_.cv, StratifiedGroupKFold)


def test_folds_inside_a_pipeline(features, X, y):
    grid = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3]}, cv=3)
    clf = SegmentClassifier(make_pipeline(features, grid), segment_duration=0.2, sr=SR).fit(X, y)
    folds = clf.estimator_[-1].cv
    assert isinstance(folds, StratifiedGroupKFold)
    assert folds.n_splits == 3


@pytest.mark.parametrize("cv", [KFold(3), [([0, 1], [2, 3])]], ids=["splitter", "splits"])
def test_folds_without_groups_are_refused(cv, duplicated, nearest):
    clf = SegmentClassifier(search(nearest, cv=cv), segment_duration=0.2, sr=SR)
    with pytest.raises(ValueError, match=r"estimator__cv=.* splitter by groups"):
        clf.fit(*duplicated)


def test_estimators_that_hand_no_groups_on_are_refused(duplicated, nearest):
    stack = StackingClassifier([("nearest", nearest)])
    clf = SegmentClassifier(stack, segment_duration=0.2, sr=SR)
    with pytest.raises(ValueError, match="StackingClassifier hands no groups"):
        clf.fit(*duplicated)


def test_no_more_folds_than_the_smallest_genre_has_groups(duplicated, nearest):
    X, y = duplicated
    clf = SegmentClassifier(search(nearest), segment_duration=0.2, sr=SR)
    assert clf.fit(X[:7], y[:7]).estimator_.cv.n_splits == 3
    with pytest.raises(ValueError, match="genre 'low' has one track"):
        clf.fit(X[1:4], y[1:4])


@pytest.mark.parametrize(
    "inner", [SVC(probability=True), RandomForestClassifier(3, oob_score=True)]
)
def test_splits_that_nothing_can_be_said_about(inner, features, X, y):
    clf = SegmentClassifier(make_pipeline(features, inner), segment_duration=0.2, sr=SR)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        clf.fit(X, y)
    messages = [str(w.message) for w in warned if issubclass(w.category, GenrekitWarning)]
    assert len(messages) == 1
    assert "without regard" in messages[0]


@pytest.mark.parametrize(
    ("inner", "n", "named"),
    [
        (HistGradientBoostingClassifier(), 10_000, []),
        (HistGradientBoostingClassifier(), 10_001, ["clf__early_stopping"]),
        (HistGradientBoostingClassifier(early_stopping=False), 10_001, []),
        (GradientBoostingClassifier(), 10, []),
        (GradientBoostingClassifier(n_iter_no_change=3), 10, ["clf__n_iter_no_change"]),
        (MLPClassifier(), 10, []),
        (MLPClassifier(early_stopping=True), 10, ["clf__early_stopping"]),
    ],
)
def test_which_parameters_split(inner, n, named):
    assert splits_inside(Pipeline([("clf", inner)]), n) == named


# --- weights and their routing -------------------------------------------------------------------


def test_fit_names_neither_groups_nor_weights():
    names = list(inspect.signature(SegmentClassifier.fit).parameters)
    assert names == ["self", "X", "y", "fit_params"]


def test_weights_are_repeated_for_each_segment(clf, features, X, y):
    weight = np.where(np.arange(12) % 4 < 2, 1.0, 3.0)
    clf.fit(X, y, sample_weight=list(weight))
    waveforms = [load_audio(path, sr=SR) for path in X]
    rows = features.transform([segment for track in waveforms for segment in np.split(track, 3)])
    twin = GaussianNB().fit(rows, np.repeat(y, 3), sample_weight=np.repeat(weight, 3))
    np.testing.assert_array_equal(clf.estimator_[-1].theta_, twin.theta_)


def test_weights_do_not_reach_the_scaler(features, X, y):
    weight = np.where(np.arange(12) % 4 < 2, 0.1, 10.0)
    estimator = make_pipeline(features, StandardScaler(), GaussianNB())
    clf = SegmentClassifier(estimator, segment_duration=0.2, sr=SR)
    plain = clone(clf).fit(X, y).estimator_
    weighted = clf.fit(X, y, sample_weight=weight).estimator_
    np.testing.assert_array_equal(weighted[1].mean_, plain[1].mean_)
    assert np.abs(weighted[2].theta_ - plain[2].theta_).max() > 0.01


def test_weight_zero_is_absence(clf, X, y):
    weight = np.ones(12)
    weight[:4] = 0
    clf.fit(X, y, sample_weight=weight)
    assert clf.classes_.tolist() == GENRES[1:]
    expected = clone(clf).fit(X[4:], y[4:]).predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(X), expected)


@pytest.mark.parametrize("scoring", [None, "f1_macro"])
def test_weights_and_groups_through_search_and_calibration(scoring, features, X, y):
    weight = np.where(np.arange(12) % 4 < 2, 0.2, 5.0)
    inner = GenreClassifier(GaussianNB(), features, random_state=0)
    grid = GridSearchCV(inner, {"calibrate": [True]}, cv=2, scoring=scoring)
    clf = SegmentClassifier(grid, segment_duration=0.2, sr=SR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GenrekitWarning)  # few tracks
        plain = clone(clf).fit(X, y).predict_proba(X)
        weighted = clone(clf).fit(X, y, sample_weight=weight, groups=np.arange(12))
    assert np.abs(weighted.predict_proba(X) - plain).max() > 1e-3
    assert clf.estimator.scoring is scoring


def test_weights_nobody_takes(features, X, y):
    clf = SegmentClassifier(make_pipeline(features, KNeighborsClassifier(1)), sr=SR)
    with pytest.raises(TypeError, match="sample_weight"):
        clf.fit(X, y, sample_weight=np.ones(12))
    with pytest.raises(ValueError, match="sample_weight has shape"):
        clf.fit(X, y, sample_weight=np.ones(3))


def test_routing_takes_groups_to_the_folds_inside(duplicated, nearest):
    X, y = (np.repeat(np.asarray(values), 2, axis=0) for values in duplicated)
    clf = SegmentClassifier(search(nearest), segment_duration=0.2, sr=SR)
    groups = np.arange(24) // 2
    with config_context(enable_metadata_routing=True):
        found = cross_validate(
            clf, X, y, cv=StratifiedGroupKFold(2), params={"groups": groups}, return_estimator=True
        )
    assert all(fitted.estimator_.best_score_ < 0.4 for fitted in found["estimator"])
    assert found["test_score"].mean() < 0.4


def test_routing_takes_weights_where_they_are_asked_for(pipeline, X, y):
    weight = np.where(np.arange(12) % 4 < 2, 1.0, 3.0)
    clf = SegmentClassifier(pipeline, segment_duration=0.2, sr=SR)
    expected = clone(clf).fit(X, y, sample_weight=weight).estimator_[-1].theta_
    with config_context(enable_metadata_routing=True):
        with pytest.raises(ValueError, match="set_fit_request"):
            clf.fit(X, y, sample_weight=weight)
        pipeline[-1].set_fit_request(sample_weight=True)
        assert get_routing_for_object(clf).consumes("fit", ["sample_weight", "groups"]) == {
            "sample_weight",
            "groups",
        }
        found = clf.fit(X, y, sample_weight=weight).estimator_[-1].theta_
        np.testing.assert_array_equal(found, expected)
        clf.set_score_request(sample_weight=True)
        cross_validate(clf, X, y, cv=2, params={"sample_weight": weight}, error_score="raise")


# --- scikit-learn's tools ------------------------------------------------------------------------


def test_nested_parameters(features):
    clf = SegmentClassifier(GenreClassifier())
    assert clf.get_params()["estimator__features__mfcc__n_mfcc"] == 20
    clf.set_params(estimator__features__mfcc__n_mfcc=13, segment_duration=5.0)
    assert clone(clf).get_params()["estimator__features__mfcc__n_mfcc"] == 13


def test_grid_over_the_estimator_and_the_segments(clf, X, y):
    grid = {
        "estimator__audiofeatures__mfcc__n_mfcc": [2, 3],
        "segment_duration": [0.1, 0.2],
        "aggregate": ["vote", "logmean"],
    }
    found = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(X, y)
    assert len(found.cv_results_["params"]) == 8
    assert found.best_score_ > 0.4
    assert found.best_estimator_.timeline(X[0]).times[1] == found.best_params_["segment_duration"]


def test_of_two_genres_only(features, X, y):
    clf = SegmentClassifier(OneVsRestClassifier(make_pipeline(features, SVC())), sr=SR)
    assert clf.fit(X, y).predict_proba(X).shape == (12, 3)


# --- ways of running -----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_jobs_change_no_bit(backend, clf, X, y):
    expected = clone(clf).fit(X, y).predict_proba(X)
    clf.set_params(n_jobs=2, estimator__audiofeatures__n_jobs=2)
    with joblib.parallel_config(backend):
        np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_other_processes_and_threads_say_the_same(backend, features, X, y):
    clf = SegmentClassifier(GenreClassifier("svm", features), segment_duration=0.2, sr=SR)
    expected = clf.fit(X, y).predict_proba(X)
    ask = joblib.delayed(clf.predict_proba)
    for answer in joblib.Parallel(2, backend=backend)([ask(X), ask(X)]):
        np.testing.assert_array_equal(answer, expected)


def test_a_file_is_decoded_once_however_many_segments_it_has(clf, X, y, tmp_path):
    clf.decoder = CountingDecoder(tmp_path / "log")
    clf.set_params(segment_hop=0.02).fit(X, y)
    assert sorted(clf.decoder.calls) == sorted(X)


def test_memory_spares_all_decoding(clf, X, y, tmp_path):
    clf.decoder = CountingDecoder(tmp_path / "log")
    clf.set_params(memory=tmp_path / "a", estimator__audiofeatures__memory=tmp_path / "b")
    first = clf.fit(X, y).predict_proba(X)
    n_calls = len(clf.decoder.calls)
    np.testing.assert_array_equal(clf.fit(X, y).predict_proba(X), first)
    assert len(clf.decoder.calls) == n_calls


def test_waveforms_are_not_kept_all_at_once(clf, X, y, tmp_path, monkeypatch):
    monkeypatch.setattr(RECENT, "limit", 3 * 4 * 4800)
    held = []

    class Watching(CountingDecoder):
        def __call__(self, source, **excerpt):
            held.append(len(RECENT))
            return super().__call__(source, **excerpt)

    clf.decoder = Watching(tmp_path / "log")
    clf.fit(X, y)
    assert max(held) <= 4  # three, and the one to come
    assert len(held) == 24  # once for the length, once for the segments


def test_save_and_load(features, X, y, tmp_path):
    inner = make_svm_pipeline(features)
    for estimator in (inner, CalibratedClassifierCV(inner, cv=2)):
        clf = SegmentClassifier(estimator, segment_duration=0.2, sr=SR, memory=tmp_path / "cache")
        clf.fit(X, y, sample_weight=np.ones(12))
        save(clf, tmp_path / "model.skops")
        loaded = load(tmp_path / "model.skops")
        assert loaded.memory is None
        np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
        assert loaded.predict(X).tolist() == clf.predict(X).tolist()


# --- real music ----------------------------------------------------------------------------------


def test_clips_of_music(data_dir):
    clips = sorted(data_dir.glob("fma_clips/*.mp3"))
    cutter = SegmentClassifier(make_svm_pipeline())._cutter()
    starts, described = cutter.starts(clips, None, on_error="raise")
    assert not described.errors
    assert [len(cut) for cut in starts] == [10] * len(clips)
    whole = load_audio(clips[0])
    last = cutter.segments(clips[0], starts[0])[9].pair()[0]
    np.testing.assert_array_equal(last, np.pad(whole, (0, 66150))[595350:661500])
    RECENT.clear()
