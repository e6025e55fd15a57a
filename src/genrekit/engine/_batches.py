"""Tracks for workers that are far away, in batches so large that sending them costs little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batches"]

# Seconds that a batch should take at most, which is what a lost worker costs.
_LONGEST = 30.0
# And at least: a worker has to be told of it and to answer, and a scheduler has so much to do with
# each that it could not keep more workers busy (docs/cluster.rst has what was measured).
_SHORTEST, _SHORTEST_PER_WORKER = 0.5, 0.045
# What is taken for the time of a byte before anything is known: that of an MP3.
_GUESS = 1e-7
# A track takes some time however small it is: as much as so many bytes.
_OVERHEAD = 1 << 14
# How much of what was learned stays when something else is learned.
_MEMORY = 0.8


class Batches:
    """Cuts a list of tracks into batches, each as long as suits what is left and how many work.

    Lengths in seconds would be known only of files that were opened, so bytes stand for them; how
    long a byte takes is learned as batches are done.

    Parameters
    ----------
    sizes : sequence of int
        Bytes of each track.
    limit : int
        Tracks in a batch, at most.
    """

    def __init__(self, sizes: Sequence[int] | NDArray[np.int64], limit: int) -> None:
        weights = np.asarray(sizes, np.float64).clip(0) + _OVERHEAD
        self._ends: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(weights)])
        self._limit = limit
        self._next = 0
        self._seconds = self._weight = 0.0

    def __len__(self) -> int:
        """How many tracks are in none yet."""
        return len(self._ends) - 1 - self._next

    def take(self, n_workers: int) -> range:
        """The places of the next tracks."""
        start, wanted = self._next, self._suiting(n_workers) / self._pace
        stop = int(np.searchsorted(self._ends, self._ends[start] + wanted))
        self._next = min(max(stop, start + 1), start + self._limit, len(self._ends) - 1)
        return range(start, self._next)

    def learn(self, batch: range, seconds: float) -> None:
        """Note how long a batch took."""
        self._seconds = _MEMORY * self._seconds + seconds
        self._weight = _MEMORY * self._weight + self._ends[batch.stop] - self._ends[batch.start]

    @property
    def _pace(self) -> float:
        """Seconds that a byte takes."""
        return max(self._seconds / self._weight, 1e-12) if self._weight else _GUESS

    def _suiting(self, n_workers: int) -> float:
        """Seconds that the next batch should take; fewer towards the end, that all end at once."""
        shortest = max(_SHORTEST, _SHORTEST_PER_WORKER * n_workers)
        if not self._weight:
            return shortest  # nothing is known yet
        left = (self._ends[-1] - self._ends[self._next]) * self._pace
        return float(np.clip(left / (2 * n_workers), shortest, max(_LONGEST, shortest)))
