"""What a dask cluster costs, and what its workers do for it.

    python -m benchmarks.cluster scheduler --workers 2 4 8 16 32
    python -m benchmarks.cluster wall --tracks 400
    python -m benchmarks.cluster cold

All of it on one machine: workers that do nothing but wait stand for many.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import psutil
from distributed import Client, LocalCluster

import genrekit
from benchmarks._material import Material
from genrekit.audio import Remark
from genrekit.engine import Batches, Plan, Row, TrackCache
from genrekit.features import Frontend, resolve
from genrekit.shards._batch import Batch, Job, Written, versions
from genrekit.shards._cluster import Cluster
from genrekit.shards._tracks import Status, Tracks

# As many as there are in a batch of clips of 30 seconds, and how long each of them lasts here.
TRACKS_IN_BATCH = 300
SECONDS = 0.4


def wait(job: Job, batch: Batch) -> Written:
    """Take as much as a batch does, give as much as it gives, and do nothing."""
    time.sleep(SECONDS)
    n_tracks = len(batch.tracks.paths)
    nothing: Row[None] = Row(None, 0.0, 0, "", Remark(0))
    return Written(None, SECONDS, np.ones(n_tracks), np.zeros(n_tracks, int), [], None, nothing)


class Waiting(Cluster):
    """A cluster whose workers wait."""

    _work = staticmethod(wait)


class Cost(NamedTuple):
    """CPU time that a batch takes, milliseconds: of the scheduler, and of the client."""

    n_workers: int
    scheduler: float
    client: float


WORKERS = """
import asyncio, sys
from distributed import Worker

async def main():
    workers = [Worker(sys.argv[1], nthreads=1, dashboard=False) for _ in range(int(sys.argv[2]))]
    await asyncio.gather(*workers)
    await asyncio.gather(*(worker.finished() for worker in workers))

asyncio.run(main())
"""


@contextmanager
def _process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python that ends with the block."""
    how: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, *command], **how) as process:
        try:
            yield process
        finally:
            process.kill()


def scheduler_cost(folder: Path, n_workers: int, batches_each: int = 20) -> Cost:
    """What a batch costs the scheduler and the client, by the CPU time of their processes."""
    about = str(folder / f"scheduler-{n_workers}.json")
    command = ["-m", "distributed.cli.dask_scheduler", "--scheduler-file", about, "--no-dashboard"]
    with ExitStack() as stack:
        scheduler = stack.enter_context(_process(*command, "--host", "127.0.0.1", "--port", "0"))
        while not os.path.exists(about):
            time.sleep(0.05)
        client = stack.enter_context(Client(scheduler_file=about))
        address = client.scheduler.address
        stack.enter_context(_process("-c", WORKERS, address, str(n_workers)))
        client.wait_for_workers(n_workers)
        _wait_for(client, folder, n_workers, 1)
        meter = psutil.Process(scheduler.pid)
        before, own = _cpu(meter), time.process_time()
        n_batches = _wait_for(client, folder, n_workers, batches_each)
        spent = _cpu(meter) - before, time.process_time() - own
    return Cost(n_workers, *(1000 * seconds / n_batches for seconds in spent))


def _cpu(process: psutil.Process) -> float:
    """CPU time of a process, seconds."""
    times = process.cpu_times()
    return times.user + times.system


class Even(Batches):
    """Batches of a length that nothing is learned about."""

    def take(self, n_workers: int) -> range:
        self._next += TRACKS_IN_BATCH
        return range(self._next - TRACKS_IN_BATCH, self._next)


def _wait_for(client: Client, folder: Path, n_workers: int, batches_each: int) -> int:
    """Send batches to workers that wait, and count them."""
    n_tracks = n_workers * batches_each * TRACKS_IN_BATCH
    paths = [f"/a/library/of/music/artist/album/{i:08d}.mp3" for i in range(n_tracks)]
    tracks = Tracks(paths, paths, Status(np.ones(n_tracks, int), np.ones(n_tracks, int)))
    cache = TrackCache(Plan.of(resolve("standard"), Frontend()), None)
    job = Job(str(folder), "0", cache, None, "nan", {"of": "what"}, versions())
    cluster = Waiting(client, 2, TRACKS_IN_BATCH)
    return len(list(cluster._finished(job, Even(tracks.status.size, 1), tracks, {})))


def wall(folder: Path, paths: list[str], repeats: int) -> dict[str, list[float]]:
    """Seconds of the same rows by two threads, by two workers, and by joblib on these."""
    found: dict[str, list[float]] = {"threads": [], "client": [], "joblib": []}

    def here() -> np.ndarray:
        return genrekit.extract(paths, n_jobs=2, on_error="raise").table

    def there(rows: Path) -> np.ndarray:
        return genrekit.extract(paths, output=rows, client=client).table.to_numpy()

    def by_joblib() -> np.ndarray:
        with joblib.parallel_config("dask"):
            return genrekit.extract(paths, on_error="raise").table

    with _two_workers() as client:
        genrekit.extract(paths[:4], n_jobs=2, on_error="raise")
        genrekit.extract(paths[:24], output=folder / "warm", client=client)
        for repeat in range(repeats):
            whole, seconds = _timed(here)
            found["threads"].append(seconds)
            rows = folder / f"rows{repeat}"
            for name, work in (("client", partial(there, rows)), ("joblib", by_joblib)):
                table, seconds = _timed(work)
                np.testing.assert_array_equal(table, whole)
                found[name].append(seconds)
    return found


@contextmanager
def _two_workers() -> Iterator[Client]:
    """Two workers of a thread each, on this machine."""
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**how) as cluster, Client(cluster) as client:
        yield client


def _timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Rows, and how many seconds they took."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def cold(path: str) -> list[float]:
    """Seconds from the start of a worker's process to its first row, twice.

    The first time its kernels are compiled, the second they are found where the first has left
    them.
    """
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["NUMBA_CACHE_DIR"] = f"{temporary}/numba"
        for number in range(2):
            with (
                LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster,
                Client(cluster) as client,
            ):
                begun = time.perf_counter()
                with _process("-c", WORKERS, cluster.scheduler_address, "1"):
                    genrekit.extract([path], output=f"{temporary}/rows{number}", client=client)
                found.append(time.perf_counter() - begun)
    return found


def music(folder: Path, n_tracks: int) -> list[str]:
    """Names of real MP3s, or of synthetic ones where there are none."""
    real = Material(folder).paths
    paths = [str(folder / f"{i:06d}.mp3") for i in range(n_tracks)]
    for i, path in enumerate(paths):
        os.symlink(real[i % len(real)], path)
    return paths


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("scheduler", "wall", "cold"))
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4, 8, 16, 32])
    parser.add_argument("--tracks", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if args.what == "scheduler":
            for n_workers in args.workers:
                print(
                    "{} workers: scheduler {:.2f} ms a batch, client {:.2f} ms".format(
                        *scheduler_cost(folder, n_workers)
                    ),
                    flush=True,
                )
        elif args.what == "wall":
            for name, seconds in wall(folder, music(folder, args.tracks), args.repeats).items():
                print(f"{name}: {min(seconds):.2f} s, all {np.round(seconds, 2).tolist()}")
        else:
            compiled, kept = cold(music(folder, 1)[0])
            print(f"first row: {compiled:.1f} s, with kernels that are kept {kept:.1f} s")


if __name__ == "__main__":
    main()
