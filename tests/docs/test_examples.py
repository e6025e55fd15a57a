"""The tutorials: what is asked of each script of the folder ``examples``."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
LONGEST = 40


def count_code(source: str) -> int:
    """Lines of code: neither prose nor empty."""
    after = ast.parse(source).body[1].lineno - 1  # what comes first is the page's introduction
    lines = [line.strip() for line in source.splitlines()[after:]]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def test_there_are_scripts():
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(script):
    source = script.read_text(encoding="utf-8")
    introduction = ast.get_docstring(ast.parse(source)) or ""
    assert re.match(r"\S.*\n=+\n\n\S", introduction), "a title, a line of =, what the page is for"
    assert re.search(r"\*Runs in about [^*]+\*", introduction), "how long it takes"
    assert count_code(source) <= LONGEST


def test_pages_have_their_place():
    tree = ast.parse((ROOT / "docs" / "_gallery.py").read_text(encoding="utf-8"))
    (order,) = (
        ast.literal_eval(line.value)
        for line in tree.body
        if isinstance(line, ast.Assign) and line.targets[0].id == "ORDER"
    )
    assert sorted(order) == [script.name for script in SCRIPTS]
