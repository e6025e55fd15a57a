"""The bytes of a file, or of what stands for one."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, Protocol, TypeAlias

__all__ = ["Encoded", "Openable", "open_binary", "size_of"]


class Openable(Protocol):
    """What stands for a file that is elsewhere."""

    def open(self) -> io.BufferedReader:
        """Open it for reading."""


# Where encoded sound is: a path, the content itself, or what opens it.
Encoded: TypeAlias = str | bytes | Openable


def open_binary(data: Encoded) -> io.BufferedReader | io.BytesIO:
    """Open the encoded bytes for reading."""
    if isinstance(data, bytes):
        return io.BytesIO(data)
    return open(data, "rb") if isinstance(data, str) else data.open()


def size_of(file: BinaryIO) -> int:
    """Length of an open file in bytes; the position goes back to the start."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
