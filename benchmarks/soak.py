"""A hundred thousand tracks on one machine: what they take, and whether their rows are right.

    python -m benchmarks.soak --tracks 1000 10000 100000
    python -m benchmarks.soak --tracks 10000 --kills 10 --cluster

Clips of music in several formats, of which each has many names, and among a hundred one damaged.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile

import genrekit
from benchmarks._material import Material

SECONDS = 0.4
FORMATS = (".wav", ".flac", ".ogg", ".mp3")
# One in so many files is damaged.
DAMAGED = 100


class Clips(NamedTuple):
    """Names of files; of each, which of the originals it is, -1 where it is damaged."""

    paths: list[str]
    origins: list[int]
    originals: list[str]


def make_clips(folder: Path, n_tracks: int, small: bool = False) -> Clips:
    """Hard links of short clips, and of damaged ones."""
    folder.mkdir()
    originals = [
        _clip(folder, track.waveform, number, suffix)
        for number, track in enumerate(Material(folder, small=small).tracks)
        for suffix in FORMATS
    ]
    damaged = [_damaged(folder, path) for path in originals[:4]]
    rng = random.Random(0)
    paths, origins = [], []
    for i in range(n_tracks):
        bad = i % DAMAGED == DAMAGED // 2
        origin = rng.randrange(len(damaged if bad else originals))
        source = (damaged if bad else originals)[origin]
        paths.append(str(folder / f"{i:06d}{Path(source).suffix}"))
        os.link(source, paths[-1])
        origins.append(-1 if bad else origin)
    return Clips(paths, origins, originals)


def _clip(folder: Path, waveform: np.ndarray, number: int, suffix: str) -> str:
    """A short file, of another length than others."""
    length = int((SECONDS + 0.02 * number) * 22050)
    start = min(len(waveform) // 3, len(waveform) - length)
    path = folder / f"original{number}{suffix}"
    soundfile.write(path, waveform[start : start + length], 22050)
    return str(path)


def _damaged(folder: Path, path: str) -> str:
    """A file of half the length, in which nothing of it is left."""
    damaged = folder / f"damaged{Path(path).suffix}"
    damaged.write_bytes(np.random.default_rng(0).bytes(Path(path).stat().st_size // 2))
    return str(damaged)


CHILD = """
import json, os, sys, threading, time, warnings
import genrekit

def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

warnings.simplefilter("ignore")
paths = json.load(open(sys.argv[1]))
genrekit.extract(paths[:1], "standard", output=sys.argv[2] + "-first")
before, begun, wall = resident(), time.process_time(), time.perf_counter()
descriptors, ended = [len(os.listdir("/proc/self/fd"))], threading.Event()

def watch():
    while not ended.wait(0.2):
        descriptors.append(len(os.listdir("/proc/self/fd")))

watcher = threading.Thread(target=watch)
watcher.start()
genrekit.extract(paths, "standard", output=sys.argv[2], n_jobs=int(sys.argv[3]))
ended.set()
watcher.join()
spent = time.process_time() - begun, time.perf_counter() - wall
print(json.dumps([before, resident(), *spent, min(descriptors), max(descriptors)]))
"""


class Soaked(NamedTuple):
    """What a run took: MB after the first track and at most, seconds, descriptors."""

    n_tracks: int
    first: float
    highest: float
    cpu: float
    wall: float
    fewest: int
    most: int


def soak(root: Path, n_tracks: int, n_jobs: int, small: bool = False) -> Soaked:
    """Grow a table in a process of its own, and look at every row of it."""
    clips = make_clips(root / f"clips{n_tracks}", n_tracks, small)
    (root / "paths.json").write_text(json.dumps(clips.paths))
    rows = root / f"rows{n_tracks}"
    command = [sys.executable, "-c", CHILD, str(root / "paths.json"), str(rows), str(n_jobs)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    check(rows, clips)
    return Soaked(n_tracks, *json.loads(told))


def check(folder: Path, clips: Clips) -> None:
    """Compare a table with the rows of the few files that it is of, to the last bit."""
    whole = genrekit.extract(clips.originals, "standard", on_error="raise").table
    table = genrekit.read_rows(folder)
    assert table.paths == clips.paths
    origins = np.array(clips.origins)
    assert [error.index for error in table.errors] == np.flatnonzero(origins < 0).tolist()
    for tracks, X in table.batches(10_000):
        good = origins[tracks] >= 0
        np.testing.assert_array_equal(X[good], whole[origins[tracks][good]])
        assert np.isnan(X[~good]).all()


GROW = """
import sys, warnings
from pathlib import Path
import genrekit

