"""What ``genrekit predict -o`` does: genres of a library in a table, however often it is killed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
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
from genrekit.shards import Progress

__all__ = ["predict_into"]

_Status = tuple[int | None, int | None]

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
    files = list(dict.fromkeys(files))
    all_work = [_Work(place, file, _status(file)) for place, file in enumerate(files)]
    with open_part(table.path, table.asked) as part:
        rows = {row.path: row for row in [*table.read(), *part.rows]}
        others = _others(table.path, rows, files)
        work = [one for one in all_work if not one.is_done(rows.get(one.file))]
        heard = _Heard(model, table.asked.top_k, part, {one.file: one.status for one in work}, rows)
        sizes = np.array([one.status[0] or 0 for one in work], dtype=np.int64)
        progress = Progress(sizes, len(files) - len(work), verbose, timed=False)
        errors: list[TrackError] = []
        stopped = None
        try:
            errors += _hear(work, heard, progress, n_jobs)
        except KeyboardInterrupt as error:
            stopped = error
        part.close()
        table.write(rows[file] for file in [*files, *others] if file in rows)
        part.remove()
    if stopped is not None:
        raise stopped
    _warn_of_contents(work, heard.remarks)
    return errors


class _Work(NamedTuple):
    """A file that is to be heard: its place among all, and its state."""

    place: int
    file: str
    status: _Status

    def is_done(self, row: GenreRow | None) -> bool:
        """Whether a row is of the file as it is; one stays if the file is not there."""
        if row is None or row.error:  # what was missing may be installed by now
            return False
        return self.status in ((row.size, row.mtime_ns), (None, None))


def _status(file: str) -> _Status:
    """Size and time of change."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):  # whoever reads it says what is wrong
        return None, None
    return found.st_size, found.st_mtime_ns


def _others(output: Path, rows: Iterable[str], files: Sequence[str]) -> list[str]:
    """Files that the table has rows of and that are not among these, with a warning."""
    others = sorted(set(rows).difference(files))
    if others:
        gone = sum(not os.path.exists(file) for file in others)
        warn_caller(
            f"{output} has rows of files that are not among these, which stay: {len(others)}, of "
            f"which {gone} are no longer there; the first: {others[0]}"
        )
    return others


class _Heard:
    """The work on one file, from any thread: when it is done its row is on disk, and in `rows`."""

    def __init__(
        self,
        model: Any,
        top_k: int,
        part: Part,
        status: dict[str, _Status],
        rows: dict[str, GenreRow],
    ) -> None:
        self.model, self.top_k, self.part, self.status, self.rows = model, top_k, part, status, rows
        self.remarks: dict[str, Remark] = {}

    def __call__(self, source: Any, decoder: Any, read: Any) -> GenreRow | OSError:
        if decoder is not None:  # to see whether the model can answer to anything
            return self._row("", _decoded(source, decoder))
        row = self._row(source, source)
        try:
            self.part.append(row)
        except OSError as error:  # it is not the file that is to blame
            return error
        self.rows[source] = row
        return row

    def _row(self, file: str, track: Any) -> GenreRow:
        """What is heard of a track."""
        found = top_genres_of(self.model, track, self.top_k)
        self.remarks[file] = found.remark if found.unheard else found.remark & ~NOTHING
        status = self.status.get(file, (None, None))
        if found.unheard:
            return GenreRow(file, *status, [], found.novelty, (found.remark & NOTHING).text)
        top = [(to_name(str(genre)), share) for genre, share in found.genres]
        return GenreRow(file, *status, top, found.novelty)


def _decoded(source: Any, decoder: Any) -> tuple[Any, float]:
    """A track as a decoder gives it."""
    sr, blocks = decoder(source, offset=0.0, duration=None)
    return np.concatenate(list(blocks))[:, 0], sr


def _hear(
    work: Sequence[_Work],
    heard: _Heard,
    progress: Progress,
    n_jobs: int | None,
) -> list[TrackError]:
    """Hear files, and tell which failed."""
    errors = []
    told = monotonic()
    say_what_numbers_are(heard.model)
    running: Any = {"n_jobs": n_jobs, "on_error": "nan"}
    try:
        with told_once(), closing(attempts([one.file for one in work], heard, **running)) as found:
            for i, (one, row) in enumerate(zip(work, found, strict=True)):
                if isinstance(row, OSError):
                    raise row
                if isinstance(row, TrackError):
                    errors.append(row._replace(index=one.place))
                    row = GenreRow(one.file, *one.status, [], error=printable(row.summary))
                    heard.rows[one.file] = row
                progress.count(i, row.error)
                if monotonic() - told > _TOLD:
                    progress.written("rows")
                    told = monotonic()
    finally:
        progress.close()
    return errors


def _warn_of_contents(work: Sequence[_Work], remarks: dict[str, Remark]) -> None:
    """Tell of all files at once what is to be known of them."""
    files = [one.file for one in work]
    found = [remarks.get(file, Remark(0)) for file in files]
    warn_of_tracks(files, [], found)
    what = "hold too little to be judged"
    warn_of_notes(AudioContentWarning, notes_of(files, found, NOTHING), len(files), what)
