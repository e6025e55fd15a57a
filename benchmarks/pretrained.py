"""What the pretrained network takes for a song of three minutes, from the start of the process.

    python -m benchmarks.pretrained --output docs/_pretrained_table.rst

Each of the first runs is a process of its own with one thread, whose CPU time is counted from its
start to its end, imports and all. In turn with it runs a process that only imports what no such
program can do without: the difference is our own, and the ratio bears comparison between machines.
What follows is inside one process, beside what decoding the file takes: the network, of which a
song of any length hears 12 patches, is most of it.
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
from benchmarks._measure import Bar, Case, Side, cpu, difference, measure
from benchmarks._peers import Peers
from benchmarks._report import describe_run, print_result, write_table
from genrekit import GenreClassifier
from genrekit.audio._sequential import SequentialFile
from genrekit.networks import CNNEmbedding, answer_patches, open_network

_LEFT_OUT = "" if Path("/proc/self/status").exists() else "it is read from /proc (Linux)"
_HEARD = CNNEmbedding().hearing()[1]
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
            Way(key, f"``{title}``", lambda song: code.format(song, _HEARD), 3),
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


def make_cases(song: str, clip: str, rounds: int) -> list[Case]:
    """CPU time of each way, memory of each way, what a file takes, one patch, and batches."""
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
    command = ["genrekit", "predict", song]
    return [
        *cases,
        _decoding_case("song", "A song of 3 minutes", Bar("≤", 6, 3), song, rounds),
        _decoding_case("clip", "A clip of 30 s", Bar("≤", 12), clip, rounds),
        _command_case(command, rounds),
        _seek_case(song, rounds),
        _patch_case(rounds),
        _batch_case(rounds),
    ]


def _decoding_case(key: str, title: str, bar: Bar, path: str, rounds: int) -> Case:
    """What a file takes beyond imports, beside what decoding it does."""
    classifier = GenreClassifier.from_pretrained()
    ours = Side("genrekit", cpu(lambda path: classifier.predict([path])))
    title = f"{title} to its genre / decoding it, CPU"
    return Case(key, title, bar, ours, Side("decoding", cpu(_decode)), [path], rounds)


def _decode(path: str) -> None:
    """Read a file from front to back."""
    with soundfile.SoundFile(path) as file:
        for _ in file.blocks(1 << 16, dtype="float32"):
            pass


def _seek_case(song: str, rounds: int) -> Case:
    """Reading no more of a song than the patches, which is not done: see the model card."""
    title = f"The {_HEARD} patches of a song sought and read / decoding it, CPU"
    return Case(
        "seek", title, None, Side("seeking", cpu(_seek)), Side("decoding", cpu(_decode)), [song],
        rounds,
    )  # fmt: skip


def _seek(path: str) -> None:
    """Read patches of 3 s, each with a tenth of a second before it."""
    with SequentialFile(path) as file:
        step, length = file.frames // _HEARD, round(3.1 * file.samplerate)
        for i in range(_HEARD):
            file.seek(i * step)
            file.read(min(length, step), dtype="float32")


def _command_case(command: list[str], rounds: int) -> Case:
    """The command, from the start of its process, beside the patches that it hears of a song."""
    whole = Side("genrekit", lambda _: run_process(_COMMAND.format(command)).seconds)
    one = _patch_side("", 1).cost
    heard = Side(f"{_HEARD} patches", lambda item: _HEARD * one(item) / 1e3)
    title = "``genrekit predict`` less its patches, CPU"
    return Case(
        "command", title, Bar("≤", 1.6), whole, heard, [None], rounds,
        combine=difference, unit="s", missing=_LEFT_OUT,
    )  # fmt: skip


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
    """One recording after the other, until they are as long as a song, as MP3."""
    first, sr = soundfile.read(material.paths[0], dtype="float32", always_2d=True)
    read = (soundfile.read(path, dtype="float32", always_2d=True) for path in material.paths)
    music = np.concatenate([y for y, rate in read if (rate, y.shape[1:]) == (sr, first.shape[1:])])
    path = folder / "song.mp3"
    soundfile.write(path, np.resize(music, (seconds * sr, *first.shape[1:])), sr)
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
        run["Music"] = f"a song of 3 minutes, of {material.kind}; of these the first as a clip"
        del run["Peers"]
        print("\n".join(f"{name}: {value}" for name, value in run.items()), flush=True)
        results = []
        for case in make_cases(song, material.paths[0], 1 if options.smoke else options.rounds):
            results.append(measure(case))
            print_result(results[-1])
    if options.output:
        write_table(options.output, results, run, command="python -m benchmarks.pretrained")


if __name__ == "__main__":
    main()
