"""Damage audio files of every format, load them, and count what must not happen.

    python tools/fuzz_audio.py --count 10000 --jobs 2 --table docs/_reliability_fuzz.txt
    python tools/fuzz_audio.py --format mp3 --seed 3
    python tools/fuzz_audio.py --replay fuzz-faults/*

Files are loaded in worker processes, by path and as bytes, whole and a piece of them. A worker is
used again until something goes wrong in it. A file is allowed two ends: it is loaded, or refused
with an AudioDecodeError. Faults are

- crash: the process ended;
- hang: no answer within the limit;
- exception: any other one, or a result that is no waveform; also a recording that is refused
  though nothing was done to it, and a text that is loaded;
- memory: more than the limit beyond what the idle process holds, here or in a program it started;
- open: a file or a socket stays open.

The files of faults are kept. Exits with 1 if there was any. Needs Linux, which tells how much
memory a process takes and which files it has open.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import multiprocessing
import os
import platform
import queue
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fuzz_material import FORMATS, content, mutate

FAULTS = ("crash", "hang", "exception", "memory", "open")
MIB = 1 << 20


class Case(NamedTuple):
    """A file to load, how, and what must come of it (None: either)."""

    name: str
    path: str
    as_bytes: bool
    piece: bool
    loads: bool | None = None

    @property
    def way(self) -> str:
        """How it is loaded, in words."""
        return (
            f"{'as bytes' if self.as_bytes else 'by path'}, {'a piece' if self.piece else 'whole'}"
        )


class Outcome(NamedTuple):
    """What came of it."""

    kind: str  # "loaded", "refused", or one of FAULTS
    detail: str = ""
    seconds: float = 0.0
    mib: float = 0.0
    noisy: bool = False  # something was printed, as by a library in C


# --- in the worker ----------------------------------------------------------------------------


def serve(pipe: Any, target: str, printed: str, light: bool) -> None:
    """Try what comes through the pipe; says first how much memory it holds idle."""
    # What libraries print goes into a file that can be measured.
    for stream in (1, 2):
        os.dup2(os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    module, function = target.split(":")
    load = getattr(importlib.import_module(module), function)
    _warm_up(light)
    resting = _resident("self")
    pipe.send(resting)
    while True:
        pipe.send(_try(load, pipe.recv(), resting))


def _warm_up(light: bool) -> None:
    """Let every decoder be imported and used: what that takes is not a file's fault.

    numba is there for whoever computes features; MP3s and bytes are read in another way then.
    """
    from genrekit import load_audio

    if not light:
        importlib.import_module("numba")

    for name in ("wav pcm_16 44100", "mp3 vbr", "ipod aac 44100", "other noise"):
        try:
            load_audio(content(name))
        except Exception:  # no matter what: this is not the test
            continue


def _try(load: Callable[..., Any], case: Case, resting: int) -> Outcome:
    """Load one file and look at what is left of it."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    opened, noise, before = _opened(), os.fstat(2).st_size, _largest_program()
    start = time.monotonic()
    kind, detail = _load(load, case)
    seconds = time.monotonic() - start
    if kind not in FAULTS and (left := _opened() - opened):
        kind, detail = "open", f"{kind}, and left open: {', '.join(left)}"
    peak = _peak() - resting
    if _largest_program() > before:
        peak = max(peak, _largest_program() - resting)
    return Outcome(kind, detail, seconds, peak / MIB, os.fstat(2).st_size > noise)


def _load(load: Callable[..., Any], case: Case) -> tuple[str, str]:
    """What comes of a file, and in which words."""
    from genrekit.exceptions import AudioDecodeError

    source = Path(case.path).read_bytes() if case.as_bytes else case.path
    try:
        y = load(source, **({"offset": 0.5, "duration": 1.0} if case.piece else {}))
    except AudioDecodeError as error:
        kind = "exception" if case.loads and not case.piece else "refused"
        return kind, str(error)
    except Exception as error:
        return "exception", f"{type(error).__name__}: {error}"
    if not _is_waveform(y):
        return "exception", f"gave {str(y)[:80]}"
    return "exception" if case.loads is False else "loaded", f"{len(y)} samples"


