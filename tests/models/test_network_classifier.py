"""Networks that are trained on tracks, and what has been trained at work without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    PredefinedSplit,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.utils.metadata_routing import get_routing_for_object

from genrekit import (
    AudioDecodeWarning,
    CNNEmbedding,
    GenrekitWarning,
    MFCCStats,
    NetworkClassifier,
    load,
    make_tracks,
    save,
)
from genrekit.heads import choose_validation

torch = pytest.importorskip("torch")

QUICK = {
    "network_params": {"width": 4, "blocks": 2},
    "inputs": MFCCStats(n_mfcc=8, n_mels=16),
    "segment_duration": 1.0,
    "max_epochs": 12,
    "lr": 0.02,
    "patience": None,
    "batch_size": 8,
    "random_state": 0,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def tracks():
    return make_tracks(8, genres=["drone", "pulse"], duration=3.0)


@pytest.fixture(scope="module")
def X(tracks):
    return [(y, tracks.sr) for y in tracks.waveforms]


@pytest.fixture(scope="module")
def fitted(X, tracks):
    return NetworkClassifier(**QUICK).fit(X, tracks.target)


def dense(shapes, n_classes, units=8):
    """A factory of the user's own."""
    size = sum(int(np.prod(shape)) for shape in shapes)

    class Dense(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = torch.nn.Linear(size, units), torch.nn.Linear(units, n_classes)

        def forward(self, *inputs):
            flat = torch.cat([x.flatten(1) for x in inputs], 1)
            return self.last(torch.relu(self.first(flat)))

    return Dense()


def test_it_learns_what_can_be_learnt(X, tracks):
    clf = NetworkClassifier(**QUICK, validation=None).fit(X, tracks.target)
    assert clf.classes_.tolist() == ["drone", "pulse"]
    assert clf.score(X, tracks.target) == 1.0
    assert clf.predict(X[6:10]).tolist() == tracks.target[6:10].tolist()


def test_the_best_epoch_is_kept(fitted, X):
    assert [len(best) for best in fitted.top_k(X[:2], k=1)] == [1, 1]
    assert [row["epoch"] for row in fitted.history_] == list(range(1, 13))
    assert 1 <= fitted.best_epoch_ <= 12
    losses = [row["valid_loss"] for row in fitted.history_]
    assert losses[fitted.best_epoch_ - 1] == min(losses)


def test_whole_tracks_of_each_genre_are_kept_for_validation(fitted, tracks):
    assert set(tracks.target[fitted.validation_]) == {"drone", "pulse"}
    assert len(fitted.validation_) == 3  # one in seven of 16


def test_segments_are_those_of_a_segment_classifier(fitted, X):
    timeline = fitted.predict_segments(X[:1])[0]
    assert timeline.times.tolist() == [0.0, 1.0, 2.0]
    assert timeline.window == 1.0
    np.testing.assert_allclose(timeline.probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(
        fitted.predict_proba(X[:1])[0], timeline.probabilities.mean(axis=0), rtol=1e-12
    )
    hopped = clone(fitted).set_params(segment_hop=0.5)
    vars(hopped).update({k: v for k, v in vars(fitted).items() if k.endswith("_")})
    assert hopped.predict_segments(X[:1])[0].times.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_timeline_by_segments_or_by_longer_windows(fitted, X):
    assert fitted.timeline(X[0]).times.tolist() == [0.0, 1.0, 2.0]
    wide = fitted.timeline(X[0], window=2.0, hop=1.0)
    assert wide.times.tolist() == [0.0, 1.0]
    segments = fitted.timeline(X[0]).probabilities
    np.testing.assert_allclose(wide.probabilities[0], segments[:2].mean(axis=0))
    np.testing.assert_allclose(wide.probabilities[1], segments[1:].mean(axis=0))
    with pytest.raises(ValueError, match=r"window=0\.5: the network hears segments of 1\.0"):
        fitted.timeline(X[0], window=0.5)


def test_a_segment_much_longer_than_the_tracks_is_named(X, tracks):
    clf = NetworkClassifier(dense, inputs="rms", segment_duration=100.0, max_epochs=1)
    with pytest.warns(GenrekitWarning, match="segment of 100, .* filled with repetitions"):
        clf.fit(X, tracks.target)


def test_answers_are_those_of_torch(X, tracks):
    heard = {}

    def spied(shapes, n_classes):
        heard["module"] = module = dense(shapes, n_classes)
        return module

    clf = NetworkClassifier(spied, **{**QUICK, "network_params": None, "max_epochs": 1})
    clf.fit(X, tracks.target)
    (entry,) = clf.card_["input"]["inputs"]
    frames = MFCCStats(n_mfcc=8, n_mels=16).frames(X[0])[:, :43].astype(np.float32)
    mean, scale = (np.array(entry[name])[:, np.newaxis] for name in ("mean", "scale"))
    patch = torch.from_numpy(((frames - mean) / scale)[np.newaxis].astype(np.float32))
    with torch.no_grad():
        expected = torch.softmax(heard["module"].eval()(patch), 1).numpy()[0]
    found = clf.predict_segments(X[:1])[0].probabilities[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_same_seed_same_network(fitted, X, tracks):
    again = clone(fitted).set_params(n_jobs=2).fit(X, tracks.target)
    np.testing.assert_array_equal(again.onnx_, fitted.onnx_)
    other = clone(fitted).set_params(random_state=1).fit(X, tracks.target)
    assert not np.array_equal(other.onnx_, fitted.onnx_)


def test_saved_and_loaded_it_answers_the_same_without_torch(fitted, X, tmp_path):
    path = tmp_path / "model.skops"
    save(fitted, path)
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict_proba(X[:3]), fitted.predict_proba(X[:3]))
    assert loaded.history_ == fitted.history_
    np.save(tmp_path / "y.npy", X[0][0])
    script = f"""
        import sys

        class Without:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("torch", "skorch", "onnx", "onnxscript"):
                    raise ImportError(name)

        sys.meta_path.insert(0, Without())
        import numpy as np
        from genrekit import load
        model = load({str(path)!r})
        print(model.predict_proba([(np.load({str(tmp_path / "y.npy")!r}), {X[0][1]})]).tolist())
    """
    run = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, env={**os.environ})
    assert json.loads(done.stdout) == fitted.predict_proba(X[:1]).tolist()


def test_exported_it_is_a_network_like_any_other(fitted, X, tmp_path):
    card = fitted.export(tmp_path / "mine")
    assert sorted(os.listdir(card.parent)) == ["card.json", "network.onnx"]
    embedding = CNNEmbedding(str(card), output="penultimate", patch_hop=1.0)
    units = fitted.card_["outputs"]["penultimate"]
    assert embedding.fit_transform(X[:2]).shape == (2, 2 * units)
    tagger = CNNEmbedding(str(card), output="probabilities", patch_hop=1.0, stats=("mean",))
    # It counts in frames of 23 ms, by which a segment starts a little earlier than a second.
    np.testing.assert_allclose(
        tagger.fit_transform(X[:1])[0], fitted.predict_proba(X[:1])[0], atol=0.05
    )


def test_frames_that_the_user_brings(tracks, X):
    rng = np.random.default_rng(0)
    y = np.repeat(["high", "low"], 8)
    pictures = rng.normal(size=(16, 12, 40))
    pictures[:8, 8:] += 2
    settings = {**QUICK, "inputs": "frames", "segment_duration": 16, "segment_hop": 8}
    clf = NetworkClassifier(**settings).fit(pictures, y)
    assert clf.score(list(pictures), y) == 1.0
    assert clf.predict_segments(pictures[:1])[0].times.tolist() == [0.0, 8.0, 16.0, 24.0]
    short = clf.predict([pictures[0][:, :5]])  # repeated until it fills a segment
    assert short.tolist() == ["high"]
    with pytest.raises(ValueError, match="track 0 has 11 rows, not 12"):
        clf.predict([pictures[0][:11]])
    with pytest.raises(ValueError, match="inputs='frames' X is a list of arrays.*track 0"):
        clf.predict([X[0][0]])
    pictures[3, 4, 5] = np.nan
    with pytest.raises(ValueError, match="track 3 holds NaN"):
        clf.fit(pictures, y)


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ("waveform", ["waveform"]),
        (["rms", MFCCStats(n_mfcc=4)], ["rms", "mfcc"]),
        (["spectral_centroid", "waveform"], ["spectral_centroid", "waveform"]),
        (CNNEmbedding(output="tags", patch_hop=0.5), ["cnn"]),
    ],
)
def test_inputs_of_every_kind(inputs, names, X, tracks):
    settings = {**QUICK, "network_params": None, "inputs": inputs, "max_epochs": 2}
    clf = NetworkClassifier(dense, **settings).fit(X[::4], tracks.target[::4])
    assert [entry["name"] for entry in clf.card_["input"]["inputs"]] == names
    assert clf.predict_proba(X[:1]).shape == (1, 2)


