"""Tables out: as text for people, as files for programs, and never half a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "TABLE_SUFFIXES",
    "TrackTable",
    "atomic_path",
    "check_folder",
    "check_writable",
    "text_table",
]


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
    values : ndarray, shape (n_tracks, n_features)
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


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well."""
    # In the same folder, because a rename is only atomic within one file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Find out before hours of work that a table can't be written at its end."""
    check_folder(path)
    if path.suffix.lower() == ".parquet":
        _pandas()


def check_folder(path: Path) -> None:
    """Refuse an output file whose folder is not there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it first")


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> str:
    """Align columns with spaces; the columns named in `right` flush right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    flush = [str.rjust if name in right else str.ljust for name in header]

    def line(cells: Sequence[str]) -> str:
        padded = (put(cell, width) for put, cell, width in zip(flush, cells, widths, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([line(header), "  ".join("-" * width for width in widths), *map(line, rows)])


def _pandas():  # type: ignore[no-untyped-def]
    """Import what writes Parquet."""
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
    genre = ["genre"] if any(table.genres) else []
    # File names may hold bytes that are no UTF-8; they go out as they came in.
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", *genre, *table.names, "error"])
        values = table.values.tolist()
        for track, label, row, error in zip(
            table.paths, table.genres, values, table.errors, strict=True
        ):
            writer.writerow([track, *([label] if genre else []), *map(repr, row), error])


def _write_parquet(table: TrackTable, path: Path) -> None:
    """Write one typed column a feature."""
    frame = _pandas().DataFrame(table.values, columns=list(table.names))
    frame.insert(0, "path", list(table.paths))
    if any(table.genres):
        frame.insert(1, "genre", list(table.genres))
    frame["error"] = list(table.errors)
    frame.to_parquet(path, engine="pyarrow", index=False)


def _write_npz(table: TrackTable, path: Path) -> None:
    """Write arrays without pickles: `numpy.load` opens them as it stands."""
    arrays: dict[str, Any] = {
        "table": table.values,
        "names": np.array(table.names, dtype=str),
        "paths": np.array(table.paths, dtype=str),
        "genres": np.array(table.genres, dtype=str),
        "errors": np.array(table.errors, dtype=str),
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