def _is_waveform(y: Any) -> bool:
    """Whether it is what is promised: samples, all of them numbers."""
    is_array = isinstance(y, np.ndarray) and y.dtype == np.float32 and y.ndim == 1
    return is_array and len(y) > 0 and bool(np.isfinite(y).all())


def _opened() -> set[str]:
    """What this process has open."""
    names = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder itself is closed again
            names.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
    return names


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _largest_program() -> int:
    """The most memory that a program started here has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _resident(process: int | str) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


# --- around the worker ------------------------------------------------------------------------


class Worker:
    """A process that tries files one after the other; a new one takes over after a fault."""

    def __init__(
        self, target: str, printed: str, seconds: float, mib: float, light: bool = True
    ) -> None:
        self.arguments = (target, printed, light)
        self.seconds, self.mib = seconds, mib
        self.process: Any = None

    def _start(self) -> None:
        """Start a process, and wait until it rests."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, *self.arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.resting = self.pipe.recv()

    def stop(self) -> None:
        """End the process, however busy it is."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.pipe.close()
            self.process = None

    def try_(self, case: Case) -> Outcome:
        """Try one file."""
        if self.process is None:
            self._start()
        try:
            self.pipe.send(case)
            outcome = self._wait()
        except (EOFError, OSError):  # nobody is there any more
            outcome = Outcome("crash", self._end())
        if outcome.mib > self.mib:
            outcome = outcome._replace(kind="memory", detail=f"{outcome.mib:.0f} MiB")
        if outcome.kind in FAULTS:
            self.stop()
        return outcome

    def _wait(self) -> Outcome:
        """The answer, if it comes in time and before memory runs out."""
        start = time.monotonic()
        while not self.pipe.poll(0.02):
            taken = time.monotonic() - start
            mib = (_resident(self.process.pid) - self.resting) / MIB
            if mib > 2 * self.mib or taken > self.seconds:
                return Outcome("hang", f"no answer after {taken:.1f} s", taken, mib)
        return self.pipe.recv()

    def _end(self) -> str:
        """How the process ended."""
        self.process.join()
        code = self.process.exitcode
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


# --- files ------------------------------------------------------------------------------------


class Material:
    """The undamaged files, and the damaged ones that are made of them."""

    def __init__(self, formats: list[str], seed: int, folder: str) -> None:
        self.names = [name for name in FORMATS if name.startswith(tuple(formats))]
        self.seed, self.folder = seed, folder
        Path(folder, "beside.wav").write_bytes(content("wav pcm_16 44100"))

    def write(self, index: int) -> Case:
        """Write a file; the first of each format stays as it is."""
        rng = np.random.default_rng([self.seed, index])
        name = self.names[index % len(self.names)]
        data, loads = content(name), FORMATS[name].loads
        if index >= len(self.names):
            other = self.names[rng.integers(len(self.names))]
            data, loads = mutate(rng, data, content(other)), None
        suffix = "mp3" if rng.random() < 0.2 else FORMATS[name].suffix
        path = Path(self.folder, f"{name.replace(' ', '-')}.{self.seed}-{index}.{suffix}")
        path.write_bytes(data)
        return Case(name, str(path), rng.random() < 0.5, rng.random() < 0.25, loads)


def ways_of(paths: list[str]) -> list[Case]:
    """Each file in the four ways in which one can be tried."""
    return [
        Case(path, path, as_bytes, piece)
        for path in paths
        for as_bytes in (False, True)
        for piece in (False, True)
    ]


def run(
    todo: Iterable[Any], case_of: Callable[[Any], Case], arguments: argparse.Namespace
) -> Iterator[tuple[Case, Outcome]]:
    """Try all, `jobs` at a time; what comes out is in order."""
    free: queue.Queue[Worker] = queue.Queue()
    limits = (arguments.seconds, arguments.mib, arguments.light)

    def attempt(item: Any) -> tuple[Case, Outcome]:
        case = case_of(item)
        worker = free.get()
        try:
            return case, worker.try_(case)
        finally:
            free.put(worker)

    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        for i in range(arguments.jobs):
            free.put(Worker(arguments.call, f"{folder}/{i}.txt", *limits))
        try:
            yield from pool.map(attempt, todo)
        finally:
            pool.shutdown(cancel_futures=True)
            while not free.empty():
                free.get().stop()


# --- what is said about it --------------------------------------------------------------------


def table(results: list[tuple[str, Outcome]]) -> str:
    """Counts by format, and the sum."""
    groups = defaultdict(list)
    for name, outcome in results:
        groups[name.split()[0]].append(outcome)
    columns = ("loaded", "refused", *FAULTS)
    lines = [f"{'':10}{'files':>8}" + "".join(f"{c:>10}" for c in columns)]
    lines[0] += f"{'prints':>8}{'longest':>10}{'peak':>10}"
    for name, outcomes in [*groups.items(), ("all", [outcome for _, outcome in results])]:
        kinds = Counter(outcome.kind for outcome in outcomes)
        line = f"{name:10}{len(outcomes):8}" + "".join(f"{kinds[c] or '.':>10}" for c in columns)
        line += f"{sum(outcome.noisy for outcome in outcomes) or '.':>8}"
        line += f"{max(outcome.seconds for outcome in outcomes):8.2f} s"
        lines.append(line + f"{max(outcome.mib for outcome in outcomes):6.0f} MiB")
    return "\n".join(lines)


def measured_on(arguments: argparse.Namespace) -> str:
    """What the numbers of a table depend on."""
    from genrekit import __version__
    from genrekit.audio import available_decoders

    decoders = ", ".join(f"{name} {version}" for name, version in available_decoders().items())
    return (
        f"{arguments.count} files, seed {arguments.seed}; a fault is no answer within "
        f"{arguments.seconds:g} s, or more than {arguments.mib:g} MiB"
        f"{', without numba' if arguments.light else ''}.\n"
        f"genrekit {__version__}, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores.\n{decoders}.\n"
    )


def keep(case: Case, outcome: Outcome, folder: Path) -> None:
    """Copy the file of a fault, and say so."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = shutil.copy(case.path, folder)
    print(f"{outcome.kind}: {kept} ({case.way}): {outcome.detail[:300]}", flush=True)


