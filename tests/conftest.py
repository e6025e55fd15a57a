"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real music to test on; absent on most machines, and then the test is skipped."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GENREKIT_TEST_DATA", default))
    if not (folder / "README.md").is_file():
        pytest.skip("no test data: set GENREKIT_TEST_DATA to the folder that holds it")
    return folder
