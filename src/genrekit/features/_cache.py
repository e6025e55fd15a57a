"""What was computed of a track, kept on disk: one entry a track, set of features and front end."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit import __version__
from genrekit.dsp import kernels
from genrekit.exceptions import AudioDecodeError, warn_caller
from genrekit.features._plan import Description, Plan, plain
from genrekit.features._tracks import (
    Excerpt,
    Reader,
    decoder_name,
    fingerprint,
    is_file,
    read_track,
)

__all__ = ["CACHE_VERSION", "Row", "TrackCache"]

# Part of every key: raised when a kernel or a definition changes its numbers.
CACHE_VERSION = 4
# A folder is kept under this size, the oldest entries going first. A description takes some kB, so
# this holds those of some 100,000 tracks.
_LIMIT = "2G"
# What an entry takes beside its values.
_ENTRY = 4096
# Waveforms up to this many bytes are kept: 25 minutes at 22050 Hz. They are whole in memory for it.
_LONGEST = 1 << 27


class Row(NamedTuple):
    """What a table needs of one track.

    Attributes
    ----------
    values : ndarray of shape (n_columns,)
        Its columns.
    seconds : float
        How much of it was read.
    written : int
        Bytes that were added to the cache for it.
    """

    values: NDArray[np.float64]
    seconds: float
    written: int


class TrackCache:
    """Rows of a table, whose descriptions are looked up on disk before they are computed.

    Entries are joblib's: written aside and moved into place, so that processes can share a folder;
    compressed, so that a damaged one is noticed by its checksum and computed again.

    Parameters
    ----------
    plan : Plan
        What to compute.
    memory : None, str, path or joblib.Memory
        Where to keep it. A path is kept under the size that the environment variable
        GENREKIT_CACHE_SIZE names, by default 2G; a `joblib.Memory` is its owner's.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples of files as well, 4 bytes each: 2.6 MB for 30 seconds
        at 22050 Hz. Then other features of the same files need no decoding either. Those of more
        than 128 MB (25 minutes) are not kept.
    """

    def __init__(self, plan: Plan, memory: Any, cache_waveform: bool = False) -> None:
        self.plan = plan
        self.limit = None
        if isinstance(memory, (str, os.PathLike)):
            import joblib

            self.limit = _size_limit()
            memory = joblib.Memory(os.fspath(memory), verbose=0, compress=1)
        self.memory = memory
        self.key: tuple[Any, ...] = ()
        if memory is not None:
            self.key = (CACHE_VERSION, __version__, kernels.FLAVOUR, plan.key())
        self.cache_waveform = cache_waveform and memory is not None
        self._grown = self._written = 0

    def row(self, item: Any, decoder: Any = None, read: Reader = read_track) -> Row:
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
            Its columns, its length and what was written.

        Raises
        ------
        AudioDecodeError
            If it can't be decoded, or a column is not finite.
        """
        written: list[int] = []
        description = self._describe(item, decoder, read, written)
        values = self.plan.row(description)
        if not np.isfinite(values).all():
            column = self.plan.columns[int(np.argmin(np.isfinite(values)))]
            reason = f"its {column} is not a finite number: do its samples lie between -1 and 1?"
            raise AudioDecodeError("<track>", reason)
        return Row(values, description.seconds, sum(written))

    def _describe(self, item: Any, decoder: Any, read: Reader, written: list[int]) -> Description:
        """What each part keeps of a track; bytes that go to the cache are added to `written`."""
        if self.memory is None:
            return self.plan.describe(item, decoder, read)
        try:
            track = fingerprint(item), decoder_name(decoder)
        except (OSError, ValueError):
            return self.plan.describe(item, decoder, read)  # it says what is wrong with the file
        if self.cache_waveform and is_file(item):
            read = _CachedReader(self.memory, track, read, written)
        lookup = self.memory.cache(_describe, ignore=["item", "plan", "decoder", "read", "written"])
        description: Description = lookup(
            (track, self.key), item, self.plan, decoder, read, written
        )
        return description

    def grow(self, written: int) -> None:
        """Note that bytes were written, and make room when they are many."""
        if self.limit is None:
            return
        self._grown += written
        self._written += written
        if self._written > self.limit >= self._written - written:
            _warn_of_size(self.limit)
        if self._grown > self.limit // 8:
            self.trim()

    def trim(self) -> None:
        """Bring the folder back under its size, if it grew: to look through it takes long."""
        if self.limit is not None and self._grown:
            self.memory.reduce_size(bytes_limit=self.limit)
        self._grown = 0


class _CachedReader:
    """Reads the samples of one file from the cache."""

    def __init__(
        self, memory: Any, track: tuple[Any, ...], read: Reader, written: list[int]
    ) -> None:
        import joblib

        # Samples are noise to a compressor: it would cost more than decoding the file again.
        self.memory = joblib.Memory(memory.location, verbose=0)
        self.track, self.read, self.written = track, read, written

    def __call__(
        self, item: Any, excerpt: Excerpt, decoder: Any
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        lookup = self.memory.cache(_waveforms, ignore=["blocks"])
        key = (self.track, plain(tuple(excerpt)))
        blocks = self.read(item, excerpt, decoder)
        if lookup.check_call_in_cache(key, blocks):
            waveforms, checksum = lookup(key, blocks)
            if checksum == _checksum(waveforms):
                yield waveforms
                return
            lookup.call_and_shelve(key, blocks).clear()
        size, kept = 0, []
        for block in blocks:
            size += sum(y.nbytes for y in block)
            if size <= _LONGEST:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if kept:
            lookup(key, kept)
            self.written.append(_ENTRY + size)


def _describe(
    key: Any, item: Any, plan: Plan, decoder: Any, read: Reader, written: list[int]
) -> Description:
    """A description under its key; joblib's cache needs a function of a module."""
    description = plan.describe(item, decoder, read)
    written.append(_ENTRY + sum(part.nbytes for part in description.parts))
    return description


def _waveforms(
    key: Any, blocks: Iterable[tuple[NDArray[Any], ...]]
) -> tuple[tuple[NDArray[Any], ...], int]:
    """All samples of a file under its key, at each of the wanted rates, and their checksum."""
    waveforms = tuple(map(np.concatenate, zip(*blocks, strict=True)))
    return waveforms, _checksum(waveforms)


def _checksum(waveforms: tuple[NDArray[Any], ...]) -> int:
    """What tells damaged samples, which nothing compressed vouches for."""
    return reduce(lambda sum_, y: zlib.crc32(y.data, sum_), waveforms, 0)


def _warn_of_size(limit: int) -> None:
    """What was kept of the first tracks goes before the last are reached."""
    message = (
        f"what is to be kept of these tracks takes more than {limit / 1e6:.0f} MB, so that the "
        "first are decoded again next time: let the environment variable GENREKIT_CACHE_SIZE name "
        "a larger size, such as 50G"
    )
    warn_caller(message)


def _size_limit() -> int:
    """Bytes that a folder may hold."""
    from joblib.disk import memstr_to_bytes

    size = os.environ.get("GENREKIT_CACHE_SIZE", _LIMIT)
    try:
        return int(memstr_to_bytes(size))
    except ValueError:
        message = f"GENREKIT_CACHE_SIZE must be a number and K, M or G, such as 500M, not {size!r}"
        raise ValueError(message) from None
