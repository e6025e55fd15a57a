"""Genres along a track."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion

from genrekit import (
    RMS,
    AudioDecodeError,
    AudioFeatures,
    CNNEmbedding,
    GenreClassifier,
    MFCCStats,
    PretrainedCNNClassifier,
    ZeroCrossingRate,
    make_tracks,
)
from genrekit.features._table import SETS
from genrekit.models import Timeline
from genrekit.models._timeline_rows import timeline_rows
from genrekit.networks import OnnxNetwork

SR = 8000
SMALL = {"sr": SR, "n_fft": 256, "hop_length": 128}
FEATURES = ["rms", "zero_crossing_rate"]


@pytest.fixture(scope="module")
def tracks():
    return make_tracks(5, genres=["drone", "noise-beat"], sr=SR, duration=0.5)


@pytest.fixture(scope="module")
def clf(tracks):
    """Features of the waveform."""
    features = AudioFeatures(FEATURES, **SMALL)
    return GenreClassifier(GaussianNB(), features, random_state=0).fit(
        tracks.waveforms, tracks.target
    )


@pytest.fixture(scope="module")
def song(tracks):
    """Half a second of each style, and a bit."""
    waveforms = [tracks.waveforms[0], tracks.waveforms[-1], tracks.waveforms[1][:500]]
    return np.concatenate(waveforms)


@pytest.fixture
def network(tiny, tracks):
    """A classifier on a tiny network."""
    features = CNNEmbedding(tiny, output="levels", patch_hop=0.001, max_patches=50, sr=SR)
    return PretrainedCNNClassifier(features=features, random_state=0).fit(
        tracks.waveforms, tracks.target
    )


def segments(song, window, hop):
    """Each segment as a track of its own."""
    length, step = round(window * SR), round(hop * SR)
    return [song[i : i + length] for i in range(0, len(song) - length + 1, step)]


def test_segments_are_tracks(clf, song):
    timeline = clf.timeline(song, window=0.25, hop=0.125)
    np.testing.assert_allclose(timeline.times, np.arange(7) / 8)
    assert timeline.window == 0.25
    expected = clf.predict_proba(segments(song, 0.25, 0.125))
    np.testing.assert_allclose(timeline.probabilities, expected)
    assert timeline.classes.tolist() == ["drone", "noise-beat"]
    drone = timeline.probabilities[:, 0]
    assert drone[:3].mean() > drone[4:].mean() + 0.3


def test_segments_shorter_than_a_second_follow_one_another(clf, song):
    assert clf.timeline(song, window=0.25).times.tolist() == [0.0, 0.25, 0.5, 0.75]


def test_a_network_hears_each_patch_once(network, song, monkeypatch):
    heard = []
    answer = OnnxNetwork.__call__

    def count(self, batch, outputs=None):
        heard.append(len(batch))
        return answer(self, batch, outputs)

    monkeypatch.setattr(OnnxNetwork, "__call__", count)
    timeline = network.timeline(song, window=0.251, hop=0.005)
    assert sum(heard) == 1 + (len(song) - 8) // 40
    assert len(timeline.times) == 1 + (len(song) - 2008) // 40


def test_segments_of_a_network_are_tracks(network, song):
    # Three patches of 8 samples, 1000 samples apart, make a segment.
    timeline = network.timeline(song, window=0.251, hop=0.125)
    np.testing.assert_allclose(timeline.times, np.arange(7) / 8)
    network.features_.set_params(patch_hop=0.125, max_patches=None)
    # As rows of a matrix, for those are judged however short they are.
    expected = network.predict_proba(np.array(segments(song, 0.251, 0.125)))
    np.testing.assert_allclose(timeline.probabilities, expected, atol=1e-6)


def test_a_segment_of_one_patch(network, song):
    timeline = network.timeline(song, window=0.001, hop=0.001)
    assert len(timeline.times) == len(song) // 8


@pytest.mark.parametrize("which", ["clf", "network"])
def test_a_short_track_is_one_row(which, request, song):
    classifier = request.getfixturevalue(which)
    short = song[:7900] if which == "clf" else np.resize(song, 8100)
    timeline = classifier.timeline(short, window=10.0, hop=0.001)
    assert timeline.times.tolist() == [0.0]
    np.testing.assert_allclose(timeline.probabilities, classifier.predict_proba([short]))


@pytest.mark.parametrize("which", ["clf", "network"])
def test_files_and_excerpts(which, request, song, tmp_path):
    classifier = request.getfixturevalue(which)
    song = np.tile(song, 2)
    soundfile.write(tmp_path / "song.wav", song, SR, subtype="FLOAT")
    how = {"window": 0.2, "hop": 0.1}
    whole = classifier.timeline(tmp_path / "song.wav", **how)
    np.testing.assert_allclose(whole.probabilities, classifier.timeline(song, **how).probabilities)
    classifier.features_.set_params(offset=0.2, duration=1.2)
    try:
        part = classifier.timeline((song, SR), **how)
    finally:
        classifier.features_.set_params(offset=0.0, duration=None)
    np.testing.assert_allclose(part.times, np.arange(2, 13) / 10)
    np.testing.assert_allclose(part.probabilities, whole.probabilities[2:13], atol=1e-6)


def test_long_files_are_read_block_by_block(clf, song, tmp_path):
    long = np.tile(song, 30)
    soundfile.write(tmp_path / "long.wav", long, SR, subtype="FLOAT")
    timeline = clf.timeline(tmp_path / "long.wav", window=0.5, hop=0.2)
    expected = clf.predict_proba(segments(long, 0.5, 0.2))
    assert len(expected) > 150
    np.testing.assert_allclose(timeline.probabilities, expected)


def test_features_without_a_rate(tracks, song):
    parts = [("rms", RMS(**SMALL)), ("zcr", ZeroCrossingRate(**SMALL))]
    clf = GenreClassifier(GaussianNB(), FeatureUnion(parts), sr=SR, random_state=0)
    timeline = clf.fit(tracks.waveforms, tracks.target).timeline(song, window=0.25, hop=0.25)
    expected = clf.predict_proba(segments(song, 0.25, 0.25))
    np.testing.assert_allclose(timeline.probabilities, expected)


@pytest.fixture(scope="module")
def stereo(tmp_path_factory):
    """Paths of noise with a beat, bright on one side, by their rate."""
    folder, rng = tmp_path_factory.mktemp("stereo"), np.random.default_rng(0)
    paths = {}
    for rate in (22050, 44100, 48000):
        t = np.arange(int(1.7 * rate)) / rate
        noise = rng.standard_normal((len(t), 2)) * (1 + np.sin(2 * np.pi * 2 * t))[:, np.newaxis]
        noise[:, 1] += 3 * np.sin(2 * np.pi * 0.4 * rate * t)
        paths[rate] = folder / f"{rate}.wav"
        soundfile.write(paths[rate], noise / 20, rate)
    return paths


HEARD = {
    **{name: lambda name=name: AudioFeatures(name) for name in SETS},
    "two rates": lambda: AudioFeatures([("wide", MFCCStats(sr=44100)), "rms"]),
    "a shell": lambda: MFCCStats(sr=16000),
    "network": CNNEmbedding,
    "every fourth second": lambda: CNNEmbedding(patch_hop=0.25, max_patches=2),
    "network and features": lambda: AudioFeatures([CNNEmbedding(), "mfcc"]),
    "not ours": lambda: FeatureUnion([("rms", RMS(sr=44100)), ("set", AudioFeatures())]),
    "excerpt": lambda: AudioFeatures("fma518", offset=0.4, duration=0.9),
}


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
@pytest.mark.parametrize("heard", HEARD)
def test_a_segment_that_holds_the_track_is_the_track(heard, rate, stereo):
    features = HEARD[heard]().fit([stereo[rate]])
    expected = features.transform([stereo[rate]])
    for window in (1.7, 60.0):
        times, table, _ = timeline_rows(features, stereo[rate], window, 1.0, sr=22050)
        assert times.tolist() == [0.4 if heard == "excerpt" else 0.0]
        np.testing.assert_allclose(table, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", ["bytes", "file object", "pair"])
def test_tracks_that_are_no_paths_are_cut_at_their_own_rate(form, stereo):
    path = stereo[44100]
    expected = AudioFeatures("fma518").transform([path])
    y, sr = soundfile.read(path, dtype="float32")
    track = {"bytes": path.read_bytes(), "file object": path.open("rb"), "pair": (y.T, sr)}[form]
    _, table, _ = timeline_rows(AudioFeatures("fma518"), track, 2.0, 1.0, sr=22050)
    np.testing.assert_allclose(table, expected, rtol=1e-6)


def test_probabilities_of_bright_files_are_those_of_the_track(stereo):
    rng, path = np.random.default_rng(0), stereo[44100]
    dull = [(rng.standard_normal(22050) / 20, 22050) for _ in range(3)]
    clf = GenreClassifier(GaussianNB(var_smoothing=1e-2), "fma518", calibrate=False)
    clf.fit([*dull, path, path, stereo[48000]], ["dull"] * 3 + ["bright"] * 3)
    found = clf.timeline(path, window=2.0)
    np.testing.assert_allclose(found.probabilities, clf.predict_proba([path]), rtol=1e-12)


def test_segments_leave_no_trace_in_the_cache(tracks, song, tmp_path):
    clf = GenreClassifier(GaussianNB(), FEATURES, sr=SR, random_state=0)
    clf.fit(tracks.waveforms, tracks.target).set_params(memory=tmp_path / "cache")
    clf.timeline(song, window=0.25, hop=0.25)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"window": 0}, "window must be a number above 0"),
        ({"hop": -1}, "hop must be a number above 0"),
        ({"window": 1.0, "hop": 2.0}, "hop=2.0 s would leave out"),
    ],
)
def test_wrong_lengths(how, message, clf, song):
    with pytest.raises(ValueError, match=message):
        clf.timeline(song, **how)


def test_one_track_only(clf, song):
    with pytest.raises(ValueError, match="a list is no track"):
        clf.timeline([song])


@pytest.mark.parametrize("which", ["clf", "network"])
def test_a_broken_file(which, request, tmp_path):
    (tmp_path / "page.mp3").write_bytes(b"<!DOCTYPE html><html></html>")
    with pytest.raises(AudioDecodeError, match=r"page\.mp3"):
        request.getfixturevalue(which).timeline(tmp_path / "page.mp3")


@pytest.mark.parametrize("n_samples", [2, 511])
def test_rows_shorter_than_a_hop_have_no_timeline(n_samples, song):
    X = np.random.default_rng(0).normal(0, 0.1, (20, n_samples))
    X[::2, 0] += 1
    clf = GenreClassifier("knn", calibrate=False).fit(X, [0, 1] * 10)
    assert clf.n_samples_ == n_samples
    message = f"fitted on rows of {n_samples} samples: nothing so short has a timeline"
    for track in (X[0], song, "missing.wav"):
        with pytest.raises(ValueError, match=message):
            clf.timeline(track)
    # From a hop on a row is a track as any other.
    longer = np.repeat(X, 2 + 511 // n_samples, axis=1)
    clf.fit(longer, [0, 1] * 10)
    timeline = clf.timeline(longer[0])
    np.testing.assert_allclose(timeline.probabilities, clf.predict_proba(longer[:1]))
    # And so are short tracks in a list, which never were described by their samples.
    timeline = clf.fit(list(X), [0, 1] * 10).timeline(X[0])
    np.testing.assert_allclose(timeline.probabilities, clf.predict_proba([X[0]]))


def test_not_fitted(song):
    with pytest.raises(NotFittedError):
        GenreClassifier().timeline(song)


def test_to_frame():
    pytest.importorskip("pandas")
    timeline = Timeline(np.array([0.0, 1.0]), np.array([[0.25, 0.75], [1.0, 0.0]]), ["a", "b"])
    frame = timeline.to_frame()
    assert list(frame.columns) == ["time", "a", "b"]
    assert frame["b"].tolist() == [0.75, 0.0]
