"""What it takes to train a network from frames on disk, beside a bare loop with all in memory.

    python -m benchmarks.training

Needs genrekit[train]. Time is that of the processor, with one thread. Memory is what is anonymous
in a process of its own (RssAnon and RssShmem), beyond what it had after its imports; what the
system keeps of the file in its cache is not in it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks._material import Material
from benchmarks._measure import Bar, Case, Side, cpu, measure
from benchmarks._peers import Peers
from benchmarks._report import describe_run, print_result, write_table
from genrekit.shards import FrameStore
from genrekit.training import Segments, TrainSettings, build_network, train_network

_SHAPE = (128, 1292)
_PATCH = 130
_CLASSES = 10
_BATCH = 32
_LR = 3e-3
_LEFT_OUT = "" if Path("/proc/self/status").exists() else "it is read from /proc (Linux)"

# The peak is sampled, for the system notes that of all memory only.
_CHILD = """
import re, threading
from benchmarks.training import make_segments, train
import genrekit.training._loop  # skorch, and what is loaded late
def anonymous():
    status = open("/proc/self/status").read()
    return sum(int(re.search(name + r":\\s+(\\d+)", status)[1]) for name in ("RssAnon", "RssShmem"))
idle, most, over = anonymous(), 0, threading.Event()
def watch():
    global most
    while not over.wait(0.02):
        most = max(most, anonymous())
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
train(make_segments({n_tracks}, 1))
over.set()
watcher.join()
print((most - idle) / 1000)
"""


def pictures(n_tracks: int):
    """Log-mel spectrograms of 30 s, as far as memory is concerned."""
    noise = np.random.default_rng(0).normal(-40, 15, _SHAPE).astype(np.float32)
    for track in range(n_tracks):
        yield np.roll(noise, 7 * track, axis=1) + np.float32(track % _CLASSES)


def make_segments(n_tracks: int, n_segments: int) -> Segments:
    """So many segments of each track, its frames on disk."""
    store = FrameStore(["mel"], n_tracks=n_tracks)
    for picture in pictures(n_tracks):
        store.add({"mel": picture})
    starts = [np.arange(n_segments)[:, np.newaxis] * (_SHAPE[1] // n_segments)] * n_tracks
    targets = np.arange(n_tracks) % _CLASSES
    return Segments(store, starts, targets, patches={"mel": _PATCH}, n_classes=_CLASSES)


def make_module() -> torch.nn.Module:
    """The network that both train."""
    return build_network("cnn", [(_SHAPE[0], _PATCH)], _CLASSES, {}, seed=0)


def train(segments: Segments) -> None:
    """An epoch of ours."""
    settings = TrainSettings(max_epochs=1, batch_size=_BATCH, lr=_LR)
    train_network(make_module(), segments, settings, device="cpu")


def train_bare(data: tuple[torch.Tensor, NDArray[np.intp], int]) -> None:
    """An epoch of what one would write for oneself, all pictures in memory as they are needed."""
    frames, targets, n_segments = data
    rng = np.random.default_rng(0)
    module = make_module().train()
    tracks = rng.permutation(np.repeat(np.arange(len(frames)), n_segments))
    steps = -(-len(tracks) // _BATCH)
    optimizer = torch.optim.AdamW(module.parameters(), lr=_LR, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LR, steps + 1, pct_start=0.25)
    for rows in np.array_split(tracks, steps):
        starts = rng.integers(_SHAPE[1] - _PATCH, size=len(rows))
        pairs = zip(rows, starts, strict=True)
        batch = torch.stack([frames[row, :, start : start + _PATCH] for row, start in pairs])
        loss = torch.nn.functional.cross_entropy(module(batch), torch.from_numpy(targets[rows]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        loss.item()


def bare(n_tracks: int, n_segments: int) -> tuple[torch.Tensor, NDArray[np.intp], int]:
    """What the bare loop runs on, standardised already."""
    frames = np.stack(list(pictures(n_tracks)))
    frames -= frames.mean(axis=(0, 2), keepdims=True)
    frames /= frames.std(axis=(0, 2), keepdims=True)
    return torch.from_numpy(frames), np.arange(n_tracks) % _CLASSES, n_segments


def anonymous_memory(n_tracks: int) -> float:
    """The most that training holds in memory beyond the idle process, MB."""
    command = [sys.executable, "-c", _CHILD.format(n_tracks=n_tracks)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(printed.split()[-1])


def make_cases(n_tracks: int, n_segments: int, n_pictures: int, rounds: int) -> list[Case]:
    """Time of an epoch, and memory."""
    segments, data = make_segments(n_tracks, n_segments), bare(n_tracks, n_segments)
    ours = Side("genrekit", lambda _: cpu(train)(segments) / 1e3)
    theirs = Side("bare PyTorch, all in memory", lambda _: cpu(train_bare)(data) / 1e3)
    memory = Side("genrekit", lambda _: anonymous_memory(n_pictures))
    count = n_tracks * n_segments
    return [
        Case(
            "epoch", f"An epoch of ``cnn`` over {count} segments of 3 s, CPU", Bar("≤", 1.15),
            ours, theirs, [None], rounds, unit="s",
        ),
        Case(
            "memory", f"Anonymous memory, training on {n_pictures:,} pictures of 128 × 1292",
            Bar("≤", 1500), memory, None, [None], 1, unit="MB", missing=_LEFT_OUT,
        ),
    ]  # fmt: skip


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="epochs of each side (default: %(default)s)")
    add("--smoke", action="store_true", help="everything once, tiny: does it run?")
    add("--only", default="", metavar="TEXT", help="only rows with TEXT in their key")
    add("--output", type=Path, metavar="FILE", help="write the table, as reStructuredText")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, Peers() as peers:
        run = describe_run(Material(Path(folder), small=True), peers)
    run["Music"] = "none: noise of the size of log-mel spectrograms"
    run["Versions"] += f", torch {torch.__version__}"
    del run["Peers"]
    print("\n".join(f"{name}: {value}" for name, value in run.items()), flush=True)
    sizes = (2, 2, 4, 1) if options.smoke else (32, 10, 8000, options.rounds)
    results = []
    for case in make_cases(*sizes):
        if options.only in case.key:
            results.append(measure(case))
            print_result(results[-1])
    if options.output:
        write_table(options.output, results, run, command="python -m benchmarks.training")


if __name__ == "__main__":
    main()