def fuzz(arguments: argparse.Namespace) -> int:
    """Damage, load, count."""
    results = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        material = Material(arguments.format or [""], arguments.seed, folder)
        for case, outcome in run(range(arguments.count), material.write, arguments):
            results.append((case.name, outcome))
            if outcome.kind in FAULTS:
                keep(case, outcome, arguments.keep)
            Path(case.path).unlink()
    text = f"{table(results)}\n\n{measured_on(arguments)}"
    print(text)
    if arguments.table:
        arguments.table.write_text(text)
    return int(any(outcome.kind in FAULTS for _, outcome in results))


def replay(arguments: argparse.Namespace) -> int:
    """Try files that were kept, and say what comes of each."""
    faults = 0
    for case, outcome in run(ways_of(arguments.replay), lambda case: case, arguments):
        numbers = f"{outcome.seconds:.2f} s, {outcome.mib:.0f} MiB"
        print(f"{outcome.kind}: {case.path} ({case.way}), {numbers}: {outcome.detail}")
        faults += outcome.kind in FAULTS
    return int(faults > 0)


def main() -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="how many files (300)")
    parser.add_argument("--seed", type=int, default=0, help="other files (0)")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    parser.add_argument("--format", action="append", help="only those that start so; repeatable")
    parser.add_argument("--replay", nargs="+", metavar="FILE", help="try these files instead")
    parser.add_argument(
        "--keep", type=Path, default="fuzz-faults", help="folder for files of faults"
    )
    parser.add_argument("--table", type=Path, help="write the table into this file, too")
    parser.add_argument("--seconds", type=float, default=5.0, help="limit of time (5)")
    parser.add_argument("--mib", type=float, default=300.0, help="limit of memory (300)")
    parser.add_argument(
        "--light", action="store_true", help="without numba, as for load_audio alone"
    )
    parser.add_argument(
        "--call", default="genrekit:load_audio", help="what loads them (genrekit:load_audio)"
    )
    arguments = parser.parse_args()
    return replay(arguments) if arguments.replay else fuzz(arguments)


if __name__ == "__main__":
    sys.exit(main())
