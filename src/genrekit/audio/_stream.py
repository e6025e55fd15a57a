"""From a source to mono float32 at the wanted rate, block by block or whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_number, check_rate
from genrekit.audio._decoder import Decoder
from genrekit.audio._downmix import Downmix, mean_of_channels
from genrekit.audio._open import open_audio
from genrekit.audio._source import AudioSource, Source, as_source
from genrekit.exceptions import AudioDecodeError

__all__ = [
    "LOUDEST",
    "load_audio",
    "native_rate",
    "out_of_scale",
    "peak",
    "resample_blocks",
    "resample_rates",
    "stream_audio",
    "stream_rates",
]

# Bytes of the longest waveform that is built whole: six hours and more at 22050 Hz.
_MOST = 2 << 30
# Full scale is 1. Files of floats may clip by some times as much; what goes beyond this is on the
# scale of integers.
LOUDEST = 32.0
# Samples that a block may become by resampling; blocks of that length are passed on as they are.
_LONGEST = 1 << 20


def load_audio(
    source: AudioSource,
    *,
    sr: float = 22050,
    offset: float = 0.0,
    duration: float | None = None,
    decoder: Decoder | None = None,
) -> NDArray[np.float32]:
    """Load a recording as a mono waveform.

    Channels are averaged and the result is resampled with soxr ("HQ"), so that the samples are
    those of ``librosa.load(path, sr=sr)``, in less time.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        The recording: where it is, or what it contains. A file object is read from its current
        position, and left there. What can't seek (a pipe such as ``/dev/stdin``, a socket) is read
        whole, up to 1 GB; where nothing comes for a minute, that is an error. An address such as
        ``s3://bucket/song.mp3`` is read through fsspec (extra ``remote``).
    sr : float, default=22050
        Sampling rate of the waveform, in Hz, from 1,000 to 10,000,000.
    offset : float, default=0.0
        Where to start, in seconds.
    duration : float, optional
        How much to load, in seconds, or less if the recording ends before; None means up to the
        end, and an error where that is a waveform of more than 2 GB.
    decoder : callable, optional
        The `Decoder` to use. With None, those of `available_decoders` are tried in order.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        The waveform, in [-1, 1] for most recordings.

    Raises
    ------
    genrekit.exceptions.AudioDecodeError
        If the source is missing, can't be decoded, is truncated, holds nothing at `offset`, or
        holds samples that are not finite numbers.
    ImportError
        If none of the decoders can be used here.

    See Also
    --------
    stream_audio : The same in blocks, for recordings of any length.

    Examples
    --------
    One second of a sine in stereo, written and read back at half the rate:

    >>> import io
    >>> import numpy as np
    >>> import soundfile
    >>> from genrekit.audio import load_audio
    >>> sine = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    >>> file = io.BytesIO()
    >>> soundfile.write(file, np.column_stack([sine, sine]), 44100, format="WAV")
    >>> y = load_audio(file.getvalue(), sr=22050)
    >>> y.shape, y.dtype
    ((22050,), dtype('float32'))
    """
    known = as_source(source)
    blocks = stream_audio(known, sr=sr, offset=offset, duration=duration, decoder=decoder)
    with _enough_memory(known):
        return _join(blocks, known, math.inf if duration is not None else _MOST)


def stream_audio(
    source: AudioSource,
    *,
    sr: float = 22050,
    offset: float = 0.0,
    duration: float | None = None,
    decoder: Decoder | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Yield a recording as mono blocks, which together are the waveform of `load_audio`.

    The file is opened at the first block and closed after the last one, or when the iterator is
    closed or thrown away.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        The recording: where it is, or what it contains. A file object is read from its current
        position, and left there. What can't seek (a pipe such as ``/dev/stdin``, a socket) is read
        whole, up to 1 GB; where nothing comes for a minute, that is an error. An address such as
        ``s3://bucket/song.mp3`` is read through fsspec (extra ``remote``).
    sr : float, default=22050
        Sampling rate of the waveform, in Hz, from 1,000 to 10,000,000.
    offset : float, default=0.0
        Where to start, in seconds.
    duration : float, optional
        How much to read, in seconds, or less if the recording ends before; None means up to the
        end.
    decoder : callable, optional
        The `Decoder` to use. With None, those of `available_decoders` are tried in order.

    Returns
    -------
    iterator of ndarray of shape (n_samples,), float32
        Blocks of different lengths, none of them empty.

    Raises
    ------
    genrekit.exceptions.AudioDecodeError
        While iterating, for the reasons that `load_audio` names.

    Examples
    --------
    The peak of a recording, without having all of it in memory:

    >>> import io
    >>> import numpy as np
    >>> import soundfile
    >>> from genrekit.audio import stream_audio
    >>> file = io.BytesIO()
    >>> soundfile.write(file, np.linspace(-0.5, 0.25, 48000), 48000, format="WAV")
    >>> float(max(abs(block).max() for block in stream_audio(file.getvalue(), sr=48000)))
    0.5
    """
    blocks = stream_rates(source, (sr,), offset=offset, duration=duration, decoder=decoder)
    return (block for (block,) in blocks if len(block))


