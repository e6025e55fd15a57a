"""Frame headers of MP3, to count the samples of a file that does not say how long it is."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from genrekit.audio._source import size_of

__all__ = ["count_samples", "is_frame_header", "skip_id3"]

# By the two version bits: MPEG 1 is 3, MPEG 2 is 2, MPEG 2.5 is 0.
_SAMPLE_RATES = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_LAYER_3 = 1

# How far from its start (after the ID3 tag) a file may hold something else.
_SEARCH = 4096


class _Frame(NamedTuple):
    """One frame: its bytes and its samples per channel."""

    size: int
    samples: int


def count_samples(file: BinaryIO) -> int | None:
    """Samples per channel of an MP3, or None if its own header says or it can't be told."""
    # Only frame headers are read, so this takes a fraction of the decoding.
    size = size_of(file)
    position = skip_id3(file)
    head = file.read(_SEARCH)
    found = _first_frame(head)
    if found is None or _has_length(head[found : found + 200]):
        return None
    position += found
    samples = 0
    file.seek(position)
    while frame := _parse(file.read(4)):
        samples += frame.samples
        position += frame.size
        file.seek(frame.size - 4, 1)
    # Lost in the middle: no statement. Near the end: tags, or the rest of a frame.
    return samples if size - position < max(0.01 * size, 4096) else None


def skip_id3(file: BinaryIO) -> int:
    """Move behind the ID3v2 tag at the start, if there is one; returns the position."""
    file.seek(0)
    head = file.read(10)
    position = 0
    if len(head) == 10 and head.startswith(b"ID3"):
        # The size is four times seven bits, and leaves out the header and the footer, if any.
        for byte in head[6:]:
            position = position << 7 | byte & 0x7F
        position += 20 if head[5] & 0x10 else 10
    return file.seek(position)


def is_frame_header(head: bytes) -> bool:
    """Whether a frame of MPEG audio, layer III, starts here."""
    return _parse(head[:4]) is not None


def _parse(head: bytes) -> _Frame | None:
    """Read the four bytes that start a frame; None if they are something else."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    mpeg, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    kbits, rate = head[2] >> 4, head[2] >> 2 & 3
    # A rate of 0 kbit/s stands for a free format, which nobody uses.
    if mpeg not in _SAMPLE_RATES or layer != _LAYER_3 or kbits in (0, 15) or rate == 3:
        return None
    samples = 1152 if mpeg == 3 else 576
    bits = 1000 * (_KBITS_1 if mpeg == 3 else _KBITS_2)[kbits]
    padding = head[2] >> 1 & 1
    return _Frame(samples // 8 * bits // _SAMPLE_RATES[mpeg][rate] + padding, samples)


def _first_frame(head: bytes) -> int | None:
    """Where the first frame starts: a header that another one follows."""
    position = head.find(b"\xff")
    while position >= 0:
        frame = _parse(head[position : position + 4])
        if frame and is_frame_header(head[position + frame.size :][:4]):
            return position
        position = head.find(b"\xff", position + 1)
    return None


def _has_length(frame: bytes) -> bool:
    """Whether the first frame is a Xing or Info header that gives the number of frames."""
    for name in (b"Xing", b"Info"):
        place = frame.find(name, 0, 60)
        if place >= 0:
            return bool(frame[place + 7 : place + 8] and frame[place + 7] & 1)
    return False
