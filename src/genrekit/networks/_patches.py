"""Which pieces of a track a network hears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["iter_patches", "patch_starts"]


def patch_starts(length: int, patch: int, step: int, most: int | None) -> NDArray[np.intp]:
    """Where patches begin.

    Parameters
    ----------
    length : int
        Length of the track, at least 1.
    patch : int
        Length of a patch.
    step : int
        Distance between patches.
    most : int or None
        How many at the most: then they are spread evenly over those that there are.

    Returns
    -------
    ndarray of int
        At least one; only whole patches count, but a track shorter than a patch has one.

    Examples
    --------
    >>> from genrekit.networks._patches import patch_starts
    >>> patch_starts(10, 4, 2, None).tolist(), patch_starts(10, 4, 2, 2).tolist()
    ([0, 2, 4, 6], [2, 6])
    """
    count = max(length - patch, 0) // step + 1
    if most is None or count <= most:
        return np.arange(count) * step
    # The middle of each of so many equal stretches: neither the first bar nor the last, but one.
    return ((np.arange(most) + 0.5) * count / most).astype(np.intp) * step


def iter_patches(
    stretches: Iterator[NDArray[Any]], starts: NDArray[np.intp], patch: int
) -> Iterator[NDArray[Any]]:
    """The patches; a track that is too short is repeated until it fills one.

    Parameters
    ----------
    stretches : iterator of ndarray of shape (length, ...)
        The track, piece after piece. No more of it is held than a patch and the latest piece.
    starts : ndarray of int
        Where patches begin, in ascending order.
    patch : int
        Length of a patch.

    Yields
    ------
    ndarray of shape (patch, ...)
        One after the other.
    """
    held, first = next(stretches), 0
    for start in starts:
        while first + len(held) < start + patch and (more := next(stretches, None)) is not None:
            passed = min(start - first, len(held))
            held, first = np.concatenate([held[passed:], more]), first + passed
        piece = held[start - first : start - first + patch]
        yield piece if len(piece) == patch else piece[np.arange(patch) % len(piece)]
