"""The scripts of the benchmarks, which are no part of the package."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reproduce(monkeypatch):
    """A function that imports a script of `benchmarks.reproduce`."""
    monkeypatch.syspath_prepend(ROOT)
    yield lambda name: import_module(f"benchmarks.reproduce.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]
