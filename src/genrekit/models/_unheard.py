"""Tracks with nothing to be judged by: behind a network, silence would be some genre or other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine import NOTHING, notes_of, warn_of_notes
from genrekit.exceptions import UnheardWarning
from genrekit.heads import iter_objects
from genrekit.networks import CNNEmbedding

__all__ = ["find_unheard", "hears_by_network", "level"]


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
    unheard = np.array([bool(remark & NOTHING) for remark in remarks])
    if not unheard.any() or not hears_by_network(estimator):
        return np.zeros(len(remarks), bool)
    what = 'hold too little to be judged: the answer is "unknown"'
    warn_of_notes(UnheardWarning, notes_of(tracks, remarks, NOTHING), len(tracks), what)
    return unheard


def level(probabilities: NDArray[np.float64], unheard: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probabilities, those of what was not heard all alike; NaN stays."""
    even = probabilities * 0 + 1 / probabilities.shape[1]
    return np.where(unheard[:, np.newaxis], even, probabilities)
