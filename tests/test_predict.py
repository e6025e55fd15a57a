"""Predicting with whatever a file holds: by the library and by the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import genrekit
from genrekit import (
    AudioFeatures,
    GenreClassifier,
    make_knn_pipeline,
    make_svm_pipeline,
)
from genrekit._predict import hearing_classifier, top_genres
from genrekit.cli import main
from genrekit.datasets import make_tracks
from genrekit.exceptions import AudioDecodeWarning, GenrekitWarning

FEATURES = ["rms", "spectral_centroid", "zero_crossing_rate"]
SVM = GenreClassifier(SVC(), FEATURES, calibrate=False)


def pipeline(classifier):
    return make_pipeline(AudioFeatures(FEATURES), StandardScaler(), classifier)


# What is saved, and whether its numbers are probabilities; None where it has none.
MODELS = {
    "svm pipeline": (make_svm_pipeline(FEATURES), False),
    "knn pipeline": (make_knn_pipeline(FEATURES), True),
    "imputing pipeline": (make_knn_pipeline(FEATURES, on_error="nan"), True),
    "search": (GridSearchCV(make_knn_pipeline(FEATURES), {"clf__n_neighbors": [1, 2]}, cv=2), True),
    "search of ours": (GridSearchCV(SVM, {"model__C": [1.0]}, cv=2), True),
    "calibrated": (CalibratedClassifierCV(make_svm_pipeline(FEATURES), cv=2), True),
    "segments": (
        genrekit.SegmentClassifier(make_knn_pipeline(FEATURES), segment_duration=0.2),
        True,
    ),
    "vote": (VotingClassifier([("a", make_knn_pipeline(FEATURES))], voting="hard"), None),
    "naive": (pipeline(GaussianNB()), True),
    "ridge": (pipeline(RidgeClassifier()), False),
}
TRUSTED = {
    "vote": ["sklearn.ensemble._voting.VotingClassifier", "sklearn.utils._bunch.Bunch"],
    "naive": ["sklearn.naive_bayes.GaussianNB"],
    "ridge": [
        "sklearn.linear_model._ridge.RidgeClassifier",
        "sklearn.preprocessing._label.LabelBinarizer",
    ],
}


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    root = tmp_path_factory.mktemp("music")
    make_tracks(4, root=root, genres=["drone", "noise-beat", "pluck"], sr=8000, duration=1.2)
    tracks = genrekit.load_folder(root)
    return list(tracks.paths), tracks.target


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.wav"
    path.write_bytes(b"<!doctype html><p>not found</p>")
    return str(path)


@pytest.fixture
def saved(tmp_path, music):
    """Fit a model, save it and give the path."""

    def fit_and_save(name):
        model = MODELS[name][0].fit(*music)
        genrekit.save(model, tmp_path / "m.skops")
        return model, tmp_path / "m.skops"

    return fit_and_save


@pytest.mark.parametrize("name", MODELS)
def test_any_classifier_of_tracks_answers(name, saved, music, bad):
    """A bad file costs nobody else, and the numbers are what they are called."""
    fitted, path = saved(name)
    expected = fitted.predict(music[0]).tolist()
    model = hearing_classifier(genrekit.load(path, trusted=TRUSTED.get(name, ())), n_jobs=1)
    files = [music[0][0], bad, *music[0][1:]]
    with pytest.warns(GenrekitWarning) as caught:
        answers = top_genres(model, files, 2).genres
    (errors,) = [w.message.errors for w in caught if isinstance(w.message, AudioDecodeWarning)]
    assert [error.index for error in errors] == [1]
    assert answers.pop(1) == []
    assert [answer[0][0] for answer in answers] == expected
    proper = MODELS[name][1]
    said = [str(w.message) for w in caught if not isinstance(w.message, AudioDecodeWarning)]
    if proper is None:
        assert [answer[0][1] for answer in answers] == [None] * 12
        assert ["only one genre" in text for text in said] == [True]
    else:
        assert ["a softmax of its scores" in text for text in said] == [True] * (not proper)
        assert all(1 >= first[1] >= second[1] >= 0 for first, second in answers)
    if proper:
        best = [answer[0][1] for answer in answers]
        np.testing.assert_allclose(best, fitted.predict_proba(music[0]).max(axis=1), atol=1e-12)


def test_none_of_the_files_can_be_read(saved, bad):
    model = hearing_classifier(genrekit.load(saved("svm pipeline")[1]))
    with pytest.warns(GenrekitWarning):
        assert top_genres(model, [bad, bad], 3).genres == [[], []]


def test_other_errors_are_not_taken_for_bad_files(saved, music):
    model = hearing_classifier(genrekit.load(saved("knn pipeline")[1]))
    with pytest.raises(ValueError, match="list"):
        top_genres(model, music[0][0], 3)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SVC(), "holds a SVC of tables"),
        (StandardScaler(), "holds a StandardScaler; predict takes a fitted classifier"),
        (AudioFeatures(FEATURES), "holds a AudioFeatures; predict takes"),
        (GridSearchCV(SVM, {"model__C": [1]}), "holds a GridSearchCV; predict takes a fitted"),
        (None, "holds a NoneType"),
    ],
)
def test_what_does_not_classify_tracks(model, message):
    with pytest.raises(TypeError, match=message):
        hearing_classifier(model)


# ---------------------------------------------------------------- by the command


@pytest.mark.parametrize("name", ["svm pipeline", "search", "imputing pipeline"])
def test_the_command_predicts_with_what_was_saved(name, saved, music, bad, capsys):
    fitted, path = saved(name)
    assert main(["predict", str(path), bad, *music[0], "--json", "--top-k", "2"]) == 3
    out, err = capsys.readouterr()
    first, *found = json.loads(out)
    assert (first["genre"], first["top"]) == (None, [])
    assert "HTML" in first["error"]
    assert [item["genre"] for item in found] == fitted.predict(music[0]).tolist()
    assert [len(item["top"]) for item in found] == [2] * 12
    assert ("softmax of its scores" in err) == (name == "svm pipeline")
    assert main(["predict", str(path), music[0][0]]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[1] == found[0]["genre"]


def test_the_command_rejects(saved, music, capsys):
    _, path = saved("search")
    assert main(["predict", str(path), *music[0], "--json", "--reject-below", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    certain = [item["top"][0]["probability"] >= 1 for item in found]
    assert [item["genre"] != "unknown" for item in found] == certain


def test_the_command_shows_genres_without_numbers(saved, music, capsys, monkeypatch):
    _, path = saved("vote")
    load = genrekit.load(path, trusted=TRUSTED["vote"])
    monkeypatch.setattr("genrekit.persistence.load", lambda name: load)
    assert main(["predict", str(path), music[0][0], "--reject-below", "0.5"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split() == [music[0][0], load.predict(music[0][:1])[0]]
    assert "which nothing can reject" in err
    assert main(["predict", str(path), music[0][0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["probability"] is None