warnings.simplefilter("ignore")
folder, rows, shard_size, address = sys.argv[1:]
paths = sorted(map(str, Path(folder).glob("[0-9]" * 6 + ".*")))
if address:
    from distributed import Client
    how = {"client": Client(address)}
else:
    how = {"n_jobs": 2}
genrekit.extract(paths, "standard", output=rows, shard_size=int(shard_size), **how)
"""


class _Running:
    """A run in a process of its own, and a cluster of processes of its own if it takes one."""

    def __init__(self, root: Path, cluster: bool, shard_size: int) -> None:
        self._parts: dict[str, list[subprocess.Popen[bytes]]] = {}
        address = self._start_cluster(root) if cluster else ""
        arguments = [str(root / "clips"), str(root / "rows"), str(shard_size), address]
        self.client = _start("-c", GROW, *arguments)
        self._parts["client"] = [self.client]

    def _start_cluster(self, root: Path) -> str:
        """A scheduler and two workers, and where it is."""
        about = root / f"scheduler{time.monotonic_ns()}.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        run = ["-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(about)]
        self._parts["scheduler"] = [_start(*run, *options)]
        while not about.exists():
            time.sleep(0.05)
        address: str = json.loads(about.read_text())["address"]
        options = ["--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "10"]
        run = ["-m", "distributed.cli.dask_worker", address]
        self._parts["worker"] = [_start(*run, *options) for _ in range(2)]
        return address

    def kill(self, what: str) -> None:
        """Kill one of them."""
        self._parts[what][0].send_signal(signal.SIGKILL)

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: Any) -> None:
        for process in (process for parts in self._parts.values() for process in parts):
            process.kill()
            process.wait()


def _start(*command: str) -> subprocess.Popen[bytes]:
    """A Python that says nothing."""
    how: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, *command], **how)


class Killed(NamedTuple):
    """What was killed; rows that were in the folder then, and when the run had ended."""

    what: str
    before: int
    after: int


def kill(
    root: Path, n_tracks: int, kills: int, cluster: bool, shard_size: int, small: bool = False
) -> list[Killed]:
    """Kill a run at random moments, let it go on, and look at every row in the end.

    On a cluster it is a worker, the scheduler or the client that is killed, in turn. The run goes
    on after the first, and ends by itself after the second.
    """
    clips = make_clips(root / "clips", n_tracks, small)
    rows, rng, found = root / "rows", random.Random(0), []
    victims = ("worker", "scheduler", "client") if cluster else ("client",)
    for number in range(kills):
        what = victims[number % len(victims)]
        with _Running(root, cluster, shard_size) as run:
            _wait_for_shards(rows, rng.randrange(1, 4), run)
            time.sleep(rng.uniform(0, 0.5))
            before = _n_rows(rows)
            run.kill(what)
            if what == "worker":
                _wait_for_shards(rows, 2, run)
                run.kill("client")
            run.client.wait(120)
        found.append(Killed(what, before, _n_rows(rows)))
    with _Running(root, cluster, shard_size) as run:
        run.client.wait()
    check(rows, clips)
    return found


def _n_rows(folder: Path) -> int:
    """Rows in the shards."""
    import pyarrow.parquet as pq

    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.glob("rows-*"))


def _wait_for_shards(folder: Path, n_shards: int, run: _Running) -> None:
    """Wait for so many further shards, or the end."""
    target = len(list(folder.glob("rows-*"))) + n_shards
    while run.client.poll() is None and len(list(folder.glob("rows-*"))) < target:
        time.sleep(0.01)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tracks", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=0, help="kill a run so often instead")
    parser.add_argument("--cluster", action="store_true", help="kill parts of a dask cluster")
    parser.add_argument("--shard-size", type=int, default=50, help="of the run that is killed")
    args = parser.parse_args(argv)
    for n_tracks in args.tracks:
        with tempfile.TemporaryDirectory() as temporary:
            root = Path(temporary)
            if args.kills:
                for killed in kill(root, n_tracks, args.kills, args.cluster, args.shard_size):
                    print("{} killed at {} rows, {} when it had ended".format(*killed))
                print(f"then all {n_tracks}, as if nothing had happened", flush=True)
                continue
            found = soak(root, n_tracks, args.n_jobs)
            print(
                f"{n_tracks} tracks: {1000 * found.cpu / n_tracks:.3f} ms of CPU time each, "
                f"{found.wall:.0f} s; {found.first:.0f} MB after the first, {found.highest:.0f} at "
                f"most; {found.fewest} to {found.most} descriptors",
                flush=True,
            )


if __name__ == "__main__":
    main()
