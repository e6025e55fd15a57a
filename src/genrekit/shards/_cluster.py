"""Batches of tracks on their way to the workers of a dask cluster, and what became of them.

Only one process writes the folder's shards, wherever rows are computed: workers write files under
names that are no shard's, and whoever holds the folder renames them. So nothing that dies or comes
late can take rows away, or add some twice.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from genrekit._sent import make_call, packed
from genrekit._validation import check_integer
from genrekit.engine import Batches, TrackCache
from genrekit.shards import _folder
from genrekit.shards._batch import Batch, Job, Written, describe_batch, versions
from genrekit.shards._tracks import Tracks

__all__ = ["Cluster", "check_client", "connected"]

# Batches that wait at a worker while it works on one, so that it need not wait for the next.
_AHEAD = 2
# How often workers are counted, seconds.
_COUNTED = 1.0


def check_client(client: Any, output: Any, n_jobs: int | None, retries: int) -> None:
    """Refuse what is no client, or does not go with it."""
    check_integer("retries", retries, minimum=0)
    if client is None:
        return
    if not all(hasattr(client, name) for name in ("submit", "cancel", "nthreads")):
        raise TypeError(f"client must be a dask.distributed.Client, not {client!r:.80}")
    if getattr(client, "asynchronous", False):
        raise ValueError("client must not be an asynchronous one")
    if output is None:
        raise ValueError(
            "client= takes output=, a folder that all workers see; rows come back without it under "
            'joblib.parallel_config("dask")'
        )
    if n_jobs is not None:
        raise ValueError("n_jobs= does not go with client=: its workers have threads of their own")


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """A client of the cluster whose scheduler is at an address; None where there is none."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            f"a cluster needs dask ({error}): pip install 'genrekit[cluster]'"
        ) from error
    with Client(address) as client:
        yield client


class Cluster:
    """Describes tracks on the workers of a cluster.

    Parameters
    ----------
    client : dask.distributed.Client
        Leads to it.
    retries : int
        How often a batch that failed is tried again.
    limit : int
        Tracks in a batch, at most.
    """

    _work = staticmethod(describe_batch)

    def __init__(self, client: Any, retries: int, limit: int) -> None:
        self._client, self._retries, self._limit = client, retries, limit
        self._n_threads, self._counted = 1, -_COUNTED

    def describe(
        self, folder: Path, tracks: Tracks, failed: dict[int, str], cache: TrackCache, **job: Any
    ) -> Generator[tuple[int, Written], None, None]:
        """What became of each batch as it comes, with the place of its first track."""
        with _run(folder) as token:
            told = Job(os.path.abspath(folder), token, cache, versions=versions(), **job)
            batches = Batches(tracks.status.size, self._limit)
            yield from self._finished(told, batches, tracks, failed)

    def _finished(
        self, job: Job, batches: Batches, tracks: Tracks, failed: dict[int, str]
    ) -> Generator[tuple[int, Written], None, None]:
        """Keep workers busy, and give on what they have done."""
        from distributed import as_completed

        running: dict[Any, range] = {}
        done = as_completed(with_results=True, raise_errors=False)
        try:
            while len(batches) or running:
                n_workers = self._count()
                while len(batches) and len(running) < (1 + _AHEAD) * n_workers:
                    places = batches.take(n_workers)
                    future = self._submit(job, _batch(places, tracks, failed))
                    running[future] = places
                    done.add(future)
                for future, found in done.next_batch(block=True):
                    places = running.pop(future)
                    written = _checked(future, found, tracks.names[places.start])
                    batches.learn(places, written.elapsed)
                    yield places.start, written
        finally:
            if left := [future for future in running if not future.done()]:
                self._client.cancel(left)

    def _submit(self, job: Job, batch: Batch) -> Any:
        """Send a batch."""
        key = f"extract-{job.token}-{batch.number}"
        call = packed(self._work, job, batch)
        return self._client.submit(make_call, call, key=key, pure=False, retries=self._retries)

    def _count(self) -> int:
        """How many tracks can be worked on at once; a cluster may grow and shrink."""
        if monotonic() - self._counted >= _COUNTED:
            self._n_threads = max(1, sum(self._client.nthreads().values()))
            self._counted = monotonic()
        return self._n_threads


@contextmanager
def _run(folder: Path) -> Iterator[str]:
    """What tells a run from others, as long as it goes on."""
    token = os.urandom(4).hex()
    path = _folder.run_path(folder, token)
    path.touch()
    try:
        yield token
    finally:
        _folder.sweep_out(folder)


def _batch(places: range, tracks: Tracks, failed: Mapping[int, str]) -> Batch:
    """What a worker is told of some tracks."""
    before = {i: failed[place] for i, place in enumerate(places) if place in failed}
    some = tracks.take(np.arange(places.start, places.stop))
    return Batch(places.start, some.from_anywhere(), before)


def _checked(future: Any, found: Any, first: str) -> Written:
    """What a worker has written; the error where it has not."""
    if future.status == "finished" and isinstance(found, Written):
        return found
    if future.status == "finished":
        raise RuntimeError(f"a worker of the cluster is refused: {found.reason}")
    if future.status == "error":
        raise _failure(found[1], first) from found[1]
    raise ConnectionError(
        "the cluster's scheduler has gone, or has dropped the batches: the rows so far stay, and "
        "the next run goes on there"
    )


def _failure(error: BaseException, first: str) -> Exception:
    """The error of a batch as one that says what to do."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return RuntimeError(
            f"a batch of tracks, the first of them {first}, ended {error.allowed_failures + 1} "
            "workers that worked on it, as when memory runs out: give workers more of it, or fewer "
            "threads, and run it again, which goes on there"
        )
    if isinstance(error, ModuleNotFoundError):
        return ModuleNotFoundError(f"a worker of the cluster fails: {error}: install it there")
    return RuntimeError(f"a worker of the cluster failed: {type(error).__name__}: {error}")
