"""What of a file lies beyond what a decoder takes for its end, or for its length.

Recordings joined end to end by ``cat``, an MP3 with junk inside or a wrong header, a recorder that
never wrote the size: players play all of it. So where a decoder stops before it was asked to, the
bytes are looked at, cut into files that it can read, and these are read on from where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    AnyDecoder,
    Decoded,
    UnusableError,
    beyond_end,
    check_complete,
    cut_frames,
    frame_range,
)
from genrekit.formats import (
    MARGIN,
    Data,
    Encoded,
    Link,
    behind_tags,
    find_data,
    find_links,
    look_at,
    open_binary,
    size_of,
    tells_all,
)

__all__ = ["decode_all"]

_CHUNK = 1 << 20
# The first page of a stream; the head of a FLAC file and of its first block, perhaps the last.
_OGG = re.compile(rb"OggS\x00\x02")
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")


class _Recording(NamedTuple):
    """A file of its own out of another.

    `samples` it has, `stated` it should have, at `limit` its sound ends; None where it knows best.
    """

    content: bytes
    samples: int | None = None
    stated: int | None = None
    limit: int | None = None


class _Range(NamedTuple):
    """What is wanted: rate, first frame, number of frames (None: to the end)."""

    sr: int
    start: int
    length: int | None


def decode_all(
    decode: AnyDecoder, source: Encoded, *, offset: float, duration: float | None
) -> Decoded:
    """Decode to the end of the file, wherever `decode` thinks that it is.

    Parameters
    ----------
    decode : AnyDecoder
        What decodes.
    source : str, bytes or Openable
        Path or content of the file, or what opens it.
    offset : float
        Where to start, in seconds.
    duration : float or None
        How much to decode, in seconds; None means up to the end.

    Returns
    -------
    Decoded
        The rate and the blocks.
    """
    try:
        decoded = decode(source, offset=offset, duration=duration)
    except Exception as error:
        recordings = _cut(source, 0, error)
        if not recordings:
            raise
        return _from_recordings(decode, recordings, offset, duration)
    wanted = _wanted(decoded.sr, offset, duration)
    return Decoded(decoded.sr, _read_on(decode, decoded.blocks, source, wanted))


def _wanted(sr: int, offset: float, duration: float | None) -> _Range:
    """From seconds to frames."""
    return _Range(sr, int(offset * sr), None if duration is None else int(duration * sr))


def _from_recordings(
    decode: AnyDecoder, recordings: list[_Recording], offset: float, duration: float | None
) -> Decoded:
    """Decode a file that can't be opened as it is."""
    sr = decode(recordings[0].content, offset=0.0, duration=None).sr
    wanted = _wanted(sr, offset, duration)
    frame_range(offset, duration, sr, None)
    return Decoded(sr, _join(decode, recordings, wanted))


def _read_on(
    decode: AnyDecoder, blocks: Iterator[NDArray[np.float32]], source: Encoded, wanted: _Range
) -> Iterator[NDArray[np.float32]]:
    """The blocks, and what is there beyond their end."""
    done, error = 0, None
    with closing(blocks):  # type: ignore[type-var]
        while True:
            # Not around `yield`: what its receiver throws is no failure to decode.
            try:
                block = next(blocks, None)
            except MemoryError:
                raise
            except Exception as caught:
                block, error = None, caught
            if block is None:
                break
            done += len(block)
            yield block
            del block  # so that the next one gets the same memory
    if done == wanted.length:
        if error:
            raise error
        return
    rest = None if wanted.length is None else wanted.length - done
    recordings = _cut(source, wanted.start + done, error, wanted.sr)
    if error and not recordings:
        raise error
    for block in _join(decode, recordings, _Range(wanted.sr, wanted.start + done, rest)):
        done += len(block)
        yield block
    if not done and (error or wanted.start):
        raise error or beyond_end(wanted.start / wanted.sr, None)


def _join(
    decode: AnyDecoder, recordings: list[_Recording], wanted: _Range
) -> Iterator[NDArray[np.float32]]:
    """Decode one after the other; what lies before the start is decoded and thrown away."""
    # Of a single one only a second is: it may end a little before the start, which is no error.
    lead = max(wanted.start - wanted.sr, 0) if len(recordings) == 1 else 0
    blocks = _blocks(decode, recordings, wanted.sr, lead)
    return cut_frames(blocks, wanted.start - lead, wanted.length)


