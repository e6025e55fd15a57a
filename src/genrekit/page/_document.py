"""A page as a whole: its head, its style, and that nothing leaves it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from genrekit._tables import atomic_path, check_writable
from genrekit.page._markup import Html, element

__all__ = ["document", "style_of", "write_page"]

# A browser holds the page to it: no script, no address but those of sounds beside it.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data: file: 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def document(title: str, body: Sequence[object]) -> str:
    """Put head and body together."""
    head = element(
        "head",
        Html('<meta charset="utf-8">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("title", title),
        element("style", style_of("style.css"), style_of("map.css")),
    )
    skip = element("a", "To the content", href="#content", class_="skip")
    main = element("main", *body, id="content", tabindex="-1")
    return f"<!DOCTYPE html>\n{element('html', head, element('body', skip, main), lang='en')}\n"


def style_of(name: str) -> Html:
    """A style sheet of this room."""
    return Html(files("genrekit.page").joinpath(name).read_text(encoding="utf-8"))


def write_page(path: str | os.PathLike[str], make: Callable[[Path], str]) -> None:
    """Write a page whole, or not at all; that it can be written is known before it is made."""
    path = Path(path)
    check_writable(path)
    page = make(path)
    with atomic_path(path) as part:
        part.write_text(page, encoding="utf-8")
