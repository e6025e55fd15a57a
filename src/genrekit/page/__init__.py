"""A report as one self-contained page."""

from __future__ import annotations

from genrekit.page._page import write_html

__all__ = ["write_html"]
