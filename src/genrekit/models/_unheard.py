"""Tracks that are none of those a model was trained on: with nothing to be judged by, or longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine import NOTHING
from genrekit.exceptions import warn_caller
from genrekit.heads import iter_objects, note_unheard
from genrekit.networks import CNNEmbedding

__all__ = ["find_unheard", "hears_by_network", "warn_if_long"]

# Tracks longer than this many times the median of the training are warned about.
_LONG = 2.0


def hears_by_network(estimator: Any) -> bool:
    """Whether a network is among what an estimator judges tracks by, pretrained or its own."""
    return any(
        isinstance(part, CNNEmbedding) or hasattr(part, "onnx_")
        for _, part in iter_objects(estimator)
    )


def find_unheard(
    estimator: Any, tracks: Sequence[Any], remarks: Sequence[Remark]
) -> NDArray[np.bool_]:
    """Which tracks a classifier has nothing to judge by, with one warning that names the first.

    Behind a network, silence would be some genre or other.

    Parameters
    ----------
    estimator : estimator
        What describes or judges them, fitted.
    tracks : sequence
        The tracks.
    remarks : sequence of Remark
        What is to be known of each.

    Returns
    -------
    ndarray of bool of shape (n_tracks,)
        True for those.
    """
    if not any(remark & NOTHING for remark in remarks) or not hears_by_network(estimator):
        return np.zeros(len(remarks), bool)
    return note_unheard(tracks, remarks)


def warn_if_long(seconds: NDArray[np.float64], median: float) -> None:
    """Statistics of a whole song differ from those of the clips a model was trained on.

    Parameters
    ----------
    seconds : ndarray of shape (n_tracks,)
        Lengths of the tracks.
    median : float
        Median length of those of the training; NaN if it is not known.
    """
    long = int(np.sum(seconds > _LONG * median))
    if long:
        # Who asks track by track is told once, not how many there are of each.
        some = f"{long} of {len(seconds)} tracks are" if len(seconds) > 1 else "a track is"
        warn_caller(
            f"{some} over {_LONG:g} times as long as the median of "
            f"the training ({median:.1f} s): set duration (and offset) to read as much of each as "
            "the training had"
        )
