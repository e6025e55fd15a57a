"""The items of a collection: what counts as a track, and its samples block by block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import RATES
from genrekit.audio import (
    LOUDEST,
    Downmix,
    Source,
    UnusableError,
    as_source,
    frame_range,
    hearings,
    native_rate,
    out_of_scale,
    peak,
    resample_blocks,
    stream_rates,
    without_pipe,
)
from genrekit.engine._keys import plain
from genrekit.engine._waveforms import RecentWaveforms, Waveform
from genrekit.exceptions import AudioDecodeError
from genrekit.remote import RemoteFile, without_secrets
from genrekit.spectra import Frontend, check_finite

__all__ = [
    "at_rate",
    "RECENT",
    "Excerpt",
    "MatrixRow",
    "Reader",
    "TrackSegment",
    "content",
    "fill",
    "fingerprint",
    "held",
    "is_file",
    "is_pair",
    "is_track",
    "label",
    "read_track",
]

# ``read(item, excerpt, decoder, downmix)`` yields the samples of a track, made one channel by
# `downmix`, at each of the excerpt's rates.
Reader = Callable[..., Iterator[tuple[NDArray[Any], ...]]]

# What this process decoded last, for segments of a track are read one after the other: a hundred
# clips of 30 seconds, so that each of several threads finds its own.
RECENT = RecentWaveforms(256 << 20)


class MatrixRow(np.ndarray):
    """A row of a 2-D array: numbers that scikit-learn was given, not judged as a recording is."""


def is_file(item: Any) -> bool:
    """Path, bytes or binary file object."""
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Source)
    return isinstance(item, kinds) or hasattr(item, "read")


def is_pair(item: Any) -> bool:
    """Waveform and its sampling rate."""
    # The number tells a pair from a list of two tracks.
    return (
        isinstance(item, (tuple, list))
        and len(item) == 2
        and isinstance(item[0], np.ndarray)
        and isinstance(item[1], Real)
    )


def is_track(item: Any) -> bool:
    """Whether an item of a collection can be read as audio."""
    return is_file(item) or is_pair(item) or isinstance(item, (np.ndarray, TrackSegment))


def label(item: Any, index: int) -> str:
    """How messages name an item."""
    if isinstance(item, TrackSegment):
        return label(item.source, index)
    if isinstance(item, AudioDecodeError):
        return item.path  # of what was no track at the door
    if isinstance(item, Source):
        return item.name
    if isinstance(item, (str, os.PathLike)):
        return without_secrets(item)
    if isinstance(item, (bytes, bytearray, memoryview)):
        return f"<bytes, item {index}>"
    if hasattr(item, "read"):
        return f"<file, item {index}>"
    kind = "waveform" if isinstance(item, (np.ndarray, tuple, list)) else type(item).__name__
    return f"<{kind}, item {index}>"


def content(item: Any) -> Any:
    """What of an encoded file can be read again: the bytes of a stream; the rest as it is."""
    if isinstance(item, (str, os.PathLike)):
        # What is elsewhere is asked once what it is, however often it is read.
        source = without_pipe(as_source(item))
        return item if isinstance(source.data, str) else source
    if not is_file(item) or isinstance(item, (bytes, Source)):
        return item
    try:
        return as_source(item).data
    except AudioDecodeError:
        raise
    except (OSError, TypeError, ValueError) as error:
        raise AudioDecodeError("", f"it can't be read: {error}") from error


def held(item: Any) -> Any:
    """The same, or the error of what can't be read, which stands for the track."""
    try:
        return content(item)
    except AudioDecodeError as error:
        name = label(item, 0) if isinstance(item, (str, os.PathLike)) else error.path
        return AudioDecodeError(name, *error.args[1:])


def fingerprint(item: Any) -> tuple[Any, ...]:
    """What tells a track from another without decoding it."""
    if isinstance(item, TrackSegment):
        return ("segment", fingerprint(item.source), plain(item.decoder), *item.cut)
    kind = "row" if isinstance(item, MatrixRow) else "data"
    item = as_source(item) if isinstance(item, (str, os.PathLike)) else content(item)
    data = item.data if isinstance(item, Source) else item
    if isinstance(data, RemoteFile):
        return data.key()
    if isinstance(data, str):
        status = os.stat(data)
        return os.path.abspath(data), status.st_size, status.st_mtime_ns
    return kind, plain(data)


