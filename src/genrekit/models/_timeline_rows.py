"""Rows of features for the segments that a timeline is about."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_number
from genrekit.audio import Downmix, Remark, hearings
from genrekit.engine import (
    AudioExtractor,
    Excerpt,
    as_track,
    at_rate,
    content,
    read_track,
    warn_of_tracks,
)
from genrekit.networks import CNNEmbedding, Listener, get_card
from genrekit.spectra import Frontend

__all__ = ["check_lengths", "timeline_rows"]

# Segments that are in memory at once.
_BATCH = 64


def check_lengths(window: float, hop: float) -> None:
    """Lengths that leave nothing of a track out.

    Parameters
    ----------
    window, hop : float
        Length of a segment, and from the start of one to that of the next, seconds.

    Raises
    ------
    ValueError
        If they are no lengths, or leave out what lies between segments.
    """
    check_number("window", window, above=0)
    check_number("hop", hop, above=0)
    if hop > window:
        raise ValueError(f"hop={hop} s would leave out what lies between segments of {window} s")


def timeline_rows(
    features: Any, track: Any, window: float, hop: float, *, sr: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], Remark]:
    """Where segments begin, seconds, and their rows of features.

    Parameters
    ----------
    features : transformer
        Fitted.
    track : path, bytes, file object, ndarray or (y, sr) pair
        One track.
    window, hop : float
        Length of a segment, and from the start of one to that of the next, seconds.
    sr : float
        Sampling rate of a bare array for features that have none of their own, Hz.

    Returns
    -------
    times : ndarray of shape (n_segments,)
        Starts of the segments.
    table : ndarray of shape (n_segments, n_features)
        Their features.
    remark : Remark
        What is to be known of the track.

    Raises
    ------
    AudioDecodeError
        If `track` is no track, or can't be decoded.
    """
    track = as_track(track)
    source = content(track)  # it may be read twice
    if isinstance(features, CNNEmbedding):
        times, table, remark = _of_patches(features, source, window, hop)
    else:
        for downmix in hearings():
            times, table = _of_segments(features, source, window, hop, sr, downmix)
        remark = downmix.remark
    warn_of_tracks([track], [], [remark])
    return times, table, remark


def _of_patches(
    embedding: CNNEmbedding, track: Any, window: float, hop: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], Remark]:
    """Statistics over the patches in each segment, each patch going through the network once."""
    found, remark = embedding._plan().spectra(track, embedding.decoder)
    (spectra,) = found.values()
    moving = copy.copy(embedding).set_params(patch_hop=hop, max_patches=None)
    listener = Listener(get_card(embedding.model))
    together = listener.fitting(window, hop)
    if together >= listener.count(spectra, hop):
        # The segment holds the whole track, with the patches that are heard of one.
        row = embedding.row(embedding.describe(spectra))
        return np.array([spectra.frontend.offset]), row[np.newaxis], remark
    times, answers = moving._answers(spectra)
    segments = [answers[i : i + together] for i in range(len(times) - together + 1)]
    rows = [embedding.pooled(segment) for segment in segments]
    return times[: len(rows)], np.array(rows), remark


def _of_segments(
    features: Any, track: Any, window: float, hop: float, sr: float, downmix: Downmix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Features of segments of the waveform."""
    offset = getattr(features, "offset", None) or 0.0
    decoder = getattr(features, "decoder", None)
    rate = _cutting_rate(features, track, sr, decoder)
    excerpt = Excerpt(((rate, rate),), offset, getattr(features, "duration", None))
    if isinstance(features, AudioExtractor):
        # Segments are cut already, and not worth a place in a cache.
        features = copy.copy(features).set_params(offset=0.0, duration=None, memory=None, verbose=0)
    length, step = max(1, round(window * rate)), max(1, round(hop * rate))
    segments = _cut(read_track(track, excerpt, decoder, downmix), length, step)
    bare = isinstance(track, np.ndarray)  # each feature knows what rate it takes one to be at
    times, tables = [], []
    while batch := list(islice(segments, _BATCH)):
        times += [offset + start / rate for start, _ in batch]
        items = [segment if bare else (segment, rate) for _, segment in batch]
        tables.append(np.asarray(features.transform(items)))
    return np.array(times), np.concatenate(tables)


def _cutting_rate(features: Any, track: Any, sr: float, decoder: Any) -> float:
    """The rate that all features hear, or else the track's own, from which each makes its own."""
    heard = features._plan().frontends if isinstance(features, AudioExtractor) else ()
    if isinstance(track, np.ndarray):
        return heard[0].rates[1] if heard else sr
    rates = {None if frontend.native else frontend.sr for frontend in heard}
    if len(rates) == 1 and (rate := rates.pop()) is not None:
        return rate
    return at_rate(Frontend(native=True), track, decoder).sr


def _cut(
    blocks: Iterator[tuple[NDArray[Any], ...]], length: int, step: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """First sample and samples of each segment, the only one of a shorter track being shorter."""
    held: NDArray[Any] = np.empty(0, np.float32)
    start = 0
    for (block,) in blocks:
        held = np.concatenate([held, block])
        while len(held) >= length:
            yield start, held[:length]
            held, start = held[step:], start + step
    if start == 0:
        yield start, held
