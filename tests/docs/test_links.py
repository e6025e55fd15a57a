"""What follows the links of the built pages finds what is wrong with them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def complaints(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    monkeypatch.delitem(sys.modules, "_links", raising=False)
    import _links

    return lambda folder: sorted(_links.complaints(folder))


def _write(folder, **pages):
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")


def test_nothing_is_wrong(tmp_path, complaints):
    _write(
        tmp_path,
        index='<a class="x" href="a.html#here">a</a> <form action="b.html"></form>',
        a='<p id="here"> <a href="https://example.org/no.html">out</a> <a href="#here">up</a>',
        b="",
    )
    (tmp_path / "_static").mkdir()
    _write(tmp_path / "_static", widget='<a href="nowhere.html">')
    assert complaints(tmp_path) == []


def test_dead_links_and_places(tmp_path, complaints):
    _write(tmp_path, index='<a href="gone.html">x</a> <a href="a.html#gone">y</a>', a="")
    first, second = complaints(tmp_path)
    assert first.startswith("index.html: a.html has no place #gone")
    assert second.startswith("index.html: dead link to ")
    assert second.endswith("gone.html")


def test_pages_that_are_far_away(tmp_path, complaints):
    _write(tmp_path, index='<a href="a.html">', a='<a href="b.html">', b='<a href="c.html">')
    _write(tmp_path, c='<a href="d.html">', d="", alone='<a href="index.html">')
    assert complaints(tmp_path) == [
        "alone.html: not reached from the first page",
        "d.html: 4 clicks away from the first page",
    ]
