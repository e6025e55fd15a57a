"""WAV, FLAC, OGG, Opus, MP3, AIFF and AU through libsndfile. Imported at first use.

What libsndfile does with a file that was cut off, tried with version 1.2.2, and what follows here:

- WAV, AIFF, AU: it lowers the number of frames to those that are there and says nothing. The size
  in the file's header still tells, so that is compared.
- FLAC: the number of frames stands; reading fails where the data end. Failure in the middle is an
  error anyway.
- MP3 with a Xing or Info header: the number of frames stands, fewer come out. Compared.
- MP3 without: the number of frames is a guess from the first bit rate, far off (and then reading
  stops early, without a word) if the rate varies. So the frames are counted; if the guess is wrong
  the file is left to the next decoder. A cut can't be noticed: nothing says how long it should be.
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
    check_complete,
    clearly_fewer,
    frame_range,
)
from genrekit.audio._mpeg import count_samples
from genrekit.audio._sequential import SequentialFile, open_sequential
from genrekit.audio._sniff import declared_size
from genrekit.audio._source import open_binary, size_of

__all__ = ["decode", "version"]


def version() -> str:
    """Versions of the package and of the library inside."""
    return f"{soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__})"


# What libsndfile gives as the number of frames of a FLAC file that was written into a pipe.
_UNKNOWN = 2**62

# libsndfile's "File does not exist or is not a regular file". It does exist when decoders are
# called; this is what comes of a file whose name ends in .mp3 and that is none.
_NOT_REGULAR = 7


def decode(source: str | bytes, *, offset: float, duration: float | None) -> Decoded:
    """Decode with libsndfile (a `Decoder`)."""
    try:
        file = open_sequential(source, None if duration is None else offset + duration)
    except soundfile.LibsndfileError as error:
        if error.code != _NOT_REGULAR:
            raise
        raise ValueError("Format not recognised") from error
    return Decoded(file.samplerate, _blocks(file, source, offset, duration))


def _blocks(
    file: SequentialFile, source: str | bytes, offset: float, duration: float | None
) -> Iterator[NDArray[np.float32]]:
    """Read from front to back, and see whether anything is missing."""
    with file:
        promised = _promised_frames(file, source)
        start, count = frame_range(offset, duration, file.samplerate, promised)
        left = sys.maxsize if promised is None else promised - start
        wanted = left if count is None else min(count, left)
        if promised is not None:
            check_complete(max(file.frames - start, 0), wanted, file.samplerate)
        if start:
            file.seek(start)
        frames = 0
        for block in _read(file, wanted):
            frames += len(block)
            yield block
            del block  # here and below: so that the next one gets the same memory, still in cache
        if promised is not None:
            check_complete(frames, wanted, file.samplerate)


def _read(file: SequentialFile, frames: int) -> Iterator[NDArray[np.float32]]:
    """Read up to so many frames from where the file stands."""
    while frames > 0:
        # A new array each time: the last one belongs to whoever received it.
        block = file.read(min(BLOCK_FRAMES, frames), dtype="float32", always_2d=True)
        if not len(block):
            return
        frames -= len(block)
        yield block
        del block


def _promised_frames(file: SequentialFile, source: str | bytes) -> int | None:
    """How many frames there should be, going by the file's own header; None if it doesn't say."""
    if file.frames >= _UNKNOWN:
        return None
    with open_binary(source) as raw:
        if file.format == "MP3":
            counted = count_samples(raw)
            if counted is not None and _differ(counted, file.frames, file.samplerate):
                raise ValueError("an MP3 of variable bit rate that does not say how long it is")
            return file.frames
        declared = declared_size(raw.read(12))
        size = size_of(raw)
    if declared is None or declared <= size:
        return file.frames
    return round(file.frames * declared / size)


def _differ(counted: int, guessed: int, sr: int) -> bool:
    """Whether the two lengths are clearly not the same."""
    return clearly_fewer(counted, guessed, sr) or clearly_fewer(guessed, counted, sr)
