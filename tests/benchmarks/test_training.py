"""The measurement of training runs; what it takes is not tested."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest.importorskip("torch")
pytest.importorskip("skorch")


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.chdir(ROOT)
    yield import_module("benchmarks.training")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


@pytest.mark.filterwarnings("ignore:no track to learn from")
def test_an_epoch_of_both_sides_is_measured(training):
    epoch, memory = training.make_cases(2, 2, 4, 1)
    (pair,) = training.measure(epoch).costs
    assert len(pair) == 2
    assert all(pair > 0)
    assert memory.bar.floor == 1500


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_is_that_of_training(training, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    assert 5 < training.anonymous_memory(4) < 1500
