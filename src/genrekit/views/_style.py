"""What all pictures share: colours, markers, axes outside pyplot, labels as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from genrekit._text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BLUE", "GREY", "colours", "legend_beside", "looks", "new_axes", "new_figure", "plain"]

# The first six are Okabe and Ito's, which people with any kind of colour vision can tell apart;
# the others are as far from them as may be. All are seen on white and on black.
# fmt: off
_COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C5A2B", "#7B4FD0",
    "#A3B02F", "#E0405A", "#2F8F8F", "#B0509E", "#6E7F3A", "#8A8FD8", "#C48A6A", "#7F8A93",
)
# fmt: on
# Sixteen colours and seven markers come together again only after 112 genres.
_MARKERS = ("o", "^", "s", "D", "v", "P", "X")

BLUE = _COLOURS[0]
GREY = "#8A8F98"


def colours(n_genres: int) -> list[str]:
    """One colour a genre, in the order of the genres; from the seventeenth on they repeat."""
    return list(islice(cycle(_COLOURS), n_genres))


def looks(n_genres: int) -> list[tuple[str, str]]:
    """Colour and marker of each genre."""
    return list(islice(zip(cycle(_COLOURS), cycle(_MARKERS), strict=False), n_genres))


def new_figure(width: float, height: float) -> Any:
    """A figure of that many inches that pyplot does not know: nothing to close, no screen."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"pictures need matplotlib ({error}): pip install 'genrekit[plot]'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(ax: Axes | None, width: float, height: float) -> Any:
    """The given axes, or those of a new figure of that many inches."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def plain(label: object) -> str:
    """The label as text that matplotlib can draw and does not read as a formula."""
    return printable(label).replace("$", r"\$")


def legend_beside(ax: Any, handles: Sequence[Any], labels: Iterable[object], **kw: Any) -> Any:
    """A legend right of the axes, in two columns when there are many genres."""
    # Handles and labels go in by hand: matplotlib leaves out names that begin with "_".
    options = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "frameon": False}
    options |= {"borderaxespad": 0.0, "ncols": 1 if len(handles) <= 20 else 2}
    return ax.legend(list(handles), [plain(label) for label in labels], **(options | kw))
