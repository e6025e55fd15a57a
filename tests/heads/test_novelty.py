"""Novelty: how far rows are from all genres that were trained on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from genrekit.heads import fit_novelty, known_novelty, novelty_of

GENRES = np.repeat(["a", "b", "c"], 60)


@pytest.fixture(scope="module")
def space():
    """Four clouds in twenty dimensions, of which the last one is never trained on."""
    rng = np.random.default_rng(0)
    centres = 4 * np.eye(20)[:4]
    rows = [centre + rng.standard_normal((60, 20)) for centre in centres]
    return np.vstack(rows[:3]), rows[3]


def halves(n=180):
    even = np.arange(n) % 2 == 0
    return [
        (np.flatnonzero(even), np.flatnonzero(~even)),
        (np.flatnonzero(~even), np.flatnonzero(even)),
    ]


def test_a_genre_that_was_not_trained_on_is_far(space):
    heard, other = space
    train, test = halves()[0]
    numbers = fit_novelty(heard[train], GENRES[train], halves(90))
    known, novel = novelty_of(numbers, heard[test]), novelty_of(numbers, other)
    truth = np.r_[np.zeros(len(known)), np.ones(len(novel))]
    assert roc_auc_score(truth, np.r_[known, novel]) > 0.95
    assert np.median(novel) > 0.95
    assert 0 <= known.min() < known.max() <= 1


def test_what_the_numbers_mean(space):
    heard, _ = space
    numbers = fit_novelty(heard, GENRES, halves())
    away = np.concatenate(
        [
            novelty_of(
                {**fit_novelty(heard[a], GENRES[a], []), "usual": numbers["usual"]}, heard[b]
            )
            for a, b in halves()
        ]
    )
    assert np.quantile(away, [0.5, 0.95]) == pytest.approx([0.5, 0.95], abs=0.01)


def test_rows_are_independent_and_nan_stays(space):
    heard, other = space
    numbers = fit_novelty(heard, GENRES, halves())
    rows = np.vstack([other[:2], np.full(20, np.nan)])
    found = novelty_of(numbers, rows)
    assert np.isnan(found).tolist() == [False, False, True]
    np.testing.assert_allclose(found[:2], novelty_of(numbers, other)[:2])


def test_far_away_is_not_beyond_one(space):
    numbers = fit_novelty(space[0], GENRES, halves())
    assert novelty_of(numbers, np.full((1, 20), 1e6))[0] <= 1.0


def test_weights(space):
    heard, _ = space
    once = np.arange(len(heard)) < 150
    weighted = fit_novelty(heard, GENRES, halves(), once.astype(float))
    some = fit_novelty(heard[once], GENRES[once], [])
    for name in ("mean", "centres", "within", "total"):
        assert weighted[name].shape == some[name].shape
    points = heard[150:]
    both = [{**numbers, "usual": some["usual"]} for numbers in (weighted, some)]
    np.testing.assert_allclose(novelty_of(both[0], points), novelty_of(both[1], points))


@pytest.mark.parametrize("rows", [np.zeros((4, 3)), np.eye(4)[:, :1], np.ones((4, 1500))])
def test_little_to_learn_from(rows):
    numbers = fit_novelty(rows, np.array(["a", "a", "b", "b"]), [])
    assert np.isfinite(novelty_of(numbers, rows)).all()


def test_few_numbers_whatever_the_tracks(space):
    numbers = fit_novelty(np.random.default_rng(0).standard_normal((180, 1506)), GENRES, [])
    assert numbers["axes"].shape == (1506, 30)
    assert sum(array.nbytes for array in numbers.values()) < 400_000


def test_none_is_told():
    with pytest.raises(
        ValueError, match="take a GenreClassifier whose features are a CNNEmbedding"
    ):
        known_novelty(None)
