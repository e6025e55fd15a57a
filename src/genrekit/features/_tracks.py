"""The items of a collection: what counts as a track, and its samples block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import resample_blocks, stream_audio
from genrekit.exceptions import AudioDecodeError
from genrekit.features._spectra import Frontend, check_finite

__all__ = ["fingerprint", "is_file", "is_pair", "is_track", "label", "read_track"]


def is_file(item: Any) -> bool:
    """Path, bytes or binary file object."""
    return isinstance(item, (str, os.PathLike, bytes, bytearray, memoryview)) or hasattr(
        item, "read"
    )


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
    return is_file(item) or is_pair(item) or isinstance(item, np.ndarray)


def label(item: Any, index: int) -> str:
    """How messages name an item."""
    if isinstance(item, (str, os.PathLike)):
        return os.fspath(item)
    if isinstance(item, (bytes, bytearray, memoryview)):
        return f"<bytes, item {index}>"
    return f"<{'file' if hasattr(item, 'read') else 'waveform'}, item {index}>"


def fingerprint(item: Any) -> tuple[Any, ...]:
    """What tells a track from another without decoding it."""
    if isinstance(item, (str, os.PathLike)):
        status = os.stat(item)
        return os.path.abspath(item), status.st_size, status.st_mtime_ns
    if hasattr(item, "read"):
        position = item.tell()
        content = item.read()
        item.seek(position)
        return ("file", content)
    return ("data", bytes(item) if isinstance(item, memoryview) else item)


def read_track(item: Any, frontend: Frontend, decoder: Any = None) -> Iterator[NDArray[Any]]:
    """Mono samples of a track at the front end's rate, from its offset for its duration."""
    sr, offset, duration = frontend.sr, frontend.offset, frontend.duration
    if is_file(item):
        yield from stream_audio(item, sr=sr, offset=offset, duration=duration, decoder=decoder)
        return
    samples, native = item if is_pair(item) else (item, sr)
    if not 0 < native < float("inf"):
        raise AudioDecodeError("<waveform>", f"its sampling rate must be above 0, not {native!r}")
    mono = _to_mono(samples)
    first = round(offset * native)
    last = None if duration is None else first + round(duration * native)
    cut = mono[first:last]
    check_finite(cut)
    if not len(cut):
        reason = f"offset={offset} s lies beyond its {len(mono) / native:.2f} s"
        raise AudioDecodeError("<waveform>", reason if len(mono) else "it holds no samples")
    if native == sr:
        yield cut
    else:
        yield from resample_blocks([cut.astype(np.float32, copy=False)], native, sr)


def _to_mono(samples: Any) -> NDArray[Any]:
    """Mean over channels; refuses what can't be a waveform."""
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "fiu":
        raise AudioDecodeError("<waveform>", f"can't be read as audio: {type(samples).__name__}")
    if samples.dtype.kind != "f":
        raise AudioDecodeError(
            "<waveform>",
            f"samples are {samples.dtype}; divide integers by their full scale (32768 for int16) "
            "to get floats between -1 and 1",
        )
    if samples.ndim == 1:
        return samples
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
    return samples.mean(axis=0, dtype=samples.dtype)
