"""AAC, M4A and others, through what the system has: Core Audio on a Mac, by audioread.

audioread can't seek, so everything before an offset is decoded and thrown away, and it passes on 16
bits a sample.
"""

from __future__ import annotations

import functools
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    BLOCK_FRAMES,
    Decoded,
    beyond_end,
    check_format,
    frame_range,
    regroup,
)
from genrekit.formats import Encoded, open_binary

__all__ = ["decode", "version"]


@functools.cache
def backends() -> tuple[Any, ...]:
    """The backends that may be used here."""
    # GStreamer and the program ffmpeg, which audioread knows as well, follow playlists and
    # addresses, and it has no way to forbid that; its own reader of WAV and MAD would add nothing.
    if sys.platform != "darwin":
        return ()
    from audioread.macca import ExtAudioFile

    return (ExtAudioFile,)


def version() -> str:
    """Version of audioread and its backends; ImportError where there is none."""
    names = ", ".join(backend.__name__ for backend in backends())
    if not names:
        raise ImportError("audioread found no decoder on this system")
    return f"{metadata.version('audioread')} ({names})"


def decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode with a program or library of the system (a `Decoder`)."""
    import audioread

    with ExitStack() as stack:
        path = source if isinstance(source, str) else _write_to_file(source, stack)
        file = stack.enter_context(audioread.audio_open(path, backends=list(backends())))
        check_format(file.samplerate, file.channels)
        blocks = _blocks(file, stack.pop_all(), offset, duration)
    return Decoded(file.samplerate, blocks)


def _write_to_file(source: Encoded, stack: ExitStack) -> str:
    """Programs want a path; the file goes when the stack is closed."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="genrekit-"))
    path = Path(folder, "audio")
    with open_binary(source) as content, path.open("wb") as copy:
        shutil.copyfileobj(content, copy)
    return str(path)


def _blocks(
    file: Any, stack: ExitStack, offset: float, duration: float | None
) -> Iterator[NDArray[np.float32]]:
    """Decode everything up to where it may stop.

    No check that all came out: the length that audioread knows may be an estimate.
    """
    with stack:
        start, count = frame_range(offset, duration, file.samplerate, None)
        done = 0
        for block in regroup(_arrays(file, file.channels), start, count):
            done += len(block)
            yield block
        if not done and start:
            raise beyond_end(offset, file.duration)


def _arrays(buffers: Iterable[bytes], channels: int) -> Iterator[NDArray[np.float32]]:
    """Turn buffers of 16-bit samples into arrays; a buffer may end in the middle of a frame."""
    frame_bytes = 2 * channels
    held = bytearray()
    for buffer in buffers:
        held += buffer
        if len(held) >= BLOCK_FRAMES * frame_bytes:
            whole = len(held) - len(held) % frame_bytes
            yield _as_float(held[:whole], channels)
            del held[:whole]
    yield _as_float(held[: len(held) - len(held) % frame_bytes], channels)


def _as_float(samples: bytearray, channels: int) -> NDArray[np.float32]:
    """16-bit little-endian integers to [-1, 1)."""
    frames = np.frombuffer(samples, dtype="<i2").reshape(-1, channels)
    return frames.astype(np.float32) / np.float32(32768)
