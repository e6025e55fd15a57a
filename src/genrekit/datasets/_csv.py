"""A table that names files and their genres."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genrekit._validation import did_you_mean
from genrekit.datasets._bunch import (
    check_genres,
    listed,
    make_bunch,
    remark_missing,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings, warn_of_two_genres

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
    on_missing: str = "raise",
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load paths and genres from a CSV file with one row a track.

    Nothing is decoded, and any file may be named, links included. A warning says when one
    recording stands in two genres.

    Parameters
    ----------
    table : path-like
        The CSV file, UTF-8, with a header; columns are separated by commas, in a file that ends
        in ``.tsv`` by tabs.
    path : str, default="path"
        Column of the files. Relative ones are relative to the folder of the table.
    genre : str, default="genre"
        Column of the genres.
    group : str or None, default=None
        Column of what must not be split between training and test, such as the artist; None
        makes each recording its own group, identical files sharing one.
    split : str or None, default=None
        Column of a published split; an empty cell means a track that belongs to no part.
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
        When a column is not there, a cell of it is empty, or there is only one genre.

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
    table = Path(table)
    wanted = [column for column in (path, genre, group) if column is not None]
    rows = _read(table, wanted, split)
    names = [os.path.join(table.parent, row[path]) for row in rows]
    there = [os.path.isfile(name) for name in names]
    missing = [name for name, found in zip(names, there, strict=True) if not found]
    remarks = remark_missing(table, missing, len(rows), on_missing)
    rows = [row for row, found in zip(rows, there, strict=True) if found]
    paths = [name for name, found in zip(names, there, strict=True) if found]
    target = np.array([row[genre] for row in rows])
    genres = np.unique(target).tolist()
    check_genres(table, genres)
    warn_left_out(table, remarks)
    recordings = number_recordings(paths)
    warn_of_two_genres(table, paths, target, recordings)
    return make_bunch(
        paths=paths,
        target=target,
        groups=np.array([row[group] for row in rows]) if group else recordings,
        split=[row[split] or None for row in rows] if split else None,
        DESCR=_DESCR.format(
            table=table,
            n_tracks=len(paths),
            counts=listed(genres, target),
            groups=f"column {group!r}" if group else "identical files share a number",
        ),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read(table: Path, filled: list[str], split: str | None) -> list[dict[str, str]]:
    """The rows, in which no cell of the columns `filled` is empty."""
    if not table.is_file():
        state = "is a folder" if table.is_dir() else "no such file"
        raise FileNotFoundError(f"{table}: {state}; expected a CSV with a row for each track")
    reader = csv.DictReader(
        io.StringIO(_text(table)),
        delimiter="\t" if table.suffix.lower() == ".tsv" else ",",
        restval="",
        skipinitialspace=True,
    )
    header = list(reader.fieldnames or [])
    for column in [*filled, *([split] if split else [])]:
        if column not in header:
            hint = _other_separator(header) or did_you_mean(column, header)
            raise ValueError(f"{table}: no column {column!r}: {hint}")
    rows = []
    for row in reader:
        for column in filled:
            if not row[column].strip():
                raise ValueError(f"{table}, line {reader.line_num}: {column!r} is empty")
        rows.append(row)
    if not rows:
        raise ValueError(f"{table}: no rows below its header")
    return rows


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


def _text(table: Path) -> str:
    """The content of a file."""
    try:
        # "-sig": spreadsheet programs begin UTF-8 with a byte order mark.
        return table.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{table}: not UTF-8 (byte {error.start}): save it as UTF-8") from error
