"""Recipes for the head of "genres": how one is trained, and the tests by which it is judged.

The head is a multinomial logistic regression that begins with what the network's own tags say, and
learns from clips what they leave open; see `Recipe`. Folds by artist within a source prefer what
fails in another, so recipes are judged by collections that were not heard as well, and by genres
whose clips were all left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from genres_material import GTZAN, MAGNATUNE, NETWORK, Tracks
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedGroupKFold

from genrekit.networks import get_card

__all__ = ["FOLDS", "SEEDS", "UNHEARD", "Bench", "Head", "Recipe", "Trial", "judge"]

FOLDS, SEEDS = 4, (0, 1)
# Genres of no clips, and those whose clips are left out to see what becomes of such.
UNHEARD = ("folk", "soul")
LEFT_OUT = ("blues", "country", "electronic", "hip-hop", "jazz", "metal", "pop", "rock")
# A genre of a source weighs as so many clips.
CLIPS = 60.0


class Recipe(NamedTuple):
    """What is chosen.

    Attributes
    ----------
    features : {"tags", "penultimate", "both"}
        Which outputs of the network, averaged over a track.
    C : float
        Strength: the penalty is on how far coefficients move away from where they begin.
    weight : float
        Of the tracks of the second source. Those of a genre weigh the same in each source but for
        that, and an artist weighs as the root of the number of clips.
    pull : float
        The score of a genre is to begin with so many times the mean of its tags' logits, each
        standardised, with a variance of 1. A genre without clips stays there, on the same scale.
    free : float
        C is so many times higher for a genre without tags, which begins at nothing.
    within : float
        Share of the penalty that is on directions by how much tracks of the same genre differ in
        them; the rest is the same for all.
    offset : float
        Added to the score of a genre without clips.
    """

    features: str
    C: float
    weight: float
    pull: float
    free: float
    within: float
    offset: float


class Head(NamedTuple):
    """A head, on columns as they are.

    Attributes
    ----------
    classes : ndarray of str
        Its genres.
    mean, scale : ndarray of shape (n_features,)
        What standardises columns.
    coef : ndarray of shape (n_classes, n_features)
        Coefficients.
    intercept : ndarray of shape (n_classes,)
        Intercepts.
    """

    classes: NDArray[np.str_]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def scores(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of genres."""
        return ((table - self.mean) / self.scale) @ self.coef.T + self.intercept


class Trial(NamedTuple):
    """How a recipe does on one test, means over genres."""

    accuracy: float
    loss: float
    confidence: float


