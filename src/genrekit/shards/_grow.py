"""Rows of tracks that are appended to a folder as they come."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer
from genrekit.audio import Remark
from genrekit.engine import TrackCache, TrackRow, stream_rows, warn_of_tracks
from genrekit.exceptions import TrackError, warn_caller
from genrekit.remote import refuse_address, without_secrets
from genrekit.shards import _folder
from genrekit.shards._batch import Written
from genrekit.shards._cluster import Cluster
from genrekit.shards._identity import arrow, check_same, identity_of, make_schema
from genrekit.shards._lock import only_writer
from genrekit.shards._matches import Matches, match
from genrekit.shards._parquet import give_back, read_part, text_column, write_whole
from genrekit.shards._progress import Progress
from genrekit.shards._read import ShardedTable, read_rows
from genrekit.shards._tracks import Status, Tracks
from genrekit.shards._writer import Writer

__all__ = ["grow_table"]


class _Work(NamedTuple):
    """What is to be done: places of tracks, and why the n-th of them failed before.

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
    client: Any = None,
    retries: int = 2,
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
    client : dask.distributed.Client, optional
        Leads to the cluster whose workers compute rows.
    retries : int, default=2
        How often a batch that failed there is tried again.

    Returns
    -------
    ShardedTable
        All rows in the folder.
    """
    check_integer("shard_size", shard_size, minimum=1)
    refuse_address(folder, "output=")
    how = {"decoder": decoder, "on_error": on_error}
    where = {"shard_size": shard_size, "n_jobs": n_jobs, "client": client, "retries": retries}
    # What is known of the tracks goes before the table is opened: both at once would be the most.
    return read_rows(_grow(folder, Tracks.of(sources), cache, how, verbose, **where))


def _grow(
    folder: Any,
    tracks: Tracks,
    cache: TrackCache,
    how: dict[str, Any],
    verbose: int,
    *,
    shard_size: int,
    n_jobs: int | None,
    client: Any,
    retries: int,
) -> Path:
    """Write the rows that are not there yet; where they are."""
    plan = cache.plan
    identity = identity_of(plan, how["decoder"])
    schema = make_schema(plan.columns, identity)
    folder = _made(Path(os.path.expanduser(os.fspath(folder))))
    with only_writer(folder):
        work = _begin(folder, tracks, identity, schema)
        give_back()
        wanted = tracks.take(work.places)
        n_kept = len(tracks.paths) - len(work.places)
        ledger = _Ledger(tracks, work.places, Progress(wanted.status.size, n_kept, verbose))
        with closing(ledger.progress):
            if client is None:
                rows = stream_rows(wanted.paths, cache, n_jobs=n_jobs, **how)
                files = _folder.following_shards(folder)
                size = min(shard_size, len(work.places) or 1)
                _write_rows(rows, Writer(wanted, work.failed, schema, files, size), ledger)
            else:
                cluster = Cluster(client, retries, shard_size)
                told = {"identity": identity, **how}
                written = cluster.describe(folder, wanted, work.failed, cache, **told)
                _adopt_shards(written, folder, cache, ledger)
        ledger.warn()
        if work.renews:
            _tidy(folder)
    return folder


def _begin(folder: Path, tracks: Tracks, identity: dict[str, Any], schema: Any) -> _Work:
    """Find out what is to be done, and note which tracks the table is of."""
    _folder.sweep_out(folder)
    listing = text_column(tracks.names)
    work = _find_work(folder, listing, tracks.status, identity)
    _folder.write_listing(folder, listing, schema.metadata)
    return work


def _find_work(folder: Path, listing: Any, status: Status, identity: dict[str, Any]) -> _Work:
    """What is to be done beside the rows that are there, which must be of the same."""
    index = _folder.read_index(folder)
    if index.files:
        check_same(folder, index.identity, identity)
    found = match(index.labels["path"], listing)
    _warn_of_absent(folder, index, found)
    return _to_do(index, found, status)


def _made(folder: Path) -> Path:
    """A folder that is there, and of rows or empty."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{folder}: rows go into a folder, and this is a file") from None
    _folder.check_ours(folder)
    return folder


