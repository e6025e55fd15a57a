"""Displays show themselves in a notebook, where there is no pyplot to do it."""

from __future__ import annotations

import io
from base64 import b64encode
from html import escape
from typing import Any

__all__ = ["Drawn"]

# Twice the pixels that a page has for it, so that it is sharp on fine screens too.
_DPI = 192


class Drawn:
    """What is drawn on a figure, and is shown as that."""

    figure_: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: figure_.savefig writes it into a file>"

    def _repr_png_(self) -> bytes:
        """The figure as PNG."""
        buffer = io.BytesIO()
        # The version of matplotlib would make other bytes of the same picture.
        options: dict[str, Any] = {"dpi": _DPI, "metadata": {"Software": None}}
        self._drawn().savefig(buffer, format="png", **options)
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        """The figure with words for those who can't see it, as wide as there is room."""
        data, width = b64encode(self._repr_png_()).decode(), 96 * self._drawn().get_figwidth()
        said = escape((type(self).__doc__ or "").partition("\n")[0])
        style = f"width:{width:.0f}px;max-width:100%;height:auto"
        return f'<img alt="{said}" style="{style}" src="data:image/png;base64,{data}">'

    def _drawn(self) -> Any:
        """The figure; drawn now if it has not been."""
        if not hasattr(self, "figure_"):
            self.plot()  # type: ignore[attr-defined]
        return self.figure_