class Bench:
    """The material with what is fitted on it, so that nothing is fitted twice."""

    def __init__(self, tracks: Tracks) -> None:
        self.tracks = tracks
        pooled = tracks.pooled()
        both = np.hstack([pooled["penultimate"], pooled["tags"]])
        self.tables = {**pooled, "both": both}
        self.y, self.artists = tracks.genres, tracks.artists
        self._fitted: dict[Any, Head] = {}
        self._begun: dict[Any, NDArray[np.float64]] = {}
        self.genres = np.unique([*self.y, *UNHEARD])

    def folds(self, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Folds that split no artist."""
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        yield from folds.split(self.y, self.y, self.artists)

    def weights(self, rows: NDArray[np.int64], weight: float) -> NDArray[np.float64]:
        """The same for each genre of a source, and less than in proportion to an artist's clips."""
        y, sources = self.y[rows], self.tracks.sources[rows]
        by_artist = _counts(y, sources, self.artists[rows]) ** -0.5
        weights = by_artist / _sums(by_artist, y, sources)
        return CLIPS * weights * np.where(sources == MAGNATUNE, weight, 1.0)

    def head(self, rows: NDArray[np.int64], recipe: Recipe, unheard: Sequence[str] = ()) -> Head:
        """A head trained on some rows, with genres that stay as their tags have them beside."""
        key = (rows.tobytes(), recipe._replace(offset=0.0))
        if key not in self._fitted:
            self._fitted[key] = self._fit(rows, recipe)
        heard = self._fitted[key]
        more = sorted(set(unheard) - set(heard.classes))
        if not more:
            return heard
        if (*key, *more) not in self._begun:
            self._begun[*key, *more] = self._directions(rows, recipe, heard, more)
        begin = recipe.pull * self._begun[*key, *more]
        order = np.argsort([*heard.classes, *more])
        return heard._replace(
            classes=np.array([*heard.classes, *more])[order],
            coef=np.vstack([heard.coef, begin])[order],
            intercept=np.r_[heard.intercept, [recipe.offset] * len(more)][order],
        )

    def _fit(self, rows: NDArray[np.int64], recipe: Recipe) -> Head:
        """A head of the genres of some rows."""
        table, weights = self.tables[recipe.features][rows], self.weights(rows, recipe.weight)
        mean = np.average(table, axis=0, weights=weights)
        scale = np.sqrt(np.average((table - mean) ** 2, axis=0, weights=weights))
        classes = np.unique(self.y[rows])
        empty = np.zeros((len(classes), table.shape[1]))
        head = Head(classes, mean, scale, empty, np.zeros(len(classes)))
        begin = recipe.pull * self._directions(rows, recipe, head, classes)
        which, table = np.searchsorted(classes, self.y[rows]), (table - mean) / scale
        C = recipe.C * np.where(begin.any(axis=1), 1.0, recipe.free)
        # On columns that scatter alike within genres the penalty is the same for all of them.
        root = _scatter(table, which, weights, recipe.within)
        inverse = np.linalg.inv(root)
        coef, intercept = regress(table @ inverse, which, weights, C, begin @ root)
        return head._replace(coef=coef @ inverse, intercept=intercept)

    def _directions(
        self, rows: NDArray[np.int64], recipe: Recipe, head: Head, genres: Sequence[str]
    ) -> NDArray[np.float64]:
        """Coefficients of what tags say of genres, of variance 1 over the rows; 0 without tags."""
        card = get_card(NETWORK)
        weights = self.weights(rows, recipe.weight)
        table = (self.tables[recipe.features][rows] - head.mean) / head.scale
        found = np.zeros((len(genres), table.shape[1]))
        for row, genre in zip(found, genres, strict=True):
            for label in card.genres.get(genre, ()):
                row += self._tag(
                    card.labels["tags"].index(label), recipe.features, head, table, weights
                )
            spread = np.sqrt(np.average((table @ row) ** 2, weights=weights))
            row /= spread if spread > 0 else 1.0
        return found

    def _tag(
        self,
        tag: int,
        features: str,
        head: Head,
        table: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Coefficients that make a tag of standardised columns, of variance 1."""
        made = np.zeros(table.shape[1])
        if features == "tags":
            made[tag] = 1.0
            return made
        units = len(self.tracks.to_tags)
        made[:units] = self.tracks.to_tags[:, tag] * head.scale[:units]
        return made / np.sqrt(np.average((table @ made) ** 2, weights=weights))


def regress(
    table: NDArray[np.float64],
    which: NDArray[np.int64],
    weights: NDArray[np.float64],
    C: NDArray[np.float64],
    begin: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Multinomial logistic regression, penalised by each class's way from where it begins."""
    n_classes, n_features = begin.shape
    truth, stiff = np.eye(n_classes)[which], 1 / C[:, np.newaxis]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        move, intercept = flat[:-n_classes].reshape(begin.shape), flat[-n_classes:]
        logs = log_softmax(table @ (begin + move).T + intercept, axis=1)
        error = weights[:, np.newaxis] * (np.exp(logs) - truth)
        gradient = np.r_[(error.T @ table + stiff * move).ravel(), error.sum(axis=0)]
        return -(weights @ (truth * logs).sum(axis=1)) + (stiff * move**2).sum() / 2, gradient

    start = np.zeros(n_classes * (n_features + 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    return begin + found[:-n_classes].reshape(begin.shape), found[-n_classes:]


def _scatter(
    table: NDArray[np.float64],
    which: NDArray[np.int64],
    weights: NDArray[np.float64],
    share: float,
) -> NDArray[np.float64]:
    """Root of the covariance within genres, of which the rest is the same in all directions."""
    own = [which == i for i in range(which.max() + 1)]
    centres = np.array([np.average(table[g], axis=0, weights=weights[g]) for g in own])
    apart = table - centres[which]
    covariance = apart.T @ (weights[:, np.newaxis] * apart)
    covariance *= len(covariance) / np.trace(covariance)
    values, axes = np.linalg.eigh((1 - share) * np.eye(len(covariance)) + share * covariance)
    return axes * np.sqrt(values) @ axes.T


def judge(
    bench: Bench, recipe: Recipe, seeds: Sequence[int] = SEEDS, temperature: float = 1.0
) -> dict[str, Trial]:
    """A recipe on all tests."""
    trial = partial(_trial, bench, temperature=temperature)
    found: dict[str, list[Trial]] = {}
    for seed in seeds:
        scores = _out_of_fold(bench, recipe, seed, UNHEARD)
        for kind in np.unique(bench.tracks.kinds):
            rows = np.flatnonzero(bench.tracks.kinds == kind)
            found.setdefault(f"folds: {kind}", []).append(trial(scores, rows))
    trials = {name: Trial(*np.mean(some, axis=0)) for name, some in found.items()}
    for heard, other in ((GTZAN, MAGNATUNE), (MAGNATUNE, GTZAN)):
        trials[f"{other} unheard"] = _across(bench, recipe, heard, other, trial)
    alone, rest = [], []
    for genre in LEFT_OUT:
        scores = _out_of_fold(bench, recipe, seeds[0], (*UNHEARD, genre), without=genre)
        alone.append(trial(scores, np.flatnonzero(bench.y == genre)))
        rest.append(trial(scores, np.flatnonzero(bench.y != genre)))
    trials["genres unheard"] = Trial(*np.mean(alone, axis=0))
    trials["the others then"] = Trial(*np.mean(rest, axis=0))
    return trials


def _out_of_fold(
    bench: Bench, recipe: Recipe, seed: int, unheard: Sequence[str], without: str = ""
) -> NDArray[np.float64]:
    """Scores of each track by a head that does not know its artist, nor one of the genres."""
    scores = np.full((len(bench.y), len(bench.genres)), -np.inf)
    for train, test in bench.folds(seed):
        head = bench.head(train[bench.y[train] != without], recipe, unheard)
        columns = np.searchsorted(bench.genres, head.classes)
        scores[np.ix_(test, columns)] = head.scores(bench.tables[recipe.features][test])
    return scores


def _across(bench: Bench, recipe: Recipe, heard: str, other: str, trial: Any) -> Trial:
    """One collection by a head that was trained on the other, of genres that clips or tags know."""
    tagged = get_card(NETWORK).genres
    train = np.flatnonzero(bench.tracks.sources == heard)
    known = sorted({*bench.y[train], *(set(bench.genres) & set(tagged))})
    test = np.flatnonzero((bench.tracks.sources == other) & np.isin(bench.y, known))
    head = bench.head(train, recipe, [genre for genre in known if genre in tagged])
    scores = np.full((len(bench.y), len(bench.genres)), -np.inf)
    columns = np.searchsorted(bench.genres, head.classes)
    scores[np.ix_(test, columns)] = head.scores(bench.tables[recipe.features][test])
    return trial(scores, test)


def _trial(
    bench: Bench, scores: NDArray[np.float64], rows: NDArray[np.int64], *, temperature: float
) -> Trial:
    """How scores of some rows do."""
    y, own = bench.y[rows], np.searchsorted(bench.genres, bench.y[rows])
    logs = log_softmax(scores[rows] / temperature, axis=1)
    each = np.column_stack(
        [logs.argmax(axis=1) == own, -logs[np.arange(len(rows)), own], np.exp(logs.max(axis=1))]
    )
    return Trial(*np.mean([each[y == genre].mean(axis=0) for genre in np.unique(y)], axis=0))


def _counts(*columns: NDArray[Any]) -> NDArray[np.float64]:
    """How many rows are like each row."""
    return _sums(np.ones(len(columns[0])), *columns)


def _sums(values: NDArray[np.float64], *columns: NDArray[Any]) -> NDArray[np.float64]:
    """Sum of the values of all rows that are like each row."""
    which = np.zeros(len(values), np.int64)
    for column in columns:
        _, codes = np.unique(column, return_inverse=True)
        which = which * (codes.max() + 1) + codes
    _, which = np.unique(which, return_inverse=True)
    return np.bincount(which, values)[which]
