"""What may be decoded: paths, bytes and file objects, brought to one form."""

from __future__ import annotations

import io
import os
import re
from functools import partial
from typing import IO, Any, NamedTuple, TypeAlias

from genrekit.audio._pipes import is_pipe, join_chunks, read_pipe
from genrekit.exceptions import AudioDecodeError
from genrekit.formats import open_binary
from genrekit.remote import RemoteFile, is_address

__all__ = ["AudioSource", "Source", "as_source", "file_path", "open_source", "without_pipe"]

_CHUNK = 1 << 20

# pathlib makes one slash of two; a single letter is a drive.
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


class Source(NamedTuple):
    """Something to decode: what decoders get, and what error messages call it."""

    data: str | bytes | RemoteFile
    name: str


AudioSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Source
)


def as_source(source: Any) -> Source:
    """Bring a path, bytes or a binary file object to one form."""
    if isinstance(source, Source):
        return source
    if isinstance(source, (str, os.PathLike)):
        path = file_path(source)
        if is_address(path):
            remote = RemoteFile(path)
            return Source(remote, remote.name)
        return Source(path, path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Source(bytes(source), "<bytes>")
    if callable(getattr(source, "read", None)):
        return _read_file_object(source)
    raise TypeError(
        "an audio source must be a path, bytes or a file object opened in binary mode, "
        f"not {type(source).__name__}"
    )


def file_path(path: str | os.PathLike[Any]) -> str:
    """A path as a string, with the home folder in place of ``~``."""
    return os.path.expanduser(os.fsdecode(path))


def without_pipe(source: Source) -> Source:
    """The source itself, or what came through the pipe that it names."""
    if not isinstance(source.data, str) or not is_pipe(source.data):
        return source
    try:
        return source._replace(data=read_pipe(source.data))
    except OSError as error:
        raise _unopened(source.name, error) from error


def _read_file_object(file: Any) -> Source:
    """What a file object gives; whatever it raises is said of it."""
    name = _name_of(file)
    try:
        data = _content(file, name)
    except (AudioDecodeError, TypeError):
        raise
    except Exception as error:
        reason = f"it can't be read: {error or type(error).__name__}"
        raise AudioDecodeError(name, reason) from error
    return Source(data, name)


def _content(file: Any, name: str) -> bytes:
    """Read from the current position, and go back there so that the object can be read again."""
    seekable = callable(getattr(file, "seekable", None)) and file.seekable()
    position = file.tell() if seekable else None
    data = join_chunks(iter(partial(file.read, _CHUNK), b""), name)
    if position is not None:
        file.seek(position)
    return data


def _name_of(file: Any) -> str:
    """A file object's path, if it has one; `name` is a number for some."""
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else "<file object>"


def open_source(source: Source) -> io.BufferedReader | io.BytesIO:
    """Open what must hold bytes; `AudioDecodeError` with the plain reason where it can't be."""
    try:
        file = open_binary(source.data)
        empty = not file.read(1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _unopened(source.name, error) from error
    if empty:
        file.close()
        raise AudioDecodeError(source.name, "it is empty (0 bytes)")
    return file


def _unopened(name: str, error: Exception) -> AudioDecodeError:
    """The error for what could not be opened, in plain words."""
    if isinstance(error, FileNotFoundError):
        return AudioDecodeError(name, "there is no such file", hint=_hint(name))
    if isinstance(error, IsADirectoryError):
        reason = "it is a directory, not a file"
    elif isinstance(error, PermissionError):
        reason = "permission to read it is denied"
    else:
        reason = f"it can't be opened: {getattr(error, 'strerror', None) or error}"
    return AudioDecodeError(name, reason)


def _hint(name: str) -> str:
    """What to do about a path that is an address."""
    address = _ADDRESS.match(name)
    if address is None:
        return ""
    if address[1].lower() != "file":
        return f"Pass an address as text: pathlib makes {address[1]}:/ of {address[1]}://"
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # takes long to import

    return f"Pass the path alone: {url2pathname(urlsplit(name).path)}"
