"""A head that ships, behind its network: what the command asks. No scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.engine import Plan, check_collection, extract_tracks
from genrekit.heads._answers import Answering, Answers, level, note_unheard, on_usable
from genrekit.heads._novelty import novelty_of
from genrekit.heads._shipped import read_head
from genrekit.networks import EmbeddingPart
from genrekit.spectra import Frontend

__all__ = ["ReadyClassifier"]


class ReadyClassifier(Answering):
    """The answers of ``GenreClassifier.from_pretrained(name)``, bit for bit.

    Parameters
    ----------
    name : str
        A name of `PRETRAINED`.
    n_jobs : int, optional
        Tracks worked on at the same time; None means 1, -1 all cores.
    verbose : int, default=0
        Above 0: a progress bar.
    on_error : {"nan", "raise"}, default="nan"
        What a track that can't be decoded gives: probabilities NaN, or an error.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The genres.
    novelty_ : dict of str to ndarray
        What novelty is measured by; None of a head that has no such numbers.
    """

    reject_below = None

    def __init__(
        self, name: str, *, n_jobs: int | None = None, verbose: int = 0, on_error: str = "nan"
    ) -> None:
        self._head = read_head(name)
        self._running: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose, "on_error": on_error}
        self.classes_, self.novelty_ = self._head.genres, self._head.novelty_numbers()

    def _answer(self, X: Any) -> Answers:
        tracks = check_collection(X)
        part = EmbeddingPart(**self._head.heard)
        plan = Plan.of([("cnn", part)], Frontend())
        table, _, _, remarks = extract_tracks(tracks, plan, **self._running)
        usable = np.asarray(~np.isnan(table).any(axis=1))
        shape = self.classes_.shape
        proba = on_usable(table, usable, self._head.probabilities, shape)
        unheard = note_unheard(tracks, remarks)
        novelty = self._novelty_of(table, usable & ~unheard)
        return Answers(level(proba, unheard), unheard, novelty=novelty, remarks=remarks)

    def _novelty_of(
        self, table: NDArray[np.float64], usable: NDArray[np.bool_]
    ) -> NDArray[np.float64] | None:
        """Novelty of rows of features, of a head that has its numbers."""
        if self.novelty_ is None:
            return None
        numbers, scaled = self.novelty_, self._head.standardised
        return on_usable(table, usable, lambda rows: novelty_of(numbers, scaled(rows)))
