"""Rows of features for windows that move along one track."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_number
from genrekit.features._base import AudioExtractor
from genrekit.features._pooling import pool
from genrekit.features._tracks import Excerpt, is_track, read_track
from genrekit.models._embedding import CNNEmbedding
from genrekit.models.networks import get_card

__all__ = ["window_rows"]

# Windows that are in memory at once.
_BATCH = 64


def window_rows(
    features: Any, track: Any, window: float, hop: float, *, sr: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Where windows begin, seconds, and their rows of features.

    Parameters
    ----------
    features : transformer
        Fitted.
    track : path, bytes, file object, ndarray or (y, sr) pair
        One track.
    window, hop : float
        Length of a window, and from the start of one to that of the next, seconds.
    sr : float
        Sampling rate at which windows are cut for features that have none of their own, Hz.

    Yields
    ------
    times : ndarray of shape (n,)
        Starts of some windows.
    table : ndarray of shape (n, n_features)
        Their features.

    Raises
    ------
    ValueError
        If `track` is no track, or window and hop are no lengths.
    AudioDecodeError
        If it can't be decoded.
    """
    check_number("window", window, above=0)
    check_number("hop", hop, above=0)
    if hop > window:
        raise ValueError(f"hop={hop} s would leave out what lies between windows of {window} s")
    if not is_track(track):
        raise ValueError(f"timeline takes one track, not a {type(track).__name__}")
    if isinstance(features, CNNEmbedding):
        yield _of_patches(features, track, window, hop)
        return
    yield from _of_pieces(features, track, window, hop, sr)


def _of_patches(
    embedding: CNNEmbedding, track: Any, window: float, hop: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Statistics over the patches in each window, each patch going through the network once."""
    embedding = copy.copy(embedding).set_params(patch_hop=hop, max_patches=None)
    times, answers = embedding.patches(track)
    heard = get_card(embedding.model).input
    together = 1 + max(0, round(window * heard.per_second) - heard.patch) // heard.steps(hop)
    together = min(together, len(times))
    stretches = [answers[i : i + together] for i in range(len(times) - together + 1)]
    rows = [embedding.row(pool(stretch.T)) for stretch in stretches]
    return times[: len(rows)], np.array(rows)


def _of_pieces(
    features: Any, track: Any, window: float, hop: float, sr: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Features of pieces of the waveform."""
    sr = getattr(features, "sr", None) or sr
    offset = getattr(features, "offset", None) or 0.0
    excerpt = Excerpt(((sr, sr),), offset, getattr(features, "duration", None))
    decoder = getattr(features, "decoder", None)
    if isinstance(features, AudioExtractor):
        # Pieces are cut already, and not worth a place in a cache.
        features = copy.copy(features).set_params(offset=0.0, duration=None, memory=None, verbose=0)
    length, step = max(1, round(window * sr)), max(1, round(hop * sr))
    pieces = _cut(read_track(track, excerpt, decoder), length, step)
    while some := list(islice(pieces, _BATCH)):
        times = np.array([offset + start / sr for start, _ in some])
        yield times, np.asarray(features.transform([(piece, sr) for _, piece in some]))


def _cut(
    blocks: Iterator[tuple[NDArray[Any], ...]], length: int, step: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """First sample and samples of each window, the only one of a shorter track being shorter."""
    held: NDArray[Any] = np.empty(0, np.float32)
    start = 0
    for (block,) in blocks:
        held = np.concatenate([held, block])
        while len(held) >= length:
            yield start, held[:length]
            held, start = held[step:], start + step
    if start == 0:
        yield start, held
