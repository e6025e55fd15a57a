"""What was computed of a track, kept on disk: one entry a track, set of features and front end."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
from joblib.disk import memstr_to_bytes
from numpy.typing import NDArray

from genrekit import __version__
from genrekit.dsp import kernels
from genrekit.exceptions import GenrekitWarning
from genrekit.features._plan import Description, Plan
from genrekit.features._tracks import (
    Excerpt,
    Reader,
    decoder_name,
    fingerprint,
    is_file,
    read_track,
)

__all__ = ["CACHE_VERSION", "TrackCache"]

# Part of every key: raised when a kernel or a definition changes its numbers.
CACHE_VERSION = 4
# A folder is kept under this size, the oldest entries going first. A description takes some kB, so
# this holds those of some 100,000 tracks.
_LIMIT = "2G"
# What an entry takes beside its values.
_ENTRY = 4096


class TrackCache:
    """Looks descriptions up on disk before they are computed.

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
        at 22050 Hz. Then other features of the same files need no decoding either.
    """

    def __init__(self, plan: Plan, memory: Any, cache_waveform: bool = False) -> None:
        self.plan = plan
        self.limit = None
        if isinstance(memory, (str, os.PathLike)):
            self.limit = _size_limit()
            memory = joblib.Memory(os.fspath(memory), verbose=0, compress=1)
        self.memory = memory
        self.key = (CACHE_VERSION, __version__, kernels.FLAVOUR, plan.key())
        self.cache_waveform = cache_waveform and memory is not None
        self._grown = self._written = 0

    def describe(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> tuple[Description, int]:
        """What each part keeps of a track, from the cache if it is there; bytes written to it."""
        if self.memory is None:
            return self.plan.describe(item, decoder, read), 0
        try:
            track = fingerprint(item), decoder_name(decoder)
        except (OSError, ValueError):
            return self.plan.describe(item, decoder, read), 0  # it says what is wrong with the file
        written: list[int] = []
        if self.cache_waveform and is_file(item):
            read = _CachedReader(self.memory, track, read, written)
        lookup = self.memory.cache(_describe, ignore=["item", "plan", "decoder", "read", "written"])
        description = lookup((track, self.key), item, self.plan, decoder, read, written)
        return description, sum(written)

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
        self, memory: joblib.Memory, track: tuple[Any, ...], read: Reader, written: list[int]
    ) -> None:
        # Samples are noise to a compressor: it would cost more than decoding the file again.
        self.memory = joblib.Memory(memory.location, verbose=0)
        self.track, self.read, self.written = track, read, written

    def __call__(
        self, item: Any, excerpt: Excerpt, decoder: Any
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        ignored = ["item", "excerpt", "decoder", "read", "written"]
        lookup = self.memory.cache(_waveforms, ignore=ignored)
        return iter(
            [lookup((self.track, excerpt), item, excerpt, decoder, self.read, self.written)]
        )


def _describe(
    key: Any, item: Any, plan: Plan, decoder: Any, read: Reader, written: list[int]
) -> Description:
    """A description under its key; joblib's cache needs a function of a module."""
    description = plan.describe(item, decoder, read)
    written.append(_ENTRY + sum(part.nbytes for part in description.parts))
    return description


def _waveforms(
    key: Any, item: Any, excerpt: Excerpt, decoder: Any, read: Reader, written: list[int]
) -> tuple[NDArray[Any], ...]:
    """All samples of a file under its key, at each of the wanted rates."""
    waveforms = tuple(map(np.concatenate, zip(*read(item, excerpt, decoder), strict=True)))
    written.append(_ENTRY + sum(y.nbytes for y in waveforms))
    return waveforms


def _warn_of_size(limit: int) -> None:
    """What was kept of the first tracks goes before the last are reached."""
    message = (
        f"what is to be kept of these tracks takes more than {limit / 1e6:.0f} MB, so that the "
        "first are decoded again next time: let the environment variable GENREKIT_CACHE_SIZE name "
        "a larger size, such as 50G"
    )
    warnings.warn(GenrekitWarning(message), stacklevel=2)


def _size_limit() -> int:
    """Bytes that a folder may hold."""
    size = os.environ.get("GENREKIT_CACHE_SIZE", _LIMIT)
    try:
        return int(memstr_to_bytes(size))
    except ValueError:
        message = f"GENREKIT_CACHE_SIZE must be a number and K, M or G, such as 500M, not {size!r}"
        raise ValueError(message) from None
