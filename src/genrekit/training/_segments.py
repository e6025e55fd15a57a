"""Which segments of which tracks a network learns from, and what it is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genrekit.shards import FrameStore

__all__ = ["Chosen", "Segments"]


class Chosen(NamedTuple):
    """Some segments.

    Attributes
    ----------
    tracks : ndarray of int of shape (n,)
        The track of each.
    starts : ndarray of int of shape (n, n_inputs)
        Its first frame in each input.
    """

    tracks: NDArray[np.intp]
    starts: NDArray[np.intp]

    def pick(self, rows: NDArray[np.intp]) -> Chosen:
        """Those at some places."""
        return Chosen(self.tracks[rows], self.starts[rows])


class Segments:
    """Segments of tracks, in two parts by track: those to learn from, those to validate on.

    Mean and scale of each row are learned on the training tracks.

    Parameters
    ----------
    store : FrameStore
        The tracks' frames.
    starts : sequence of ndarray of int of shape (n_segments, n_inputs)
        For each track the first frames of its segments in each input, in the order of
        ``store.names``; at most the last frame of the track.
    targets : array-like of int of shape (n_tracks,)
        The genre of each track, counted from 0.
    patches : mapping of str to int
        How many frames of each input a segment has.
    n_classes : int
        How many genres there are.
    weights : array-like of shape (n_tracks,), optional
        What each track counts in the loss; None means the same. They are divided by their mean
        over the segments of a part.
    valid : array-like of bool of shape (n_tracks,), optional
        Which tracks are for validation; None means none.
    unscaled : collection of str, default=()
        Inputs that go to the network as they are, with a mean of 0 and a scale of 1.

    Raises
    ------
    ValueError
        If these do not fit each other, or there is nothing to learn from.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.shards import FrameStore
    >>> from genrekit.training import Segments
    >>> store = FrameStore(["mel"])
    >>> for level in (-40, -20):
    ...     store.add({"mel": np.random.default_rng(0).normal(level, 10, (16, 100))})
    >>> starts = [np.array([[0], [50]])] * 2
    >>> segments = Segments(store, starts, [0, 1], patches={"mel": 50}, n_classes=2)
    >>> segments.shapes, len(segments.train.tracks)
    ([(16, 50)], 4)
    """

    def __init__(
        self,
        store: FrameStore,
        starts: Sequence[NDArray[np.integer[Any]]],
        targets: ArrayLike,
        *,
        patches: Mapping[str, int],
        n_classes: int,
        weights: ArrayLike | None = None,
        valid: ArrayLike | None = None,
        unscaled: Collection[str] = (),
    ) -> None:
        self.store, self.n_classes = store, n_classes
        self.targets = np.asarray(targets, dtype=np.intp)
        self.patches = [patches[name] for name in store.names]
        self.valid_tracks = self._per_track("valid", False if valid is None else valid, bool)
        self._check(starts)
        self.train = self._chosen(starts, ~self.valid_tracks)
        self.valid = self._chosen(starts, self.valid_tracks)
        if not len(self.train.tracks):
            raise ValueError("there are no segments to learn from: all tracks are for validation")
        self.weights = self._levelled(self._per_track("weights", 1 if weights is None else weights))
        heard = np.unique(self.train.tracks)
        moments = [
            _unscaled(store.n_rows(name)) if name in unscaled else store.moments(name, heard)
            for name in store.names
        ]
        self.mean = [mean for mean, _ in moments]
        self.scale = [scale for _, scale in moments]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of a segment in each input."""
        rows = [self.store.n_rows(name) for name in self.store.names]
        pairs = zip(rows, self.patches, strict=True)
        return [(patch,) if count is None else (count, patch) for count, patch in pairs]

    def drawn(self, rng: np.random.Generator) -> Chosen:
        """As many training segments of each track as there are, but from anywhere in it."""
        # One starts after the same share of what is free in each input: at the same time.
        tracks = self.train.tracks
        free = np.maximum(self._lengths(tracks) - np.array(self.patches), 0)
        shares = rng.random((len(tracks), 1))
        return Chosen(tracks, np.rint(shares * free).astype(np.intp))

    def gather(self, chosen: Chosen) -> list[NDArray[np.float32]]:
        """A batch of segments for each input, standardised."""
        inputs = zip(self.store.names, self.patches, self.mean, self.scale, strict=True)
        return [
            self.store.gather(name, chosen.tracks, chosen.starts[:, i], patch, mean, scale)
            for i, (name, patch, mean, scale) in enumerate(inputs)
        ]

    def goals(self, tracks: NDArray[np.intp], label_smoothing: float = 0.0) -> NDArray[np.float32]:
        """What a network should answer to segments of tracks, times what they count."""
        goals = np.full((len(tracks), self.n_classes), label_smoothing / self.n_classes)
        goals[np.arange(len(tracks)), self.targets[tracks]] += 1 - label_smoothing
        return (goals * self.weights[tracks, np.newaxis]).astype(np.float32)

    def fingerprint(self) -> str:
        """What other tracks, targets, weights, segments or parts would change."""
        digest = hashlib.sha256(repr((self.store.names, self.patches, self.n_classes)).encode())
        told = (self.targets, self.weights, *self.train, *self.valid, *self.mean, *self.scale)
        for array in (*told, *self.store.summary()):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def _per_track(self, name: str, values: ArrayLike, dtype: Any = np.float64) -> NDArray[Any]:
        """One value a track."""
        array = np.asarray(values, dtype=dtype)
        if array.ndim and array.shape != self.targets.shape:
            raise ValueError(
                f"{name} must have one entry for each of the {len(self.targets)} tracks"
            )
        return np.broadcast_to(array, self.targets.shape)

    def _check(self, starts: Sequence[NDArray[np.integer[Any]]]) -> None:
        """Tracks, targets and segments fit each other."""
        counts = (self.store.n_tracks, len(self.targets), len(starts))
        if len(set(counts)) != 1:
            raise ValueError("{} tracks, {} targets, starts of {} tracks".format(*counts))
        if self.targets.min() < 0 or self.targets.max() >= self.n_classes:
            raise ValueError(f"targets must be numbers from 0 to {self.n_classes - 1}")

    def _chosen(
        self, starts: Sequence[NDArray[np.integer[Any]]], mask: NDArray[np.bool_]
    ) -> Chosen:
        """All segments of some tracks."""
        tracks = np.flatnonzero(mask)
        each = [
            np.asarray(starts[int(i)], dtype=np.intp).reshape(-1, len(self.patches)) for i in tracks
        ]
        counts = [len(begin) for begin in each]
        begins = np.concatenate([np.empty((0, len(self.patches)), dtype=np.intp), *each])
        chosen = np.repeat(tracks, counts)
        return Chosen(chosen, np.minimum(begins, self._lengths(chosen) - 1))

    def _lengths(self, tracks: NDArray[np.intp]) -> NDArray[np.int64]:
        """Frames of tracks in each input."""
        return np.stack([self.store.n_frames(name)[tracks] for name in self.store.names], axis=1)

    def _levelled(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weights whose mean over the segments of each part is 1."""
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("weights must be finite and not negative")
        levelled = weights.copy()
        for part, mask in ((self.train, ~self.valid_tracks), (self.valid, self.valid_tracks)):
            if len(part.tracks):
                level = weights[part.tracks].mean()
                levelled[mask] = weights[mask] / level if level else 1.0
        if not weights[self.train.tracks].any():
            raise ValueError("the weights of the tracks to learn from are all 0")
        return levelled


def _unscaled(n_rows: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and scale that change nothing."""
    return np.zeros(n_rows or 1), np.ones(n_rows or 1)