@dataclass(frozen=True)
class TrackSegment:
    """A segment of a track, read when it is needed: a ``(y, sr)`` pair that takes no memory.

    It is cut from the decoded and resampled waveform, so none has edges of its own from
    seeking or resampling.

    Parameters
    ----------
    source : path-like, bytes, ndarray or (y, sr) pair
        The track.
    sr : float
        Sampling rate at which it is cut, Hz; that of a bare array as well.
    offset : float, default=0.0
        Where the waveform that is cut begins in the track, seconds.
    duration : float, optional
        How long it is, seconds; None means up to the end.
    start : int, default=0
        The segment's first sample.
    length : int, optional
        Its length, samples; what lies beyond the end is silence. None means up to the end.
    decoder : callable, optional
        Reads the file instead of the built-in decoders.
    """

    source: Any
    sr: float
    offset: float = 0.0
    duration: float | None = None
    start: int = 0
    length: int | None = None
    decoder: Any = None

    @property
    def cut(self) -> tuple[Any, ...]:
        """What decides, beside the track, which samples these are."""
        return self.sr, self.offset, self.duration, self.start, self.length

    def pair(self, read: Reader | None = None) -> tuple[NDArray[Any], float]:
        """The samples, of shape (n_samples,), and their rate; a file is decoded once for many."""
        if is_file(self.source):
            y = self._whole(read).slice(self.start, self.length)
        else:
            for downmix in hearings():
                (whole,) = self._read(read, downmix)
            y = whole[self.start :][: self.length]
            if isinstance(self.source, MatrixRow):
                y = y.view(MatrixRow)
        return y if self.length is None else fill(y, self.length), self.sr

    def blocks(
        self, read: Reader | None = None, downmix: Downmix | None = None
    ) -> Iterator[NDArray[Any]]:
        """The samples of a file from the first to the last, never all of them in memory."""
        waveform = self._whole(read)
        if downmix is not None:
            downmix.take(waveform.downmix)
        return waveform.blocks()

    def _whole(self, read: Reader | None) -> Waveform:
        """The waveform that is cut, of a file."""
        try:
            # Bytes know their hash, so that a thousand cuts of them do not cost a thousand sums.
            data = self.source.data if isinstance(self.source, Source) else self.source
            track = self.source if isinstance(data, bytes) else fingerprint(self.source)
        except (OSError, ValueError):
            return self._decode(read)  # it says what is wrong with the file
        key = (track, self.sr, self.offset, self.duration, id(self.decoder))
        return RECENT.get(key, lambda: self._decode(read), owner=self.decoder)

    def _decode(self, read: Reader | None) -> Waveform:
        """The waveform that is cut, and what was noted of its channels."""
        for downmix in hearings():
            waveform = Waveform(self._read(read, downmix))
            waveform.downmix = downmix
        return waveform

    def _read(self, read: Reader | None, downmix: Downmix) -> Iterator[NDArray[Any]]:
        """The waveform that is cut, from the track, by `read` or else `read_track`."""
        excerpt = Excerpt(((self.sr, self.sr),), self.offset, self.duration)
        read = read or read_track
        return (block for (block,) in read(self.source, excerpt, self.decoder, downmix))


def fill(y: NDArray[Any], length: int) -> NDArray[Any]:
    """Samples followed by silence up to a length."""
    return y if len(y) == length else np.pad(y, (0, length - len(y))).view(type(y))


class Excerpt(NamedTuple):
    """Which samples of a track are heard.

    Attributes
    ----------
    rates : tuple of (float, float)
        Sampling rates they are wanted at, each with that of bare arrays, Hz.
    offset, duration : float
        Where to begin and how much to read, seconds; None means up to the end.
    """

    rates: tuple[tuple[float, float], ...]
    offset: float = 0.0
    duration: float | None = None


def at_rate(frontend: Frontend, item: Any, decoder: Any = None) -> Frontend:
    """The front end itself, or at the track's own rate if that is what it asks for."""
    if not frontend.native:
        return frontend
    if isinstance(item, TrackSegment):
        sr = item.sr
    elif is_file(item):
        sr = native_rate(item, decoder=decoder)
    else:
        sr = item[1] if is_pair(item) else frontend.rates[1]
        _check_rate(sr)
    return replace(frontend, sr=sr, array_sr=frontend.rates[1], native=False)


