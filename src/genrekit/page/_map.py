"""A map of tracks that names them under the pointer, without a script."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from genrekit.displays import MapDisplay
from genrekit.page._document import document, style_of, write_page
from genrekit.page._markup import Html, element, join
from genrekit.page._names import short_names

__all__ = ["hover_map", "map_cell", "write_map"]

# The markers of the pictures as shapes of CSS; a circle is one already.
_SHAPES = {
    "^": "polygon(50% 0,100% 100%,0 100%)",
    "s": "inset(8%)",
    "D": "polygon(50% 0,100% 50%,50% 100%,0 50%)",
    "v": "polygon(0 0,100% 0,50% 100%)",
    "P": "polygon(33% 0,67% 0,67% 33%,100% 33%,100% 67%,67% 67%,67% 100%,33% 100%,33% 67%,0 67%,"
    "0 33%,33% 33%)",
    "X": "polygon(25% 0,50% 25%,75% 0,100% 25%,75% 50%,100% 75%,75% 100%,50% 75%,25% 100%,0 75%,"
    "25% 50%,0 25%)",
}


def write_map(
    display: MapDisplay, path: str | os.PathLike[str], *, title: str = "Map of the tracks"
) -> None:
    """Write a map as one HTML page that needs nothing else.

    Parameters
    ----------
    display : MapDisplay
        The map.
    path : path-like
        Where to write.
    title : str, default="Map of the tracks"
        Heading of the page.

    Raises
    ------
    FileNotFoundError
        When the folder is not there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_wine
    >>> from genrekit.displays import MapDisplay
    >>> from genrekit.page import write_map
    >>> display = MapDisplay.from_features(*load_wine(return_X_y=True))
    >>> path = Path(tempfile.mkdtemp(), "map.html")
    >>> write_map(display, path)
    >>> path.exists()
    True
    """
    write_page(
        path,
        lambda _: document(title, [element("header", element("h1", title)), hover_map(display)]),
    )


def map_cell(display: MapDisplay) -> Html:
    """A map for the cell of a notebook, with its style.

    Parameters
    ----------
    display : MapDisplay
        The map.

    Returns
    -------
    Html
        What to show.
    """
    return join(element("style", style_of("map.css")), hover_map(display))


def hover_map(display: MapDisplay) -> Html:
    """The points, a legend whose genres can be switched off, and the tracks as a list."""
    _, names = short_names(display.tracks)
    shown = [names[track] for track in display.tracks]
    number = {genre: i for i, genre in enumerate(display.genres)}
    numbers = [number[genre] for genre in display.y.tolist()]
    points = join(*_points(display, numbers, shown))
    said = f"Map of {len(shown)} tracks in {len(number)} genres; the tracks are listed below."
    field = element("div", points, class_="points", role="img", aria_label=said)
    across, up = display.labels
    return element(
        "div",
        element("style", Html(_rules(display))),
        element("div", element("span", up, class_="up"), field, class_="field"),
        element("p", across, class_="across"),
        element("div", *_legend(display, numbers), class_="legend"),
        _listed(display, numbers, shown),
        class_="genre-map",
    )


def _points(display: MapDisplay, numbers: list[int], shown: list[str]) -> Iterator[Html]:
    """A point a track, at shares of the field's width and height."""
    low, high = display.coordinates.min(axis=0), display.coordinates.max(axis=0)
    places = (display.coordinates - low) / np.where(high > low, high - low, 1)
    for (x, y), number, name in zip(places.tolist(), numbers, shown, strict=True):
        # Beyond the middle the name stands to the left, so that it stays on the page.
        yield element(
            "b",
            class_=f"m{number}{' left' if x > 0.5 else ''}",
            style=f"left:{2 + 96 * x:.2f}%;top:{98 - 96 * y:.2f}%",
            data_said=f"{display.genres[number]}: {name}",
            tabindex="-1",  # a tap shows the name; the list below is what a keyboard reads
        )


def _rules(display: MapDisplay) -> str:
    """Colour and shape of each genre, and how it is switched off."""
    rules = []
    for i, (colour, marker) in enumerate(display.looks):
        shape = f"clip-path:{_SHAPES[marker]}" if marker in _SHAPES else "border-radius:50%"
        rules.append(
            f".genre-map .m{i}::before{{background:{colour};{shape}}}"
            f".genre-map:has(.l{i} input:not(:checked)) .points .m{i}{{display:none}}"
        )
    return "".join(rules)


def _legend(display: MapDisplay, numbers: list[int]) -> Iterator[Html]:
    """A box a genre to switch it off."""
    counts = np.bincount(numbers, minlength=len(display.genres)).tolist()
    for i, (genre, n) in enumerate(zip(display.genres, counts, strict=True)):
        box = Html('<input type="checkbox" checked="checked" autocomplete="off"/>')
        yield element("label", box, element("b", class_=f"m{i}"), f" {genre} ({n})", class_=f"l{i}")


def _listed(display: MapDisplay, numbers: list[int], shown: list[str]) -> Html:
    """The tracks as words, by genre."""
    entries = []
    for i, genre in enumerate(display.genres):
        own = [name for name, number in zip(shown, numbers, strict=True) if number == i]
        entries += [element("dt", genre), element("dd", ", ".join(own))]
    return element("details", element("summary", "The tracks as a list"), element("dl", *entries))
