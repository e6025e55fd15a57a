"""What the pretrained network takes for a song of three minutes, from the start of the process.

    python -m benchmarks.pretrained --output docs/_pretrained_table.rst

Each run is a process of its own with one thread, whose CPU time is counted from its start to its
end, imports and all. In turn with it runs a process that only imports what no such program can do
without: the difference is our own, and the ratio bears comparison between machines.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from benchmarks._material import Material
from benchmarks._measure import Bar, Case, Side, cpu, measure
from benchmarks._peers import Peers
from benchmarks._report import describe_run, print_result, write_table
from genrekit.networks import answer_patches, open_network

_LEFT_OUT = "" if Path("/proc/self/status").exists() else "it is read from /proc (Linux)"
_PATCHES = 24
_BATCH = 8

_IMPORTS = "import numba, numpy, onnxruntime, sklearn.linear_model, soundfile, soxr"
# At the end of the process, for that is when its peak is known.
_PEAK = """
import atexit, re
status = lambda: open("/proc/self/status").read()
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status())[1]))
"""
_COMMAND = "import sys; from genrekit.cli import run; sys.argv = {0!r}; run()"
_PREDICT = """
from genrekit import GenreClassifier
classifier = GenreClassifier.from_pretrained()
classifier.features_.set_params(max_patches={1})
classifier.predict([{0!r}])
"""
_TAG = "from genrekit import CNNEmbedding; CNNEmbedding(max_patches={1}).top_tags([{0!r}])"


class Took(NamedTuple):
    """CPU time of a process, seconds, and its peak memory, MB."""

    seconds: float
    megabytes: float


class Way(NamedTuple):
    """One way to ask: its name for programs and for readers, its code, and the seconds it may."""

    key: str
    title: str
    code: Callable[[str], str]
    bar: float


def _ways() -> list[Way]:
    """All ways, in the order of the table."""

    def command(name: str) -> Way:
        code = lambda song: _COMMAND.format(["genrekit", name, song])  # noqa: E731
        return Way(name, f"``genrekit {name}``", code, 3)

    def call(key: str, title: str, code: str) -> list[Way]:
        return [
            Way(key, f"``{title}``", lambda song: code.format(song, 60), 3),
            Way(f"{key}-all", f"``{title}``, every patch", lambda song: code.format(song, None), 5),
        ]

    return [
        command("tags"),
        command("predict"),
        *call("top-tags", "CNNEmbedding().top_tags", _TAG),
        *call("pretrained", "GenreClassifier.from_pretrained().predict", _PREDICT),
    ]


def run_process(code: str) -> Took:
    """Run a program in a process of its own."""
    command = [sys.executable, "-c", _PEAK + code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"it failed: {code}")
    # Not the peak in `usage`: that may be this process's own.
    return Took(usage.ru_utime + usage.ru_stime, int(printed.split()[-1]) / 1000)


def make_cases(song: str, rounds: int) -> list[Case]:
    """CPU time of each way, memory of each way, one patch, and patches in batches."""
    imports = Side("imports", lambda _: run_process(_IMPORTS).seconds)
    cases = []
    for way in _ways():
        ours = Side("genrekit", lambda song, way=way: run_process(way.code(song)).seconds)
        cases.append(
            Case(
                way.key, f"{way.title}, CPU", Bar("≤", way.bar), ours, imports, [song], rounds,
                combine=_first, unit="s", missing=_LEFT_OUT,
            )
        )  # fmt: skip
    for way in _ways():
        peak = Side("genrekit", lambda song, way=way: run_process(way.code(song)).megabytes)
        cases.append(
            Case(
                f"{way.key}-memory", f"{way.title}, peak memory", Bar("≤", 400), peak, None,
                [song], min(rounds, 3), unit="MB", missing=_LEFT_OUT,
            )
        )  # fmt: skip
    return [*cases, _patch_case(rounds), _batch_case(rounds)]


def _patch_case(rounds: int) -> Case:
    """One patch, beside the product of two matrices of 1024 rows and columns."""
    matrix = np.random.default_rng(0).random((1024, 1024), np.float32)

    def multiply(_: object) -> None:
        for _ in range(_PATCHES):
            matrix @ matrix

    title = "A patch of 3 s through the network, CPU"
    product = Side("product of two 1024 × 1024 matrices", _each(multiply))
    return Case(
        "patch", title, None, _patch_side("patch", 1), product, [None], rounds, combine=_first
    )


def _batch_case(rounds: int) -> Case:
    """A patch in a batch, in terms of one that goes through alone."""
    sides = _patch_side(f"by {_BATCH}", _BATCH), _patch_side("by ones", 1)
    return Case("batch", f"A patch in batches of {_BATCH}, CPU", None, *sides, [None], rounds)


def _patch_side(label: str, batch_size: int) -> Side:
    """CPU time for a patch, in batches of a size."""
    network = open_network("msd-musicnn")
    patches = np.random.default_rng(0).random((_PATCHES, *network.shape), np.float32)
    return Side(label, _each(lambda _: answer_patches(network, patches, batch_size=batch_size)))


def _each(work: Callable[[object], object]) -> Callable[[object], float]:
    """CPU time of work on all patches, for one of them."""
    whole = cpu(work)
    return lambda item: whole(item) / _PATCHES


def _first(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What our side took; the other one stands beside it."""
    return first


def write_song(material: Material, folder: Path, seconds: int) -> str:
    """Music repeated until it is as long as a song, as MP3."""
    y, sr = soundfile.read(material.paths[0], dtype="float32")
    path = folder / "song.mp3"
    soundfile.write(path, np.resize(y, (seconds * sr, *y.shape[1:])), sr)
    return str(path)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=7, help="processes for each row (default: %(default)s)")
    add("--smoke", action="store_true", help="everything once, tiny: does it run?")
    add("--output", type=Path, metavar="FILE", help="write the table, as reStructuredText")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Peers() as peers:
        material = Material(Path(folder), small=options.smoke)
        song = write_song(material, Path(folder), 4 if options.smoke else 180)
        run = describe_run(material, peers)
        run["Music"] = f"a song of 3 minutes, of {material.kind} the first, repeated"
        del run["Peers"]
        print("\n".join(f"{name}: {value}" for name, value in run.items()), flush=True)
        results = []
        for case in make_cases(song, 1 if options.smoke else options.rounds):
            results.append(measure(case))
            print_result(results[-1])
    if options.output:
        write_table(options.output, results, run, command="python -m benchmarks.pretrained")


if __name__ == "__main__":
    main()
