"""Which patches of a track a network hears, one after the other or in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer

__all__ = ["iter_batches", "iter_patches", "patch_starts"]


def patch_starts(length: int, patch: int, step: int, most: int | None) -> NDArray[np.intp]:
    """Where patches begin: whole ones, or one of a track that is shorter than a patch."""
    count = max(length - patch, 0) // step + 1
    if most is None or count <= most:
        return np.arange(count) * step
    # The middle of each of so many equal parts: neither the first bar nor the last, but one.
    return ((np.arange(most) + 0.5) * count / most).astype(np.intp) * step


def iter_patches(
    blocks: Iterator[NDArray[Any]], starts: NDArray[np.intp], patch: int
) -> Iterator[NDArray[Any]]:
    """The patches; a track that is too short is repeated until it fills one."""
    held, first = next(blocks), 0
    for start in starts:
        while first + len(held) < start + patch and (more := next(blocks, None)) is not None:
            passed = min(start - first, len(held))
            held, first = np.concatenate([held[passed:], more]), first + passed
        found = held[start - first : start - first + patch]
        yield found if len(found) == patch else found[np.arange(patch) % len(found)]


def iter_batches(patches: Iterable[Any], size: int) -> Iterator[Any]:
    """Patches in batches, of one track or of many.

    Parameters
    ----------
    patches : iterable of ndarray, or of tuple of ndarray
        All of one shape; tuples for a network of several inputs.
    size : int
        How many go together, at least 1.

    Yields
    ------
    ndarray of shape (size, ...), or tuple of such
        They follow each other; the last one may be smaller.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import iter_batches
    >>> patches = (np.full(4, number) for number in range(5))
    >>> [batch.shape for batch in iter_batches(patches, 2)]
    [(2, 4), (2, 4), (1, 4)]
    """
    check_integer("size", size, minimum=1)
    rest = iter(patches)
    while batch := list(islice(rest, size)):
        several = isinstance(batch[0], tuple)
        yield tuple(map(np.stack, zip(*batch, strict=True))) if several else np.stack(batch)
