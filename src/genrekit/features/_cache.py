"""What was computed of a track, kept on disk: one entry a track, set of features and front end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from genrekit import __version__
from genrekit.dsp import kernels
from genrekit.features._plan import Description, Plan
from genrekit.features._tracks import Excerpt, Reader, fingerprint, is_file, read_track

__all__ = ["CACHE_VERSION", "TrackCache"]

# Part of every key: raised when a kernel or a definition changes its numbers.
CACHE_VERSION = 3
# A folder is kept under this size, the oldest entries going first. A description takes some kB, so
# this holds those of some 100,000 tracks.
_LIMIT = "2G"


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
        self.owned = isinstance(memory, (str, os.PathLike))
        if self.owned:
            memory = joblib.Memory(os.fspath(memory), verbose=0, compress=1)
        self.memory = memory
        self.key = (CACHE_VERSION, __version__, kernels.FLAVOUR, plan.key())
        self.cache_waveform = cache_waveform and memory is not None

    def describe(self, item: Any, decoder: Any = None, read: Reader = read_track) -> Description:
        """What each part keeps of a track, from the cache if it is there."""
        if self.memory is None:
            return self.plan.describe(item, decoder, read)
        try:
            track = fingerprint(item)
        except OSError:
            return self.plan.describe(item, decoder, read)  # it says what is wrong with the file
        if self.cache_waveform and is_file(item):
            read = _CachedReader(self.memory, track, read)
        lookup = self.memory.cache(_describe, ignore=["item", "plan", "decoder", "read"])
        return lookup((track, self.key), item, self.plan, decoder, read)

    def trim(self) -> None:
        """Bring the folder back under its size."""
        if self.owned:
            self.memory.reduce_size(bytes_limit=os.environ.get("GENREKIT_CACHE_SIZE", _LIMIT))


class _CachedReader:
    """Reads the samples of one file from the cache."""

    def __init__(self, memory: joblib.Memory, track: tuple[Any, ...], read: Reader) -> None:
        # Samples are noise to a compressor: it would cost more than decoding the file again.
        location = None if memory.location is None else os.path.join(memory.location, "waveforms")
        self.memory = joblib.Memory(location, verbose=0)
        self.track, self.read = track, read

    def __call__(
        self, item: Any, excerpt: Excerpt, decoder: Any
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        lookup = self.memory.cache(_waveforms, ignore=["item", "excerpt", "decoder", "read"])
        return iter([lookup((self.track, excerpt), item, excerpt, decoder, self.read)])


def _describe(key: Any, item: Any, plan: Plan, decoder: Any, read: Reader) -> Description:
    """A description under its key; joblib's cache needs a function of a module."""
    return plan.describe(item, decoder, read)


def _waveforms(
    key: Any, item: Any, excerpt: Excerpt, decoder: Any, read: Reader
) -> tuple[NDArray[Any], ...]:
    """All samples of a file under its key, at each of the wanted rates."""
    return tuple(map(np.concatenate, zip(*read(item, excerpt, decoder), strict=True)))
