"""A report as one self-contained page."""

from __future__ import annotations

from genrekit.page._comparison import write_comparison
from genrekit.page._map import map_cell, write_map
from genrekit.page._markup import Html, element, join, table
from genrekit.page._page import write_report

__all__ = [
    "Html",
    "element",
    "join",
    "map_cell",
    "table",
    "write_comparison",
    "write_map",
    "write_report",
]
