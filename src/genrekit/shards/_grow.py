"""Rows of tracks that are appended to a folder as they come."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._text import printable, to_name
from genrekit._validation import check_integer
from genrekit.audio import Remark
from genrekit.engine import TrackCache, TrackRow, stream_rows, warn_of_tracks
from genrekit.exceptions import TrackError, warn_caller
from genrekit.shards import _folder
from genrekit.shards._identity import LABELS, arrow, check_same, identity_of, make_schema
from genrekit.shards._lock import only_writer
from genrekit.shards._progress import Progress
from genrekit.shards._read import ShardedTable, read_rows

__all__ = ["grow_table"]


class _Status(NamedTuple):
    """Size and time of change of files, -1 where there is none."""

    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]

    @classmethod
    def of(cls, paths: Sequence[str]) -> _Status:
        """Ask the file system."""
        size, mtime = (np.full(len(paths), -1) for _ in range(2))
        for place, path in enumerate(paths):
            with suppress(OSError, ValueError):  # whoever reads it says what is wrong with it
                found = os.stat(path)
                size[place], mtime[place] = found.st_size, found.st_mtime_ns
        return cls(size, mtime)


class _Tracks(NamedTuple):
    """The tracks of a call: their paths, the names of these in tables, the state of the files."""

    paths: list[str]
    names: list[str]
    status: _Status

    def labels(self, place: int, row: TrackRow, reason: str) -> tuple[Any, ...]:
        """What stands before the features, in the order of `LABELS`."""
        size, mtime = (int(values[place]) for values in self.status)
        return self.names[place], size, mtime, row.seconds, reason, _in_words(row.remark)


@lru_cache(maxsize=8)  # there are as many, and to put one in words takes as long as to write a row
def _in_words(remark: Remark) -> str:
    """What is to be known of a track."""
    return remark.text


class _Work(NamedTuple):
    """What is to be done: places of tracks, and why some of them failed before, by place.

    `renews` tells whether rows will be, or are, in the place of older ones.
    """

    places: NDArray[np.int64]
    failed: dict[int, str]
    renews: bool


def grow_table(
    folder: Any,
    sources: Sequence[Any],
    cache: TrackCache,
    *,
    shard_size: int = 1000,
    decoder: Any = None,
    on_error: str = "nan",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> ShardedTable:
    """Write rows of tracks into a folder, those that are not there yet.

    Parameters
    ----------
    folder : path
        Where; made if it is not there.
    sources : sequence of path
        The tracks.
    cache : TrackCache
        Computes rows.
    shard_size : int, default=1000
        Rows of a file, which is the most that a kill costs.
    decoder : callable, optional
        As for ``genrekit.extract``, like the rest.
    on_error : {"raise", "nan"}, default="nan"
        What a track that can't be decoded does: stop, or stand as a row of NaN.
    n_jobs : int, optional
        Tracks at a time.
    verbose : int, default=0
        Above 0: a bar.

    Returns
    -------
    ShardedTable
        All rows in the folder.
    """
    check_integer("shard_size", shard_size, minimum=1)
    paths = _as_paths(sources)
    plan = cache.plan
    identity = identity_of(plan, decoder)
    schema = make_schema(plan.columns, identity)
    folder = _made(Path(os.path.expanduser(os.fspath(folder))))
    with only_writer(folder):
        _folder.sweep_out(folder)
        index = _folder.read_index(folder)
        if index.files:
            check_same(folder, index.identity, identity)
        names, status = list(map(to_name, paths)), _Status.of(paths)
        work = _to_do(index, names, status)
        _warn_of_absent(folder, index, names)
        del index  # it is as long as the table
        _folder.write_listing(folder, names, schema.metadata)
        writer = _Writer(folder, schema, min(shard_size, len(work.places) or 1))
        progress = Progress(status.size[work.places], len(paths) - len(work.places), verbose)
        told = {"n_jobs": n_jobs, "decoder": decoder, "on_error": on_error}
        rows = stream_rows([paths[place] for place in work.places], cache, **told)
        _write_rows(rows, _Tracks(paths, names, status), work, writer, progress)
        if work.renews:
            _tidy(folder)
    return read_rows(folder)


def _as_paths(sources: Sequence[Any]) -> list[str]:
    """The paths of files; `ValueError` if some are none: nothing would tell them from others."""
    for place, source in enumerate(sources):
        if not isinstance(source, (str, os.PathLike)):
            kind = type(source).__name__
            raise ValueError(f"output= takes paths of files, and item {place} is a {kind}")
    return [os.fspath(source) for source in sources]


def _made(folder: Path) -> Path:
    """A folder that is there, and of rows or empty."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{folder}: rows go into a folder, and this is a file") from None
    _folder.check_ours(folder)
    return folder