def test_groups_are_not_split_between_training_and_validation(X, tracks):
    groups = np.arange(16) // 2
    clf = NetworkClassifier(**{**QUICK, "max_epochs": 1}).fit(X, tracks.target, groups=groups)
    held = np.zeros(16, bool)
    held[clf.validation_] = True
    assert not set(groups[held]) & set(groups[~held])
    scores = cross_val_score(clf, X, tracks.target, groups=groups, cv=GroupKFold(2))
    assert scores.shape == (2,)


def test_a_validation_part_of_ones_own(X, tracks):
    part = np.where(np.arange(16) % 4 == 1, 0, -1)
    clf = NetworkClassifier(**{**QUICK, "max_epochs": 1}, validation=PredefinedSplit(part))
    assert clf.fit(X, tracks.target).validation_.tolist() == [1, 5, 9, 13]
    whole = clone(clf).set_params(validation=None).fit(X, tracks.target)
    assert whole.validation_.tolist() == []
    assert whole.history_[-1]["valid_loss"] is None
    assert whole.best_epoch_ == 1
    for wrong, error in ((0.7, ValueError), ("some", TypeError), (True, TypeError)):
        with pytest.raises(error, match="validation"):
            clone(clf).set_params(validation=wrong).fit(X, tracks.target)


def test_no_genre_is_left_without_tracks_to_learn_from():
    y = np.array(["a"] * 6 + ["b"])
    for seed in range(10):
        held = choose_validation(0.3, y, np.arange(7), seed)
        assert not held[6]
        assert held.any()
    assert not choose_validation(0.3, np.array(["a", "b"]), np.arange(2), 0).any()


