"""Heads as they ship: their own numbers, and the classifier that does without scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit import GenreClassifier
from genrekit.exceptions import AudioDecodeWarning, UnheardWarning
from genrekit.heads import PRETRAINED, ReadyClassifier, read_head

SR = 16000


@pytest.mark.parametrize("name", PRETRAINED)
@pytest.mark.parametrize("n_rows", [1, 7])
def test_numbers_decide_as_the_pipeline_does(name, n_rows):
    head = read_head(name)
    n_features = len(head.mean)
    rng = np.random.default_rng(n_rows)
    rows = np.array(head.mean) + rng.normal(size=(n_rows, n_features)) * np.array(head.scale)
    for table in (rows, 1e6 * rows):  # beyond what exp holds
        expected = head.pipeline().predict_proba(table)
        np.testing.assert_array_equal(head.probabilities(table), expected)
    scaled = head.pipeline()["scale"].transform(rows)
    np.testing.assert_array_equal(head.standardised(rows), scaled)


@pytest.mark.parametrize("name", ["genres", "msd-genres"])
def test_answers_are_those_of_the_classifier(name, tmp_path):
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"<!doctype html><p>not found</p>")
    noise = 0.1 * np.random.default_rng(0).standard_normal(4 * SR)
    tracks = [(noise, SR), str(broken), (np.zeros(SR), SR), (np.cumsum(noise) / 50, SR)]

    def answer(classifier):
        with (
            pytest.warns(AudioDecodeWarning, match="not found|broken"),
            pytest.warns(UnheardWarning, match="1 of 4 tracks hold too little"),
        ):
            return classifier._answer(tracks)

    whole = GenreClassifier.from_pretrained(name, on_error="nan")
    ready = ReadyClassifier(name)
    expected, found = answer(whole), answer(ready)
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.unheard, expected.unheard)
    assert found.remarks == expected.remarks
    assert ready._top(found, 3) == whole._top(expected, 3)
    assert ready._top(found, 3)[1] == []
    np.testing.assert_array_equal(ready.classes_, whole.classes_)
    if name == "msd-genres":  # nothing was trained
        assert found.novelty is None
        assert expected.novelty is None
    else:
        np.testing.assert_array_equal(found.novelty, expected.novelty)
        assert np.isnan(found.novelty).tolist() == [False, True, True, False]
