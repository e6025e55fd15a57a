"""Streams without a container: told by frames that follow one another, for a sync word is no proof.

Noise has twelve bits of sync in every four-thousandth place. Three headers in a row that agree,
each where the one before says that its frame ends, come about by chance once in 2**48 places.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable
from typing import NamedTuple

from genrekit.formats._mpeg import find_sound

__all__ = ["find_frames"]

_ENOUGH = 3

# fmt: off
_AC3_KBITS = (
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
)
# fmt: on


class _Frame(NamedTuple):
    """How many bytes a frame has, and what its neighbours have in common with it."""

    size: int
    kind: Hashable


def _adts(head: bytes) -> _Frame | None:
    """AAC."""
    rate = head[2] >> 2 & 15
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if head[1] & 0xF6 != 0xF0 or rate > 12 or size < 7:
        return None
    return _Frame(size, rate)


def _ac3(head: bytes) -> _Frame | None:
    """AC-3."""
    rate, code = head[4] >> 6, head[4] & 63
    if head[1] != 0x77 or head[5] >> 3 > 10 or rate == 3 or code > 37:
        return None
    kbits = _AC3_KBITS[code >> 1]
    words = (2 * kbits, kbits * 320 // 147 + (code & 1), 3 * kbits)[rate]
    return _Frame(2 * words, rate)


def _eac3(head: bytes) -> _Frame | None:
    """Enhanced AC-3."""
    if head[1] != 0x77 or not 10 < head[5] >> 3 <= 16:
        return None
    return _Frame(2 * ((head[2] & 7) << 8 | head[3]) + 2, head[4] >> 6)


# Name of FFmpeg's demuxer, the first byte of each frame, and what reads its first bytes.
_KINDS: tuple[tuple[str, bytes, Callable[[bytes], _Frame | None]], ...] = (
    ("aac", b"\xff", _adts),
    ("ac3", b"\x0b", _ac3),
    ("eac3", b"\x0b", _eac3),
)
_HEADER = 6


def find_frames(data: bytes) -> str | None:
    """FFmpeg's name for the stream whose frames are found in the first bytes; None for none."""
    start = find_sound(io.BytesIO(data), 0)
    found, end = (None, len(data)) if start is None else ("mp3", start)
    for name, sync, parse in _KINDS:
        start = _first(data, end, sync, parse)
        if start is not None:
            found, end = name, start
    return found


def _first(
    data: bytes, end: int, sync: bytes, parse: Callable[[bytes], _Frame | None]
) -> int | None:
    """Where frames begin, before a position."""
    position = data.find(sync, 0, end)
    while position >= 0:
        if _agree(data, position, parse):
            return position
        position = data.find(sync, position + 1, end)
    return None


def _agree(data: bytes, start: int, parse: Callable[[bytes], _Frame | None]) -> bool:
    """Whether enough frames follow one another here; a short file may be nothing but fewer."""
    position, kind = start, None
    for count in range(1, _ENOUGH + 1):
        head = data[position : position + _HEADER]
        frame = parse(head) if len(head) == _HEADER and head[0] == data[start] else None
        if frame is None or (position > start and frame.kind != kind):
            return False
        kind = frame.kind
        position += frame.size
        if position >= len(data):
            whole = count > 1 or position == len(data)
            return count == _ENOUGH or (start == 0 and whole)
    return True