def read_track(
    item: Any,
    excerpt: Excerpt,
    decoder: Any = None,
    downmix: Downmix | None = None,
    read: Reader | None = None,
) -> Iterator[tuple[NDArray[Any], ...]]:
    """Mono samples of a track, block by block, at each of the wanted rates."""
    # Gives generators and is none: each block would pass through one more.
    offset, duration = excerpt.offset, excerpt.duration
    downmix = Downmix() if downmix is None else downmix
    if isinstance(item, TrackSegment):
        everything = (excerpt, item.start, item.length) == (Excerpt(((item.sr, item.sr),)), 0, None)
        if everything and is_file(item.source):
            return ((block,) for block in item.blocks(read, downmix))  # at the one rate
        item = item.pair(read)
    if is_file(item):
        rates = [sr for sr, _ in excerpt.rates]
        how: dict[str, Any] = {"offset": offset, "duration": duration, "decoder": decoder}
        return stream_rates(item, rates, **how, downmix=downmix)
    samples, given = item if is_pair(item) else (item, None)
    # Noted once, however many rates there are.
    downmixes = chain([downmix], repeat(Downmix(downmix.channel)))
    cuts = [
        _cut(samples, native if given is None else given, sr, offset, duration, mix)
        for (sr, native), mix in zip(excerpt.rates, downmixes, strict=False)
    ]
    return (blocks for blocks in [tuple(cuts)])


def _cut(
    samples: Any,
    native: float,
    sr: float,
    offset: float,
    duration: float | None,
    downmix: Downmix,
) -> NDArray[Any]:
    """An excerpt of a waveform, at another rate."""
    _check_rate(native)
    channels = _channels(np.asarray(samples))
    try:
        start, count = frame_range(offset, duration, native, channels.shape[1])
    except (UnusableError, ValueError) as error:
        raise AudioDecodeError("<waveform>", str(error)) from error
    channels = channels[:, start:][:, :count]
    alone = len(channels) == 1 or downmix.channel is not None
    cut = channels[0] if alone else channels.mean(axis=0, dtype=channels.dtype)
    if isinstance(samples, MatrixRow):
        check_finite(cut)
    else:
        if not peak(cut) <= LOUDEST:
            check_finite(cut)  # among NaN nothing is the largest
            raise out_of_scale(cut)
        downmix.note(cut, channels, native)
    if native == sr:
        return cut
    if not RATES[0] <= native <= RATES[1]:
        raise _odd_rate(native)
    return np.concatenate([*resample_blocks([cut.astype(np.float32, copy=False)], native, sr)])


def _check_rate(sr: float) -> None:
    """Refuse a pair whose rate is none."""
    if not 0 < sr < float("inf"):
        raise AudioDecodeError("<waveform>", f"its sampling rate must be above 0, not {sr!r}")


def _odd_rate(sr: float) -> AudioDecodeError:
    """The error for a rate that no recording has: kHz would become as much memory as there is."""
    low, high = (f"{rate:,.0f}" for rate in RATES)
    reason = f"its sampling rate is {sr:g} Hz; from {low} to {high} are resampled"
    return AudioDecodeError("<waveform>", reason, hint="Give it in Hz, not in kHz")


def _channels(samples: NDArray[Any]) -> NDArray[Any]:
    """A waveform as (n_channels, n_samples); refuses what can't be one."""
    if samples.dtype.kind not in "fiu":
        reason = f"can't be read as audio: its samples are {samples.dtype}"
        raise AudioDecodeError("<waveform>", reason)
    if samples.dtype.kind != "f":
        raise AudioDecodeError(
            "<waveform>",
            f"samples are {samples.dtype}; divide integers by their full scale (32768 for int16) "
            "to get floats between -1 and 1",
        )
    if samples.ndim == 1:
        return samples[np.newaxis]
    if samples.ndim != 2:
        raise AudioDecodeError("<waveform>", f"has {samples.ndim} dimensions, expected 1 or 2")
    if not samples.shape[0]:
        raise AudioDecodeError("<waveform>", f"shape {samples.shape} has no channel")
    if samples.shape[0] > samples.shape[1]:
        raise AudioDecodeError(
            "<waveform>",
            f"shape {samples.shape} has more channels than samples; pass y.T, which is "
            "(n_channels, n_samples)",
        )
    return samples
