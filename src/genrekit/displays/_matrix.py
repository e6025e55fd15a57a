"""A matrix as a picture, its values written into the cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.views import new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NORMALIZE", "draw_matrix", "normalized"]

NORMALIZE = ("true", "pred", "all")
# Inches of a cell, of a character of a label.
_CELL, _LETTER = 0.42, 0.075


def normalized(counts: NDArray[Any], normalize: str | None) -> NDArray[Any]:
    """Counts as they are, or as shares of their row, of their column or of all; 0 / 0 is 0."""
    if normalize is None:
        return counts
    check_choice("normalize", normalize, NORMALIZE)
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    return counts / np.maximum(counts.sum(axis=axis, keepdims=True), 1)


def draw_matrix(
    values: NDArray[Any],
    rows: Sequence[object],
    columns: Sequence[object],
    *,
    ax: Axes | None,
    cmap: str,
    include_values: bool,
    values_format: str,
    slanted: bool = True,
) -> tuple[Any, Any, NDArray[Any] | None]:
    """Draw `values`; gives the axes, the image and the texts in the cells, None where it is 0."""
    ax = new_axes(ax, *_size(rows, columns))
    image = ax.imshow(values, cmap=cmap, vmin=0, vmax=max(values.max(), 1e-9))
    ax.set_xticks(range(len(columns)), [plain(name) for name in columns])
    if slanted:
        for label in ax.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), [plain(name) for name in rows])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    # White lines between the cells, which eyes follow from a cell to its genre.
    ax.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    ax.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="minor", length=0)
    texts = _write(ax, image, values, values_format) if include_values else None
    return ax, image, texts


def _size(rows: Sequence[object], columns: Sequence[object]) -> tuple[float, float]:
    """Inches that hold the cells and their labels."""
    left = _LETTER * max(len(str(name)) for name in rows)
    below = 0.75 * _LETTER * max(len(str(name)) for name in columns)  # they stand aslant
    return max(3.5, _CELL * len(columns) + left + 0.9), max(3.0, _CELL * len(rows) + below + 0.9)


def _write(ax: Any, image: Any, values: NDArray[Any], values_format: str) -> NDArray[Any]:
    """Write what is not 0 into the cells, light on dark and dark on light."""
    texts = np.full(values.shape, None, dtype=object)
    for row, column in zip(*np.nonzero(values), strict=True):
        value = values[row, column]
        red, green, blue, _ = image.cmap(image.norm(value))
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.55
        texts[row, column] = ax.text(
            column,
            row,
            format(value, values_format),
            ha="center",
            va="center",
            fontsize=8,
            color="black" if light else "white",
        )
    return texts
