"""What a worker of a cluster does: it describes a batch of tracks and writes a shard of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._version import __version__
from genrekit.audio import Remark, available_decoders
from genrekit.engine import Row, TrackCache, TrackRow, stream_rows
from genrekit.exceptions import AudioDecodeError, TrackError
from genrekit.remote import is_address
from genrekit.shards._folder import batch_path, run_path
from genrekit.shards._identity import make_schema, number_rules
from genrekit.shards._tracks import Tracks
from genrekit.shards._writer import Writer

__all__ = ["Batch", "Job", "Refusal", "Written", "describe_batch", "versions"]

# What decides about the numbers of a row.
_DECIDING = ("numpy", "scipy", "numba", "soxr", "onnxruntime")


class Job(NamedTuple):
    """What all batches of a run have in common.

    Attributes
    ----------
    folder : str
        Where shards go.
    token : str
        What tells the run from others.
    cache : TrackCache
        Computes rows.
    decoder : callable or None
        Reads files.
    on_error : {"raise", "nan"}
        Whether the first track that fails ends a batch.
    identity : dict
        What the rows are of.
    versions : dict of str to str
        Those of whoever sent it.
    """

    folder: str
    token: str
    cache: TrackCache
    decoder: Any
    on_error: str
    identity: Mapping[str, Any]
    versions: Mapping[str, str]


class Batch(NamedTuple):
    """Some tracks.

    Attributes
    ----------
    number : int
        Which batch of the run.
    tracks : Tracks
        The tracks.
    failed : dict of int to str
        Why some of them failed before.
    """

    number: int
    tracks: Tracks
    failed: dict[int, str]


class Refusal(NamedTuple):
    """Why a worker does not do what it was sent; another try would end in the same."""

    reason: str


class Written(NamedTuple):
    """What became of a batch; its rows are in a file.

    Attributes
    ----------
    part : str or None
        The file, which whoever holds the folder makes a shard; None if there were no rows.
    elapsed : float
        Seconds it took.
    seconds : ndarray of shape (n_tracks,)
        How much was read of each track.
    remarks : ndarray of shape (n_tracks,)
        What is to be known of each.
    errors : list of TrackError
        Those that failed.
    error : AudioDecodeError or None
        What ended the batch before its time.
    noted : Row
        What was written into the cache, and what went wrong with it.
    """

    part: str | None
    elapsed: float
    seconds: NDArray[np.float64]
    remarks: NDArray[np.int64]
    errors: list[TrackError]
    error: AudioDecodeError | None
    noted: Row[None]

    def rows(self, start: int) -> Iterator[TrackRow]:
        """What became of each track, without its features."""
        errors = {error.index: error for error in self.errors}
        for i, (seconds, remark) in enumerate(zip(self.seconds, self.remarks, strict=True)):
            yield TrackRow(start + i, None, errors.get(i), float(seconds), Remark(int(remark)))


class _SentCache(TrackCache):
    """A cache whose owner is elsewhere, and makes room in it."""

    def __init__(self, cache: TrackCache) -> None:
        vars(self).update(vars(cache))
        self.noted: Row[None] = Row(None, 0.0, 0, "", Remark(0))

    def take_note(self, row: Row[Any]) -> None:
        """Count what was written."""
        written, trouble = self.noted.written + row.written, self.noted.trouble or row.trouble
        self.noted = self.noted._replace(written=written, trouble=trouble)

    def trim(self) -> None:
        """Leave it to the owner."""


def describe_batch(job: Job, batch: Batch) -> Written | Refusal:
    """Describe tracks and write their rows."""
    begun = perf_counter()
    if reason := _unlike(job.versions):
        return Refusal(reason)
    _check_run(job)
    _check_tracks(batch.tracks)
    cache = _SentCache(job.cache)
    path = batch_path(Path(job.folder), job.token, batch.number)
    schema = make_schema(cache.plan.columns, job.identity)
    size = len(batch.tracks.paths)
    writer = Writer(batch.tracks, batch.failed, schema, iter([path]), size)
    rows, error = [], None
    how = {"n_jobs": 1, "decoder": job.decoder, "on_error": job.on_error}
    try:
        for row in stream_rows(batch.tracks.paths, cache, **how):
            writer.take(row)
            rows.append(row._replace(values=None))
    except AudioDecodeError as failure:
        error = failure
    _check_run(job)  # or nobody would fetch what is written
    part = writer.flush()
    return Written(
        None if part is None else part.name,
        perf_counter() - begun,
        np.array([row.seconds for row in rows]),
        np.array([int(row.remark) for row in rows]),
        [row.error for row in rows if row.error is not None],
        error,
        cache.noted,
    )


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """What decides about numbers, by name."""
    found = {"genrekit": __version__}
    for name in _DECIDING:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "none"
    rules = {f"genrekit's {name}": str(rule) for name, rule in number_rules().items()}
    return {**found, **rules, "decoders": str(available_decoders())}


def _unlike(wanted: Mapping[str, str]) -> str:
    """By what this process differs from whoever sent it something; empty if by nothing."""
    found = versions()
    differ = [name for name, version in wanted.items() if found.get(name) != version]
    if not differ:
        return ""
    told = ", ".join(f"{name} {found.get(name)} (here {wanted[name]})" for name in differ)
    return f"it has {told}, so that its rows would differ from others: install the same there"


def _check_run(job: Job) -> None:
    """Go on only where the run's own file is seen."""
    if not run_path(Path(job.folder), job.token).exists():
        raise FileNotFoundError(
            f"{job.folder}: the run that this is of has ended, or this worker does not see the "
            "folder: output= must be on a file system that all workers share, under the same name"
        )


def _check_tracks(tracks: Tracks) -> None:
    """Refuse a batch of which nothing is seen here, though it was where it was sent from."""
    pairs = zip(tracks.paths, tracks.status.size, strict=True)
    there = [path for path, size in pairs if size >= 0 and not is_address(path)]
    if there and not any(map(os.path.exists, there)):
        raise FileNotFoundError(
            f"{there[0]}: this worker does not see it, nor any other of {len(there)} tracks: "
            "they must be on a file system that all workers share, under the same name"
        )
