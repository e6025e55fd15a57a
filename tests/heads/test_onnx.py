"""Heads as ONNX: skl2onnx takes what was fitted as it is, and the file answers alike."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import MaxAbsScaler

from genrekit.heads import fit_head
from genrekit.models import GenreClassifier

skl2onnx = pytest.importorskip("skl2onnx")

RNG = np.random.default_rng(0)
GENRES = np.array(["blues", "jazz", "rock", "rap"])


def table(n_genres, n=160):
    """Rows that lie around a place of their genre."""
    genres = np.arange(n) % n_genres
    places = np.random.default_rng(1).normal(0, 1, (n_genres, 8))
    return places[genres] + RNG.normal(0, 1.2, (n, 8)), GENRES[genres]


def answers(pipeline, rows):
    """Of the pipeline as ONNX: genres and probabilities."""
    model = skl2onnx.to_onnx(pipeline, rows[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {session.get_inputs()[0].name: rows})


@pytest.mark.parametrize("n_genres", [2, 4])
@pytest.mark.parametrize(
    "head",
    [
        {"model": "logreg"},
        {"model": "logreg", "calibrate": False, "reducer": "passthrough"},
        {"model": "logreg", "reducer": "pca", "class_weight": "balanced"},
        {"model": "svm"},
        {"model": "svm", "reducer": 3},
        {"model": RandomForestClassifier(5, random_state=0), "reducer": MaxAbsScaler()},
    ],
    ids=lambda head: "-".join(str(value).partition("(")[0] for value in head.values()),
)
def test_a_fitted_head(n_genres, head):
    X, y = table(n_genres)
    pipeline = fit_head(X, y, np.arange(len(y)), **head)
    rows = table(n_genres)[0].astype(np.float32)
    genres, probabilities = answers(pipeline, rows)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(rows), atol=1e-5)
    assert (genres == pipeline.predict(rows)).all()


@pytest.mark.parametrize("model", ["logreg", "svm"])
def test_genres_may_be_numbers(model):
    X, y = table(3)
    numbers = np.searchsorted(np.sort(GENRES), y) + 7
    pipeline = fit_head(X, numbers, np.arange(len(y)), model=model)
    genres, _ = answers(pipeline, X.astype(np.float32))
    np.testing.assert_array_equal(genres, pipeline.predict(X.astype(np.float32)))


@pytest.mark.parametrize("name", ["genres", "gtzan10"])
def test_heads_that_ship(name):
    classifier = GenreClassifier.from_pretrained(name)
    scale = classifier.pipeline_["scale"]
    rows = (scale.mean_ + RNG.normal(size=(20, len(scale.mean_))) * scale.scale_).astype("f4")
    genres, probabilities = answers(classifier.pipeline_, rows)
    np.testing.assert_allclose(probabilities, classifier.pipeline_.predict_proba(rows), atol=1e-5)
    assert set(genres) <= set(classifier.classes_)
