"""Frames of MPEG audio: what of a file is sound, where its own header is missing or wrong.

libsndfile guesses the length of an MP3 without a Xing header from its size and the bit rate of its
first frame, reads no further than that, and gives up at a hole of 1 kB. So where more may be there
than came out, the frames are looked up one by one, and what lies between them is left out.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from genrekit.formats._bytes import size_of
from genrekit.formats._tags import behind_tags

__all__ = [
    "MARGIN",
    "SEARCH",
    "Link",
    "find_links",
    "find_sound",
    "stated_samples",
    "tells_all",
]

# By the two version bits: MPEG 1 is 3, MPEG 2 is 2, MPEG 2.5 is 0.
_SAMPLE_RATES = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
# kbit/s, by whether it is MPEG 1, and by layer. The first, 0, stands for a free format.
_KBITS = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SYNC = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][\x00-\xef]")
_MONO = 3

# Frames that the delay and the padding of an encoder and a decoder explain.
MARGIN = 3
# Headers in a row that agree: noise looks like one in every 5,000th place, like three in none.
_ENOUGH = 3
# How far from its start (after tags) a file may hold something else: dumps of a broadcast begin in
# the middle of a frame.
SEARCH = 1 << 16
# A frame has no more bytes than this: at the highest bit rate, and in the free format; nor fewer.
_COUNTED = 1441
_LARGEST = 4096
_SMALLEST = 24
# Bytes of a frame that may say how long the file is.
_HEAD = 64


class _Frame(NamedTuple):
    """One frame: its bytes (0 if they are not said), its samples per channel, and its format.

    Frames of one recording have the same format: version, layer, rate, whether it is mono.
    """

    size: int
    samples: int
    format: tuple[int, int, int, bool]


class _Info(NamedTuple):
    """What the frame in front says of those that follow, and where it counts them, if it does.

    libmpg123 cuts off the encoder's delay only where there is such a count.
    """

    frames: int
    size: int
    place: int


class _Start(NamedTuple):
    """Where sound begins, its first frame, and what that says of the others (0: nothing)."""

    position: int
    frame: _Frame
    frames: int
    size: int


class Link(NamedTuple):
    """One recording out of a file that may hold several, one after the other.

    The frame that counts the others, if there is one: what it says, and its bytes; the first of the
    others; spans of them without a gap (start, stop, how many).
    """

    info: _Info | None
    head: bytes
    frame: _Frame
    spans: list[list[int]]

    def samples(self) -> int:
        """Samples per channel."""
        return self.frame.samples * self.n_frames()

    def n_frames(self) -> int:
        """Its frames."""
        return sum(span[2] for span in self.spans)

    def place(self) -> int:
        """Where its own header counts the frames; 0 if it doesn't."""
        return self.info.place if self.info else 0

    def stated(self) -> int | None:
        """How many samples there should be; None if that is not said."""
        return self.info.frames * self.frame.samples if self.info and self.info.frames else None

    def content(self, file: BinaryIO) -> bytes:
        """A file that holds nothing but this, long enough for libsndfile to read all of it."""
        bare = b"".join(_read(file, start, stop - start) for start, stop, _ in self.spans)
        place = self.place()
        if place:
            # With what it says of the encoder's delay, and the right number of frames.
            count = self.n_frames().to_bytes(4, "big")
            return self.head[:place] + count + self.head[place + 4 :] + bare
        # What is guessed from the first frame must not be less than what there is.
        return bare.ljust((self.n_frames() + 1) * (self.frame.size + 1), b"\0")


def stated_samples(file: BinaryIO) -> int | None:
    """Samples per channel that a file says it has; None if it doesn't say."""
    start = _start(file)
    return start.frames * start.frame.samples if start and start.frames else None


def tells_all(file: BinaryIO, samples: int) -> bool:
    """Whether the file's own header says that so many samples are all, and nothing contradicts."""
    start = _start(file)
    # Numbers of the header that can't belong together are as good as none.
    if start is None or not 0 < start.size <= _COUNTED * start.frames:
        return False
    if start.frames * start.frame.samples - samples > MARGIN * start.frame.samples:
        return False
    end = start.position + start.size
    return end >= size_of(file) or _find(file, _behind(file, end)) is None


def find_links(file: BinaryIO) -> list[Link]:
    """Find every recording in a file."""
    links: list[Link] = []
    for position, frame in _walk(file):
        head = _read(file, position, _HEAD)
        info = _info(head)
        if info:
            links.append(Link(info, _read(file, position, frame.size), frame, []))
            continue
        if not links or links[-1].frame.format != frame.format:
            links.append(Link(None, head, frame, []))
        if not links[-1].spans:  # the one that counts may have another bit rate
            links[-1] = links[-1]._replace(frame=frame)
        spans = links[-1].spans
        if not spans or spans[-1][1] != position:
            spans.append([position, position, 0])
        spans[-1][1] += frame.size
        spans[-1][2] += 1
    return [link for link in links if link.spans]


