"""What all pictures share."""

from __future__ import annotations

import subprocess
import sys

import pytest

from genrekit.views._style import legend_beside, new_axes, plain


def test_matplotlib_is_not_loaded_before_something_is_drawn():
    code = "import genrekit.evaluation, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[plot\]'"):
        new_axes(None, 3, 3)


def test_whatever_a_genre_is_called_can_be_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    names = ["a$b$c", "\x1b[2Jjazz", "ra\udcef", "\u202ekcor", "two\nlines"]
    axes = new_axes(None, 3, 3)
    lines = [axes.plot([0, i])[0] for i in range(len(names))]
    legend_beside(axes, lines, names)
    axes.set_title(plain(" ".join(names)))
    axes.figure.savefig(tmp_path / "x.png")
    assert plain("ra\udcef") == r"ra\xef"
    assert plain("a$b$c") == r"a\$b\$c"
