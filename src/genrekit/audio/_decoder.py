"""What a decoder is, and what the built-in ones share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import RATES
from genrekit.formats import Encoded

__all__ = [
    "AnyDecoder",
    "BLOCK_FRAMES",
    "NO_SAMPLES",
    "Decoded",
    "Decoder",
    "UnusableError",
    "beyond_end",
    "check_complete",
    "check_format",
    "clearly_fewer",
    "cut_frames",
    "frame_range",
    "regroup",
]

# Measured on 30 s MP3s, from 4096 to 262144: the cost falls until here and stays flat above.
BLOCK_FRAMES = 65536

# What Vorbis and Opus can have at most; a block of that many takes 67 MB.
MAX_CHANNELS = 255

NO_SAMPLES = "it holds no samples"


class Decoded(NamedTuple):
    """A source that a decoder has opened.

    Attributes
    ----------
    sr : int
        The source's own sampling rate, in Hz.
    blocks : iterator of ndarray of shape (n_frames, n_channels), float32
        The samples, in order, in blocks of any length. A block belongs to whoever receives it: the
        decoder must not write to it again.
    """

    sr: int
    blocks: Iterator[NDArray[np.float32]]


class Decoder(Protocol):
    """Callable that turns encoded bytes into samples, to be passed as ``decoder=``.

    A decoder may raise whatever it likes; `genrekit.load_audio` turns that into
    `genrekit.exceptions.AudioDecodeError`. If `blocks` is a generator, it is closed when reading
    ends, also when it ends early, so that is the place to close files. A decoder is called from
    several threads at once, and must be picklable to be used by several processes.

    Examples
    --------
    Raw 16-bit mono samples at 8 kHz, a format that no header announces:

    >>> import numpy as np
    >>> from genrekit.audio import Decoded, load_audio
    >>> def raw_pcm(source, *, offset, duration):
    ...     samples = np.frombuffer(source, dtype="<i2")[int(offset * 8000):]
    ...     return Decoded(8000, iter([samples[:, np.newaxis] / np.float32(32768)]))
    >>> load_audio(b"\\x00\\x40" * 4000, sr=8000, offset=0.25, decoder=raw_pcm)
    array([0.5, 0.5, ..., 0.5, 0.5], shape=(2000,), dtype=float32)
    """

    def __call__(self, source: str | bytes, *, offset: float, duration: float | None) -> Decoded:
        """Open a source.

        Parameters
        ----------
        source : str or bytes
            Path of a file, or its content.
        offset : float
            Where to start, in seconds. Seek there rather than decode what lies before.
        duration : float or None
            How much to decode, in seconds; None means up to the end.

        Returns
        -------
        Decoded
            The rate and the blocks.
        """


class AnyDecoder(Protocol):
    """A built-in decoder, which reads what is elsewhere as well."""

    def __call__(self, source: Encoded, *, offset: float, duration: float | None) -> Decoded:
        """Open a source, as `Decoder` does."""


class UnusableError(Exception):
    """The file was understood, and what it holds can't be used: no other decoder would do better.

    Raised by the built-in decoders, which know the file by its content only; whoever knows its name
    makes an ``AudioDecodeError`` of it. Any other exception means "let the next decoder try".
    """


def check_format(sr: float, channels: int = 1) -> None:
    """Raise unless a header's numbers may be true: memory and time are taken by them."""
    low, high = RATES
    if not low <= sr <= high:
        raise UnusableError(
            f"its header says {sr:g} Hz; rates from {low:,.0f} to {high:,.0f} Hz are read"
        )
    if not 0 < channels <= MAX_CHANNELS:
        raise UnusableError(f"its header says {channels:,} channels; up to {MAX_CHANNELS} are read")


def frame_range(
    offset: float, duration: float | None, sr: float, total: int | None
) -> tuple[int, int | None]:
    """First frame and number of frames to read, rounded down as librosa does."""
    start = int(offset * sr)
    count = None if duration is None else int(duration * sr)
    if total == 0:
        raise ValueError(NO_SAMPLES)
    if total is not None and start >= total:
        raise beyond_end(offset, total / sr)
    if count == 0:
        raise UnusableError(f"duration={duration:g} s is shorter than one sample at {sr} Hz")
    return start, count


def beyond_end(offset: float, seconds: float | None) -> UnusableError:
    """The error for an offset that leaves nothing to read."""
    length = "" if seconds is None else f": it is {seconds:.2f} s long"
    return UnusableError(f"offset={offset:g} s lies beyond its end{length}")


def clearly_fewer(frames: int, promised: int, sr: int) -> bool:
    """Whether more is missing than encoder delay, padding and rounding explain."""
    return promised - frames > max(0.01 * promised, 0.1 * sr)


def check_complete(frames: int, promised: int, sr: int) -> None:
    """Raise unless about as many frames came out as the container promised."""
    if clearly_fewer(frames, promised, sr):
        raise UnusableError(
            f"it is truncated: {promised / sr:.2f} s should be there, {frames / sr:.2f} s are"
        )


def regroup(
    chunks: Iterable[NDArray[np.float32]], skip: int, count: int | None
) -> Iterator[NDArray[np.float32]]:
    """Leave out the first `skip` frames, stop after `count`, and join small chunks to blocks."""
    held: list[NDArray[np.float32]] = []
    for chunk in cut_frames(chunks, skip, count):
        if held and held[0].shape[1:] != chunk.shape[1:]:
            # Mono changes to stereo on the way: each block is downmixed by itself.
            yield np.concatenate(held)
            held = []
        held.append(chunk)
        if sum(map(len, held)) >= BLOCK_FRAMES:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def cut_frames(
    chunks: Iterable[NDArray[np.float32]], skip: int, count: int | None
) -> Iterator[NDArray[np.float32]]:
    """The frames from `skip` on, at most `count` of them."""
    position, stop = 0, None if count is None else skip + count
    for chunk in chunks:
        inside = chunk[max(skip - position, 0) : None if stop is None else stop - position]
        position += len(chunk)
        if len(inside):
            yield inside
        if stop is not None and position >= stop:
            return