def _walk(file: BinaryIO) -> Iterator[tuple[int, _Frame]]:
    """Every whole frame and its position; what lies between them is passed over."""
    size = size_of(file)
    position = _first(file)
    while position is not None:
        frame = first = _frame_at(file, position)
        while frame and first and frame.format == first.format and position + frame.size <= size:
            yield position, frame
            position += frame.size
            frame = _frame_at(file, position)
        position = _find(file, _behind(file, position))


def _start(file: BinaryIO) -> _Start | None:
    """The start of the sound."""
    position = _first(file)
    frame = None if position is None else _frame_at(file, position)
    if position is None or frame is None:
        return None
    info = _info(_read(file, position, _HEAD)) or _Info(0, 0, 0)
    return _Start(position, frame, info.frames, info.size)


def find_sound(file: BinaryIO, start: int) -> int | None:
    """Where the first frame is, not too far from some place; what is short may be nothing else."""
    return start if _agree(file, start, short=True) else _find(file, start, near=True)


def _first(file: BinaryIO) -> int | None:
    """Where the first frame of a file is, behind tags, one of which may have a wrong size."""
    found = find_sound(file, behind_tags(file))
    return find_sound(file, 0) if found is None else found


def _behind(file: BinaryIO, position: int) -> int:
    """Behind the tags that start there, unless they would end outside of the file."""
    end = behind_tags(file, position)
    return end if end < size_of(file) else position


def _find(file: BinaryIO, position: int, *, near: bool = False) -> int | None:
    """Where frames that follow one another start, from there on."""
    while data := _read(file, position, SEARCH):
        for match in _SYNC.finditer(data):
            if _agree(file, position + match.start()):
                return position + match.start()
        if len(data) < SEARCH or near:
            return None
        position += SEARCH - 2
    return None


def _agree(file: BinaryIO, position: int, *, short: bool = False) -> bool:
    """Whether enough frames follow one another here, or fewer in what is short."""
    frame = first = _frame_at(file, position)
    size = size_of(file)
    for count in range(1, _ENOUGH + 1):
        if frame is None or first is None or frame.format != first.format:
            return False
        position += frame.size
        if position >= size:
            return count == _ENOUGH or (short and (count > 1 or position == size))
        frame = _frame_at(file, position)
    return True


def _frame_at(file: BinaryIO, position: int) -> _Frame | None:
    """Read the frame that starts at a position; None if something else does."""
    head = _read(file, position, 4)
    frame = _parse(head)
    if frame is None or frame.size:
        return frame
    # In the free format a frame ends where the next one starts.
    data = _read(file, position, _LARGEST)
    mark = re.compile(re.escape(head[:2]) + _like(head[2]))
    following = mark.search(data, _SMALLEST)
    return frame._replace(size=following.start()) if following else None


def _like(byte: int) -> bytes:
    """A pattern for the third byte of a header, padded or not."""
    return b"[" + re.escape(bytes([byte & ~2])) + re.escape(bytes([byte | 2])) + b"]"


@functools.lru_cache(maxsize=1024)
def _parse(head: bytes) -> _Frame | None:
    """Read the four bytes that start a frame; None if they are something else."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    mpeg, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    if mpeg not in _SAMPLE_RATES or layer == 4 or kbits == 15 or rate == 3:
        return None
    samples = {1: 384, 2: 1152, 3: 1152 if mpeg == 3 else 576}[layer]
    bits = 1000 * _KBITS[mpeg == 3, layer][kbits]
    unit = 4 if layer == 1 else 1
    size = samples // 8 // unit * bits // _SAMPLE_RATES[mpeg][rate] + (head[2] >> 1 & 1)
    return _Frame(size * unit if bits else 0, samples, (mpeg, layer, rate, head[3] >> 6 == _MONO))


def _info(head: bytes) -> _Info | None:
    """What a frame says of the others; None if it is one of them."""
    place = max(head.find(b"Xing"), head.find(b"Info"))
    if place >= 0:
        flags = head[place + 7] if len(head) > place + 7 else 0
        numbers = [int.from_bytes(head[at : at + 4], "big") for at in (place + 8, place + 12)]
        frames = numbers.pop(0) if flags & 1 else 0
        return _Info(frames, numbers[0] if flags & 2 else 0, place + 8 if frames else 0)
    if head[36:40] == b"VBRI":
        return _Info(int.from_bytes(head[50:54], "big"), int.from_bytes(head[46:50], "big"), 0)
    return None


def _read(file: BinaryIO, position: int, size: int) -> bytes:
    """Bytes of a file."""
    file.seek(position)
    return file.read(size)
