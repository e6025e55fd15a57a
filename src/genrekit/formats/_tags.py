"""Tags that stand in front of sound and behind it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import BinaryIO

from genrekit.formats._bytes import size_of

__all__ = ["Untagged", "before_tags", "behind_tags"]

# The largest Lyrics3 tag of the first version, which does not say its size.
_LYRICS = 5120
# Of each kind there is one at most; some write several.
_MOST = 16


class Untagged(io.RawIOBase):
    """A file without the tags at both ends: few containers know them, though all carry them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = behind_tags(file)
        if self._start >= size_of(file):  # the size in a tag is wrong
            self._start = 0
        self._stop = max(before_tags(file), self._start)
        self.seek(0)

    def is_whole(self) -> bool:
        """Whether there are no tags."""
        return self._start == 0 and self._stop == size_of(self._file)

    def readable(self) -> bool:
        """Can be read."""
        return True

    def seekable(self) -> bool:
        """Can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place behind the tags in front, or to the nearest that exists."""
        # A header may send one anywhere, and what is raised would be printed: C can't catch it.
        origin = {os.SEEK_SET: self._start, os.SEEK_CUR: self._file.tell()}.get(whence, self._stop)
        return self._file.seek(min(max(origin + offset, self._start), self._stop)) - self._start

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read, up to the tags behind."""
        left = max(self._stop - self._file.tell(), 0)
        data = self._file.read(min(len(buffer), left))
        buffer[: len(data)] = data
        return len(data)


def behind_tags(file: BinaryIO, position: int = 0) -> int:
    """Where the ID3v2 and APE tags that start at a position end, of which there may be several."""
    while True:
        file.seek(position)
        size = _size(file.read(32))
        if not size:
            return position
        position += size


def _size(head: bytes) -> int:
    """Bytes of the tag that starts here; 0 for none."""
    if head.startswith(b"ID3") and len(head) >= 10:
        # Four times seven bits, without the header and the footer, if any.
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        return size + (20 if head[5] & 0x10 else 10)
    if head.startswith(b"APETAGEX") and len(head) >= 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def before_tags(file: BinaryIO) -> int:
    """Where the tags at the end of a file start: ID3v1, APE, Lyrics3 and ID3v2 with a footer."""
    end = size_of(file)
    for _ in range(_MOST):
        size = max(measure(file, end) for measure in _ENDS)
        if not 0 < size <= end:
            break
        end -= size
    return end


def _read_before(file: BinaryIO, end: int, size: int) -> bytes:
    """So many bytes before a place; none if there are fewer."""
    if size > end:
        return b""
    file.seek(end - size)
    return file.read(size)


def _id3v1(file: BinaryIO, end: int) -> int:
    """Bytes of an ID3v1 tag, or of its extension, that ends there."""
    sizes = ((128, b"TAG"), (227, b"TAG+"))
    return next((n for n, name in sizes if _read_before(file, end, n).startswith(name)), 0)


def _ape(file: BinaryIO, end: int) -> int:
    """Bytes of an APE tag that ends there; its size leaves out the header."""
    footer = _read_before(file, end, 32)
    if not footer.startswith(b"APETAGEX"):
        return 0
    return int.from_bytes(footer[12:16], "little") + (32 if footer[23] & 0x80 else 0)


def _lyrics(file: BinaryIO, end: int) -> int:
    """Bytes of a Lyrics3 tag, of either version, that ends there."""
    foot = _read_before(file, end, 15)
    if foot.endswith(b"LYRICS200") and foot[:6].isdigit():
        return int(foot[:6]) + 15
    if not foot.endswith(b"LYRICSEND"):
        return 0
    data = _read_before(file, end, min(_LYRICS, end))
    start = data.find(b"LYRICSBEGIN")
    return len(data) - start if start >= 0 else 0


def _id3v2(file: BinaryIO, end: int) -> int:
    """Bytes of an ID3v2 tag with a footer that ends there."""
    footer = _read_before(file, end, 10)
    return _size(b"ID3" + footer[3:]) if footer.startswith(b"3DI") else 0


_ENDS: tuple[Callable[[BinaryIO, int], int], ...] = (_id3v1, _ape, _lyrics, _id3v2)
