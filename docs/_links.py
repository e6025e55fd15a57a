"""Follows the links of the built pages, as a reader would."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

# From the first page to any other.
CLICKS = 3
# The search is asked through a form.
_HREF = re.compile(r"""<(?:a\s[^>]*?href|form\s[^>]*?action)=["']([^"']+)["']""")
_ID = re.compile(r"""\s(?:id|name)=["']([^"']+)["']""")


def complaints(folder: Path) -> Iterator[str]:
    """What is wrong with the pages in a folder: dead links, pages that are far away or unreachable.

    Parameters
    ----------
    folder : Path
        What Sphinx has built, with ``index.html``.

    Yields
    ------
    str
        One complaint.
    """
    folder = folder.resolve()
    # What lies in a folder with "_" is no page but what pages show or hand out.
    pages = {
        path: path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.html"))
        if not any(part.startswith("_") for part in path.relative_to(folder).parts)
    }
    anchors = {path: set(_ID.findall(text)) for path, text in pages.items()}
    links = {path: set(_targets(path, text)) for path, text in pages.items()}
    for page, targets in links.items():
        for target, anchor in sorted(targets):
            if not target.exists():
                yield f"{page.relative_to(folder)}: dead link to {target}"
            elif anchor and target in anchors and anchor not in anchors[target]:
                yield f"{page.relative_to(folder)}: {target.name} has no place #{anchor}"
    clicks = _clicks(folder / "index.html", links)
    for page in pages:
        away = clicks.get(page)
        if away is None or away > CLICKS:
            far = "not reached" if away is None else f"{away} clicks away"
            yield f"{page.relative_to(folder)}: {far} from the first page"


def _targets(page: Path, text: str) -> Iterator[tuple[Path, str]]:
    """Files that a page links to, and the places in them."""
    for href in _HREF.findall(text):
        parts = urlsplit(href.replace("&amp;", "&"))
        if not parts.scheme and not parts.netloc:
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            yield target, unquote(parts.fragment)


def _clicks(first: Path, links: dict[Path, set[tuple[Path, str]]]) -> dict[Path, int]:
    """How many clicks away each page is from the first."""
    clicks, waiting = {first: 0}, deque([first])
    while waiting:
        page = waiting.popleft()
        for target, _ in links.get(page, ()):
            if target not in clicks:
                clicks[target] = clicks[page] + 1
                waiting.append(target)
    return clicks
