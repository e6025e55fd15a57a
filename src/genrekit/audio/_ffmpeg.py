"""AAC, M4A, WMA and whatever else FFmpeg reads, through the program ``ffmpeg`` on the PATH.

The last resort: to start it takes longer than to decode a short file.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio._decoder import (
    BLOCK_FRAMES,
    Decoded,
    UnusableError,
    beyond_end,
    check_format,
    frame_range,
    regroup,
)
from genrekit.formats import Encoded, Untagged, demuxer_of, open_binary

__all__ = ["decode", "version"]

# The header of what it writes, big-endian: magic, offset of the samples, their size, their
# encoding, rate, channels.
_HEADER = struct.Struct(">4s5I")


def version() -> str:
    """Version of the program; ImportError without it."""
    try:
        told = subprocess.run([_program(), "-version"], capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImportError(f"ffmpeg does not run: {error}") from error
    return told.stdout.removeprefix("ffmpeg version ").split(" ")[0]


def _program() -> str:
    """Where the program is."""
    found = shutil.which("ffmpeg")
    if found is None:
        raise FileNotFoundError("the program ffmpeg is not on the PATH")
    return found


def decode(source: Encoded, *, offset: float, duration: float | None) -> Decoded:
    """Decode with the program (a `Decoder`)."""
    demuxer = demuxer_of(source)
    with ExitStack() as stack:
        run = _start(demuxer, _path_of(source, stack), stack)
        blocks = _blocks(run, stack.pop_all(), offset, duration)
    return Decoded(run.sr, blocks)


def _path_of(source: Encoded, stack: ExitStack) -> str:
    """Where the file stands without tags, which few containers know; a pipe could not seek."""
    with open_binary(source) as file:
        untagged = Untagged(file)
        if isinstance(source, str) and untagged.is_whole():
            return source
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="genrekit-"))
        path = Path(folder, "audio")
        with path.open("wb") as copy:
            untagged.seek(0)
            shutil.copyfileobj(untagged, copy)
    return str(path)


class _Run(NamedTuple):
    """The program at work: where its samples come from, and what they are."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    sr: int
    channels: int


def _start(demuxer: str, path: str, stack: ExitStack) -> _Run:
    """Start the program and read the header of what it writes."""
    # Complaints go into a file, which need not be emptied while samples are read.
    complaints = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    # One protocol and one demuxer: whatever the file says, it is the only one that is opened. Where
    # the channels change on the way it would mix them to those of the start, louder or softer.
    command = [_program(), "-nostdin", "-v", "error"]
    command += [
        "-protocol_whitelist",
        "file",
        "-reinit_filter",
        "0",
        "-f",
        demuxer,
        "-i",
        f"file:{path}",
    ]
    command += ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    process = stack.enter_context(
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
        )
    )
    stack.callback(process.kill)
    header = _read(process, _HEADER.size)
    if len(header) < _HEADER.size:
        raise ValueError(_last_words(process, complaints))
    _, start, _, _, sr, channels = _HEADER.unpack(header)
    check_format(sr, channels)
    _read(process, start - _HEADER.size)
    return _Run(process, complaints, sr, channels)


def _read(process: subprocess.Popen[bytes], size: int) -> bytes:
    """So many bytes of what it writes, fewer at the end."""
    return process.stdout.read(size) if process.stdout else b""


def _last_words(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> str:
    """What it said before it gave up."""
    process.wait()
    complaints.seek(0)
    text = complaints.read().decode(errors="replace")
    if "on the fly is not supported" in text:
        raise UnusableError("its rate or its number of channels changes on the way")
    words = next((line.strip() for line in text.split("\n")[::-1] if line.strip()), "it gave up")
    # The name of the file stands in the message anyway.
    return re.sub("^file:.*: ", "", words)


def _arrays(run: _Run) -> Iterator[NDArray[np.float32]]:
    """All samples, of shape (n_frames, n_channels)."""
    frame = 4 * run.channels
    while content := _read(run.process, BLOCK_FRAMES * frame):
        samples = np.frombuffer(content[: len(content) // frame * frame], dtype=">f4")
        yield samples.astype(np.float32).reshape(-1, run.channels)
    if run.process.wait():
        raise ValueError(_last_words(run.process, run.complaints))


def _blocks(
    run: _Run, stack: ExitStack, offset: float, duration: float | None
) -> Iterator[NDArray[np.float32]]:
    """Decode everything up to where it may stop: where it seeks to is not exact in all formats."""
    with stack:
        start, count = frame_range(offset, duration, run.sr, None)
        done = 0
        for block in regroup(_arrays(run), start, count):
            done += len(block)
            yield block
        if not done and start:
            raise beyond_end(offset, None)
