"""Frames of many tracks in a file each input, mapped into memory: read from disk, never held."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FrameStore"]

# Where the greatest deviation of a row lies in float16, which ends at 65,504: so what is a 100
# millionth of it has a place yet.
_TOP = 2.0**14
# Numbers of a track that are turned into float16 at once.
_BLOCK = 1 << 20
_WAY_OUT = "Name a folder with room for them by memory= or the variable TMPDIR"
# A row whose deviation is less than this share of its mean is constant, but for rounding.
_FLAT = 1e-6
# A model card takes no scale below it.
_LEAST = 1e-12


class FrameStore:
    """Frames of tracks, one after the other, in one file of float16 for each input.

    Each row of each track is stored by its own mean and greatest deviation, so that float16 loses
    nothing that matters, whatever the unit: a number is off by a 2,000th of its distance from the
    mean at the most. The files have no name where the system allows it, and go with the store.

    Parameters
    ----------
    names : sequence of str
        Names of the inputs.
    folder : path-like, optional
        Where the files lie; None means where temporary files do.
    n_tracks : int, optional
        How many tracks there will be, to say how much room they need if there is too little.

    See Also
    --------
    genrekit.training.Segments : Which parts of the tracks a network learns from.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.shards import FrameStore
    >>> with FrameStore(["mel"]) as store:
    ...     store.add({"mel": np.random.default_rng(0).normal(-40, 10, (128, 1292))})
    ...     store.n_tracks, store.n_rows("mel"), store.n_frames("mel").tolist()
    (1, 128, [1292])
    """

    def __init__(
        self,
        names: Sequence[str],
        folder: str | os.PathLike[str] | None = None,
        *,
        n_tracks: int | None = None,
    ) -> None:
        self.names = tuple(names)
        where = tempfile.gettempdir() if folder is None else os.path.expanduser(folder)
        self.folder = os.path.abspath(where)
        self.expected = n_tracks
        try:
            os.makedirs(self.folder, exist_ok=True)
            self._inputs = {name: _Input(name, self.folder) for name in self.names}
        except OSError as error:
            message = f"{self.folder}: no file for frames can be made there ({error.strerror})"
            raise OSError(error.errno, f"{message}. {_WAY_OUT}") from error
        # Closed with the store, however it ends: a file without a name is gone then.
        files = [each.file for each in self._inputs.values()]
        self._close = weakref.finalize(self, _close, files)

    def __enter__(self) -> FrameStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def n_tracks(self) -> int:
        """How many tracks there are."""
        return min(len(each.lengths) for each in self._inputs.values())

    @property
    def n_bytes(self) -> int:
        """How much is written."""
        return sum(each.n_bytes for each in self._inputs.values())

    def n_rows(self, name: str) -> int | None:
        """How many rows an input has; None for one that has but samples."""
        each = self._inputs[name]
        return None if each.flat else each.n_rows

    def n_frames(self, name: str) -> NDArray[np.int64]:
        """How many frames of an input each track has."""
        return np.array(self._inputs[name].lengths, dtype=np.int64)

    def add(self, frames: Mapping[str, NDArray[Any]]) -> None:
        """Add a track.

        Parameters
        ----------
        frames : mapping of str to ndarray of shape (n_rows, n_frames) or (n_samples,)
            The frames of each input; what has one dimension goes to the network like that.

        Raises
        ------
        ValueError
            If they do not fit the tracks before them or are not finite; nothing is added then.
        OSError
            If there is no room for them. The store is closed then.
        """
        checked = [each.checked(frames[each.name]) for each in self._inputs.values()]
        try:
            for each, matrix in zip(self._inputs.values(), checked, strict=True):
                each.write(matrix)
        except OSError as error:
            message = self._no_room(sum(matrix.size for matrix in checked) * 2, error)
            self.close()
            raise OSError(error.errno, message) from error

    def close(self) -> None:
        """Give the room on disk back."""
        for each in self._inputs.values():
            each.mapped = None
        self._close()

    def moments(
        self, name: str, tracks: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each row over some tracks; 1 for a constant row."""
        each = self._inputs[name]
        lengths = self.n_frames(name)[tracks, np.newaxis]
        centres = np.array(each.centres)[tracks]
        mean = (lengths * centres).sum(axis=0) / lengths.sum()
        squares = np.array(each.squares)[tracks] + lengths * (centres - mean) ** 2
        scale = np.sqrt(squares.sum(axis=0) / lengths.sum())
        return mean, np.where(scale > np.maximum(_FLAT * np.abs(mean), _LEAST), scale, 1.0)

    def gather(
        self,
        name: str,
        tracks: NDArray[np.intp],
        starts: NDArray[np.intp],
        length: int,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """Segments of an input, less `mean` and divided by `scale`: (n, n_rows, length)."""
        # Of bare samples (n, length). One that ends beyond its track is repeated until it is full.
        each = self._inputs[name]
        batch = np.empty((len(tracks), each.n_rows, length), dtype=np.float32)
        for out, track, start in zip(batch, tracks, starts, strict=True):
            out[:] = each.segment(track, start, length).T
        # Stored numbers to those that were given, and these to standardised ones, in one step.
        factors = np.array([each.scales[track] for track in tracks]) / scale
        shifts = (np.array([each.centres[track] for track in tracks]) - mean) / scale
        batch *= factors.astype(np.float32)[:, :, np.newaxis]
        batch += shifts.astype(np.float32)[:, :, np.newaxis]
        return batch[:, 0] if each.flat else batch

    def summary(self) -> Iterator[NDArray[Any]]:
        """Numbers that other frames would hardly share: lengths, means and deviations."""
        for each in self._inputs.values():
            yield np.array(each.lengths, dtype=np.int64)
            yield np.array(each.centres)
            yield np.array(each.squares)

    def _no_room(self, more: int, error: OSError) -> str:
        """What there is to say when a file could not be written."""
        message = f"{self.folder}: no room for the frames of tracks ({error.strerror})"
        message += f": {_size(self.n_bytes)} are written"
        if self.expected:
            each = (self.n_bytes + more) / (self.n_tracks + 1)
            message += f", about {_size(each * self.expected)} are needed"
        return f"{message}. {_WAY_OUT}"


class _Input:
    """The frames of one input."""

    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="genrekit-", dir=folder)  # noqa: SIM115
        self.n_rows, self.flat, self.n_bytes = 0, False, 0
        self.lengths: list[int] = []
        self.offsets: list[int] = []
        # Of each row of each track its mean, what a stored 1 is worth, and the squared deviations.
        self.centres: list[NDArray[np.float64]] = []
        self.scales: list[NDArray[np.float64]] = []
        self.squares: list[NDArray[np.float64]] = []
        self.mapped: NDArray[np.float16] | None = None

    def checked(self, frames: NDArray[Any]) -> NDArray[Any]:
        """Frames as (n_rows, n_frames), if they are like those before."""
        frames = np.asarray(frames)
        if frames.ndim not in (1, 2) or frames.size == 0:
            raise ValueError(
                f"input {self.name!r}: frames must have the shape (n_rows, n_frames), or "
                f"(n_samples,), and some of each, not {frames.shape}"
            )
        matrix = np.atleast_2d(frames)
        if self.lengths and (len(matrix), frames.ndim == 1) != (self.n_rows, self.flat):
            raise ValueError(
                f"input {self.name!r}: {len(matrix)} rows, where the tracks before have "
                f"{self.n_rows}"
            )
        if not np.isfinite(matrix).all():
            raise ValueError(f"input {self.name!r}: not all numbers are finite")
        self.flat = frames.ndim == 1
        return matrix

    def write(self, matrix: NDArray[Any]) -> None:
        """Append a track, time first: a segment is one piece of the file."""
        self.n_rows = len(matrix)
        centre = matrix.mean(axis=1, dtype=np.float64)
        reach = np.maximum(matrix.max(axis=1) - centre, centre - matrix.min(axis=1)).astype(float)
        scale = np.where(reach > 0, reach / _TOP, 1.0)
        squares = np.zeros(self.n_rows)
        self.mapped = None
        self.file.seek(0, os.SEEK_END)
        step = max(1, _BLOCK // self.n_rows)
        for start in range(0, matrix.shape[1], step):
            deviations = matrix[:, start : start + step].T - centre
            squares += (deviations**2).sum(axis=0)
            self.file.write((deviations / scale).astype(np.float16, order="C").data)
        self.file.flush()
        self.offsets.append(self.n_bytes // 2)
        self.n_bytes += 2 * matrix.size
        self.lengths.append(matrix.shape[1])
        self.centres.append(centre)
        self.scales.append(scale)
        self.squares.append(squares)

    def segment(self, track: int, start: int, length: int) -> NDArray[np.float16]:
        """Stored numbers of a segment, (length, n_rows)."""
        if self.mapped is None:
            self.mapped = np.asarray(np.memmap(self.file, dtype=np.float16, mode="r"))
        first, count = self.offsets[track], self.lengths[track]
        whole = self.mapped[first : first + count * self.n_rows].reshape(count, self.n_rows)
        found = whole[start : start + length]
        return found if len(found) == length else found[np.arange(length) % len(found)]


def _close(files: list[IO[bytes]]) -> None:
    """Close files, which have no other name; what could not be written goes with them."""
    for file in files:
        with suppress(OSError):
            file.close()


def _size(count: float) -> str:
    """Bytes as people write them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