def test_a_track_that_cannot_be_read_costs_no_other(X, tracks, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"nothing of the kind")
    clf = NetworkClassifier(**{**QUICK, "max_epochs": 1, "on_error": "nan"})
    with pytest.warns(AudioDecodeWarning, match=r"broken\.mp3"):
        clf.fit([*X, broken], [*tracks.target, "drone"])
    assert [error.index for error in clf.fit_errors_] == [16]
    with pytest.warns(AudioDecodeWarning, match=r"broken\.mp3"):
        assert clf.predict([broken, X[0]])[0] is None
    with pytest.warns(AudioDecodeWarning, match=r"broken\.mp3"):
        assert clf.score([broken], ["drone"]) == 0.0


def test_silence_and_doubt_are_unknown(fitted, X):
    silence = (np.zeros(3 * 22050, np.float32), 22050)
    with pytest.warns(GenrekitWarning, match="too little to be judged"):
        assert fitted.predict([silence]).tolist() == ["unknown"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GenrekitWarning)
        np.testing.assert_array_equal(fitted.predict_proba([silence]), [[0.5, 0.5]])
    doubtful = clone(fitted).set_params(reject_below=1.0)
    vars(doubtful).update({k: v for k, v in vars(fitted).items() if k.endswith("_")})
    assert doubtful.predict(X[:1]).tolist() == ["unknown"]


def test_weights_count(X, tracks):
    y = np.where(np.arange(16) % 2, "odd", "even")  # nothing in the sound says which
    weight = np.where(y == "odd", 9.0, 1.0)
    settings = {**QUICK, "max_epochs": 3, "validation": None}
    clf = NetworkClassifier(**settings).fit(X, y, sample_weight=weight)
    assert clf.predict_proba(X)[:, 1].mean() > 0.7
    clf.set_params(class_weight={"even": 9.0, "odd": 1.0}).fit(X, y)
    assert clf.predict_proba(X)[:, 0].mean() > 0.7
    clf.set_params(class_weight="balanced").fit(
        X, y, sample_weight=(y == "odd") + (np.arange(16) < 8)
    )
    assert clf.classes_.tolist() == ["even", "odd"]


