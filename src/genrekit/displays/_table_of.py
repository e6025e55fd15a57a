"""Tables of features as pictures take them: numbers, and the names of their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_features"]


def read_features(
    table: Any, names: Sequence[str] | None = None, y: Any = None
) -> tuple[NDArray[np.float64], list[str]]:
    """The numbers of a table, and the names that it or the caller has for its columns."""
    own = getattr(table, "columns", None)
    if own is None:
        own = getattr(table, "names", None)
    table = getattr(table, "table", table)  # of an Extraction
    try:
        values = np.asarray(table, dtype=float)
    except ValueError as error:
        raise ValueError(f"table holds no numbers ({error}): pass the features alone") from error
    if values.ndim != 2 or not values.size:
        raise ValueError(f"table has shape {values.shape}: a row a track and a column a feature")
    if y is not None and np.shape(y) != values.shape[:1]:
        raise ValueError(f"table has shape {values.shape} and y {np.shape(y)}: one row a label")
    chosen = names if names is not None else own
    found = [f"feature {i}" for i in range(values.shape[1])] if chosen is None else list(chosen)
    if len(found) != values.shape[1]:
        raise ValueError(f"names has {len(found)} names for {values.shape[1]} columns")
    return values, list(map(str, found))
