"""The rows of the table: what is compared with what, and what it should come to."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import librosa

import genrekit
from benchmarks import _twins
from benchmarks._material import SR, Material, Track
from benchmarks._measure import Bar, Case, Cost, Side, cpu, difference, wall
from benchmarks._peers import Peers

_CHILD = str(Path(__file__).with_name("_child.py"))
_NO_MEMORY = "" if Path("/proc/self/status").exists() else "memory is read from /proc (Linux)"


@dataclass(frozen=True)
class Sizes:
    """How much is measured: rounds over the music, new processes, lengths and numbers of files."""

    rounds: int = 5
    processes: int = 7
    long_seconds: int = 3 * 3600
    growth: bool = False
    counts: tuple[int, int] = (1000, 10000)

    @classmethod
    def smoke(cls) -> Sizes:
        """Everything once, and tiny."""
        return cls(rounds=1, processes=1, long_seconds=20, growth=True, counts=(2, 20))


def make_cases(material: Material, peers: Peers, sizes: Sizes) -> list[Case]:
    """All rows, in the order of the table."""
    cases = [
        *_file_cases(material, sizes.rounds),
        *_feature_cases(material, sizes.rounds),
        *_peer_cases(material, peers, sizes.rounds),
        *_thread_cases(material, sizes),
        *_memory_cases(material, sizes),
        *_start_cases(material, sizes.processes),
    ]
    return cases + (_growth_cases(material, sizes) if sizes.growth else [])


def _file_cases(material: Material, rounds: int) -> list[Case]:
    """From files on the disk to a table, all of them in one call."""
    count = f"{len(material.tracks)} MP3s"
    features, with_mel = _twins.make_features(), _twins.make_features_with_mel()

    def ours(features: genrekit.AudioFeatures) -> Side:
        return Side("genrekit", cpu(lambda tracks: features.transform([t.path for t in tracks])))

    def each(label: str, work: Callable[[Track], object]) -> Side:
        return Side(label, cpu(lambda tracks: [work(track) for track in tracks]))

    def case(key: str, title: str, bar: Bar | None, first: Side, second: Side) -> Case:
        return Case(key, f"{count} {title}", bar, first, second, [material.tracks], rounds)

    return [
        case(
            "load",
            "decoded: ``load_audio`` / ``librosa.load``",
            Bar("≤", 0.70, 0.62),
            each("genrekit", lambda track: genrekit.load_audio(track.path, sr=SR)),
            each("librosa", lambda track: librosa.load(track.path, sr=SR)),
        ),
        case(
            "columns",
            "to 357 columns / bare decode, downmix and resampling",
            Bar("≤", 1.27, 1.20),
            ours(features),
            each("bare decode", _twins.bare_decode),
        ),
        case(
            "script",
            "to 2149 columns: librosa, one call a feature, 12 features / genrekit",
            Bar("≥", 10, 12),
            each("librosa", partial(_twins.librosa_script, mel=True)),
            ours(with_mel),
        ),
        case(
            "script-ten",
            "to 357 columns: librosa, one call a feature, 10 features / genrekit",
            None,
            each("librosa", _twins.librosa_script),
            ours(features),
        ),
        case(
            "script-chroma",
            "to 357 columns: the same script, its tonnetz given the chroma / genrekit",
            None,
            each("librosa", partial(_twins.librosa_script, share_chroma=True)),
            ours(features),
        ),
        case(
            "gtzan-script",
            "to rows: classic GTZAN script, 7 features / genrekit, 357 columns",
            Bar("≥", 5, 6),
            each("librosa", _twins.gtzan_script),
            ours(features),
        ),
    ]


def _feature_cases(material: Material, rounds: int) -> list[Case]:
    """From a waveform in memory."""
    features, with_tempo = _twins.make_features(), _twins.make_features_with_tempo()
    ours = Side("genrekit", cpu(lambda track: features.transform([track.waveform])))
    return [
        Case(
            "shared",
            "Waveform to features: librosa, one spectrogram shared by hand / genrekit",
            Bar("≥", 7, 9),
            Side("librosa", cpu(_twins.librosa_shared)),
            ours,
            material.tracks,
            rounds,
        ),
        Case(
            "log-mel",
            "Waveform to 357 columns / librosa's log-mel spectrogram alone",
            Bar("≤", 0.85, 0.65),
            ours,
            Side("librosa", cpu(_twins.librosa_log_mel)),
            material.tracks,
            rounds,
        ),
        Case(
            "tempo",
            "Tempo added to the 357 columns",
            Bar("≤", 4, 2),
            Side("with", cpu(lambda track: with_tempo.transform([track.waveform]))),
            ours._replace(label="without"),
            material.tracks,
            rounds,
            combine=difference,
        ),
    ]


def _peer_cases(material: Material, peers: Peers, rounds: int) -> list[Case]:
    """From a waveform in memory, by libraries of another environment."""
    features = _twins.make_features()
    ours = Side("genrekit", cpu(lambda track: features.transform([track.waveform])))

    def case(library: str, what: str, bar: Bar) -> Case:
        return Case(
            library,
            f"Waveform to features: {library}, {what} / genrekit",
            bar,
            Side(library, peers.cost(library)),
            ours,
            material.tracks,
            rounds,
            missing=peers.missing(library),
        )

    return [
        case("afx-audio", "the same ten", Bar("≥", 9, 12)),
        case("essentia", "nine of the ten", Bar("≥", 11, 14)),
    ]


def _thread_cases(material: Material, sizes: Sizes) -> list[Case]:
    """Many files at once, in one and in two threads."""
    one, two = _twins.make_features(n_jobs=1), _twins.make_features(n_jobs=2)
    # So many that it matters little which thread is left with the last one.
    paths = material.paths * 4
    return [
        Case(
            "threads",
            f"{len(paths)} MP3s to table, wall time: one thread / two",
            Bar("≥", 1.75, 1.9),
            Side("one", wall(one.transform)),
            Side("two", wall(two.transform)),
            [paths],
            sizes.rounds,
        ),
        Case(
            "threads-limit",
            "Hashing, wall time: one thread / two; the most this machine had to give just then",
            None,
            Side("one", wall(lambda chunks: [*map(_hash, chunks)])),
            Side("two", wall(_hash_in_two_threads)),
            [[bytes(1 << 27)] * 2],
            3 * sizes.rounds,
        ),
    ]


def _hash(chunk: bytes) -> bytes:
    """Work that never holds the interpreter's lock."""
    return hashlib.sha256(chunk).digest()


