"""The rows of a table of genres that is not finished: a file beside it, a line a row."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from genrekit._genre_rows import Asked, GenreRow
from genrekit._text import from_name, to_name
from genrekit._version import __version__
from genrekit.shards import locked_file

__all__ = ["Part", "open_part"]

_FORMAT = 1


class Part:
    """Rows as they come, on disk each as soon as it is there; `open_part` gives one.

    Its first line says what the rows are of. Whoever is killed leaves a line that is not whole: it
    is left out and written over.

    Parameters
    ----------
    path : Path
        Where it is.
    file : binary file object
        Opened to be appended to; nobody else writes into it.
    asked : Asked
        What the rows must be of.

    Attributes
    ----------
    rows : list of GenreRow
        Those that were there.

    Raises
    ------
    ValueError
        If they are of something else.
    """

    def __init__(self, path: Path, file: IO[bytes], asked: Asked) -> None:
        self._path, self._file = path, file
        self._lock, self._open = threading.Lock(), True
        self._is_left = False
        self.rows: list[GenreRow] = []
        self._size = 0
        file.seek(0)
        for line in file:
            if not self._take(line, asked):
                break
        os.truncate(file.fileno(), self._size)
        self._asked = {"genrekit": __version__, "format": _FORMAT, **asked._asdict()}

    def append(self, row: GenreRow) -> None:
        """Write a row; from any thread, and in vain once it is closed.

        Parameters
        ----------
        row : GenreRow
            The row.

        Raises
        ------
        OSError
            If it can't be written, as on a full disk; the rows before it stay.
        """
        with self._lock:
            if self._open and not self._size:
                self._write(self._asked)
            if self._open:
                self._write(row._replace(path=to_name(row.path))._asdict())

    def close(self) -> None:
        """Take no more rows; without any it goes."""
        with self._lock:
            self._open = False
        if not self._size:
            self.remove()

    def remove(self) -> None:
        """Take it away: all rows stand elsewhere."""
        try:
            self._path.unlink()
        except OSError:  # Windows keeps what is open
            self._is_left = True

    def sweep(self) -> None:
        """Take it away when it is not open any more, where that could not be done before."""
        if self._is_left:
            with suppress(OSError):
                self._path.unlink()

    def _take(self, line: bytes, asked: Asked) -> bool:
        """Read a line; whether it is whole."""
        try:
            found: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        except ValueError:
            found = {}
        if self._size and found:
            top = [(genre, share) for genre, share in found["top"]]
            self.rows.append(GenreRow(**{**found, "path": from_name(found["path"]), "top": top}))
        elif found:
            self._check(found, asked)
        self._size += len(line) if found else 0
        return bool(found)

    def _check(self, found: dict[str, Any], asked: Asked) -> None:
        """Refuse a file whose first line says that it is something else."""
        if found.get("format") != _FORMAT:
            raise ValueError(f"{self._path}: not of this genrekit: remove it, or take another name")
        label = asked._replace(model=found["model"], key=found["key"]).label
        asked.check_same(self._path, label, found["top_k"])

    def _write(self, found: dict[str, Any]) -> None:
        """Append a line."""
        data = json.dumps(found).encode() + b"\n"
        try:
            # Not through a buffer, which would try again when it is closed.
            if os.write(self._file.fileno(), data) < len(data):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._open = False
            with suppress(OSError):
                os.truncate(self._file.fileno(), self._size)
            reason = f"{self._path}: can't be written: {error.strerror or error}"
            failure = type(error)(f"{reason}; the rows before stay, and the next run goes on there")
            failure.errno = error.errno
            raise failure from error
        self._size += len(data)


@contextmanager
def open_part(path: Path, asked: Asked) -> Iterator[Part]:
    """The rows of a table that is not finished, for the only run that writes it.

    Parameters
    ----------
    path : Path
        Where the table is to be.
    asked : Asked
        What its rows are of.

    Yields
    ------
    Part
        The rows.

    Raises
    ------
    BlockingIOError
        If another run writes it.
    ValueError
        If there are rows of something else.
    """
    part = path.with_name(f"{path.name}.part")
    lease = path.with_name(f".{path.name}.lease")
    refusal = f"{path}: another run writes it: wait until it has ended, or write into another file"
    with locked_file(part, lease, refusal) as file:
        opened = Part(part, file, asked)
        try:
            yield opened
        finally:
            opened.close()
    opened.sweep()
