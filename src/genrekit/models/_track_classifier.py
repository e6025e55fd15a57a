"""What the classifiers of tracks share once there are probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from genrekit.heads import (
    Answering,
    Answers,
    check_lengths,
    check_present,
    check_share,
    known_novelty,
)
from genrekit.models._timeline import Timeline

__all__ = ["Answers", "TrackClassifierMixin"]

# What `predict` says where no genre is probable enough; scikit-learn's metrics take no mixture of
# text and numbers.
_UNKNOWN, _UNKNOWN_NUMBER = "unknown", -1


class TrackClassifierMixin(Answering, ClassifierMixin, ABC):
    """Genres by probabilities, NaN for a track that can't be decoded."""

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probability of each genre.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks, n_classes)
            Probabilities in the order of ``classes_``; with ``on_error="nan"`` a row of NaN for
            a track that can't be decoded. Behind a network all are alike for a file, or another
            item of a list, that is silent (under -70 dB of full scale) or shorter than a second.
        """
        return self._answer(X).probabilities

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable genre of each track.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_tracks,)
            Genres; with `reject_below` "unknown" where no genre is as probable, with `reject_novel`
            where the novelty is greater, and behind a network for a file, or another item of a
            list, that is silent or shorter than a second. Where genres are numbers that is -1, or
            what is one less than the least of them. With ``on_error="nan"`` None for a track that
            can't be decoded.
        """
        check_share("reject_below", self.reject_below)
        check_share("reject_novel", self.reject_novel)
        return self._decide(self._answer(X))

    def top_k(self, X: Any, k: int = 3) -> list[list[tuple[Any, float]]]:
        """The most probable genres of each track with their probabilities.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        k : int, default=3
            How many.

        Returns
        -------
        list of list of (genre, float)
            Most probable first; an empty list for a track that can't be decoded.
        """
        return self._top(self._answer(X), k)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of tracks whose genre is found; no answer, for whatever reason, is wrong.

        Parameters
        ----------
        X : sequence of tracks or array of shape (n_tracks, n_samples)
            As in `fit`.
        y : array-like of shape (n_tracks,)
            The genres.
        sample_weight : array-like of shape (n_tracks,), optional
            Weight of each track.

        Returns
        -------
        float
            Accuracy, between 0 and 1.
        """
        check_present(y=y)
        y = column_or_1d(y, warn=True)
        predicted = self.predict(X)
        check_lengths(len(predicted), y=y, sample_weight=sample_weight)
        hits = [found == true for found, true in zip(predicted, y, strict=True)]
        return float(np.average(hits, weights=sample_weight))

    def _decide(self, answers: Answers) -> NDArray[Any]:
        """The most probable genres; None for rows of NaN, "unknown" where that is too little."""
        proba, unheard = answers.probabilities, answers.unheard
        failed: NDArray[np.bool_] = np.asarray(np.isnan(proba).any(axis=1))
        proba = np.where(failed[:, np.newaxis], 0.0, proba)
        chosen = self.classes_[proba.argmax(axis=1)]
        unheard = unheard | self._rejects(answers)
        if unheard.any() or self.reject_below is not None or self.reject_novel is not None:
            unknown, dtype = _no_genre(self.classes_)
            chosen = chosen.astype(dtype)
            chosen[unheard] = unknown
        if failed.any():
            chosen = chosen.astype(object)
            chosen[failed] = None
        return chosen

    def _rejects(self, answers: Answers) -> NDArray[np.bool_]:
        """Which tracks are too uncertain, or too novel, to be said a genre of."""
        surest = np.nan_to_num(answers.probabilities.max(axis=1))
        rejects = np.zeros(len(surest), bool)
        if self.reject_below is not None:
            rejects |= surest < self.reject_below
        if self.reject_novel is not None:
            rejects |= known_novelty(answers.novelty) > self.reject_novel
        return rejects

    def timeline(
        self, track: Any, *, window: float | None = None, hop: float | None = None
    ) -> Timeline:
        """Probability of each genre along one track.

        Each row is about a segment of the track. Behind the network of a `GenreClassifier` it is
        the network's answers that are put together anew for each of them, so that it hears each
        second once; other features are computed of each segment. Long tracks are read block by
        block.

        Parameters
        ----------
        track : path, bytes, file object, ndarray or (y, sr) pair
            One track.
        window : float, optional
            Length of a segment, seconds. The longer, the more certain. None
            means 5, and to a `SegmentClassifier` its `segment_duration`, which is the length that
            it has learnt to judge.
        hop : float, optional
            From the start of a segment to that of the next, seconds, no more than `window`; a
            network rounds it down to what it counts in. None means 1, or a shorter `window`, and to
            a `SegmentClassifier` its `segment_hop`, or with a `window` none of them overlapping.

        Returns
        -------
        Timeline
            Where segments start, and their probabilities. A `GenreClassifier` has one row for a
            track that is no longer than a segment; a `SegmentClassifier` fills what is short with
            silence as `pad` says, and has none, with ``on_error="nan"``, for a track that can't be
            decoded.

        Raises
        ------
        AudioDecodeError
            If the track can't be decoded.
        ValueError
            If `window` and `hop` are no lengths, or would leave out what lies between segments; if
            it was fitted on rows of a 2-D array that are shorter than a hop of its features.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import GenreClassifier
        >>> noise = np.random.default_rng(0).standard_normal(10 * 22050)
        >>> timeline = GenreClassifier.from_pretrained().timeline((noise, 22050))
        >>> timeline.probabilities.shape
        (6, 13)
        """
        check_is_fitted(self)
        return self._timeline(track, window, hop)

    @abstractmethod
    def _timeline(self, track: Any, window: float | None, hop: float | None) -> Timeline:
        """What `timeline` gives."""

    def __sklearn_tags__(self) -> Any:
        """Takes audio collections and 2-D arrays."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


def _no_genre(classes: NDArray[Any]) -> tuple[Any, Any]:
    """What stands for no genre among these, and the dtype that holds both."""
    genres = classes.tolist()
    dtype = np.asarray(genres).dtype
    if dtype.kind not in "biuf":
        return _UNKNOWN, object
    return min(_UNKNOWN_NUMBER, min(genres) - 1), np.promote_types(dtype, np.int64)
