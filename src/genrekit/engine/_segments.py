"""Where the segments of a track start."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.exceptions import warn_caller

__all__ = ["segment_starts", "warn_of_short"]

# Tracks of which most of a segment is made up are hardly what was meant.
_FILLED = 0.5


def segment_starts(n_samples: int, length: int, hop: int, pad: float) -> list[int]:
    """Where the segments of a track start.

    Parameters
    ----------
    n_samples : int
        Length of the track.
    length : int
        Length of a segment, samples.
    hop : int
        From the start of a segment to that of the next, samples.
    pad : float
        Share of the last segment that may lie beyond the end.

    Returns
    -------
    list of int
        First samples; none of a track without samples, at least one of any other.

    Examples
    --------
    >>> from genrekit.engine import segment_starts
    >>> segment_starts(2998, 1000, 1000, pad=0.1), segment_starts(2998, 1000, 1000, pad=0)
    ([0, 1000, 2000], [0, 1000])
    """
    if n_samples == 0:
        return []
    whole = max(0, (n_samples - length) // hop + 1)
    start = whole * hop
    missing = start + length - n_samples
    covered = start - hop + length
    # What begins beyond the end, or adds nothing to the segments before it, is no segment.
    if whole == 0 or (start < n_samples and covered < n_samples and missing <= pad * length):
        whole += 1
    return [i * hop for i in range(whole)]


def warn_of_short(lengths: NDArray[Any], segment: float, filled: str) -> None:
    """One `GenrekitWarning` if most of a segment is none of the track, in most tracks.

    Parameters
    ----------
    lengths : ndarray of shape (n_tracks,)
        Lengths of tracks.
    segment : float
        Length of a segment.
    filled : str
        How what is missing is filled.
    """
    short = int(np.sum(lengths < _FILLED * segment))
    if 2 * short > len(lengths):
        half = f"shorter than half a segment of {segment:g}"
        warn_caller(
            f"{short} of {len(lengths)} tracks are {half}, half of them all than "
            f"{np.median(lengths):.3g}: what is missing is filled with {filled}; take a smaller "
            "segment_duration"
        )