def test_weights_are_metadata_that_can_be_asked_for():
    with config_context(enable_metadata_routing=True):
        clf = NetworkClassifier().set_fit_request(sample_weight=True)
        assert get_routing_for_object(clf).fit.requests == {"groups": True, "sample_weight": True}


def test_it_is_searched_as_any_other(X, tracks):
    clf = NetworkClassifier(**{**QUICK, "network_params": None, "max_epochs": 1})
    grid = {"network": ["cnn", "lstm"], "inputs": ["mfcc", MFCCStats(n_mfcc=4)]}
    search = GridSearchCV(clf, grid, cv=StratifiedGroupKFold(2))
    search.fit(X, tracks.target, groups=np.arange(16))
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    nested = GridSearchCV(
        clone(clf).set_params(inputs=MFCCStats()), {"inputs__n_mfcc": [4, 8]}, cv=2
    )
    assert nested.fit(X, tracks.target).best_params_["inputs__n_mfcc"] in (4, 8)


def test_memory_keeps_frames(X, tracks, tmp_path, write):
    paths = [write(y, f"{i}.wav") for i, (y, _) in enumerate(X)]
    clf = NetworkClassifier(**{**QUICK, "max_epochs": 1}, memory=tmp_path / "memory")
    first = clf.fit(paths, tracks.target).onnx_
    for path in paths:  # of the same size and time, so that it is taken for the same
        stat = os.stat(path)
        with open(path, "r+b") as file:
            file.seek(100)
            file.write(bytes(1000))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    np.testing.assert_array_equal(clf.fit(paths, tracks.target).onnx_, first)


def test_what_was_killed_goes_on(fitted, X, tracks, tmp_path, monkeypatch):
    from genrekit.training._checkpoint import Checkpoint

    class Killed(Exception):
        pass

    def save_and_die(checkpoint, content):
        save_as_ever(checkpoint, content)
        if len(content["state"]["history"]) == 3:
            raise Killed

    save_as_ever = Checkpoint.save
    clf = clone(fitted).set_params(checkpoint=tmp_path / "kept")
    monkeypatch.setattr(Checkpoint, "save", save_and_die)
    with pytest.raises(Killed):
        clf.fit(X, tracks.target)
    monkeypatch.setattr(Checkpoint, "save", save_as_ever)
    clf.fit(X, tracks.target)
    np.testing.assert_array_equal(clf.onnx_, fitted.onnx_)
    assert [row["epoch"] for row in clf.history_] == list(range(1, 13))
    with pytest.raises(ValueError, match=r"kept: a checkpoint of another training: .*lr"):
        clone(clf).set_params(lr=0.01).fit(X, tracks.target)


def test_errors_come_before_the_long_work(X, tracks):
    clf = NetworkClassifier(**QUICK)
    wrong = {
        "network": "cmm",
        "inputs": "mell",
        "aggregate": "median",
        "schedule": "steps",
        "monitor": "f1",
        "max_epochs": 0,
        "segment_duration": 0,
        "segment_hop": 0,
        "device": "gpu",
        "on_error": "ignore",
        "reject_below": 2,
        "pad": 2,
    }
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=name.rstrip("s")):
            clone(clf).set_params(**{name: value}).fit(X, tracks.target)
    with pytest.raises(ValueError, match="1 class"):
        clf.fit(X, ["drone"] * 16)
    with pytest.raises(TypeError, match="fit has no parameter 'weights'"):
        clf.fit(X, tracks.target, weights=np.ones(16))
    with pytest.raises(NotFittedError):
        clone(clf).predict(X)
    with pytest.raises(ValueError, match="'lstm' takes one input"):
        clone(clf).set_params(network="lstm", network_params=None, inputs=["rms", "mfcc"]).fit(
            X, tracks.target
        )


def test_without_torch_one_sentence_names_the_extra(X, tracks, monkeypatch):
    monkeypatch.setattr("genrekit.training._torch.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[train\]'"):
        NetworkClassifier(**QUICK).fit(X, tracks.target)