def stream_rates(
    source: AudioSource,
    rates: Sequence[float],
    *,
    offset: float = 0.0,
    duration: float | None = None,
    decoder: Decoder | None = None,
    downmix: Downmix | None = None,
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Decode a recording once and yield it as mono blocks at several sampling rates.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        The recording.
    rates : sequence of float
        The wanted sampling rates, Hz.
    offset : float, default=0.0
        Where to start, in seconds.
    duration : float, optional
        How much to read, in seconds; None means up to the end.
    decoder : callable, optional
        The `Decoder` to use.
    downmix : Downmix, optional
        Makes one channel of all, and takes note of them, which must not be on the scale of
        integers; None means their mean, unjudged.

    Returns
    -------
    iterator of tuple of ndarray of shape (n_samples,), float32
        One block for each of `rates`, of different lengths, some empty.
    """
    for sr in rates:
        check_rate("sr", sr)
    check_number("offset", offset, minimum=0)
    if duration is not None:
        check_number("duration", duration, above=0)
    if decoder is not None and not callable(decoder):
        raise TypeError(f"decoder must be a callable (see genrekit.audio.Decoder), not {decoder!r}")
    return _stream(as_source(source), rates, offset, duration, decoder, downmix)


def _join(
    blocks: Iterator[NDArray[np.float32]], source: Source, limit: float
) -> NDArray[np.float32]:
    """One waveform of up to so many bytes."""
    held, size = [], 0
    for block in blocks:
        held.append(block)
        size += block.nbytes
        if size > limit:
            reason = f"its waveform takes more than {_MOST >> 30} GB"
            hint = "Pass duration=, or read it in blocks: genrekit.stream_audio"
            raise AudioDecodeError(source.name, reason, hint=hint)
    return np.concatenate(held)


@contextmanager
def _enough_memory(source: Source) -> Iterator[None]:
    """Whoever runs out of memory with one file may have enough for the others."""
    try:
        yield
    except MemoryError as error:
        raise AudioDecodeError(source.name, "there is not enough memory for it") from error


def _stream(
    source: Source,
    rates: Sequence[float],
    offset: float,
    duration: float | None,
    decoder: Decoder | None,
    downmix: Downmix | None,
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Decode, downmix, resample, one block after the other."""
    native_sr, blocks = open_audio(source, offset=offset, duration=duration, decoder=decoder)
    done = 0
    mix = partial(downmix, sr=native_sr) if downmix is not None else mean_of_channels
    loudest = LOUDEST if downmix is not None else np.finfo(np.float32).max
    with _enough_memory(source), closing(blocks):
        for resampled in resample_rates(map(mix, blocks), native_sr, rates):
            for block in resampled:
                if not peak(block) <= loudest:  # nor is NaN
                    _check_finite(block, source, offset + done / rates[0])
                    raise out_of_scale(block)
            done += len(resampled[0])
            yield resampled


def _check_finite(block: NDArray[np.float32], source: Source, seconds: float) -> None:
    """Refuse what no resampler and no feature can do anything with."""
    if not np.isfinite(block).all():
        reason = f"it holds NaN or infinite samples, the first near {seconds:.1f} s"
        raise AudioDecodeError(source.name, reason)


def peak(y: NDArray[Any]) -> float:
    """The largest absolute value, NaN where there is one.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Samples.

    Returns
    -------
    float
        0 for none.
    """
    # What the methods of an array call, without what these ask first.
    return max(-np.minimum.reduce(y, initial=0.0), np.maximum.reduce(y, initial=0.0))


def out_of_scale(y: NDArray[Any]) -> AudioDecodeError:
    """The error for samples on the scale of integers: their features would be of other music.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Finite samples that go beyond `LOUDEST`.

    Returns
    -------
    genrekit.exceptions.AudioDecodeError
        To be raised.
    """
    reason = f"its samples reach {peak(y):g}, where 1 is full scale"
    return AudioDecodeError("", reason, hint="Divide those of 16 bits by 32768")


def native_rate(source: AudioSource, *, decoder: Decoder | None = None) -> float:
    """Sampling rate that a recording is stored at.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        The recording.
    decoder : callable, optional
        The `Decoder` to use.

    Returns
    -------
    float
        The rate, Hz.

    Raises
    ------
    genrekit.exceptions.AudioDecodeError
        If the source can't be decoded.
    """
    # Its first second tells, and may be all that is fetched of what is elsewhere.
    sr, blocks = open_audio(as_source(source), offset=0.0, duration=1.0, decoder=decoder)
    with closing(blocks):
        return sr


def resample_blocks(
    blocks: Iterable[NDArray[np.float32]], native_sr: float, sr: float
) -> Iterator[NDArray[np.float32]]:
    """Resample a waveform that comes in blocks.

    The result does not depend on how the waveform is cut into blocks: it is, bit for bit, what
    ``librosa.resample`` gives for all of it at once.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples,), float32
        The waveform at `native_sr`, in blocks of any length.
    native_sr : float
        Its sampling rate, in Hz.
    sr : float
        The wanted sampling rate, in Hz.

    Returns
    -------
    iterator of ndarray of shape (n_samples,), float32
        The waveform at `sr`, in blocks that are not empty; ``ceil(n * sr / native_sr)`` samples
        for `n`. At equal rates the blocks themselves are passed on.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.audio import resample_blocks
    >>> y = np.sin(np.arange(4800) / 10).astype(np.float32)
    >>> whole = np.concatenate(list(resample_blocks([y], 48000, 22050)))
    >>> parts = np.concatenate(list(resample_blocks([y[:99], y[99:]], 48000, 22050)))
    >>> len(whole), np.array_equal(whole, parts)
    (2205, True)
    """
    return (block for (block,) in resample_rates(blocks, native_sr, (sr,)) if len(block))


def resample_rates(
    blocks: Iterable[NDArray[np.float32]], native_sr: float, rates: Sequence[float]
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Resample a waveform that comes in blocks to several rates at once.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples,), float32
        The waveform at `native_sr`, in blocks of any length.
    native_sr : float
        Its sampling rate, in Hz.
    rates : sequence of float
        The wanted sampling rates, in Hz.

    Yields
    ------
    tuple of ndarray of shape (n_samples,), float32
        One block for each of `rates`, of different lengths, some empty.
    """
    resamplers = [_Resampler(native_sr, sr) for sr in rates]
    # A second at a low rate may be a minute's worth of samples at a high one.
    most = max(1, int(_LONGEST * min(1.0, native_sr / max(rates))))
    for block in blocks:
        for short in [block] if len(block) <= most else _cut(block, most):
            yield tuple([resampler.push(short) for resampler in resamplers])
    yield tuple(resampler.finish() for resampler in resamplers)


def _cut(block: NDArray[np.float32], most: int) -> Iterable[NDArray[np.float32]]:
    """A block as several of so many samples."""
    return (block[start : start + most] for start in range(0, len(block), most))


class _Resampler:
    """Takes in a waveform block by block and gives what of it is ready at another rate."""

    def __init__(self, native_sr: float, sr: float) -> None:
        self.ratio = float(sr) / native_sr
        self.given = self.done = 0
        self.stream = None
        if native_sr != sr:
            import soxr

            self.stream = soxr.ResampleStream(native_sr, sr, 1, dtype="float32", quality="HQ")

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is ready: soxr's answers lag behind."""
        if self.stream is None:
            return block
        out = self.stream.resample_chunk(block)
        self.given += len(block)
        self.done += len(out)
        return out

    def finish(self) -> NDArray[np.float32]:
        """The rest, so that the total length is librosa's."""
        nothing = np.empty(0, dtype=np.float32)
        if self.stream is None:
            return nothing
        tail = self.stream.resample_chunk(nothing, last=True)
        # In librosa's floating-point arithmetic, which may round up a whole number.
        missing = math.ceil(self.given * self.ratio) - self.done
        return np.pad(tail[: max(missing, 0)], (0, max(missing - len(tail), 0)))
