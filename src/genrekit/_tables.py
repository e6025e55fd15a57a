"""Tables out: as text for people, as files for programs, and never half a file."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genrekit._text import printable, to_cell, to_name

__all__ = [
    "TABLE_SUFFIXES",
    "Append",
    "TrackTable",
    "atomic_path",
    "check_writable",
    "csv_text",
    "growing_table",
    "make_folder",
    "need_pandas",
    "sync_folder",
    "text_table",
    "write_or_keep",
]

Append = Callable[[np.ndarray | None, str], None]
"""Takes the features of the next track, or None, and why there are none, or ``""``."""

_PROBE = 4096  # bytes: an empty file may fit on a full disk


class TrackTable(NamedTuple):
    """One row a track: where it is, what it is, its features, what went wrong.

    Attributes
    ----------
    paths : sequence of str
        The files.
    genres : sequence of str
        Their genres; when all are ``""`` the written table has no such column.
    names : sequence of str
        The names of the features.
    values : ndarray of shape (n_tracks, n_features)
        The features, NaN where a file gave none.
    errors : sequence of str
        Why a file gave none, ``""`` where it did.
    """

    paths: Sequence[str]
    genres: Sequence[str]
    names: Sequence[str]
    values: np.ndarray
    errors: Sequence[str]

    def write(self, path: Path) -> None:
        """Write the table in the format that the path's ending names, whole or not at all."""
        with atomic_path(path) as temporary:
            _WRITERS[path.suffix.lower()](self, temporary)

    def labels(self) -> dict[str, list[str]]:
        """The columns that say which track it is, as CSV and Parquet hold them."""
        genres = {"genre": list(map(to_name, self.genres))} if any(self.genres) else {}
        return {"path": list(map(to_name, self.paths)), **genres}

    def reasons(self) -> list[str]:
        """The column that says what went wrong, one line in each cell."""
        return list(map(printable, self.errors))


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    target = Path(os.path.realpath(path))  # what a link leads to is written, the link stays
    with _beside(path, target) as temporary:
        yield temporary
        _sync(temporary, os.O_RDWR)  # or the name may stand for nothing when the power fails
        os.replace(temporary, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names of new files to disk too, where a folder can be opened."""
    with suppress(OSError):
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    """Bring a file or folder to disk."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_writable(path: Path) -> None:
    """Find out before hours of work that a file can't be written at its end."""
    target = Path(os.path.realpath(path))
    if not os.path.isdir(target.parent):
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}; make it first")
    with _beside(path, target) as temporary:
        with suppress(FileNotFoundError):
            _check_regular(path, target.stat().st_mode)
        temporary.write_bytes(bytes(_PROBE))
    if path.suffix.lower() == ".parquet":
        need_pandas()


def _check_regular(path: Path, mode: int) -> None:
    """Refuse to write over what is no file; a rename would replace a device."""
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise FileExistsError(f"it is {kind}")