def _to_do(index: _folder.Index, names: list[str], status: _Status) -> _Work:
    """Tracks without a row, or with one of another state of the file, or with an error."""
    pa, _ = arrow()
    listing = pa.array(names, pa.string())
    at = _folder.places(listing, index.labels["path"])
    known = at >= 0
    failed, same, gone = np.zeros_like(known), np.zeros_like(known), status.size < 0
    errors = index.labels["error"].take(pa.array(at[known])).to_pylist()
    failed[known] = [error != "" for error in errors]
    of_size, of_time = (index.column(name)[at[known]] for name in ("size", "mtime_ns"))
    same[known] = (of_size == status.size[known]) & (of_time == status.mtime_ns[known])
    # A good row stays when its file is not there: perhaps the disk is not.
    done = known & ~failed & (same | gone)
    first = _folder.places(listing, listing) == np.arange(len(names))
    before = dict(zip(np.flatnonzero(known).tolist(), errors, strict=True))
    again = {place: before[place] for place in np.flatnonzero(failed & same).tolist()}
    renews = bool((known & ~done).any() or not index.latest().all())
    return _Work(np.flatnonzero(first & ~done), again, renews)


def _warn_of_absent(folder: Path, index: _folder.Index, names: list[str]) -> None:
    """Tell of rows whose tracks are not among those of this call."""
    pa, _ = arrow()
    paths = index.labels["path"]
    absent = index.latest() & (_folder.places(paths, pa.array(names, pa.string())) < 0)
    if absent.any():
        first = paths[int(np.flatnonzero(absent)[-1])].as_py()
        warn_caller(
            f"{folder} has rows of tracks that are not among these, which stay: {absent.sum()}, "
            f"the first of {first}"
        )


class _Writer:
    """Rows on their way into the next shard."""

    def __init__(self, folder: Path, schema: Any, size: int) -> None:
        self._files = _folder.following_shards(folder)
        self._next = next(self._files)
        self._schema = schema
        # Columns lie together, as Arrow takes them.
        self._values = np.empty((size, len(schema.names) - len(LABELS)), order="F")
        self._labels: list[tuple[Any, ...]] = []

    @property
    def is_full(self) -> bool:
        """Whether there is room for no other row."""
        return len(self._labels) == len(self._values)

    def append(self, labels: tuple[Any, ...], values: NDArray[Any] | None) -> None:
        """Take a row."""
        self._values[len(self._labels)] = np.nan if values is None else values
        self._labels.append(labels)

    def flush(self) -> Path | None:
        """Write the rows that were taken; where they are, None if there were none."""
        if not self._labels:
            return None
        pa, _ = arrow()
        columns = [*zip(*self._labels, strict=True), *self._values[: len(self._labels)].T]
        pairs = zip(columns, self._schema.types, strict=True)
        arrays = [pa.array(column, kind, from_pandas=False) for column, kind in pairs]
        written = self._next
        _folder.write_whole(written, pa.Table.from_arrays(arrays, schema=self._schema))
        self._labels.clear()
        self._next = next(self._files)
        return written


def _write_rows(
    rows: Generator[TrackRow, None, None],
    tracks: _Tracks,
    work: _Work,
    writer: _Writer,
    progress: Progress,
) -> None:
    """Write rows as they come, and what was taken of them when something stops it."""
    errors: list[TrackError] = []
    remarks = [Remark(0)] * len(tracks.paths)
    try:
        for row in rows:
            place = int(work.places[row.index])
            progress.take(row)
            remarks[place] = row.remark
            reason = printable(row.error.reason) if row.error else ""
            if row.error:
                errors.append(row.error._replace(index=place))
            if not reason or reason != work.failed.get(place):
                writer.append(tracks.labels(place, row, reason), row.values)
            if writer.is_full:
                progress.shard(writer.flush())
    finally:
        rows.close()
        progress.shard(writer.flush())
        progress.end()
    warn_of_tracks(tracks.paths, errors, remarks)


def _tidy(folder: Path) -> None:
    """Take rows out of shards that newer ones have taken the place of."""
    pa, _ = arrow()
    index = _folder.read_index(folder)
    latest = index.latest()
    for number in np.unique(index.file[~latest]):
        file = index.files[number]
        stay = np.sort(index.row[latest & (index.file == number)])
        if len(stay):
            _folder.write_whole(file, _folder.read_part(file, None).take(pa.array(stay)))
        else:
            file.unlink()
