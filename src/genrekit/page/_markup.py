"""HTML that can't be broken by what is put into it: all text is escaped, once, here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from genrekit._text import printable

__all__ = ["Html", "bar_cell", "element", "join", "more", "sections", "table"]


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
    # On a phone the cells of some stand below each other, each with the name of its column.
    label = dict(enumerate(head)) if "stack" in kind else {}
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=flush.get(i), data_label=label.get(i) or None)
                for i, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    inner = element("table", element("thead", element("tr", *header)), element("tbody", *body))
    # To be reached by keyboard, which scrolls it then; named by its columns.
    named = ", ".join(str(name) for name in head if name and not isinstance(name, Html))
    return element(
        "div", inner, class_=f"scroll {kind}".rstrip(), tabindex="0", role="region",
        aria_label=f"Table: {named}",
    )  # fmt: skip


def sections(parts: Mapping[str, Html | None]) -> list[Html]:
    """A navigation, and sections by heading, without those that have nothing to say."""
    there = {name: part for name, part in parts.items() if part is not None}
    links = (element("a", name, href=f"#{_anchor(name)}") for name in there)
    return [
        element("nav", *links, aria_label="Sections"),
        *(
            element("section", element("h2", name), part, id=_anchor(name))
            for name, part in there.items()
        ),
    ]


def _anchor(name: str) -> str:
    """The name of a section in links."""
    return name.lower().replace(" ", "-")


def more(n: int, what: str) -> Html:
    """Say what was left out."""
    return element("p", f"and {n} more {what}", class_="more") if n > 0 else Html("")


def bar_cell(share: float) -> Html:
    """A share as three decimals, and as a bar."""
    bar = element("span", class_="bar", style=f"--share:{share:.3f}")
    return join(bar, element("span", f"{share:.3f}"))


def _safe(child: object) -> str:
    """Escape what is not HTML yet."""
    if isinstance(child, Html):
        return child
    return escape(printable(child, keep="\n\t"))
