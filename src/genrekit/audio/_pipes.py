"""What can't seek: pipes, devices, sockets. Read once, whole, up to a limit, and then kept."""

from __future__ import annotations

import os
import select
import stat
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from genrekit.exceptions import AudioDecodeError

__all__ = ["MAX_STREAM", "is_pipe", "join_chunks", "read_pipe"]

# Bytes: 100 minutes of a CD, uncompressed.
MAX_STREAM = 1 << 30
_CHUNK = 1 << 20
# Seconds without a byte after which nobody is taken to write.
_PATIENCE = 60.0

# What came through the pipes of this process, by path and inode. Whoever asks again (for the rate,
# for another pass over the tracks) finds the pipe empty.
_READ: dict[tuple[str, int, int], bytes] = {}
_LOCK = threading.Lock()


def is_pipe(path: str) -> bool:
    """Whether the path names something that can be read only once (on Windows nothing does)."""
    if not hasattr(os, "O_NONBLOCK"):
        return False
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False  # opening it will tell why
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def read_pipe(path: str) -> bytes:
    """Everything that comes through a pipe; of the process's own ones, also when asked again."""
    status = os.stat(path)
    key = (path, status.st_dev, status.st_ino)
    with _LOCK:
        if key not in _READ:
            data = join_chunks(_chunks(path), path)
            if not path.startswith(("/dev/", "/proc/")):
                return data  # others may write to a named pipe again
            while _READ and sum(map(len, _READ.values())) + len(data) > MAX_STREAM:
                del _READ[next(iter(_READ))]
            _READ[key] = data
        return _READ[key]


def join_chunks(chunks: Iterable[Any], name: str) -> bytes:
    """Join what comes piece by piece; `AudioDecodeError` if it is too much."""
    data = bytearray()
    for chunk in chunks:
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise TypeError(f"open {name} in binary mode ('rb'): it gave {type(chunk)}")
        data += chunk
        if len(data) > MAX_STREAM:
            reason = f"more than {MAX_STREAM >> 20} MB come out of it: pass the path of a file"
            raise AudioDecodeError(name, reason)
    return bytes(data)


def _chunks(path: str) -> Iterator[bytes]:
    """What comes through a pipe, until its end."""
    # Without O_NONBLOCK, opening a pipe that nobody writes to never ends.
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        if pipe.isatty():
            raise AudioDecodeError(path, "it is a terminal: send a file into it")
        while True:
            _wait(pipe.fileno(), path)
            chunk = pipe.read(_CHUNK)
            if chunk == b"":
                return
            yield chunk or b""  # None: another reader was faster


def _wait(descriptor: int, path: str) -> None:
    """Wait until something can be read."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(1000 * _PATIENCE):
        reason = f"nothing has come through it for {_PATIENCE:g} s: does a program write to it?"
        raise AudioDecodeError(path, reason)
