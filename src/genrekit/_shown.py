"""What people see of an object: a short table, in a terminal as in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, NamedTuple

from genrekit._text import printable

__all__ = ["Printed", "ShortTable", "Shown", "counted", "html_table", "shown_rows"]

# With a title, a header and the line of dots they make 12 lines.
_FIRST, _LAST = 5, 3
_DOTS = "…"
_LINES = "\n"


class Shown(NamedTuple):
    """What is shown of an object; a row is made when it is shown, for there may be many.

    Attributes
    ----------
    title : str
        What it is, in one line.
    head : sequence of str
        Names of the columns.
    n_rows : int
        Number of rows.
    row : callable
        Takes the number of a row and gives its cells; numbers stand flush right.
    """

    title: str
    head: Sequence[str]
    n_rows: int
    row: Callable[[int], Sequence[object]]


class ShortTable:
    """Prints as a short table, and is one in a notebook."""

    def _shown(self) -> Shown:
        """What is shown."""
        raise NotImplementedError

    def __repr__(self) -> str:
        from genrekit._tables import text_table  # not for rows that nobody looks at

        shown = self._shown()
        rows = _few(shown)
        if not rows:
            return shown.title
        numbers = [name for name, right in zip(shown.head, _flush(rows), strict=True) if right]
        cells = [list(map(_cell, row)) for row in rows]
        return f"{shown.title}\n{text_table(shown.head, cells, right=numbers)}"

    def _repr_html_(self) -> str | None:
        shown = self._shown()
        return html_table(shown.title, shown.head, _few(shown))


class Printed:
    """What ``print`` shows is what a notebook shows."""

    def _repr_html_(self) -> str:
        """The printed text, its columns one below the other."""
        return f"<pre>{escape(printable(self, keep=_LINES))}</pre>"


def counted(n: int, what: str) -> str:
    """How many there are of something."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def html_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table as HTML, whatever is in its cells."""
    if not rows:
        return f"<p>{escape(printable(title))}</p>"
    align = [' style="text-align:right"' if right else "" for right in _flush(rows)]
    names = "".join(
        f'<th scope="col"{side}>{escape(printable(name))}</th>'
        for name, side in zip(head, align, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(
            f"<td{side}>{escape(printable(_cell(cell)))}</td>"
            for cell, side in zip(row, align, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f"<p>{escape(printable(title))}</p>"
        f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"
    )


def shown_rows(title: str, names: Sequence[str], table: Any) -> Shown:
    """A table of features: of many columns the first and the last, of frames their shapes."""
    title = f"{title}, {counted(len(names), 'feature')}"
    places = [*range(len(names))] if len(names) <= 6 else [0, 1, 2, 3, None, len(names) - 1]
    head = [_DOTS if i is None else names[i] for i in places]

    def row(track: int) -> list[object]:
        found = table[track]
        if isinstance(found, dict):  # of frames
            found = [found[name].shape if name in found else () for name in names]
        return [track, *(_DOTS if i is None else found[i] for i in places)]

    return Shown(title, ["track", *head], len(table), row)


def _few(shown: Shown) -> list[Sequence[object]]:
    """Its first and its last rows."""
    if shown.n_rows <= _FIRST + _LAST + 1:
        return [shown.row(i) for i in range(shown.n_rows)]
    first = [shown.row(i) for i in range(_FIRST)]
    last = [shown.row(i) for i in range(shown.n_rows - _LAST, shown.n_rows)]
    return [*first, [_DOTS] * len(shown.head), *last]


def _flush(rows: Sequence[Sequence[object]]) -> list[bool]:
    """Which columns hold numbers."""
    return [not isinstance(cell, (str, tuple)) for cell in rows[0]]


def _cell(value: object) -> str:
    """A cell in as many digits as a glance takes in; a shape as people write it."""
    if isinstance(value, tuple):
        return " × ".join(map(str, value)) or "none"
    return format(value, ".4g") if hasattr(value, "is_integer") else str(value)
