"""What all pictures share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genrekit.evaluation.displays._style import new_axes


def test_matplotlib_is_not_loaded_before_something_is_drawn():
    code = "import genrekit.evaluation, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[plot\]'"):
        new_axes(None, 3, 3)
