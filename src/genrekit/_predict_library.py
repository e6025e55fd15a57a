"""What ``genrekit predict -o`` does: genres of a library in a table, however often it is killed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from genrekit._genre_part import Part, open_part
from genrekit._genre_rows import GenreRow, GenreTable
from genrekit._messages import told_once
from genrekit._predict import say_what_numbers_are, top_genres_of
from genrekit._text import printable, to_name
from genrekit.audio import Remark
from genrekit.engine import NOTHING, attempts, notes_of, warn_of_notes, warn_of_tracks
from genrekit.exceptions import AudioContentWarning, TrackError, warn_caller
from genrekit.remote import is_address, without_secrets
from genrekit.shards import Progress, Status

__all__ = ["predict_into"]

# How often rows are told of, seconds.
_TOLD = 1.0


def predict_into(
    table: GenreTable,
    model: Any,
    files: Sequence[str],
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> list[TrackError]:
    """Write the genres of files into a table, and hear those that are not there yet, or changed.

    Parameters
    ----------
    table : GenreTable
        The table.
    model : classifier
        From `genrekit._predict.load_classifier`, with ``on_error="raise"``.
    files : sequence of str
        The files.
    n_jobs : int, optional
        Files at a time.
    verbose : int, default=0
        Above 0: a bar.

    Returns
    -------
    list of TrackError
        The files that could not be read.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, when the rows so far are in the table.
    """
    everything = _Work.of(files)
    names = [one.name for one in everything]
    with open_part(table.path, table.asked) as part:
        rows = {row.path: row for row in [*table.read(), *part.rows]}
        others = _others(table.path, rows, names)
        work = [one for one in everything if not one.is_done(rows.get(one.name))]
        heard = _Heard(model, table.asked.top_k, part, rows)
        sizes = np.array([one.size or 0 for one in work], dtype=np.int64)
        progress = Progress(sizes, len(names) - len(work), verbose, timed=False)
        errors: list[TrackError] = []
        stopped = None
        try:
            errors += _hear(work, heard, progress, n_jobs)
        except KeyboardInterrupt as error:
            stopped = error
        _finish(table, part, [rows[name] for name in [*names, *others] if name in rows])
    if stopped is not None:
        raise stopped
    _warn_of_contents(work, heard.remarks)
    return errors


class _Work(NamedTuple):
    """A file that is to be heard: its place among all, its name in tables, and its state."""

    place: int
    file: str
    name: str
    size: int | None
    mtime_ns: int | None

    @classmethod
    def of(cls, files: Sequence[str]) -> list[_Work]:
        """What there is to do at the most: each file once."""
        files = list(dict.fromkeys(files))
        states = zip(*(values.tolist() for values in Status.of(files)), strict=True)
        pairs = enumerate(zip(files, states, strict=True))
        nothing = {-1: None}
        return [
            cls(i, file, without_secrets(file), *(nothing.get(number, number) for number in state))
            for i, (file, state) in pairs
        ]

    def row(self, top: list[tuple[str, float | None]], *known: Any) -> GenreRow:
        """A row of it."""
        return GenreRow(self.name, self.size, self.mtime_ns, top, *known)

    def is_done(self, row: GenreRow | None) -> bool:
        """Whether a row is of the file as it is; one stays if the file is not there."""
        if row is None or row.error:  # what was missing may be installed by now
            return False
        state = self.size, self.mtime_ns
        return state in ((row.size, row.mtime_ns), (None, None))


def _others(output: Path, rows: Mapping[str, GenreRow], names: Sequence[str]) -> list[str]:
    """Files that are not among these, whose rows in the table stay, with a warning."""
    others = sorted(set(rows).difference(names))
    gone = {name for name in others if not is_address(name) and not os.path.exists(name)}
    # Who has removed what could not be read, or had misspelled it, need not read of it for ever.
    stay = [name for name in others if name not in gone or not rows[name].error]
    if stay:
        warn_caller(
            f"{output} has rows of files that are not among these, which stay: {len(stay)}, of "
            f"which {len(gone.intersection(stay))} are no longer there; the first: {stay[0]}"
        )
    return stay


class _Heard:
    """The work on one file, from any thread: when it is done its row is on disk, and in `rows`."""

    def __init__(self, model: Any, top_k: int, part: Part, rows: dict[str, GenreRow]) -> None:
        self.model, self.top_k, self.part, self.rows = model, top_k, part, rows
        self.remarks: dict[str, Remark] = {}

    def __call__(self, one: Any, decoder: Any, read: Any) -> GenreRow | OSError:
        if decoder is not None:  # to see whether the model can answer to anything
            return self._row(_Work(0, "", "", None, None), _decoded(one, decoder))
        row = self._row(one, one.file)
        try:
            self.part.append(row)
        except OSError as error:  # it is not the file that is to blame
            return error
        self.rows[row.path] = row
        return row

    def _row(self, one: _Work, track: Any) -> GenreRow:
        """What is heard of a track."""
        found = top_genres_of(self.model, track, self.top_k)
        self.remarks[one.file] = found.remark if found.unheard else found.remark & ~NOTHING
        if found.unheard:
            return one.row([], found.novelty, (found.remark & NOTHING).text)
        return one.row([(to_name(str(genre)), p) for genre, p in found.genres], found.novelty)


def _decoded(source: Any, decoder: Any) -> tuple[Any, float]:
    """A track as a decoder gives it."""
    sr, blocks = decoder(source, offset=0.0, duration=None)
    return np.concatenate(list(blocks))[:, 0], sr


def _hear(
    work: Sequence[_Work], heard: _Heard, progress: Progress, n_jobs: int | None
) -> list[TrackError]:
    """Hear files, and tell which failed."""
    errors = []
    told = monotonic()
    say_what_numbers_are(heard.model)
    running: Any = {"n_jobs": n_jobs, "on_error": "nan"}
    try:
        with told_once(), closing(attempts(work, heard, **running)) as found:
            for i, (one, row) in enumerate(zip(work, found, strict=True)):
                if isinstance(row, OSError):
                    raise row
                if isinstance(row, TrackError):
                    errors.append(row._replace(index=one.place, path=one.name))
                    row = one.row([], None, "", printable(row.summary))
                    heard.rows[one.name] = row
                progress.count(i, row.error)
                if monotonic() - told > _TOLD:
                    progress.written("rows")
                    told = monotonic()
    finally:
        progress.close()
    return errors


def _finish(table: GenreTable, part: Part, rows: Sequence[GenreRow]) -> None:
    """Write the table, after which the rows beside it are not needed any more."""
    part.close()
    try:
        table.write(rows)
    except OSError as error:
        stay = "its rows stay beside it, and the next run goes on there"
        raise type(error)(f"{error}; {stay}") from error
    part.remove()


def _warn_of_contents(work: Sequence[_Work], remarks: dict[str, Remark]) -> None:
    """Tell of all files at once what is to be known of them."""
    files = [one.file for one in work]
    found = [remarks.get(file, Remark(0)) for file in files]
    warn_of_tracks(files, [], found)
    what = "hold too little to be judged"
    warn_of_notes(AudioContentWarning, notes_of(files, found, NOTHING), len(files), what)
