"""Classifiers on a pretrained network: those that come trained, and training one."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from genrekit import (
    AudioFeatures,
    CNNEmbedding,
    GenreClassifier,
    GenrekitWarning,
    PretrainedCNNClassifier,
    load,
    make_tracks,
    save,
)
from genrekit.heads import fit_head, novelty_of, read_head
from genrekit.models import PRETRAINED
from genrekit.networks import get_card

ROOT = Path(__file__).resolve().parents[2]
SR = 8000
GTZAN = [
    *("blues", "classical", "country", "disco", "hiphop"),
    *("jazz", "metal", "pop", "reggae", "rock"),
]
GENRES = [
    *("blues", "classical", "country", "disco", "electronic", "folk", "hip-hop"),
    *("jazz", "metal", "pop", "reggae", "rock", "soul"),
]


@pytest.fixture(scope="module")
def tracks():
    """Six short tracks of each of two styles."""
    return make_tracks(6, genres=["drone", "noise-beat"], sr=SR, duration=1.0)


@pytest.fixture
def X(tracks):
    return [(y, tracks.sr) for y in tracks.waveforms]


@pytest.fixture
def small(tiny):
    """A classifier on a tiny network, one patch after the other."""
    features = CNNEmbedding(tiny, output="levels", patch_hop=0.001, max_patches=None, sr=SR)
    return PretrainedCNNClassifier(features=features)


# --- scikit-learn --------------------------------------------------------------------------------


def test_scikit_learn_checks_with_a_tiny_network(tiny):
    check_estimator(PretrainedCNNClassifier(features=CNNEmbedding(tiny, output="units", sr=SR)))


def test_scikit_learn_checks_as_constructed(without_onnx):
    # A network that hears three seconds of music can't separate rows of two samples: this is
    # all that it hides.
    classifier = PretrainedCNNClassifier()
    assert classifier.__sklearn_tags__().classifier_tags.poor_score
    check_estimator(classifier)


def test_tags_hide_nothing(small):
    tags = small.__sklearn_tags__()
    assert not tags.no_validation
    assert not tags.non_deterministic
    assert not tags.classifier_tags.poor_score
    assert tags.requires_fit


# --- what comes trained --------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [GenreClassifier, PretrainedCNNClassifier])
@pytest.mark.parametrize("name", PRETRAINED)
def test_ready_to_predict(cls, name, X):
    clf = cls.from_pretrained(name)
    proba = clf.predict_proba(X[:2])
    assert type(clf) is cls
    assert proba.shape == (2, len(clf.classes_))
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)
    assert clf.predict(X[:1])[0] == clf.top_k(X[:1], k=1)[0][0][0]


def test_genres():
    assert GenreClassifier.from_pretrained().classes_.tolist() == GENRES
    assert GenreClassifier.from_pretrained("gtzan10").classes_.tolist() == GTZAN
    of_card = GenreClassifier.from_pretrained("msd-genres").classes_.tolist()
    assert of_card == sorted(get_card("msd-musicnn").genres)


@pytest.mark.parametrize("name", PRETRAINED)
def test_parameters_describe_the_recipe(name):
    clf = GenreClassifier.from_pretrained(name)
    assert clf.model == "logreg"
    assert isinstance(clf.features, CNNEmbedding)
    params = clf.get_params()
    dense = name != "genres"
    assert params["features__output"] == ("tags" if dense else "penultimate")
    assert params["features__stats"] == ("mean",)
    heard = params["features__patch_hop"], params["features__max_patches"]
    assert heard == ((1.0, 60) if dense else (3.0, 12))
    assert clf.features_.get_params() == clf.features.get_params()


@pytest.mark.parametrize("cls", [GenreClassifier, PretrainedCNNClassifier])
def test_clone_and_fit_is_transfer_learning(cls, tracks, X):
    pretrained = cls.from_pretrained()
    clf = clone(pretrained)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    with pytest.warns(GenrekitWarning, match="3 inner folds"):
        clf.fit(X[::2], tracks.target[::2])
    assert clf.classes_.tolist() == ["drone", "noise-beat"]
    assert clf.score(X[1::2], tracks.target[1::2]) > 0.6
    assert clf.pipeline_["clf"].estimator_.coef_.shape == (1, 200)
    assert pretrained.classes_.tolist() == GENRES


def test_fitting_a_pretrained_one_anew(tracks, X):
    clf = GenreClassifier.from_pretrained().fit(X, tracks.target)
    assert clf.classes_.tolist() == ["drone", "noise-beat"]


def test_further_parameters():
    clf = PretrainedCNNClassifier.from_pretrained(n_jobs=2, reject_below=0.5, sr=16000, offset=1.0)
    assert (clf.n_jobs, clf.reject_below) == (2, 0.5)
    assert (clf.features.sr, clf.features.offset, clf.features.duration) == (16000, 1.0, None)
    with pytest.raises(TypeError, match="colour"):
        GenreClassifier.from_pretrained(colour="blue")


def test_the_recipe_can_not_be_another(X):
    with pytest.raises(TypeError, match="model"):
        GenreClassifier.from_pretrained(model="svm")
    with pytest.raises(TypeError, match="features"):
        GenreClassifier.from_pretrained(features="standard")


@pytest.mark.parametrize("cls", [GenreClassifier, PretrainedCNNClassifier])
def test_overrides_of_the_features(cls, X, without_onnx):
    X = [(np.tile(y, 6), sr) for y, sr in X[:2]]  # some patches
    plain = cls.from_pretrained().predict_proba(X)
    expected = cls.from_pretrained(features__patch_hop=0.2).predict_proba(X)
    assert np.abs(plain - expected).max() > 1e-6
    given = CNNEmbedding(**{**cls.from_pretrained().features.get_params(), "patch_hop": 0.2})
    for how in ({"patch_hop": 0.2}, {"features": given}, {"features": given, "n_jobs": 2}):
        clf = cls.from_pretrained(**how)
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
        assert clf.features is not given
    open_stats = CNNEmbedding(given.model, output=given.output, patch_hop=0.2)
    np.testing.assert_array_equal(
        cls.from_pretrained(features=open_stats).predict_proba(X), expected
    )
    assert open_stats.stats is None
    clf = cls.from_pretrained(features=given, sr=8000, max_patches=3)
    assert (clf.sr, clf.features.sr, clf.features_.max_patches) == (8000, 8000, 3)
    assert given.sr is None
    same = cls.from_pretrained(output=given.output, stats=list(given.stats), features=None)
    np.testing.assert_array_equal(same.predict_proba(X), plain)


@pytest.mark.parametrize(
    ("overrides", "error", "message"),
    [
        ({"output": "tags"}, ValueError, "trained on.*output='tags' is not"),
        ({"features__output": "mean_pool"}, ValueError, "output='mean_pool' is not"),
        ({"stats": ("median",)}, ValueError, r"stats=\('median',\) is not"),
        ({"features": CNNEmbedding(output="mean_pool")}, ValueError, "output='mean_pool'"),
        ({"features": AudioFeatures()}, TypeError, "features=AudioFeatures.* are none"),
        ({"reducer": 3}, TypeError, "reducer can't be overridden"),
        ({"patch_hob": 0.5}, TypeError, "no parameter 'patch_hob': did you mean 'patch_hop'"),
        ({"features__n_mels": 5}, TypeError, "n_mels"),
    ],
)
def test_overrides_that_do_not_fit_what_is_trained(overrides, error, message):
    with pytest.raises(error, match=message):
        GenreClassifier.from_pretrained(**overrides)


def test_other_processes_and_threads_say_the_same(X):
    clf = GenreClassifier.from_pretrained()
    expected = clf.predict_proba(X)
    ask = joblib.delayed(clf.predict_proba)
    for backend in ("loky", "threading"):
        for answer in joblib.Parallel(2, backend=backend)([ask(X), ask(X)]):
            np.testing.assert_array_equal(answer, expected)


def test_bare_arrays_are_at_the_rate_that_is_said(X):
    y, sr = np.tile(X[0][0], 3), X[0][1]
    clf = GenreClassifier.from_pretrained(sr=sr)
    np.testing.assert_array_equal(clf.predict_proba([y]), clf.predict_proba([(y, sr)]))
    other = GenreClassifier.from_pretrained().predict_proba([y])
    assert np.abs(other - clf.predict_proba([y])).max() > 1e-3


def test_unknown_name():
    with pytest.raises(ValueError, match="unknown name 'gtzan': did you mean 'gtzan10'"):
        GenreClassifier.from_pretrained("gtzan")


@pytest.mark.parametrize("name", PRETRAINED)
def test_heads_belong_to_the_network_here(name):
    head = read_head(name)
    assert head.sha256 == get_card(head.features["model"]).sha256
    n_features = get_card("msd-musicnn").outputs[head.features["output"]]
    assert np.shape(head.coef) == (len(head.classes), n_features)
    assert head.name == name
    assert all((head.title, head.licence, head.trained_on, head.limits))


def test_another_network_is_refused(X):
    clf = GenreClassifier.from_pretrained()
    clf.features_.sha256_ = "0" * 64
    with pytest.raises(ValueError, match="SHA-256 0000"):
        clf.predict(X)


def test_tags_decide_msd_genres():
    clf = GenreClassifier.from_pretrained("msd-genres")
    labels = get_card("msd-musicnn").labels["tags"]
    rows = np.eye(len(labels))[[labels.index(tag) for tag in ("jazz", "Hip-Hop", "country")]]
    assert clf.pipeline_.predict(rows).tolist() == ["jazz", "hip-hop", "country"]
    # Tags that stand for no genre leave all as probable.
    nothing = clf.pipeline_.predict_proba(np.eye(len(labels))[[labels.index("happy")]])
    np.testing.assert_allclose(nothing, 1 / 11)


def test_long_songs_are_not_warned_about(X):
    song = np.tile(X[0][0], 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GenreClassifier.from_pretrained().predict([(song, SR)])


@pytest.mark.parametrize("name", PRETRAINED)
@pytest.mark.parametrize("cls", [GenreClassifier, PretrainedCNNClassifier])
def test_save_and_load(cls, name, X, tmp_path):
    clf = cls.from_pretrained(name, reject_below=0.1)
    save(clf, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops")
    assert type(loaded) is cls
    assert loaded.reject_below == 0.1
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    # The network is named in it, not contained.
    assert (loaded.features_.model, loaded.features_.sha256_) == (
        "msd-musicnn",
        get_card("msd-musicnn").sha256,
    )
    limit = 20_000 if loaded.novelty_ is None else 300_000
    assert (tmp_path / "model.skops").stat().st_size < limit


# --- training one --------------------------------------------------------------------------------


def test_unfitted(X):
    for method in ("predict", "predict_proba", "top_k"):
        with pytest.raises(NotFittedError):
            getattr(PretrainedCNNClassifier(), method)(X)
    with pytest.raises(NotFittedError):
        PretrainedCNNClassifier().timeline(X[0])


def test_any_network_by_its_card(small, tracks, X, tmp_path):
    clf = small.fit(X, tracks.target)
    assert clf.score(X, tracks.target) > 0.9
    assert clf.pipeline_["clf"].n_features_in_ == 8
    save(clf, tmp_path / "model.skops")
    loaded = load(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_a_changed_network_is_noticed_after_loading(small, tracks, X, tmp_path, tiny):
    save(small.fit(X, tracks.target), tmp_path / "model.skops")
    card = json.loads(Path(tiny).read_text())
    Path(tiny).write_text(json.dumps({**card, "sha256": "1" * 64}))
    with pytest.raises(ValueError, match="fitted with a network of SHA-256"):
        load(tmp_path / "model.skops").predict(X)


def test_other_heads_and_features(tiny, tracks, X):
    units = CNNEmbedding(tiny, output="units", patch_hop=0.1)
    clf = PretrainedCNNClassifier(SVC(), [("cnn", units), "rms"], sr=SR, calibrate=False)
    clf.fit(X, tracks.target)
    assert isinstance(clf.features_, AudioFeatures)
    assert clf.pipeline_["clf"].n_features_in_ == 10
    assert clf.score(X, tracks.target) == 1.0


def test_default_features():
    clf = PretrainedCNNClassifier(sr=16000, offset=1.0, duration=2.0)
    assert clf.features is None
    params = clf.get_params()
    names = ("model", "output", "stats", "sr", "offset", "duration")
    expected = ["msd-musicnn", "tags", None, 16000, 1.0, 2.0]
    assert [params[f"features__{name}"] for name in names] == expected
    clf.set_params(features__max_patches=5)
    assert clone(clf).get_params()["features__max_patches"] == 5
    assert clf.features.sr == 16000


def test_unknown_parameter_names_the_class():
    with pytest.raises(ValueError, match="PretrainedCNNClassifier has no parameter 'modle'"):
        PretrainedCNNClassifier().set_params(modle="svm")


# --- real music ----------------------------------------------------------------------------------


@pytest.fixture
def tool():
    """The script that trains the head."""
    spec = importlib.util.spec_from_file_location("train", ROOT / "tools" / "train_gtzan10.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["train"] = module  # for its dataclasses
    spec.loader.exec_module(module)
    yield module
    del sys.modules["train"]


def test_the_tool_trains_the_head_that_is_shipped(tool, data_dir):
    clips = tool.read_clips(data_dir / "gtzan_taggrams_train.npz")
    trained = tool.train(clips, get_card("msd-musicnn"))
    shipped, head = json.loads(tool.HEAD.read_text()), read_head("gtzan10")
    for name in ("mean", "scale"):
        np.testing.assert_allclose(trained.pop(name), shipped.pop(name), atol=1e-5)
    scaled = (clips.pooled(lambda tags: tags.mean(axis=0)) - head.mean) / head.scale
    novel = [novelty_of(_arrays(h.pop("novelty")), scaled) for h in (trained, shipped)]
    np.testing.assert_allclose(*novel, atol=1e-3)
    # The factor of the calibration depends on folds, which differ between versions.
    found, expected = (
        np.column_stack([h.pop("coef"), h.pop("intercept")]) for h in (trained, shipped)
    )
    factor = np.linalg.norm(found) / np.linalg.norm(expected)
    assert 0.8 < factor < 1.25
    np.testing.assert_allclose(found, factor * expected, atol=1e-3)
    assert trained == shipped


def _arrays(numbers):
    return {name: np.array(values) for name, values in numbers.items()}


def test_blocks_hold_neighbours_together(tool):
    names = np.array([f"blues.{n:05}" for n in (1, 2, 4, 9, *range(20, 45))] + ["jazz.00045"])
    blocks = tool.make_blocks(names)
    assert blocks.tolist() == [0, 0, 0, 1, *[2] * 13, *[3] * 12, 4]
    assert tool.make_blocks(names[-2:]).tolist() == [0, 1]


def test_blocks_of_a_genre_count_the_same(tool):
    genres = np.array(["a", "a", "a", "b", "b"])
    weights = tool.Clips([], genres, np.array([0, 0, 1, 2, 2]), [], genres).weights
    np.testing.assert_allclose(weights, [0.75, 0.75, 1.5, 1.0, 1.0])


def test_shipped_numbers_are_a_fitted_head(tool, data_dir):
    clips = tool.read_clips(data_dir / "gtzan_taggrams_train.npz")
    table = clips.pooled(lambda tags: tags.mean(axis=0))
    plain = {"model": "logreg", "calibrate": False}
    fitted = fit_head(table, clips.genres, clips.blocks, clips.weights, **plain)
    shipped = read_head("gtzan10").pipeline()
    assert shipped.predict(table).tolist() == fitted.predict(table).tolist()
    assert fitted["clf"].get_params() == shipped["clf"].get_params()
    assert set(vars(fitted["scale"])) - set(vars(shipped["scale"])) == {"n_samples_seen_"}
    assert set(vars(fitted["clf"])) - set(vars(shipped["clf"])) == {"n_iter_"}


def test_files_give_the_genres_of_the_original_tags(tool, data_dir):
    clips = tool.read_clips(data_dir / "gtzan_taggrams_train.npz")
    table = clips.pooled(lambda tags: tags.mean(axis=0))
    paths = {path.stem: path for path in (data_dir / "gtzan_clips").rglob("*.flac")}
    known = [i for i, name in enumerate(clips.names) if name in paths][::3]
    clf = GenreClassifier.from_pretrained("gtzan10")
    found = clf.predict([paths[clips.names[i]] for i in known])
    expected = clf.pipeline_.predict(table[known])
    assert np.mean(found == expected) > 0.9  # files hold the first half of the clips


@pytest.mark.parametrize("name", ["genres", "gtzan10"])
def test_a_saved_one_names_its_network_and_does_not_hold_it(name, tmp_path):
    """Head and novelty are all that a file needs beside the genrekit that reads it."""
    save(GenreClassifier.from_pretrained(name), tmp_path / "model.skops")
    assert (tmp_path / "model.skops").stat().st_size < 300_000
    assert load(tmp_path / "model.skops").features_.model == "msd-musicnn"


def test_what_transformers_are_set_to_give_makes_no_difference(X):
    pytest.importorskip("pandas")
    clf = GenreClassifier.from_pretrained()
    proba, novelty = clf.predict_proba(X[:1]), clf.novelty(X[:1])
    with config_context(transform_output="pandas"), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(clf.predict_proba(X[:1]), proba)
        np.testing.assert_array_equal(clf.novelty(X[:1]), novelty)
