"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numba.core.caching import Cache

import genrekit
from genrekit.audio import _sequential

from ._networks import make_network, tiny, without_onnx
from ._server import _one_server, web
from ._sounds import bad_files, files, music, ragged, write

__all__ = [
    "_one_server",
    "bad_files",
    "files",
    "make_network",
    "music",
    "ragged",
    "tiny",
    "web",
    "without_onnx",
    "write",
]


def pytest_configure(config: pytest.Config) -> None:
    """Compile what numba caches before xdist starts its processes, and let those only read it.

    Two processes that add to the cache of one function at the same time can mix up its files, and
    crash whoever reads them (numba issue 10128); librosa's functions are cached too.
    """
    if os.environ.get("NUMBA_DISABLE_JIT"):
        return
    if hasattr(config, "workerinput"):
        Cache.save_overload = lambda *args: None
        return
    _sequential._compiled_callbacks()
    noise = np.random.default_rng(0).standard_normal(22050)
    for dtype in ("float32", "float64"):
        for features in ("standard", "mel", "gtzan57", "fma518"):
            genrekit.extract([noise], features, dtype=dtype)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real music to test on; absent on most machines, and then the test is skipped."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GENREKIT_TEST_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.skip("no test data: set GENREKIT_TEST_DATA to the folder that holds it")
    return folder
