"""WAV, FLAC, OGG, Opus, MP3, AIFF and AU through libsndfile. Imported at first use.

What libsndfile does with a file that was cut off, tried with version 1.2.2, and what follows here:

- WAV, AIFF, AU, W64, CAF: it lowers the number of frames to those that are there and says nothing.
  The size in the head of the sound still tells, so that is compared.
- FLAC: the number of frames stands; reading fails where the data end. Failure in the middle is an
  error anyway.
- MP3 with a Xing, Info or VBRI header: the number of frames stands, fewer come out. Compared.
- MP3 without: the number of frames is a guess from the first bit rate, and a limit to libsndfile.
  It is no promise here, and `decode_all` looks for what lies beyond it. A cut can't be noticed:
  nothing says how long it should be.
- OGG, Opus: the number of frames comes from the last page that is there. Decoded as they are, for
  the same reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import soundfile
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    BLOCK_FRAMES,
    Decoded,
    beyond_end,
    check_complete,
    frame_range,
)
from genrekit.audio._joined import decode_all
from genrekit.audio._sequential import SequentialFile, open_sequential
from genrekit.formats import Encoded, find_data, open_binary, stated_samples

__all__ = ["decode", "version"]


def version() -> str:
    """Versions of the package and of the library inside."""
    return f"{soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__})"


# What libsndfile gives as the number of frames of a FLAC file that was written into a pipe.
_UNKNOWN = 2**62

# Frames that the delays and the padding of an encoder and a decoder of MP3 take.
_DELAYS = 3 * 1152

# libsndfile's "File does not exist or is not a regular file". It does exist when decoders are
# called; this is what comes of a file whose name ends in .mp3 and that is none.
_NOT_REGULAR = 7


# libsndfile seeks to the wrong place in the last page of a Vorbis stream: by as much as is cut off
# at its end. Frames that a page holds at most: 255 packets of 1024.
_LAST_PAGE = 1 << 18


def decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode with libsndfile (a `Decoder`)."""
    return decode_all(_decode, source, offset=offset, duration=duration)


def _decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode what libsndfile takes for the whole file."""
    try:
        file = open_sequential(source, None if duration is None else offset + duration)
    except soundfile.LibsndfileError as error:
        if error.code != _NOT_REGULAR:
            raise
        raise ValueError("Format not recognised") from error
    return Decoded(file.samplerate, _blocks(file, source, offset, duration))


def _blocks(
    file: SequentialFile, source: Encoded, offset: float, duration: float | None
) -> Iterator[NDArray[np.float32]]:
    """Read from front to back, and see whether anything is missing."""
    with file:
        sr = file.samplerate
        known = None if file.frames >= _UNKNOWN else file.frames
        promised = None if known is None else _promised_frames(file, source)
        start, count = frame_range(offset, duration, sr, known if promised is None else promised)
        left = sys.maxsize if promised is None else promised - start
        wanted = left if count is None else min(count, left)
        if promised is not None:
            check_complete(max(file.frames - start, 0), wanted, sr)
        _seek(file, start)
        frames = 0
        for block in _read(file, wanted):
            frames += len(block)
            yield block
            del block  # here and below: so that the next one gets the same memory, still in cache
        if promised is not None:
            check_complete(frames, wanted, sr)
        if not frames and start:
            raise beyond_end(offset, None)


def _seek(file: SequentialFile, start: int) -> None:
    """Go to a frame; read up to it where libsndfile would miss it."""
    is_vorbis = file.subtype == "VORBIS"
    near = min(start, max(file.frames - _LAST_PAGE, 0)) if is_vorbis else start
    if near:
        file.seek(near)
    for _ in _read(file, start - near):
        pass


def _read(file: SequentialFile, frames: int) -> Iterator[NDArray[np.float32]]:
    """Read up to so many frames from where the file stands."""
    while frames > 0:
        # A new array each time: the last one belongs to whoever received it.
        block = file.read_block(min(BLOCK_FRAMES, frames))
        if not len(block):
            return
        frames -= len(block)
        yield block
        del block


def _promised_frames(file: SequentialFile, source: Encoded) -> int | None:
    """How many frames there should be, going by the file's own header; None if it doesn't say."""
    with open_binary(source) as raw:
        if file.format == "MP3":
            return _stated_frames(file, stated_samples(raw))
        data = find_data(raw)
    stated = None if data is None else data.stated()
    if data is None or stated is None or stated <= data.there:
        return file.frames
    return round(file.frames * stated / data.there)


def _stated_frames(file: SequentialFile, stated: int | None) -> int | None:
    """How many frames the header of an MP3 promises, without delay and padding if they are known.

    libsndfile does not know the header that the Fraunhofer encoder writes, and guesses.
    """
    if stated is None or abs(stated - file.frames) > _DELAYS:
        return stated
    return file.frames
