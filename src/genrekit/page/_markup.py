"""HTML that can't be broken by what is put into it: all text is escaped, once, here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from genrekit._text import printable

__all__ = ["Html", "bar_cell", "element", "join", "table"]


class Html(str):
    """Text that is HTML already; any other is escaped when it becomes part of some."""

    __slots__ = ()


def join(*children: object, between: str = "") -> Html:
    """Children one after the other."""
    return Html(between.join(map(_safe, children)))


def element(name: str, *children: object, **attributes: object) -> Html:
    """An element; ``class_`` gives class, ``data_x`` data-x, None leaves an attribute out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_safe(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    kind: str = "",
) -> Html:
    """A table in a frame that scrolls sideways; the columns at `numbers` flush right."""
    flush = dict.fromkeys(numbers, "number")
    header = [element("th", name, class_=flush.get(i), scope="col") for i, name in enumerate(head)]
    body = [
        element("tr", *(element("td", cell, class_=flush.get(i)) for i, cell in enumerate(row)))
        for row in rows
    ]
    inner = element("table", element("thead", element("tr", *header)), element("tbody", *body))
    return element("div", inner, class_=f"scroll {kind}".rstrip())


def bar_cell(share: float) -> Html:
    """A share as three decimals, and as a bar."""
    bar = element("span", class_="bar", style=f"--share:{share:.3f}")
    return join(bar, element("span", f"{share:.3f}"))


def _safe(child: object) -> str:
    """Escape what is not HTML yet."""
    if isinstance(child, Html):
        return child
    return escape(printable(child, keep="\n\t"))
