"""A file in a store as decoders see it: whole, or no more of it than they read."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import IO, Any, TypeVar

from genrekit.exceptions import AudioDecodeError
from genrekit.remote._address import without_secrets
from genrekit.remote._patience import NoPartsError
from genrekit.remote._store import State, StoredFile

__all__ = ["RemoteFile", "states_of"]

T = TypeVar("T")

_BLOCK = 1 << 16
# Each request that goes on where the last one ended is twice as long, up to so many blocks.
_MOST_BLOCKS = 64
# Bytes that are held in memory; more go to a temporary file.
_HELD = 1 << 25
# Files up to this many bytes are fetched whole where all is wanted.
_WHOLE = 1 << 26
# Of less than all: bytes a second at the highest bit rate of an MP3, and what makes parts pay.
_RATE = 40_000
_SMALL = 1 << 18
# Stores are asked about so many files at a time.
_ASKED = 16


class RemoteFile:
    """A file in a store. What was read of it is held until `release`; what failed fails again.

    Parameters
    ----------
    url : str
        Its address.

    Attributes
    ----------
    name : str
        The address as it is shown.
    """

    def __init__(self, url: str) -> None:
        self.url, self.name = url, without_secrets(url)
        self._stored = StoredFile(url)
        self._lock = threading.RLock()
        self._content: bytes | None = None
        self._parts: _Parts | None = None
        self._digest = ""
        self._trouble: AudioDecodeError | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteFile, (self.url,)

    def _try(self, call: Callable[[], T]) -> T:
        """What a call gives, one at a time; none is made after one has failed."""
        with self._lock:
            self.check()
            try:
                return call()
            except AudioDecodeError as error:
                self._trouble = error
                raise

    def check(self) -> None:
        """Raise what went wrong before: not every decoder passes it on."""
        if self._trouble is not None:
            raise AudioDecodeError(*self._trouble.args)

    @property
    def state(self) -> State:
        """What the store said when it was asked first."""
        return self._try(self._stored.state)

    def key(self) -> tuple[Any, ...]:
        """What tells it, as it is now, from others and from other versions of itself."""
        size, stamps = self.state
        if stamps:
            return "remote", self.name, size, *stamps
        if not self._digest:
            self._digest = blake2b(self.read_all(), digest_size=20).hexdigest()
        return "remote", self._digest

    def wanted(self, seconds: float | None) -> bytes | RemoteFile:
        """What to give a decoder: all bytes, or itself where much less of them is wanted.

        Parameters
        ----------
        seconds : float or None
            How much of it is heard, from its start; None means all.

        Returns
        -------
        bytes or RemoteFile
            What it holds, or what opens it.
        """
        size = self.state.size
        most = _WHOLE if seconds is None else min(_WHOLE, seconds * _RATE + _SMALL)
        return self.read_all() if size is None or size <= most or self._content else self

    def read_all(self) -> bytes:
        """All bytes."""
        return self._try(self._whole)

    def _whole(self) -> bytes:
        """The same, within the lock."""
        if self._content is None:
            self._content = self._stored.whole()
            self._stored.check_same()
        return self._content

    def open(self) -> io.BufferedReader:
        """Open it: what is read of it is fetched, once."""
        return io.BufferedReader(_Reader(self))

    def read(self, position: int, count: int) -> bytes:
        """Some of its bytes, fewer at its end."""
        return self._try(lambda: self._read(position, count))

    def _read(self, position: int, count: int) -> bytes:
        """The same, within the lock."""
        size = self._stored.state().size
        if self._content is None and size is not None:
            self._parts = self._parts or _Parts(self._stored, size)
            with suppress(NoPartsError):
                return self._parts.read(position, min(position + count, size))
        return self._whole()[position : position + count]

    def check_same(self) -> None:
        """Raise if the store has another version by now than the one that was read."""
        self.check()
        if self._content is None:  # or it was asked when all of it was there
            self._try(self._stored.check_same)

    def release(self) -> None:
        """Let go of what was read: a collection is longer than memory."""
        with self._lock:
            self._stored.close()
            self._content = self._parts = None


class _Parts:
    """The blocks of a file that have come, in a file of its size with holes."""

    def __init__(self, stored: StoredFile, size: int) -> None:
        self._stored, self._size = stored, size
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_HELD)  # noqa: SIM115, gone with it
        self._have: set[int] = set()
        self._next, self._blocks = 0, 1

    def read(self, start: int, stop: int) -> bytes:
        """Some bytes."""
        if stop <= start:
            return b""
        for block in range(start // _BLOCK, -(-stop // _BLOCK)):
            if block not in self._have:
                self._fetch(block, -(-stop // _BLOCK))
        self._file.seek(start)
        return self._file.read(stop - start)

    def _fetch(self, block: int, wanted: int) -> None:
        """Get a block, those up to where it is read to, and as many ahead as it seems to need."""
        self._blocks = min(2 * self._blocks, _MOST_BLOCKS) if block == self._next and block else 1
        last = min(max(block + self._blocks, wanted), -(-self._size // _BLOCK))
        blocks = range(block, next((at for at in range(block, last) if at in self._have), last))
        data = self._stored.part(block * _BLOCK, min(blocks.stop * _BLOCK, self._size))
        self._file.seek(block * _BLOCK)
        self._file.write(data)
        self._have.update(blocks)
        self._next = blocks.stop


class _Reader(io.RawIOBase):
    """A place in a remote file."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote, self._position = remote, 0

    def readable(self) -> bool:
        """Can be read."""
        return True

    def seekable(self) -> bool:
        """Can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        origin = (0, self._position, self._size() if whence == os.SEEK_END else 0)[whence]
        if origin + offset < 0:
            raise ValueError(f"negative position {origin + offset}")
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        """The place."""
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what fits."""
        data = self._remote.read(self._position, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _size(self) -> int:
        """Its bytes."""
        size = self._remote.state.size
        return len(self._remote.read_all()) if size is None else size


def states_of(urls: Iterable[str]) -> list[tuple[int, int]]:
    """Size of files, and a number that changes with their version; -1 where a store tells nothing.

    Parameters
    ----------
    urls : iterable of str
        Their addresses.

    Returns
    -------
    list of (int, int)
        One pair a file. The number is 0 where nothing is known but the size.
    """
    urls = list(urls)
    if not urls:
        return []
    from multiprocessing.pool import ThreadPool

    # Nobody waits for its threads, so that Ctrl-C ends them with the program.
    with ThreadPool(_ASKED) as pool:
        return pool.map(_numbers, urls, chunksize=1)


def _numbers(url: str) -> tuple[int, int]:
    """What `states_of` gives of a file."""
    try:
        size, stamps = StoredFile(url).state()
    except (AudioDecodeError, ValueError):
        return -1, -1  # whoever reads it says what is wrong with it
    digest = blake2b(repr(stamps).encode(), digest_size=8).digest()
    return size or 0, int.from_bytes(digest, "big") >> 1 if stamps else 0
