"""Results as lines for a terminal and as a table for the documentation."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import soundfile

import genrekit
from benchmarks._material import Material
from benchmarks._measure import Case, Result
from benchmarks._peers import Peers
from genrekit.dsp.kernels import FLAVOUR

_PACKAGES = [
    "numpy", "scipy", "scikit-learn", "joblib", "numba", "librosa", "soundfile", "soxr",
    "onnxruntime",
]  # fmt: skip
# Of what is multiplied at once, which networks run by.
_WIDTHS = {"avx512f": " (AVX-512)", "avx2": " (AVX2)"}
_HEADINGS = ["What", "Floor", "Aim", "Measured", "Quartiles", "Medians of both sides", "Result"]


def describe_run(material: Material, peers: Peers) -> dict[str, str]:
    """What was measured on; names neither the machine nor a path."""
    packages = {"genrekit": genrekit.__version__}
    packages |= {name: metadata.version(name) for name in _PACKAGES}
    packages |= {"libsndfile": soundfile.__libsndfile_version__}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    others = ", ".join(f"{name} {version}" for name, version in peers.versions.items())
    return {
        "Machine": f"{_processor()}, {platform.system()} {platform.machine()}",
        "Music": material.kind,
        "Kernels": FLAVOUR,
        "Versions": f"Python {platform.python_version()}, {versions}",
        "Peers": others or "none; those rows are left out",
    }


def print_result(result: Result) -> None:
    """One line for one row."""
    case = result.case
    if case.missing:
        print(f"{case.key:14} left out: {case.missing}", flush=True)
        return
    numbers = f"{_measured(result):>8}  [{_quartiles(result)}]"
    floor, aim = _bar(case)
    print(
        f"{case.key:14} {numbers:28} {floor:9} {aim:7} {result.verdict:13} {_sides(result)}",
        flush=True,
    )


def write_table(
    path: Path,
    results: Sequence[Result],
    run: Mapping[str, str],
    command: str = "python -m benchmarks",
) -> None:
    """A file for a page of the documentation to include."""
    lines = [f".. Written by ``{command} --output``.", ""]
    lines += [f":{name}: {value}" for name, value in run.items()]
    lines += ["", ".. list-table::", "   :header-rows: 1", ""]
    for cells in [_HEADINGS, *map(_cells, results)]:
        marks = ["   * -"] + ["     -"] * (len(cells) - 1)
        lines += [f"{mark} {cell}".rstrip() for mark, cell in zip(marks, cells, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cells(result: Result) -> list[str]:
    """One row of the table."""
    case = result.case
    if case.missing:
        return [case.title, *_bar(case), "left out", "", "", ""]
    found = [_measured(result), _quartiles(result), _sides(result), result.verdict]
    return [case.title, *_bar(case), *found]


def _bar(case: Case) -> tuple[str, str]:
    """Floor and aim, as far as there are any."""
    if case.bar is None:
        return "", ""
    sign, floor, aim = case.bar
    unit = f" {case.result_unit}".rstrip()
    return f"{sign} {floor:g}{unit}", f"{aim:g}{unit}" if aim else ""


def _measured(result: Result) -> str:
    """The result with its unit."""
    return f"{_short(result.median)} {result.case.result_unit}".rstrip()


def _quartiles(result: Result) -> str:
    """The spread over the pairs."""
    low, high = result.quartiles
    return f"{_short(low)}–{_short(high)}"


def _sides(result: Result) -> str:
    """What each side cost, as far as the result doesn't say it."""
    case: Case = result.case
    if not case.second:
        return ""
    pairs = zip(case.sides, np.median(result.costs, axis=0), strict=True)
    return "; ".join(f"{side.label} {_short(cost)} {case.unit}" for side, cost in pairs)


def _short(value: float) -> str:
    """Three digits, never an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def _processor() -> str:
    """Model and number of the processors, and how wide they compute, as far as the system says."""
    model = platform.processor() or "unknown processor"
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.is_file() else ""
    pairs = (line.partition(":") for line in text.splitlines())
    found = {name.strip(): value.strip() for name, _, value in pairs}
    flags = found.get("flags", "").split()
    width = next((name for flag, name in _WIDTHS.items() if flag in flags), "")
    count = text.count("processor\t:")
    return f"{count} × {found['model name']}{width}" if "model name" in found else model
