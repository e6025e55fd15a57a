"""The bytes of a file, or of what stands for one."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

__all__ = ["open_binary", "size_of"]


def open_binary(data: str | bytes) -> io.BufferedReader | io.BytesIO:
    """Open the encoded bytes for reading."""
    return open(data, "rb") if isinstance(data, str) else io.BytesIO(data)


def size_of(file: BinaryIO) -> int:
    """Length of an open file in bytes; the position goes back to the start."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
