"""Decibels as librosa takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["power_to_db"]

_TEN_OVER_LN10 = 10.0 / np.log(10.0)


def power_to_db(power: NDArray[Any], top_db: float | None = 80.0) -> NDArray[Any]:
    """10 log10 of powers raised to 1e-10, then raised to `top_db` below the maximum."""
    # The natural logarithm is several times faster than log10 and as exact.
    decibels = np.log(np.maximum(power, power.dtype.type(1e-10)))
    decibels *= power.dtype.type(_TEN_OVER_LN10)
    if top_db is not None:
        if top_db < 0:
            raise ValueError(f"top_db must be at least 0 or None, not {top_db!r}")
        np.maximum(decibels, decibels.max() - power.dtype.type(top_db), out=decibels)
    return decibels