def _hash_in_two_threads(chunks: list[bytes]) -> None:
    """Hash both chunks at the same time."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_hash, chunks))


def _memory_cases(material: Material, sizes: Sizes) -> list[Case]:
    """Memory while computing 357 columns."""
    hours = sizes.long_seconds / 3600
    return [
        Case(
            "memory-clip",
            "Peak memory beyond the waveform, a 30 s clip",
            Bar("≤", 8),
            Side("genrekit", _child("memory_waveform")),
            None,
            material.paths[:3],
            unit="MB",
            missing=_NO_MEMORY,
        ),
        Case(
            "memory-long",
            f"Peak memory over the idle process, a file of {hours:.3g} h",
            Bar("≤", 400),
            Side("genrekit", lambda seconds: _child("memory_file")(material.long_file(seconds))),
            None,
            [sizes.long_seconds],
            unit="MB",
            missing=_NO_MEMORY,
        ),
    ]


def _start_cases(material: Material, processes: int) -> list[Case]:
    """What a new process takes; the run that is not counted fills numba's cache."""
    path = material.paths[0]
    return [
        Case(
            "import",
            "``import genrekit`` / ``import numpy``",
            Bar("≤", 1.2),
            Side("genrekit", lambda _: _child("import_time")("genrekit")),
            Side("numpy", lambda _: _child("import_time")("numpy")),
            [None],
            processes,
        ),
        Case(
            "first-extract",
            "First row in a new process through ``extract``",
            Bar("≤", 0.7),
            Side("genrekit", _child("first_row_extract")),
            None,
            [path],
            processes,
            unit="s",
        ),
        Case(
            "first-features",
            "First row through ``AudioFeatures``, beyond the imports it needs",
            Bar("≤", 0.4),
            Side("with", _child("first_row_features")),
            Side("imports", lambda _: _child("base_imports")()),
            [path],
            processes,
            combine=difference,
            unit="s",
        ),
    ]


def _growth_cases(material: Material, sizes: Sizes) -> list[Case]:
    """Ten times the tracks."""
    few, many = (str(count) for count in sizes.counts)
    paths = material.short_files

    def time_for(count: str) -> Side:
        return Side(f"{count} tracks", lambda _: _child("growth_time")(count, *paths))

    return [
        Case(
            "growth-time",
            f"Time for {many} tracks / for {few}",
            Bar("≤", 10.5),
            time_for(many),
            time_for(few),
            [None],
            min(sizes.processes, 3),
            unit="s",
        ),
        Case(
            "growth-memory",
            f"Peak memory for {many} tracks beyond their table",
            Bar("≤", 20),
            Side("genrekit", lambda _: _child("growth_memory")(many, *paths)),
            None,
            [None],
            unit="MB",
            missing=_NO_MEMORY,
        ),
    ]


def _child(name: str) -> Cost:
    """The number that a new process prints for a function of ``_child.py``."""

    def cost(*arguments: str) -> float:
        command = [sys.executable, _CHILD, name, *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout)

    return cost
