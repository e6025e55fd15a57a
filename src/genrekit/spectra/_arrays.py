"""Arrays that users hand to the pure functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_floats"]


def as_floats(name: str, values: Any, *, ndim: int) -> NDArray[Any]:
    """Numbers in float32 or float64, at least one a row; ``ValueError`` for anything else."""
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiu" or array.ndim != ndim or array.shape[-1] == 0:
        given = f"of {array.dtype} and shape {array.shape}"
        raise ValueError(f"{name} must hold numbers in {ndim} dimension(s), not an array {given}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
