"""What is said of tracks once their rows are there. No scikit-learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer
from genrekit.audio import Remark
from genrekit.engine import NOTHING, notes_of, warn_of_notes
from genrekit.exceptions import UnheardWarning

__all__ = ["Answering", "Answers", "level", "note_unheard", "on_usable"]


class Answers(NamedTuple):
    """What a classifier says of tracks.

    Attributes
    ----------
    probabilities : ndarray of shape (n_tracks, n_classes)
        NaN for a track that can't be decoded.
    unheard : ndarray of bool of shape (n_tracks,)
        Tracks with nothing to be judged by: their probabilities are all alike.
    segments : list of ndarray of shape (n_segments, n_classes), optional
        What the segments of each track said before they decided together; None where a track is
        judged as a whole.
    novelty : ndarray of shape (n_tracks,), optional
        How far each track is from what was trained on; None where that is not known.
    remarks : sequence of Remark
        What is to be known of each track.
    """

    probabilities: NDArray[np.float64]
    unheard: NDArray[np.bool_]
    segments: list[NDArray[np.float64]] | None = None
    novelty: NDArray[np.float64] | None = None
    remarks: Sequence[Remark] = ()


class Answering(ABC):
    """What has answers to tracks: a classifier of scikit-learn's kind, or what ships."""

    # Declared for the type checker.
    classes_: NDArray[Any]
    reject_below: float | None
    # Of those that know it: a classifier over the embedding of a network.
    reject_novel: float | None = None

    @abstractmethod
    def _answer(self, X: Any) -> Answers:
        """Probability of each genre, and which tracks have nothing to be judged by."""

    def _top(self, answers: Answers, k: int) -> list[list[tuple[Any, float]]]:
        """The most probable genres of each track; none of one that can't be decoded."""
        check_integer("k", k, minimum=1)
        proba = answers.probabilities
        best = np.argsort(-proba, axis=1, kind="stable")[:, :k]
        genres = self.classes_.tolist()
        return [
            [] if np.isnan(row).any() else [(genres[i], float(row[i])) for i in order]
            for row, order in zip(proba, best, strict=True)
        ]


def on_usable(
    table: NDArray[np.float64],
    usable: NDArray[np.bool_],
    decide: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    shape: tuple[int, ...] = (),
) -> NDArray[np.float64]:
    """What is decided on rows, each of a shape; NaN for rows that are not usable."""
    found = np.full((len(table), *shape), np.nan)
    if usable.any():
        found[usable] = decide(table[usable])
    return found


def note_unheard(tracks: Sequence[Any], remarks: Sequence[Remark]) -> NDArray[np.bool_]:
    """Which tracks have nothing to be judged by, with one warning that names the first."""
    what = 'hold too little to be judged: the answer is "unknown"'
    warn_of_notes(UnheardWarning, notes_of(tracks, remarks, NOTHING), len(tracks), what)
    return np.array([bool(remark & NOTHING) for remark in remarks])


def level(probabilities: NDArray[np.float64], unheard: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probabilities, those of what was not heard all alike; NaN stays."""
    even = probabilities * 0 + 1 / probabilities.shape[1]
    return np.where(unheard[:, np.newaxis], even, probabilities)
