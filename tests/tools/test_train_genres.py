"""The script that trains the head of "genres"."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from genrekit.models import read_head

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def bench(monkeypatch):
    """The module that trains and judges recipes."""
    monkeypatch.syspath_prepend(str(TOOLS))
    names = ("genres_bench", "genres_material")
    import genres_bench

    yield genres_bench
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def tracks(bench):
    """Two collections of answers that are drawn at random, with what genres there are in them."""
    rng = np.random.default_rng(0)
    heard = {"gtzan": ["blues", "pop", "jazz"], "magnatune": ["pop", "electronic"]}
    told = [
        (g, f"{s} {g} {i // 4}", s)
        for s, genres in heard.items()
        for g in genres
        for i in range(16)
    ]
    genres, artists, sources = map(np.array, zip(*told, strict=True))
    to_tags = rng.standard_normal((200, 50))
    units = np.repeat(rng.standard_normal((len(genres), 200)), 3, axis=0)
    from genres_material import Patch, Tracks

    patches = Patch(units @ to_tags, units, np.repeat(np.arange(len(genres)), 3))
    return Tracks(patches, genres, artists, sources, sources, to_tags)


def test_what_is_shipped_is_what_was_chosen():
    chosen = json.loads((TOOLS / "genres_recipe.json").read_text())
    head = read_head("genres")
    assert head.features["output"] == chosen["recipe"]["features"]
    assert {"folk", "soul"} < set(head.classes)
    assert np.shape(head.novelty["axes"]) == (200, 30)
    # Genres without clips are their tags, less the offset.
    known = [head.classes.index(genre) for genre in ("folk", "soul")]
    offset = chosen["recipe"]["offset"] / chosen["temperature"]
    np.testing.assert_allclose(np.array(head.intercept)[known], offset, atol=1e-4)


def test_regression_moves_only_as_far_as_it_may(bench):
    rng = np.random.default_rng(0)
    table, begin = rng.standard_normal((40, 3)), rng.standard_normal((2, 3))
    which = (table[:, 0] > 0).astype(int)
    still, _ = bench.regress(table, which, np.ones(40), np.full(2, 1e-9), begin)
    np.testing.assert_allclose(still, begin, atol=1e-5)
    coef, intercept = bench.regress(table, which, np.ones(40), np.full(2, 10.0), begin)
    assert np.mean((table @ coef.T + intercept).argmax(axis=1) == which) > 0.9
    coef, _ = bench.regress(table, which, np.ones(40), np.array([1e-9, 10.0]), begin)
    moved = np.abs(coef - begin).max(axis=1)
    assert moved[0] < 1e-5 < 0.1 < moved[1]


def test_sources_and_artists_weigh_the_same(bench, tracks):
    made = bench.Bench(tracks)
    weights = made.weights(np.arange(len(tracks.genres)), 0.5)
    for genre, source, weight in (
        ("blues", "gtzan", 1),
        ("pop", "gtzan", 1),
        ("pop", "magnatune", 0.5),
    ):
        own = (tracks.genres == genre) & (tracks.sources == source)
        assert weights[own].sum() == pytest.approx(weight * bench.CLIPS)


@pytest.mark.parametrize("features", ["tags", "penultimate", "both"])
def test_genres_without_clips_are_what_their_tags_say(bench, tracks, features):
    made, recipe = bench.Bench(tracks), bench.Recipe(features, 0.01, 0.7, 2.0, 8.0, 0.3, -1.0)
    rows = np.arange(len(tracks.genres))
    head = made.head(rows, recipe, ["folk", "soul"])
    assert head.classes.tolist() == ["blues", "electronic", "folk", "jazz", "pop", "soul"]
    scores = head.scores(made.tables[features])[:, [2, 5]]
    weights = made.weights(rows, 0.7)
    np.testing.assert_allclose(np.average(scores, axis=0, weights=weights), -1.0, atol=1e-9)
    spread = np.average((scores + 1) ** 2, axis=0, weights=weights) ** 0.5
    np.testing.assert_allclose(spread, recipe.pull)
    if features == "penultimate":
        folk = tracks.pooled()[features] @ tracks.to_tags[:, 20]  # the tag
        assert np.corrcoef(folk, scores[:, 0])[0, 1] == pytest.approx(1.0)


def test_moves_go_by_what_differs_little_within_genres(bench, tracks):
    loud = np.repeat(np.random.default_rng(1).standard_normal(len(tracks.genres)), 3)
    units = tracks.patches.units + loud[:, np.newaxis]  # all units at once, in every genre
    made = bench.Bench(tracks._replace(patches=tracks.patches._replace(units=units)))

    def share_of_it(within):
        recipe = bench.Recipe("penultimate", 0.01, 0.7, 0.0, 1.0, within, -1.0)
        coef = made.head(np.arange(len(tracks.genres)), recipe).coef
        return np.linalg.norm(coef.mean(axis=1)) / np.linalg.norm(coef)

    assert share_of_it(0.9) < 0.5 * share_of_it(0.0)


def test_genres_without_tags_move_further(bench, tracks):
    genres = np.where(tracks.genres == "jazz", "reggae", tracks.genres)
    made, rows = bench.Bench(tracks._replace(genres=genres)), np.arange(len(genres))
    near, far = (
        made.head(rows, bench.Recipe("penultimate", 0.01, 0.7, 2.0, free, 0.0, -1.0))
        for free in (1.0, 8.0)
    )
    lengths = [np.linalg.norm(head.coef, axis=1)[near.classes == "reggae"] for head in (near, far)]
    assert lengths[1] > 2 * lengths[0]


def test_every_recipe_has_all_tests(bench, tracks, monkeypatch):
    monkeypatch.setattr(bench, "LEFT_OUT", ("blues", "pop"))
    recipe = bench.Recipe("tags", 0.01, 0.7, 2.0, 8.0, 0.3, -1.0)
    trials = bench.judge(bench.Bench(tracks), recipe, [0])
    assert list(trials) == [
        *("folds: gtzan", "folds: magnatune", "magnatune unheard", "gtzan unheard"),
        *("genres unheard", "the others then"),
    ]
    assert all(0 <= trial.accuracy <= 1 and trial.loss > 0 for trial in trials.values())
