"""The waveforms that this process decoded last, so that the pieces of a track share one decode."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecentWaveforms"]


class _Cell:
    """One waveform, or the place where it will be."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.y: NDArray[np.float32] | None = None
        self.owner: Any = None

    @property
    def n_bytes(self) -> int:
        """Memory it takes."""
        return 0 if self.y is None else self.y.nbytes


class RecentWaveforms:
    """Waveforms by key; those not used for longest go when there are too many.

    Parameters
    ----------
    limit : int
        Bytes that may be held. The latest waveform stays, however long it is.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._cells: OrderedDict[Hashable, _Cell] = OrderedDict()

    def get(
        self, key: Hashable, decode: Callable[[], NDArray[np.float32]], owner: Any = None
    ) -> NDArray[np.float32]:
        """The waveform under a key, decoded now if it is not there.

        Parameters
        ----------
        key : hashable
            What decides the samples.
        decode : callable
            Gives them.
        owner : object, optional
            Kept alive as long as the waveform, for a key that holds its ``id``.

        Returns
        -------
        ndarray of shape (n_samples,), float32
            The samples, read-only: they are shared.
        """
        with self._lock:
            cell = self._cells.setdefault(key, _Cell())
            self._cells.move_to_end(key)
        with cell.lock:  # threads with pieces of one track wait for its one decode
            if cell.y is None:
                y = decode()
                y.flags.writeable = False
                cell.y, cell.owner = y, owner
        self._trim()
        return cell.y

    def clear(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._cells.clear()

    def __len__(self) -> int:
        return len(self._cells)

    def _trim(self) -> None:
        """Let the oldest go until the rest is within the limit."""
        with self._lock:
            held = sum(cell.n_bytes for cell in self._cells.values())
            while held > self.limit and len(self._cells) > 1:
                held -= self._cells.popitem(last=False)[1].n_bytes
