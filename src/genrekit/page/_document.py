"""A page as a whole: its head, its style, and that nothing leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from genrekit.page._markup import Html, element

__all__ = ["document", "style_of"]

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
