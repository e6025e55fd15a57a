"""Where the time of our own goes: each kernel, timed where it is called."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import soundfile

import genrekit
from benchmarks import _twins
from benchmarks._material import SR, Material
from benchmarks._measure import cpu
from genrekit.dsp import kernels

Times = dict[str, float]
# Functions of numpy that go over whole arrays.
_NUMPY = ["log", "concatenate", "pad", "isfinite"]


def profile(material: Material, rounds: int) -> str:
    """Milliseconds a track: the steps from the file to the row, then kernel by kernel."""
    features = _twins.make_features()
    steps = {
        "soundfile alone": cpu(lambda track: soundfile.read(track.path, dtype="float32")),
        "bare decode": cpu(_twins.bare_decode),
        "load_audio": cpu(lambda track: genrekit.load_audio(track.path, sr=SR)),
        "file to row": cpu(lambda track: features.transform([track.path])),
        "waveform to row": cpu(lambda track: features.transform([track.waveform])),
        "librosa log-mel": cpu(_twins.librosa_log_mel),
    }
    costs = [
        [cost(track) for cost in steps.values()]
        for _ in range(rounds + 1)
        for track in material.tracks
    ]
    medians = np.median(costs[len(material.tracks) :], axis=0)
    samples = [_kernel_times(features, track.waveform) for track in material.tracks * rounds]
    names = dict.fromkeys(name for sample in samples for name in sample)
    table = {name: float(np.median([s.get(name, 0.0) for s in samples])) for name in names}
    whole = table.pop("whole")
    table["everything else"] = whole - sum(table.values())
    return "\n\n".join(
        [
            _layout("Steps, ms a track", dict(zip(steps, medians, strict=True))),
            _layout(f"Waveform to row, {whole:.2f} ms", table),
        ]
    )


def _kernel_times(features: genrekit.AudioFeatures, waveform: np.ndarray) -> Times:
    """Milliseconds in each kernel and in all."""
    times: Times = defaultdict(float)
    with _timed_kernels(times):
        times["whole"] = cpu(features.transform)([waveform])
    return times


@contextmanager
def _timed_kernels(times: Times) -> Iterator[None]:
    """Add the time of each kernel and of some of numpy under its name."""
    functions = [(kernels, name) for name in kernels.__all__ if callable(getattr(kernels, name))]
    functions += [(np, name) for name in _NUMPY]
    running: list[str] = []
    patches = [
        mock.patch.object(module, name, _timed(name, getattr(module, name), times, running))
        for module, name in functions
    ]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def _timed(
    name: str, function: Callable[..., Any], times: Times, running: list[str]
) -> Callable[..., Any]:
    """The same function, which notes how long it took unless it is part of another that does."""

    def run(*args: Any, **kwargs: Any) -> Any:
        if running:
            return function(*args, **kwargs)
        running.append(name)
        start = time.perf_counter()
        result = function(*args, **kwargs)
        elapsed = 1e3 * (time.perf_counter() - start)
        running.clear()
        # One kernel serves mel, chroma and DCT; the number of rows tells them apart.
        times[f"{name}, {len(result)} rows" if name == "project" else name] += elapsed
        return result

    return run


def _layout(title: str, times: Times) -> str:
    """A small table."""
    return "\n".join([title, *(f"  {name:28} {value:6.2f}" for name, value in times.items())])
