"""A table that names files and their genres."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genrekit._text import from_cell, from_name
from genrekit._validation import did_you_mean
from genrekit.datasets._bunch import (
    check_filled,
    check_genres,
    listed,
    make_bunch,
    remark_missing,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings, warn_of_two_genres
from genrekit.datasets._rows import numbered_rows
from genrekit.remote import is_address

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["load_csv"]

_DESCR = """\
Tracks of a table
-----------------
Table: {table}
Tracks: {n_tracks}
{counts}

`groups`: {groups}.
"""


def load_csv(
    table: str | os.PathLike[str],
    *,
    path: str = "path",
    genre: str = "genre",
    group: str | None = None,
    split: str | None = None,
    encoding: str | None = None,
    on_missing: str = "raise",
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load paths and genres from a CSV file with one row a track.

    Nothing is decoded, and any file may be named, links included. A warning says when one
    recording stands in two genres. What ``genrekit extract`` has written is read back: ``%E9`` for
    a byte that is no UTF-8, and an apostrophe before what a spreadsheet would compute (``'=1``);
    a path that names a file just as it stands is that file.

    Parameters
    ----------
    table : path-like
        The CSV file with a header; columns are separated by commas, in a file that ends in
        ``.tsv`` by tabs.
    path : str, default="path"
        Column of the files. Relative ones are relative to the folder of the table. An address such
        as ``s3://bucket/song.mp3`` stays as it is, and is not looked up.
    genre : str, default="genre"
        Column of the genres.
    group : str, optional
        Column of what must not be split between training and test, such as the artist; None
        makes each recording its own group, identical files sharing one.
    split : str, optional
        Column of a published split; an empty cell means a track that belongs to no part.
    encoding : str, optional
        Encoding of the table, such as ``"cp1252"``; None means UTF-8, or UTF-16 where the file
        begins with its mark, as spreadsheet programs write it.
    on_missing : {"raise", "drop"}, default="raise"
        What happens when files are not there: an error that counts them, or one warning and the
        rest of the table.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str, in the order of the table), ``target`` (str array, shape
        (n_tracks,)), ``target_names`` (list of str, sorted), ``groups`` (array, shape
        (n_tracks,)), ``split`` (object array of str and None, or None), ``frame`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When there is no such table, or files it names are missing.
    ValueError
        When a column is not there or there twice, a cell of it is empty or stands for nothing
        (``nan``, ``None``), or there is only one genre.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from genrekit.datasets import load_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("a.wav", "b.wav"):
    ...         Path(folder, name).touch()
    ...     table = Path(folder, "tracks.csv")
    ...     _ = table.write_text("path,genre,artist\\na.wav,rock,X\\nb.wav,jazz,Y\\n")
    ...     tracks = load_csv(table, group="artist")
    >>> tracks.target.tolist(), tracks.groups.tolist()
    (['rock', 'jazz'], ['X', 'Y'])
    """
    table = Path(os.path.expanduser(os.fsdecode(table)))
    wanted = [column for column in (path, genre, group) if column is not None]
    rows = _read(table, wanted, split, encoding)
    names = [_place(table.parent, row[path]) for row in rows]
    # Whether an address leads to a file is seen when it is read.
    there = [is_address(name) or os.path.isfile(name) for name in names]
    missing = [name for name, found in zip(names, there, strict=True) if not found]
    remarks = remark_missing(table, missing, len(rows), on_missing)
    rows = [row for row, found in zip(rows, there, strict=True) if found]
    paths = [name for name, found in zip(names, there, strict=True) if found]
    target = np.array([_read_back(row[genre]) for row in rows])
    genres = np.unique(target).tolist()
    check_genres(table, genres)
    warn_left_out(table, remarks)
    recordings = number_recordings(paths)
    warn_of_two_genres(table, paths, target, recordings)
    return make_bunch(
        paths=paths,
        target=target,
        groups=np.array([_read_back(row[group]) for row in rows]) if group else recordings,
        split=[_read_back(row[split]) or None for row in rows] if split else None,
        DESCR=_DESCR.format(
            table=table,
            n_tracks=len(paths),
            counts=listed(genres, target),
            groups=f"column {group!r}" if group else "identical files share a number",
        ),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read(
    table: Path, filled: list[str], split: str | None, encoding: str | None
) -> list[dict[str, str]]:
    """The wanted cells of each row, of which those of the columns `filled` are not empty."""
    if not table.is_file():
        state = "is a folder" if table.is_dir() else "no such file"
        raise FileNotFoundError(f"{table}: {state}; expected a CSV with a row for each track")
    delimiter = "\t" if table.suffix.lower() == ".tsv" else ","
    rows = numbered_rows(table, encoding=encoding, delimiter=delimiter)
    _, header = next(rows, (1, []))
    wanted = [*filled, *([split] if split else [])]
    _check_header(table, header, wanted)
    places = {column: header.index(column) for column in wanted}
    found = []
    for line, row in rows:
        if any(cell.strip() for cell in row[len(header) :]):
            raise ValueError(
                f"{table}, line {line}: {len(row)} cells, and the header has {len(header)}: put "
                "quotes around a cell that holds a comma"
            )
        cells = {column: "".join(row[place : place + 1]) for column, place in places.items()}
        for column in filled:
            check_filled(cells[column], f"{table}, line {line}: {column!r}")
        found.append(cells)
    if not found:
        raise ValueError(f"{table}: no rows below its header")
    return found


def _check_header(table: Path, header: list[str], wanted: list[str]) -> None:
    """Each wanted column is there, once."""
    for column in wanted:
        if column not in header:
            hint = _other_separator(header) or did_you_mean(column, header)
            raise ValueError(f"{table}: no column {column!r}: {hint}")
        if header.count(column) > 1:
            raise ValueError(
                f"{table}: {header.count(column)} columns are called {column!r}: rename all but one"
            )


def _place(folder: Path, cell: str) -> str:
    """The file that a cell names, as `genrekit extract` writes it, or as somebody wrote it."""
    name = _read_back(cell)
    if is_address(name):
        return name
    for written in dict.fromkeys((name, cell, os.path.expanduser(name))):
        if os.path.isfile(path := os.path.join(folder, written)):
            return path
    return os.path.join(folder, name)


def _read_back(cell: str) -> str:
    """The text of a cell, as it was before it was made fit for a table."""
    return from_name(from_cell(cell))


def _other_separator(header: list[str]) -> str:
    """What to do about a header that was not taken apart, if something else may separate it."""
    if len(header) != 1:
        return ""
    found = next((mark for mark in (";", "\t", "|", ",") if mark in header[0]), None)
    if found is None:
        return ""
    return (
        f"its header is {header[0]!r}, so {found!r} seems to separate its columns; save it with "
        "commas, or with tabs in a file that ends in .tsv"
    )
