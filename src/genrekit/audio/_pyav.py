"""AAC, M4A, WMA and whatever else FFmpeg reads, through PyAV, whose wheel carries FFmpeg."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib import metadata
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    Decoded,
    UnusableError,
    beyond_end,
    check_complete,
    check_format,
    frame_range,
    regroup,
)
from genrekit.audio._joined import decode_all
from genrekit.formats import Encoded, Untagged, demuxer_of, open_binary

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

__all__ = ["decode", "version"]

# Seek this much too early, in seconds: a lossy decoder needs a few packets before it is right.
_PREROLL = 0.5

# Containers whose length is a count, not an estimate from the bit rate or from all streams.
_COUNTED = ("mov", "flac")


class _Opened(NamedTuple):
    """A container, its audio stream, and the frames from the first one on."""

    container: InputContainer
    stream: av.AudioStream
    first: av.AudioFrame
    rest: Iterator[av.AudioFrame]


def version() -> str:
    """Version of PyAV; ImportError without it."""
    # Not imported before a file needs it: that takes longer than to decode a short one.
    return metadata.version("av")


def decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode with FFmpeg inside PyAV (a `Decoder`)."""
    return decode_all(_decode, source, offset=offset, duration=duration)


def _decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode what FFmpeg takes for the whole file."""
    with ExitStack() as stack:
        opened = _open(source, stack)
        blocks = _blocks(opened, stack.pop_all(), offset, duration)
    return Decoded(opened.first.sample_rate, blocks)


def _open(source: Encoded, stack: ExitStack) -> _Opened:
    """Open and decode one frame: the rate in the header of an HE-AAC file may be half the real."""
    demuxer = demuxer_of(source)
    file = open_binary(source)
    stack.enter_context(file)
    container = stack.enter_context(_open_container(Untagged(file), demuxer))
    if not container.streams.audio:
        raise ValueError("it has no audio stream")
    stream = container.streams.audio[0]
    frames = container.decode(stream)
    first = next(frames, None)
    if first is None:
        raise ValueError("no frame of its audio stream could be decoded")
    check_format(first.sample_rate, first.layout.nb_channels)
    return _Opened(container, stream, first, frames)


def _open_container(file: Untagged, demuxer: str) -> InputContainer:
    """Open with one demuxer, nothing but the bytes at hand, and whatever is in the tags."""
    import av

    # Before PyAV 19 a tag that is not UTF-8 is an error unless told otherwise; 19 has no such
    # option.
    options: dict[str, Any] = {}
    if int(av.__version__.split(".")[0]) < 19:
        options["metadata_errors"] = "ignore"
    # The file is open already; whatever it names, there is no way to it.
    options["container_options"] = {"protocol_whitelist": "none"}
    return av.open(file, "r", format=demuxer, **options)


def _blocks(
    opened: _Opened, stack: ExitStack, offset: float, duration: float | None
) -> Iterator[NDArray[np.float32]]:
    """Seek, decode, and see whether anything is missing."""
    with stack:
        sr = opened.first.sample_rate
        promised = _promised_frames(opened)
        start, count = frame_range(offset, duration, sr, promised)
        if promised is not None:
            # Encoders fill up the last packet; newer releases of FFmpeg cut that off themselves.
            count = promised - start if count is None else min(count, promised - start)
        frames, position = _seek(opened, offset) if start else (_all_frames(opened), 0)
        done = 0
        for block in regroup(_arrays(frames, sr), max(start - position, 0), count):
            done += len(block)
            yield block
        if not done and start:
            raise beyond_end(offset, _seconds(opened.container))
        if promised is not None and count is not None:
            check_complete(done, count, sr)


def _promised_frames(opened: _Opened) -> int | None:
    """How many frames there should be, where the container counts them."""
    stream = opened.stream
    counted = opened.container.format.name.startswith(_COUNTED)
    if not counted or stream.duration is None or stream.time_base is None:
        return None
    return round(stream.duration * stream.time_base * opened.first.sample_rate)


def _seconds(container: InputContainer) -> float | None:
    """Length of the file, perhaps estimated."""
    return None if container.duration is None else container.duration / 1e6


def _all_frames(opened: _Opened) -> Iterator[av.AudioFrame]:
    """Every frame of the stream."""
    return chain([opened.first], opened.rest)


def _seek(opened: _Opened, offset: float) -> tuple[Iterable[av.AudioFrame], int]:
    """The frames from a little before `offset` on, and at which sample they start.

    Times count from the first frame that comes out when decoding from the start, since encoder
    delay gives that a time stamp other than 0. Matroska and ASF round time stamps to 1 ms, and so
    does this there.
    """
    container, stream, first, _ = opened
    origin = _time(first)
    target = max(origin + offset - _PREROLL, 0.0)
    container.seek(int(target / (stream.time_base or 1)), stream=stream)
    frames = container.decode(stream)
    landed = next(frames, None)
    if landed is None:
        return [], 0
    return chain([landed], frames), round((_time(landed) - origin) * first.sample_rate)


def _time(frame: av.AudioFrame) -> float:
    """Time stamp of a frame, in seconds."""
    if frame.pts is None or frame.time_base is None:
        raise ValueError("its frames have no time stamps, so it can't be read from an offset")
    return float(frame.pts * frame.time_base)


def _arrays(frames: Iterable[av.AudioFrame], sr: int) -> Iterator[NDArray[np.float32]]:
    """The samples of each frame, as float32 of shape (n_frames, n_channels)."""
    for frame in frames:
        if frame.sample_rate != sr:
            raise UnusableError(f"its rate changes from {sr} to {frame.sample_rate} Hz on the way")
        samples = frame.to_ndarray()
        channels = frame.layout.nb_channels
        yield _as_float(samples.T if frame.format.is_planar else samples.reshape(-1, channels))


def _as_float(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Bring integers to [-1, 1); 8-bit ones are unsigned."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    half = np.float32(2.0 ** (8 * samples.dtype.itemsize - 1))
    centre = half if samples.dtype.kind == "u" else np.float32(0)
    return (samples.astype(np.float32) - centre) / half