def _blocks(
    decode: AnyDecoder, recordings: list[_Recording], sr: int, lead: int
) -> Iterator[NDArray[np.float32]]:
    """All blocks of all recordings, the first one from a frame on."""
    for recording in recordings:
        # Half a frame more, so that rounding down gives the frame that is meant.
        offset = (lead + 0.5) / sr if lead else 0.0
        duration = None if recording.limit is None else (recording.limit - lead + 0.5) / sr
        decoded = decode(recording.content, offset=offset, duration=duration)
        if decoded.sr != sr:
            raise UnusableError(f"its rate changes from {sr} to {decoded.sr} Hz on the way")
        with closing(decoded.blocks):  # type: ignore[type-var]
            yield from decoded.blocks
        if recording.samples is not None and recording.stated is not None:
            check_complete(recording.samples, recording.stated, sr)


def _cut(source: Encoded, samples: int, error: Exception | None, sr: int = 1) -> list[_Recording]:
    """Cut a file into recordings that can be read; none where so many samples are all of it."""
    failed = error is not None
    with open_binary(source) as file:
        file.seek(behind_tags(file))
        head = file.read(4)
        if head == b"OggS":
            return _slices(file, _ogg_starts(file), failed)
        if head == b"fLaC":
            return _slices(file, _flac_starts(file), failed)
        data = find_data(file)
        if data and failed:
            return _with_size(file, data)
        if data:
            stated = data.stated()
            if stated is not None and data.there:
                check_complete(samples, round(samples * stated / data.there), sr)
            return []
        return _mpeg(file, samples, error, sr)


def _slices(file: BinaryIO, starts: list[int], failed: bool) -> list[_Recording]:
    """The file cut at these places, if there is more than one, or something in front of it."""
    if not starts or (len(starts) == 1 and (not failed or starts == [0])):
        return []
    stops = [*starts[1:], size_of(file)]
    return [_Recording(_read(file, start, stop)) for start, stop in zip(starts, stops, strict=True)]


def _ogg_starts(file: BinaryIO) -> list[int]:
    """Where chained streams start; those that are woven into each other start together."""
    starts: list[int] = []
    following = None
    for position in _find_all(file, _OGG):
        if position != following:
            starts.append(position)
        header = _read(file, position, position + 27 + 255)
        segments = header[26]
        following = position + 27 + segments + sum(header[27 : 27 + segments])
    return starts


def _flac_starts(file: BinaryIO) -> list[int]:
    """Where FLAC files start."""
    return list(_find_all(file, _FLAC))


def _find_all(file: BinaryIO, mark: re.Pattern[bytes]) -> Iterator[int]:
    """Every place where a mark of 8 bytes or less stands."""
    position = 0
    while chunk := _read(file, position, position + _CHUNK):
        yield from (position + match.start() for match in mark.finditer(chunk))
        if len(chunk) < _CHUNK:
            return
        position += _CHUNK - 7


def _with_size(file: BinaryIO, data: Data) -> list[_Recording]:
    """The file with the size of its sound where whoever wrote it did not know that."""
    mended = data.mended(_read(file, 0, size_of(file)))
    return [_Recording(mended)] if mended else []


def _mpeg(file: BinaryIO, samples: int, error: Exception | None, sr: int) -> list[_Recording]:
    """The recordings in an MP3."""
    # An error that is not about lengths: the last samples before it are lost.
    broken = error is not None and not isinstance(error, UnusableError)
    if (not broken and tells_all(file, samples)) or look_at(file).demuxer != "mp3":
        return []
    links = find_links(file)
    missing = sum(link.samples() for link in links) - samples
    if links and (broken or missing > MARGIN * links[0].frame.samples):
        return [_link(file, link) for link in links]
    for link in links if error is None else ():
        check_complete(link.samples(), link.stated() or 0, sr)
    return []


def _link(file: BinaryIO, link: Link) -> _Recording:
    """One recording out of an MP3."""
    samples = link.samples()
    return _Recording(link.content(file), samples, link.stated(), None if link.place() else samples)


def _read(file: BinaryIO, start: int, stop: int) -> bytes:
    """Bytes of a file."""
    file.seek(start)
    return file.read(stop - start)
