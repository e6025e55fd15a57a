"""What was computed of a track, kept on disk: one entry a track, set of features and front end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from genrekit._version import __version__
from genrekit.audio import DOWNMIX_RULE, Downmix, Remark
from genrekit.dsp import kernels
from genrekit.engine._keys import UnkeyedError, digest, plain
from genrekit.engine._plan import Description, Frames, Plan
from genrekit.engine._store import LARGEST, Store, fits, open_store
from genrekit.engine._tracks import Excerpt, Reader, fingerprint, is_file, read_track
from genrekit.exceptions import AudioDecodeError, warn_caller

__all__ = ["CACHE_VERSION", "Row", "TrackCache"]

# Part of every key: raised when a kernel or a definition changes its numbers.
CACHE_VERSION = 7


V = TypeVar("V")


class Row(NamedTuple, Generic[V]):
    """What is wanted of one track.

    Attributes
    ----------
    values : ndarray of shape (n_columns,) or dict of str to ndarray of shape (n_rows, n_frames)
        Its columns, or its frames.
    seconds : float
        How much of it was read.
    written : int
        Bytes that were added to the cache for it.
    trouble : str
        Why it could not be kept there; empty if it was, or if nothing was to be kept.
    remark : Remark
        What is to be known of it beside.
    """

    values: V
    seconds: float
    written: int
    trouble: str
    remark: Remark


class _Found(NamedTuple, Generic[V]):
    """What was computed of a track, or was kept; `packed` gives the arrays of an entry."""

    values: V
    seconds: float
    remark: Remark
    packed: Callable[[], Sequence[NDArray[Any]]]


class TrackCache:
    """Rows of a table, or frames, which are looked up on disk before they are computed.

    Parameters
    ----------
    plan : Plan
        What to compute.
    memory : None, str, path or joblib.Memory
        Where to keep it, under the size that the environment variable GENREKIT_CACHE_SIZE names,
        by default 2G. Of a `joblib.Memory` only its location counts.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples of files as well, 4 bytes each: 2.6 MB for 30 seconds
        at 22050 Hz. Then other features of the same files need no decoding either. Those of more
        than 128 MB (25 minutes) are not kept.
    """

    def __init__(self, plan: Plan, memory: Any, cache_waveform: bool = False) -> None:
        self.plan = plan
        self.store = open_store(memory)
        self.writable = True
        self.key: tuple[Any, ...] = ()
        if self.store is not None:
            try:
                rules = (kernels.FLAVOUR, DOWNMIX_RULE)
                self.key = (CACHE_VERSION, __version__, *rules, plan.key())
            except UnkeyedError as error:
                self.store = None
                _warn_of_trouble(str(error))
        self.cache_waveform = cache_waveform and self.store is not None
        self._grown = self._written = 0

    def row(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> Row[NDArray[np.float64]]:
        """The columns of a track, from the cache if it is there.

        Parameters
        ----------
        item : path, bytes, ndarray or (y, sr) pair
            The track.
        decoder : callable, optional
            Reads files instead of the built-in decoders.
        read : callable
            Reads the samples.

        Returns
        -------
        Row
            Its columns, its length, what was written and what went wrong with that.

        Raises
        ------
        AudioDecodeError
            If it can't be decoded, or a column is not finite.
        """
        shelf = _Shelf(self.store, self.writable)
        found = self._find("row", (item, decoder, read), self._describe, self._described, shelf)
        if not np.isfinite(found.values).all():
            column = self.plan.columns[int(np.argmin(np.isfinite(found.values)))]
            raise _not_finite(column)
        return Row(found.values, found.seconds, shelf.written, shelf.trouble, found.remark)

    def frames(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> Row[dict[str, NDArray[Any]]]:
        """The frames of a track, from the cache if they are there.

        Parameters
        ----------
        item : path, bytes, ndarray or (y, sr) pair
            The track.
        decoder : callable, optional
            Reads files instead of the built-in decoders.
        read : callable
            Reads the samples.

        Returns
        -------
        Row
            Its frames by the names of the parts, its length, what was written and what went wrong
            with that.

        Raises
        ------
        AudioDecodeError
            If it can't be decoded, or a frame is not finite.
        """
        shelf = _Shelf(self.store, self.writable)
        found = self._find("frames", (item, decoder, read), self._sweep, self._swept, shelf)
        for name, frames in found.values.items():
            if not np.isfinite(frames).all():
                raise _not_finite(name)
        return Row(found.values, found.seconds, shelf.written, shelf.trouble, found.remark)

    def _find(
        self,
        kind: str,
        track: tuple[Any, Any, Reader],
        compute: Callable[..., _Found[V]],
        recall: Callable[[Sequence[NDArray[Any]]], _Found[V]],
        shelf: _Shelf,
    ) -> _Found[V]:
        """What is to be had of a track: from the cache if it is there, else computed and kept."""
        item, decoder, read = track
        key = _track_key(item, decoder, shelf)
        if key is None:
            return compute(item, decoder, read)
        name = digest((kind, key, self.key))
        # There is nothing, or what somebody else put there.
        with suppress(IndexError, OverflowError, ValueError):
            return recall(shelf.get(name))
        if self.cache_waveform and is_file(item):
            read = _CachedReader(key, read, shelf)
        found = compute(item, decoder, read)
        shelf.put(name, found.packed())
        return found

    def _describe(self, item: Any, decoder: Any, read: Reader) -> _Found[NDArray[np.float64]]:
        """The columns of a track."""
        return self._row_of(self.plan.describe(item, decoder, read))

    def _described(self, kept: Sequence[NDArray[Any]]) -> _Found[NDArray[np.float64]]:
        """The columns that follow from an entry; `ValueError` if it does not fit the plan."""
        (numbers,) = kept
        return self._row_of(Description.unpacked(numbers))

    def _row_of(self, description: Description) -> _Found[NDArray[np.float64]]:
        """The columns that follow from a description."""
        seconds, _, remark = description
        return _Found(self.plan.row(description), seconds, remark, lambda: [description.packed()])

    def _sweep(self, item: Any, decoder: Any, read: Reader) -> _Found[dict[str, NDArray[Any]]]:
        """The frames of a track."""
        frames = self.plan.frames(item, decoder, read)
        return _Found(*frames, frames.packed)

    def _swept(self, kept: Sequence[NDArray[Any]]) -> _Found[dict[str, NDArray[Any]]]:
        """The frames of an entry; `ValueError` if it does not fit the plan."""
        frames = Frames.unpacked(kept, self.plan.names)
        return _Found(*frames, frames.packed)

    def take_note(self, row: Row[Any]) -> None:
        """Make room when much was written; warn once, and write no more, if something was not."""
        if self.store is None:
            return
        if row.trouble and self.writable:
            self.writable = False
            _warn_of_trouble(row.trouble)
        self._grown += row.written
        self._written += row.written
        if self._written > self.store.limit >= self._written - row.written:
            _warn_of_size(self.store.limit)
        if self._grown > self.store.limit // 8:
            self.trim()

    def trim(self) -> None:
        """Bring the folder back under its size, if it grew: to look through it takes long."""
        if self.store is not None and self._grown:
            self.store.trim()
        self._grown = 0


class _Shelf:
    """The store as one track uses it: what it added, and what went wrong."""

    def __init__(self, store: Store | None, writable: bool) -> None:
        self.store, self.writable = store, writable
        self.written, self.trouble = 0, ""

    def get(self, name: str) -> Sequence[NDArray[Any]]:
        """Arrays under a name; none if there is no entry."""
        return (self.store and self.store.get(name)) or ()

    def put(self, name: str, arrays: Sequence[NDArray[Any]]) -> None:
        """Keep arrays, if that is possible and they could be read again."""
        if self.store is None or not self.writable or self.trouble or not fits(arrays):
            return
        try:
            self.written += self.store.put(name, arrays)
        except OSError as error:
            reason = error.strerror or str(error)
            self.trouble = f"{self.store.folder} can't be written to ({reason})"


class _CachedReader:
    """Reads the samples of one file from the cache."""

    def __init__(self, track: tuple[Any, ...], read: Reader, shelf: _Shelf) -> None:
        self.track, self.read, self.shelf = track, read, shelf

    def __call__(
        self, item: Any, excerpt: Excerpt, decoder: Any, downmix: Downmix
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        wanted = (plain(tuple(excerpt)), downmix.channel)
        name = digest(("waveform", CACHE_VERSION, __version__, self.track, wanted))
        found = self.shelf.get(name)
        if len(found) == len(excerpt.rates) + 1 and found[-1].shape == downmix.numbers.shape:
            downmix.recall(found[-1])
            yield tuple(found[:-1])
            return
        size, kept = 0, []
        for block in self.read(item, excerpt, decoder, downmix):
            size += sum(y.nbytes for y in block)
            if size <= LARGEST:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if kept:
            waveforms = map(np.concatenate, zip(*kept, strict=True))
            self.shelf.put(name, [*waveforms, downmix.numbers])


def _track_key(item: Any, decoder: Any, shelf: _Shelf) -> tuple[Any, ...] | None:
    """What tells a track and its decoder from others; None if nothing does, or nobody asks."""
    if shelf.store is None:
        return None
    try:
        return fingerprint(item), plain(decoder)
    except UnkeyedError as error:
        shelf.trouble = str(error)
    except (OSError, ValueError):
        pass  # whoever reads it says what is wrong with the file
    return None


def _not_finite(name: str) -> AudioDecodeError:
    """The error of a track whose numbers no model can do anything with."""
    reason = f"its {name} is not a finite number: do its samples lie between -1 and 1?"
    return AudioDecodeError("<track>", reason)


def _warn_of_trouble(trouble: str) -> None:
    """Nothing is kept, and that costs no more than time."""
    message = f"the work goes on without its memory, nothing more is kept there: {trouble}"
    warn_caller(message)


def _warn_of_size(limit: int) -> None:
    """What was kept of the first tracks goes before the last are reached."""
    message = (
        f"what is to be kept of these tracks takes more than {limit / 1e6:.0f} MB, so that the "
        "first are decoded again next time: let the environment variable GENREKIT_CACHE_SIZE name "
        "a larger size, such as 50G"
    )
    warn_caller(message)
