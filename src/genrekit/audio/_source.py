"""What may be decoded: paths, bytes and file objects, brought to one form."""

from __future__ import annotations

import io
import os
from typing import IO, Any, BinaryIO, NamedTuple, TypeAlias

from genrekit.exceptions import AudioDecodeError

__all__ = ["AudioSource", "Source", "as_source", "check_readable", "open_binary", "size_of"]


AudioSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]


class Source(NamedTuple):
    """Something to decode: what decoders get, and what error messages call it."""

    data: str | bytes
    name: str


def as_source(source: Any) -> Source:
    """Bring a path, bytes or a binary file object to one form."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fsdecode(source)
        return Source(path, path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Source(bytes(source), "<bytes>")
    if callable(getattr(source, "read", None)):
        return _read_file_object(source)
    raise TypeError(
        "an audio source must be a path, bytes or a file object opened in binary mode, "
        f"not {type(source).__name__}"
    )


def _read_file_object(file: Any) -> Source:
    """Read from the current position, and go back there so that the object can be read again."""
    seekable = callable(getattr(file, "seekable", None)) and file.seekable()
    position = file.tell() if seekable else None
    data = file.read()
    if position is not None:
        file.seek(position)
    if not isinstance(data, bytes):
        raise TypeError(f"open {_name_of(file)} in binary mode ('rb'): it gave {type(data)}")
    return Source(data, _name_of(file))


def _name_of(file: Any) -> str:
    """A file object's path, if it has one; `name` is a number for some."""
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else "<file object>"


def open_binary(data: str | bytes) -> io.BufferedReader | io.BytesIO:
    """Open the encoded bytes for reading."""
    return open(data, "rb") if isinstance(data, str) else io.BytesIO(data)


def size_of(file: BinaryIO) -> int:
    """Length of an open file in bytes; the position goes back to the start."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def check_readable(source: Source) -> None:
    """Raise `AudioDecodeError` with the plain reason if there are no bytes to decode."""
    try:
        with open_binary(source.data) as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise AudioDecodeError(source.name, "there is no such file") from None
    except IsADirectoryError:
        raise AudioDecodeError(source.name, "it is a directory, not a file") from None
    except PermissionError:
        raise AudioDecodeError(source.name, "permission to read it is denied") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioDecodeError(source.name, f"it can't be opened: {reason}") from error
    if empty:
        raise AudioDecodeError(source.name, "it is empty (0 bytes)")
