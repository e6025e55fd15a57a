"""The waveforms that this process decoded last, so that segments of a track share one decode."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Downmix
from genrekit.exceptions import AudioDecodeError

__all__ = ["RecentWaveforms", "Waveform"]

# Bytes from which a waveform goes to a temporary file: 12 minutes at 22050 Hz.
_LONG = 64 << 20
_BLOCK = 1 << 18


class Waveform:
    """A decoded track: in memory or, if it is long, in a temporary file that goes with it.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples,), float32
        Its samples.

    Attributes
    ----------
    downmix : Downmix
        What was noted of its channels.

    Raises
    ------
    AudioDecodeError
        If the temporary folder has no room for it.
    """

    def __init__(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._n_samples = 0
        self.downmix = Downmix()
        kept: list[NDArray[np.float32]] = []
        for block in blocks:
            self._n_samples += len(block)
            kept.append(block)
            if 4 * self._n_samples > _LONG:
                self._write(kept)
                kept.clear()
        if self._file is None:
            self._y = np.concatenate(kept)
            self._y.flags.writeable = False  # it is shared

    def __len__(self) -> int:
        return self._n_samples

    @property
    def on_disk(self) -> bool:
        """Whether it is in a file."""
        return self._file is not None

    def slice(self, start: int, length: int | None = None) -> NDArray[np.float32]:
        """Samples from `start` on, as many as there are up to `length`; read-only."""
        if self._file is None:
            return self._y[start:][:length]
        with self._lock:
            self._file.seek(4 * start)
            return np.frombuffer(self._file.read(-1 if length is None else 4 * length), np.float32)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """All samples, one block after the other."""
        return (self.slice(start, _BLOCK) for start in range(0, self._n_samples, _BLOCK))

    def _write(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        """Append to the file."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed with the waveform
                weakref.finalize(self, self._file.close)
            for block in blocks:
                self._file.write(np.ascontiguousarray(block, np.float32).data)
            self._file.flush()
        except OSError as error:
            if self._file is not None:
                with suppress(OSError):  # what it still holds can't be written either
                    self._file.close()
            reason = f"its samples can't be kept in a temporary file ({error.strerror})"
            hint = "Let the environment variable TMPDIR name a folder with more room"
            raise AudioDecodeError("", reason, hint=hint) from error


class _Cell:
    """One waveform, or the place where it will be."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waveform: Waveform | None = None
        self.owner: Any = None

    def weight(self, limit: int) -> int:
        """Bytes in memory; a file counts for half of the limit, so that there are two at most."""
        if self.waveform is None:
            return 0
        return limit // 2 if self.waveform.on_disk else 4 * len(self.waveform)


class RecentWaveforms:
    """Waveforms by key; those not used for longest go when there are too many.

    Parameters
    ----------
    limit : int
        Bytes that may be held in memory; a waveform on disk counts for half of that. The latest
        waveform stays, however long it is.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._cells: OrderedDict[Hashable, _Cell] = OrderedDict()

    def get(
        self,
        key: Hashable,
        decode: Callable[[], Waveform],
        owner: Any = None,
    ) -> Waveform:
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
        Waveform
            The samples.
        """
        with self._lock:
            cell = self._cells.setdefault(key, _Cell())
            self._cells.move_to_end(key)
        with cell.lock:  # threads with segments of one track wait for its one decode
            if cell.waveform is None:
                try:
                    cell.waveform, cell.owner = decode(), owner
                except BaseException:
                    self._drop(key)
                    raise
            waveform = cell.waveform
        self._trim()
        return waveform

    def clear(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._cells.clear()

    def __len__(self) -> int:
        return len(self._cells)

    def _drop(self, key: Hashable) -> None:
        """Forget a waveform that could not be decoded."""
        with self._lock:
            self._cells.pop(key, None)

    def _trim(self) -> None:
        """Let the oldest go until the rest is within the limit."""
        with self._lock:
            held = sum(cell.weight(self.limit) for cell in self._cells.values())
            while held > self.limit and len(self._cells) > 1:
                held -= self._cells.popitem(last=False)[1].weight(self.limit)
