"""From frames to statistics of a track."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import did_you_mean
from genrekit.dsp import kernels

__all__ = ["DEFAULT_STATS", "STATS", "as_floats", "check_stats", "pool", "select"]

# In the order of the columns of `pool`; "kurtosis" is Fisher's (0 for a Gaussian), biased.
STATS = ("mean", "std", "var", "skew", "kurtosis", "median", "min", "max")
# Of a part that names none, where nothing around it does.
DEFAULT_STATS = ("mean", "std")


def check_stats(stats: Any) -> tuple[str, ...]:
    """The statistics as a tuple; ``ValueError`` for an unknown, a repeated or no name."""
    if isinstance(stats, str):
        raise ValueError(f"stats must be a list of names, not {stats!r}: write [{stats!r}]")
    # A set has no order, and columns would change places from one start of Python to the next.
    if isinstance(stats, (set, frozenset)) or not isinstance(stats, Iterable):
        raise ValueError(f"stats must be a list of names, not {stats!r}")
    stats = tuple(stats)
    for name in stats:
        if not isinstance(name, str) or name not in STATS:
            raise ValueError(f"unknown statistic {name!r} in stats: {did_you_mean(name, STATS)}")
    if not stats or len(set(stats)) < len(stats):
        raise ValueError(f"stats must name each statistic once, at least one, not {stats!r}")
    return stats


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


def pool(frames: NDArray[Any]) -> NDArray[np.float64]:
    """Statistics of each row over the frames.

    Parameters
    ----------
    frames : ndarray of shape (n_rows, n_frames)
        Values by frame.

    Returns
    -------
    ndarray of shape (n_rows, 8)
        One column for each of ``STATS``, float64. A constant row has std, var, skew and
        kurtosis 0.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.spectra._pooling import pool
    >>> pool(np.array([[1.0, 2.0, 3.0, 6.0]]))[0, [0, 2, 5, 7]].tolist()
    [3.0, 3.5, 2.5, 6.0]
    """
    frames = np.ascontiguousarray(as_floats("frames", frames, ndim=2))
    mean, var, skew, kurtosis, low, high = kernels.central_moments(frames).T
    pooled = np.empty((len(frames), len(STATS)))
    columns = mean, np.sqrt(var), var, skew, kurtosis, kernels.medians(frames), low, high
    for column, values in enumerate(columns):  # numpy.stack takes twice as long
        pooled[:, column] = values
    return pooled


def select(pooled: NDArray[np.float64], stats: Sequence[str]) -> NDArray[np.float64]:
    """The columns of `pool` that `stats` name, row after row in one vector."""
    return pooled[:, [STATS.index(name) for name in stats]].ravel()