def _to_do(index: _folder.Index, found: Matches, status: Status) -> _Work:
    """Tracks without a row, or with one of another state of the file, or with an error."""
    known = found.at >= 0
    at = found.at[known]
    failed, same, gone = np.zeros_like(known), np.zeros_like(known), status.size < 0
    failed[known] = index.failed[at]
    of_size, of_time = (index.column(name)[at] for name in ("size", "mtime_ns"))
    same[known] = (of_size == status.size[known]) & (of_time == status.mtime_ns[known])
    # A good row stays when its file is not there: perhaps the disk is not.
    done = known & ~failed & (same | gone)
    wanted = np.flatnonzero(found.first & ~done)
    again = np.flatnonzero((failed & same)[wanted])
    reasons = index.labels["error"].take(arrow()[0].array(found.at[wanted[again]])).to_pylist()
    renews = bool((known & ~done).any() or not found.latest.all())
    return _Work(wanted, dict(zip(again.tolist(), reasons, strict=True)), renews)


def _warn_of_absent(folder: Path, index: _folder.Index, found: Matches) -> None:
    """Tell of rows whose tracks are not among those of this call."""
    absent = np.flatnonzero(found.others)
    if len(absent):
        first = index.labels["path"][int(absent[0])].as_py()
        warn_caller(
            f"{folder} has rows of tracks that are not among these, which stay: {len(absent)}, "
            f"the first of {first}"
        )


class _Ledger:
    """What became of the tracks, for people.

    Parameters
    ----------
    tracks : Tracks
        All tracks of the call.
    places : ndarray of shape (n_work,)
        Those of them that are worked on.
    progress : Progress
        Tells how far it is.
    """

    def __init__(self, tracks: Tracks, places: NDArray[np.int64], progress: Progress) -> None:
        self.progress = progress
        self._tracks, self._places = tracks, places
        self._errors: list[TrackError] = []
        self._remarks = [Remark(0)] * len(tracks.paths)

    def take(self, row: TrackRow) -> None:
        """Note what became of a track."""
        place = int(self._places[row.index])
        self.progress.take(row)
        self._remarks[place] = row.remark
        if row.error:
            # As it was passed, not as a worker finds it.
            path = without_secrets(self._tracks.paths[place])
            self._errors.append(row.error._replace(index=place, path=path))

    def warn(self) -> None:
        """Tell of tracks that failed, or are not heard as they are."""
        warn_of_tracks(self._tracks.paths, self._errors, self._remarks)


def _write_rows(rows: Generator[TrackRow, None, None], writer: Writer, ledger: _Ledger) -> None:
    """Write rows as they come, and what was taken of them when something stops it."""
    try:
        for row in rows:
            ledger.take(row)
            writer.take(row)
            if writer.is_full:
                ledger.progress.shard(writer.flush())
    finally:
        rows.close()
        ledger.progress.shard(writer.flush())


def _adopt_shards(
    batches: Generator[tuple[int, Written], None, None],
    folder: Path,
    cache: TrackCache,
    ledger: _Ledger,
) -> None:
    """Make what workers have written shards, as it comes."""
    files = _folder.following_shards(folder)
    with closing(batches):
        for start, written in batches:
            for row in written.rows(start):
                ledger.take(row)
            cache.take_note(written.noted)
            if written.part is not None:
                shard = next(files)
                _folder.adopt(folder / written.part, shard)
                ledger.progress.shard(shard)
            if written.error is not None:
                raise written.error
    cache.trim()


def _tidy(folder: Path) -> None:
    """Take rows out of shards that newer ones have taken the place of."""
    pa, _ = arrow()
    index = _folder.read_index(folder)
    latest = match(index.labels["path"], pa.chunked_array([], "string")).latest
    for number in np.unique(index.file[~latest]):
        file = index.files[number]
        stay = np.sort(index.row[latest & (index.file == number)])
        if len(stay):
            write_whole(file, read_part(file, None).take(pa.array(stay)))
        else:
            file.unlink()
