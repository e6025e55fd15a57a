"""The measurement of the pretrained network runs; what it takes is not tested."""

from __future__ import annotations

import contextlib
import gc
import re
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["tags", "predict", "top-tags", "top-tags-all", "pretrained", "pretrained-all"]
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read from /proc"
)


@pytest.fixture
def pretrained(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    yield import_module("benchmarks.pretrained")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_every_way_runs(pretrained, tmp_path, monkeypatch, capsys):
    song = str(tmp_path / "song.wav")
    soundfile.write(song, np.random.default_rng(0).standard_normal(64000) / 9, 16000)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(sys, "argv", [])
    ways = pretrained._ways()
    assert [way.key for way in ways] == KEYS
    for way in ways:
        with contextlib.suppress(SystemExit):
            exec(way.code(song), {})
    out, err = capsys.readouterr()
    assert out.count("song.wav") == 2
    assert err == ""


@needs_proc
def test_a_process_is_measured(pretrained):
    took = pretrained.run_process("large = bytes(range(250)) * 200_000")
    assert 50 < took.megabytes < 150
    assert 0 < took.seconds < 60
    with pytest.raises(RuntimeError, match="it failed: raise SystemExit"):
        pretrained.run_process("raise SystemExit(1)")


@needs_proc
def test_every_row_comes_out(pretrained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrained, "run_process", lambda code: pretrained.Took(1.5, 321.0))
    table = tmp_path / "table.rst"
    monkeypatch.setattr(sys, "argv", ["pretrained", "--smoke", "--output", str(table)])
    pretrained.main()
    lines = capsys.readouterr().out.splitlines()
    rows = {key: rest for key, _, rest in (line.partition(" ") for line in lines)}
    for key in KEYS:
        assert re.match(r"\s*1.50 s +\[.*\] +≤ [35] s .*imports 1.50 s", rows[key]), key
        assert re.match(r"\s*321 MB +\[.*\] +≤ 400 MB", rows[f"{key}-memory"]), key
    for key, bar in {"song": 6, "clip": 12}.items():
        assert re.match(rf"\s*[\d.]+ +\[.*\] +≤ {bar} .*genrekit .*decoding ", rows[key]), key
    assert re.match(
        r"\s*-?[\d.]+ s +\[.*\] +≤ 1.6 s .*genrekit 1.50 s; 12 patches ", rows["command"]
    )
    assert re.match(r"\s*[\d.]+ ms ", rows["patch"])
    assert re.match(r"\s*[\d.]+ .*by 8 .*by ones ", rows["batch"])
    assert "onnxruntime" in rows["Versions:"]
    text = table.read_text(encoding="utf-8")
    assert text.startswith(".. Written by ``python -m benchmarks.pretrained --output``.")
    assert text.count("   * - ") == 7 + 2 * len(KEYS)
    assert str(ROOT) not in text
