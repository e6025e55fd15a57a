"""The benchmarks run; how fast things are is not tested."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MEASURED = [
    "load", "columns", "script", "script-ten", "script-chroma", "gtzan-script", "shared",
    "log-mel", "tempo", "threads", "threads-limit", "memory-clip", "memory-long", "import",
    "first-extract", "first-features", "growth-time", "growth-memory",
]  # fmt: skip
LEFT_OUT = ["afx-audio", "essentia"]


def _run(*options: str) -> str:
    """What the benchmarks print, with a Python without other libraries as that of the peers."""
    source = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": source, "GENREKIT_BENCH_PEERS": sys.executable}
    command = [sys.executable, "-m", "benchmarks", "--smoke", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_row_comes_out(tmp_path):
    table = tmp_path / "table.rst"
    lines = _run("--output", str(table)).splitlines()
    rows = {key: rest for key, _, rest in (line.partition(" ") for line in lines)}
    for key in MEASURED:
        assert re.match(r"\s*-?[\d.]+( ms| s| MB)? +\[.*\d–-?[\d.]+\]", rows[key]), key
    for key in LEFT_OUT:
        assert "left out" in rows[key]
    text = table.read_text(encoding="utf-8")
    assert text.count("   * - ") == 1 + len(MEASURED) + len(LEFT_OUT)
    assert str(ROOT) not in text


def test_profile_adds_up():
    lines = _run("--profile").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Waveform to row, "))
    whole = float(lines[start].split()[-2])
    stages = {line[:30].strip(): float(line[30:]) for line in lines[start + 1 :]}
    assert {"power_spectra", "medians", "everything else"} <= set(stages)
    assert abs(sum(stages.values()) - whole) < 0.01 * len(stages)
