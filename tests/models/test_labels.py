"""Labels that are missing: an error in scikit-learn's words, never a genre called "nan"."""

from __future__ import annotations

import numpy as np
import pandas
import pytest

from genrekit import (
    GenreClassifier,
    PretrainedCNNClassifier,
    SegmentClassifier,
    cross_validate_genres,
)
from genrekit.evaluation import cluster_report, compare

GENRES = ["a", "b"] * 3
MISSING = {
    "NaN in a list": ["a", "b", "a", float("nan"), "a", "b"],
    "None in a list": ["a", "b", "a", None, "a", "b"],
    "numpy's NaN in a tuple": ("a", "b", "a", np.float32("nan"), "a", "b"),
    "an array of objects": np.array(["a", "b", "a", None, "a", "b"], dtype=object),
    "numbers": [0, 1, 0, float("nan"), 0, 1],
    "an array of numbers": np.array([0, 1, 0, np.nan, 0, 1]),
    "a column": pandas.Series(["a", "b", "a", None, "a", "b"]),
    "a column of text": pandas.Series(["a", "b", "a", None, "a", "b"], dtype="string"),
    "a column of categories": pandas.Series(["a", "b", "a", None, "a", "b"], dtype="category"),
    "a column of whole numbers": pandas.Series([0, 1, 0, None, 0, 1], dtype="Int64"),
    "a masked array": np.ma.masked_array(GENRES, mask=np.arange(6) == 3),
}


@pytest.fixture(scope="module")
def X():
    noise = np.random.default_rng(0).standard_normal((6, 3000))
    return list(0.1 * noise)


def make():
    return GenreClassifier("knn", ["rms"], calibrate=False)


CALLS = {
    "fit": lambda X, y: make().fit(X, y),
    "segments": lambda X, y: SegmentClassifier(make(), segment_duration=0.05).fit(X, y),
    "pretrained": lambda X, y: PretrainedCNNClassifier().fit(X, y),
    "score": lambda X, y: make().fit(X, GENRES).score(X, y),
    "cross-validation": lambda X, y: cross_validate_genres(make(), X, y, cv=2),
    "comparison": lambda X, y: compare({"a": make(), "b": make()}, X, y, cv=2),
    "clusters": lambda X, y: cluster_report(X, y),
}


@pytest.mark.parametrize("kind", MISSING)
@pytest.mark.parametrize("call", CALLS)
def test_missing_genres(kind, call, X):
    with pytest.raises(ValueError, match="Input y contains NaN or None, the first at index 3"):
        CALLS[call](X, MISSING[kind])


@pytest.mark.parametrize("kind", MISSING)
def test_missing_groups(kind, X):
    wrong = "Input groups contains NaN or None, the first at index 3"
    with pytest.raises(ValueError, match=wrong):
        make().fit(X, GENRES, groups=MISSING[kind])
    with pytest.raises(ValueError, match=wrong):
        cross_validate_genres(make(), X, GENRES, groups=MISSING[kind], cv=2)


@pytest.mark.parametrize("nan", ["nan", "None", ""])
def test_a_genre_may_be_called_so(nan, X):
    assert make().fit(X, ["a", nan] * 3).classes_.tolist() == sorted(["a", nan])
    y = pandas.Series(["a", nan] * 3, dtype="string")
    assert make().fit(X, y).classes_.tolist() == sorted(["a", nan])


WRONG_WEIGHTS = {
    "NaN": ([np.nan, 1, 1, 1, 1, 1], "finite and not negative"),
    "infinite": ([np.inf, 1, 1, 1, 1, 1], "finite and not negative"),
    "negative": ([-1, 1, 1, 1, 1, 1], "finite and not negative"),
    "text": (["much"] * 6, "sample_weight holds no numbers"),
}


@pytest.mark.parametrize("kind", WRONG_WEIGHTS)
def test_wrong_weights(kind, X):
    weights, message = WRONG_WEIGHTS[kind]
    plain = GenreClassifier("logreg", ["rms"], calibrate=False)
    for clf in (plain, SegmentClassifier(plain, segment_duration=0.05)):
        with pytest.raises(ValueError, match=message):
            clf.fit(X, GENRES, sample_weight=weights)


def test_no_genres_at_all(X):
    with pytest.raises(ValueError, match="the target y is None"):
        make().fit(X, None)
