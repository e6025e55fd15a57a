"""Displays as SVG inside the page, in the colours of its text."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

from genrekit.page._markup import Html, element

__all__ = ["NO_PICTURES", "figure"]

NO_PICTURES = "Not drawn, since matplotlib is not installed: pip install 'genrekit[plot]'."

# Drawn in a colour that nothing else has, then replaced by the page's, light or dark.
_INK = "#010203"
_INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")


def figure(draw: Callable[[Any], object], *, size: tuple[float, float], label: str) -> Html | None:
    """What `draw` draws on axes of that many inches, as SVG; None without matplotlib."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return None
    style: Any = dict.fromkeys(_INKED, _INK)
    # Text as text, which can be searched and read aloud. The salt makes names of parts differ
    # between figures of one page, and be the same at each writing.
    style |= {"svg.fonttype": "none", "svg.hashsalt": label, "font.size": 11}
    buffer = io.StringIO()
    with mpl.rc_context(style), warnings.catch_warnings():
        # The browser has letters that matplotlib's font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        canvas = Figure(figsize=size, layout="constrained")
        draw(canvas.add_subplot())
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return element("figure", _inline(buffer.getvalue()), aria_label=label, role="img")


def _inline(document: str) -> Html:
    """The SVG element alone, in the page's colours, without names that would stand twice."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = svg.replace(_INK, "currentColor").replace("#ffffff", "var(--paper)")
    return Html(svg)
