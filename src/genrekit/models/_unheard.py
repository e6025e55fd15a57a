"""Tracks with nothing to be judged by: behind a network, silence would be some genre or other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine import NOTHING
from genrekit.heads import iter_objects, note_unheard
from genrekit.networks import CNNEmbedding

__all__ = ["find_unheard", "hears_by_network"]


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
