"""Decibels as librosa takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.spectra._spectra import Spectra

__all__ = ["log_mel_blocks", "power_to_db"]

_TEN_OVER_LN10 = 10.0 / np.log(10.0)


def power_to_db(
    power: NDArray[Any], top_db: float | None, peak: float | None = None
) -> NDArray[Any]:
    """10 log10 of powers, raised to 1e-10 and to `top_db` below the `peak` power."""
    floor = 1e-10
    if top_db is not None:
        floor = max(floor, float(power.max() if peak is None else peak) * 10.0 ** (-top_db / 10.0))
    # The natural logarithm is several times faster than log10 and as exact.
    decibels = np.maximum(power, power.dtype.type(floor))
    np.log(decibels, out=decibels)
    decibels *= power.dtype.type(_TEN_OVER_LN10)
    return decibels


def log_mel_blocks(spectra: Spectra, top_db: float | None, **mel: Any) -> Iterator[NDArray[Any]]:
    """Mel decibels below the track's maximum, in blocks of frames."""
    # Only the maximum needs the whole track, so its decibels need never stand in memory whole.
    peak = max(block.max() for block in spectra.blocks("mel", **mel))
    for block in spectra.blocks("mel", **mel):
        yield power_to_db(block, top_db, peak)
