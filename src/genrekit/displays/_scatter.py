"""Tracks as points, a colour and a marker a genre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.views import legend_beside, looks

__all__ = ["scatter_genres"]


def scatter_genres(ax: Any, coordinates: NDArray[Any], y: NDArray[Any]) -> None:
    """Draw the points, and a legend beside."""
    genres = np.unique(y)
    for genre, (colour, marker) in zip(genres, looks(len(genres)), strict=True):
        options = {"s": 28, "c": colour, "marker": marker, "alpha": 0.8, "label": str(genre)}
        ax.scatter(*coordinates[y == genre].T, linewidths=0.3, edgecolors="white", **options)
    ax.spines[["top", "right"]].set_visible(False)
    legend_beside(ax, ax.collections[-len(genres) :], genres)
