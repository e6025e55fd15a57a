"""What a table that grows in a folder costs, bears and holds in memory.

    python -m benchmarks.growing cost
    python -m benchmarks.growing kill --tracks 1000 --kills 10
    python -m benchmarks.growing memory --tracks 2000 20000

All of it on noise that is made here: what is measured is the table, not the music.
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

import numpy as np
import soundfile

import genrekit

SR = 22050
FEATURES = "standard"


def make_noise(folder: Path, n_tracks: int, seconds: float) -> list[str]:
    """Files of noise, each its own."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    paths = [str(folder / f"{i:06d}.wav") for i in range(n_tracks)]
    for path in paths:
        soundfile.write(path, rng.uniform(-0.5, 0.5, int(seconds * SR)), SR)
    return paths


def make_links(folder: Path, n_tracks: int, seconds: float) -> list[str]:
    """Names of one file of noise."""
    (first,) = make_noise(folder, 1, seconds)
    paths = [first, *(str(folder / f"{i:06d}.wav") for i in range(1, n_tracks))]
    for path in paths[1:]:
        os.link(first, path)
    return paths


def cost(root: Path, n_tracks: int, seconds: float, repeats: int) -> tuple[float, float]:
    """CPU time of rows in a folder and in memory, the least of some, for others use the machine."""
    paths = make_noise(root / "noise", n_tracks, seconds)
    genrekit.extract(paths[:2], FEATURES, output=root / "warm")
    folder, held = [], []
    for repeat in range(repeats):
        begun = time.process_time()
        whole = genrekit.extract(paths, FEATURES, on_error="raise").table
        between = time.process_time()
        grown = genrekit.extract(paths, FEATURES, output=root / f"rows{repeat}", shard_size=100)
        ended = time.process_time()
        np.testing.assert_array_equal(grown.table.to_numpy(), whole)
        folder.append(ended - between)
        held.append(between - begun)
    return min(folder), min(held)


def kill(root: Path, n_tracks: int, seconds: float, kills: int, shard_size: int) -> dict[str, int]:
    """Kill a run at random moments and let it go on; how many rows there were each time."""
    paths = make_noise(root / "noise", n_tracks, seconds)
    whole = genrekit.extract(paths, FEATURES, on_error="raise").table
    rng = random.Random(0)
    done = []
    for _ in range(kills):
        target = _shards(root / "rows") + 1
        with _start(root, shard_size) as run:
            while run.poll() is None and _shards(root / "rows") < target:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.5))
            run.send_signal(signal.SIGKILL)
        done.append(_shards(root / "rows") * shard_size)
    with _start(root, shard_size) as run:
        pass
    grown = genrekit.read_rows(root / "rows")
    assert grown.paths == paths
    np.testing.assert_array_equal(grown.to_numpy(), whole)
    return {"rows after each kill": done, "rows that equal": len(grown)}


def _shards(folder: Path) -> int:
    """How many shards there are."""
    return len(list(folder.glob("rows-*.parquet")))


def _start(root: Path, shard_size: int) -> subprocess.Popen[bytes]:
    """A process that grows a table."""
    command = [sys.executable, "-m", "genrekit.cli", "extract", str(root / "noise")]
    options = ["-o", f"{root / 'rows'}/", "--shard-size", str(shard_size)]
    return subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL)


MEMORY = """
import json, sys
import genrekit

def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(sys.argv[2])) / 1024

paths = json.load(open(sys.argv[1]))
genrekit.extract(paths[:1], "standard", output=sys.argv[3] + "-first")
before = resident()
genrekit.extract(paths, "standard", output=sys.argv[3])
print(json.dumps([before, resident()]))
"""


def memory(root: Path, n_tracks: int, seconds: float) -> tuple[float, float]:
    """Resident memory after the first track, and the highest of the whole run, MB."""
    paths = make_links(root / f"links{n_tracks}", n_tracks, seconds)
    (root / "paths.json").write_text(json.dumps(paths))
    arguments = [str(root / "paths.json"), "VmHWM", str(root / f"rows{n_tracks}")]
    command = [sys.executable, "-c", MEMORY, *arguments]
    first, highest = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return first, highest


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("cost", "kill", "memory"))
    parser.add_argument("--tracks", type=int, nargs="+", default=[400])
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--shard-size", type=int, default=50)
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        if args.what == "cost":
            folder, held = cost(root, args.tracks[0], args.seconds, args.repeats)
            print(
                f"CPU time: {folder:.2f} s in a folder, {held:.2f} in memory: {folder / held:.3f}"
            )
        elif args.what == "kill":
            print(kill(root, args.tracks[0], args.seconds, args.kills, args.shard_size))
        else:
            for n_tracks in args.tracks:
                first, highest = memory(root, n_tracks, args.seconds)
                print(f"{n_tracks} tracks: {first:.0f} MB after the first, {highest:.0f} at most")


if __name__ == "__main__":
    main()
