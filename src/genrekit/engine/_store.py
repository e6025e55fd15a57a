"""Arrays kept on disk by name: numbers only, written aside and moved into place.

Nothing in the folder is believed. An entry is what `numpy.save` writes and a checksum: no pickle,
no other types than floats, no more memory than the file has bytes. So whoever can write there can
at most give wrong numbers (under a name and with a checksum that fit), and run nothing.
"""

from __future__ import annotations

import io
import math
import os
import re
import stat
import uuid
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genrekit.remote import refuse_address

__all__ = ["LARGEST", "Store", "fits", "open_store"]

# A folder is kept under this size, the oldest entries going first. A description takes some kB, so
# this holds those of some 100,000 tracks.
_LIMIT = "2G"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# Bytes of arrays that an entry holds at most: 25 minutes at 22050 Hz. They are whole in memory.
LARGEST = 1 << 27
# What an entry takes beside them, at most.
_HEADERS = 1 << 16
# An entry, and one that is being written; nothing else in the folder is ever touched.
_NAME = re.compile(r"[0-9a-f]{40}\.npy(\.[0-9a-f]{32})?")
_DTYPES = (np.dtype("<f4"), np.dtype("<f8"))


class Store:
    """A folder of entries, which several processes may read and write.

    Parameters
    ----------
    folder : str
        Where entries lie; made when the first is written.
    limit : int
        Bytes that they may take.
    """

    def __init__(self, folder: str, limit: int) -> None:
        self.folder, self.limit = folder, limit

    def get(self, name: str) -> list[NDArray[Any]] | None:
        """The arrays under a name, read-only; None if there are none that can be believed."""
        try:
            with open(self._path(name), "rb", buffering=0, opener=_open_plainly) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST + _HEADERS:
                    return None
                content = file.read(status.st_size)
            return _unpacked(content)
        except Exception:  # whatever is wrong with an entry, it is as good as none
            return None

    def put(self, name: str, arrays: Iterable[NDArray[Any]]) -> int:
        """Keep arrays of float32 or float64 under a name; the bytes that it took, or `OSError`."""
        path = self._path(name)
        aside = f"{path}.{uuid.uuid4().hex}"
        try:
            with self._create(aside) as file:
                for chunk in _packed(arrays):
                    file.write(chunk)
                size = file.tell()
            os.replace(aside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside)
            raise
        return size

    def trim(self) -> None:
        """Bring the folder back under its size."""
        entries = sorted(self._entries())
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, path in entries:
            if excess <= 0:
                break
            with suppress(OSError):  # another process was faster
                os.unlink(path)
            excess -= size

    def _path(self, name: str) -> str:
        """Where an entry lies."""
        return os.path.join(self.folder, f"{name}.npy")

    def _create(self, path: str) -> IO[bytes]:
        """A new file, in a folder that may be new too, or gone since the last one."""
        try:
            return open(path, "xb")
        except FileNotFoundError:
            os.makedirs(self.folder, exist_ok=True)
            return open(path, "xb")

    def _entries(self) -> Iterator[tuple[int, int, str]]:
        """When each entry was last read, its size and its path."""
        with suppress(OSError), os.scandir(self.folder) as listing:
            for entry in listing:
                if not _NAME.fullmatch(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    yield status.st_atime_ns, status.st_size, entry.path


def fits(arrays: Iterable[NDArray[Any]]) -> bool:
    """Whether arrays are such as `Store.get` would give back."""
    size = 0
    for array in arrays:
        if array.dtype.newbyteorder("<") not in _DTYPES:
            return False
        size += array.nbytes
    return size <= LARGEST


def open_store(memory: Any) -> Store | None:
    """The store in what a user passed as `memory`; None for no memory.

    Parameters
    ----------
    memory : None, str, path or joblib.Memory
        Where to keep entries. Of a `joblib.Memory` only its location counts.

    Returns
    -------
    Store or None
        In a folder `genrekit` of its own there.
    """
    location = memory if memory is None or _is_path(memory) else _location(memory)
    if location is None:
        return None
    if not os.fspath(location):
        raise ValueError("memory='' names no folder: pass a path, '.' for this one, or None")
    refuse_address(location, "memory=")
    folder = os.path.abspath(os.path.expanduser(os.fspath(location)))
    return Store(os.path.join(folder, "genrekit"), _size_limit())


def _is_path(memory: Any) -> bool:
    """A string or a path."""
    return isinstance(memory, (str, os.PathLike))


def _location(memory: Any) -> Any:
    """Where a `joblib.Memory` keeps what it keeps, None for nowhere."""
    location = getattr(memory, "location", memory)
    if location is None or _is_path(location):
        return location
    raise TypeError(f"memory must be the path of a folder or a joblib.Memory, not {memory!r}")


def _size_limit() -> int:
    """Bytes that a folder may hold."""
    size = os.environ.get("GENREKIT_CACHE_SIZE", _LIMIT)
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)", size.upper())
    if parts is None:
        message = f"GENREKIT_CACHE_SIZE must be a number and K, M or G, such as 500M, not {size!r}"
        raise ValueError(message)
    return int(float(parts[1]) * _UNITS[parts[2]])


def _open_plainly(path: str, flags: int) -> int:
    """Open a file, but no link and nothing that would wait for somebody; Windows has neither."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _packed(arrays: Iterable[NDArray[Any]]) -> Iterator[Any]:
    """The bytes of an entry: each array as `numpy.save` writes it, then their checksum."""
    checksum = 0
    for array in arrays:
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, np.lib.format.header_data_from_array_1_0(array)
        )
        for chunk in (header.getvalue(), array.reshape(-1).view(np.uint8).data):
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
    yield checksum.to_bytes(4, "little")


def _unpacked(content: bytes) -> list[NDArray[Any]] | None:
    """The arrays in an entry, which share its memory; None if it is not what was written."""
    body = memoryview(content)[:-4]
    if zlib.crc32(body).to_bytes(4, "little") != content[-4:]:
        return None
    arrays, file = [], io.BytesIO(content)
    while file.tell() < len(body):
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype not in _DTYPES:
            return None
        # `frombuffer` refuses a count beyond the bytes, where `numpy.load` first takes the memory.
        count = math.prod(shape)
        start = file.tell()
        values = np.frombuffer(body[start : start + count * dtype.itemsize], dtype)
        arrays.append(values.reshape(shape))
        file.seek(values.nbytes, os.SEEK_CUR)
    return arrays