@contextmanager
def _beside(path: Path, target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that is gone afterwards; errors name `path` instead."""
    temporary = _part_of(target)
    try:
        yield temporary
    except OSError as error:
        raise _failure(path, temporary, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _part_of(target: Path) -> Path:
    """A temporary path beside a target."""
    # In the same folder, because a rename is only atomic within one file system. The name is
    # short, because that of the target may be as long as names can be.
    return target.with_name(f".genrekit-{os.urandom(4).hex()}.part")


def _failure(path: Path, temporary: Path, error: OSError) -> OSError:
    """The error of a temporary path as that of the path it stands for."""
    reason = (error.strerror or str(error)).replace(str(temporary), str(path))
    failure = type(error)(f"{path}: can't be written: {reason}")
    failure.errno = error.errno
    return failure


def write_or_keep(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that took work; where that fails after all, keep it in a temporary folder."""
    try:
        write(path)
    except OSError as error:
        try:
            kept = _elsewhere(path)
            write(kept)
        except OSError:
            raise error from None
        raise type(error)(f"{error}; it is kept as {kept}") from error


def _elsewhere(path: Path) -> Path:
    """A path of the same name in a temporary folder of its own."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix="genrekit-"), path.name)


@contextmanager
def growing_table(
    path: Path, paths: Sequence[str], genres: Sequence[str], names: Sequence[str]
) -> Iterator[Append]:
    """Give what appends the next row to a table, which takes its place when the block ends well.

    CSV is written row by row, other formats at the end. What can't be written after all is kept in
    a temporary folder, as far as it goes.

    Parameters
    ----------
    path : Path
        Where it is to be, its format being that of the ending.
    paths, genres, names : sequence of str
        As in `TrackTable`.

    Yields
    ------
    Append
        To be called once a track, in order.
    """
    if path.suffix.lower() == ".csv":
        file = _GrowingCsv(path, TrackTable(paths, genres, names, np.empty(0), []))
        try:
            yield file.append
            file.finish()
        finally:
            file.close()
        return
    rows = np.full((len(paths), len(names)), np.nan)
    reasons: list[str] = []

    def append(values: np.ndarray | None, reason: str) -> None:
        rows[len(reasons)] = np.nan if values is None else values
        reasons.append(reason)

    yield append
    write_or_keep(path, TrackTable(paths, genres, names, rows, reasons).write)


class _GrowingCsv:
    """A CSV file that grows beside the path that it takes when it is whole."""

    def __init__(self, path: Path, table: TrackTable) -> None:
        labels = table.labels()
        self._path, self._target = path, Path(os.path.realpath(path))
        self._part = _part_of(self._target)
        self._tracks = zip(*labels.values(), strict=True)
        self._nothing = np.full(len(table.names), np.nan)
        self._size, self._n_rows = 0, -1
        self._write(_csv_line([*labels, *table.names], [], "error"))

    def append(self, values: np.ndarray | None, reason: str) -> None:
        """Write the next row."""
        numbers = self._nothing if values is None else values
        self._write(_csv_line(next(self._tracks), numbers.tolist(), printable(reason)))

    def finish(self) -> None:
        """Take the place of what is there."""
        with self._kept("it is"):
            os.replace(self._part, self._target)

    def close(self) -> None:
        """Leave nothing beside."""
        with suppress(OSError):
            self._part.unlink()

    def _write(self, line: str) -> None:
        """Append a line."""
        data = line.encode()
        with self._kept(f"its first {self._n_rows} rows are"), self._part.open("ab") as file:
            file.write(data)
        self._size += len(data)
        self._n_rows += 1

    @contextmanager
    def _kept(self, what: str) -> Iterator[None]:
        """Keep whole rows in a temporary folder when something can't be written."""
        try:
            yield
        except OSError as error:
            failure = _failure(self._path, self._part, error)
            if self._n_rows > 0:
                with suppress(OSError):
                    os.truncate(self._part, self._size)
                    kept = shutil.copyfile(self._part, _elsewhere(self._path))
                    failure = type(error)(f"{failure}; {what} kept as {kept}")
            raise failure from error


def make_folder(path: Path) -> None:
    """Make a folder with those above it, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        inside = next(part for part in (path, *path.parents) if os.path.lexists(part))
        is_file = not os.path.isdir(inside)
        reason = f"{inside} is no folder" if is_file else error.strerror or str(error)
        raise type(error)(f"{path}: can't be made: {reason}") from error


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> str:
    """Align columns with spaces; the columns named in `right` flush right."""
    rows = [list(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    flush = [str.rjust if name in right else str.ljust for name in header]

    def line(cells: Sequence[str]) -> str:
        padded = (put(cell, width) for put, cell, width in zip(flush, cells, widths, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])


def need_pandas() -> Any:
    """Import what writes Parquet.

    Returns
    -------
    module
        pandas.

    Raises
    ------
    ImportError
        If it is missing, or what it needs; the message names the extra.
    """
    try:
        import pandas as pd
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"a .parquet table needs pandas and pyarrow ({error}): pip install 'genrekit[table]', "
            "or write .csv or .npz"
        ) from error
    return pd


def _write_csv(table: TrackTable, path: Path) -> None:
    """Write floats with as many digits as give the same float back."""
    labels = table.labels()
    header = [*labels, *table.names, "error"]
    rows = zip(*labels.values(), table.values.tolist(), table.reasons(), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_csv_line(header[:-1], [], header[-1]))
        for *names, values, error in rows:
            file.write(_csv_line(names, values, error))


def _csv_line(labels: Sequence[str], values: Sequence[float], error: str) -> str:
    """One row, with as many digits as give the same float back."""
    return ",".join([*map(_quoted, labels), *map(repr, values), _quoted(error)]) + "\n"


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as CSV."""
    return "".join(",".join(map(_quoted, row)) + "\n" for row in rows)


def _quoted(text: str) -> str:
    """A cell of text."""
    # Python's own writer leaves spaces at the edges, which readers drop, and until 3.13 carriage
    # returns as they are.
    cell = to_cell(text)
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell


_TO_QUOTE = re.compile(r'[,"\r\n]|^\s|\s\Z')


def _write_parquet(table: TrackTable, path: Path) -> None:
    """Write one typed column a feature."""
    frame = need_pandas().DataFrame(table.values, columns=list(table.names))
    for place, (name, column) in enumerate(table.labels().items()):
        frame.insert(place, name, column)
    frame["error"] = table.reasons()
    frame.to_parquet(path, engine="pyarrow", index=False)


def _write_npz(table: TrackTable, path: Path) -> None:
    """Write arrays without pickles: `numpy.load` opens them as it stands."""
    arrays: dict[str, Any] = {
        "table": table.values,
        "names": np.array(table.names, dtype=str),
        "paths": np.array(table.paths, dtype=str),
        "genres": np.array(table.genres, dtype=str),
        "errors": np.array(table.reasons(), dtype=str),
    }
    with path.open("wb") as file:  # a file, since NumPy adds ".npz" to a name without it
        np.savez(file, **arrays)


_WRITERS: dict[str, Callable[[TrackTable, Path], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".npz": _write_npz,
}

TABLE_SUFFIXES = tuple(_WRITERS)
"""The endings, and so the formats, that `TrackTable.write` knows."""
