"""Rows of tracks: one after the other as they come, or all of them in a table."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine._cache import TrackCache
from genrekit.engine._clock import clocked
from genrekit.engine._loop import attempts
from genrekit.exceptions import TrackError

__all__ = ["Described", "TrackRow", "describe_tracks", "stream_rows"]


class TrackRow(NamedTuple):
    """What became of one track.

    Attributes
    ----------
    index : int
        Its place among the tracks.
    values : ndarray of shape (n_features,) or None
        Its features, float64; None if it can't be decoded.
    error : TrackError or None
        Why it can't be decoded; None if it can.
    seconds : float
        How much of it was read; NaN if it can't be decoded.
    remark : Remark
        What is to be known of it beside, such as that it is silent: ``remark.text`` says it in
        words, and is empty if there is nothing.
    """

    index: int  # type: ignore[assignment]  # not tuple.index: the name says what it is
    values: NDArray[np.float64] | None
    error: TrackError | None
    seconds: float
    remark: Remark


class Described(NamedTuple):
    """What `describe_tracks` returns.

    Attributes
    ----------
    table : ndarray of shape (n_tracks, n_columns)
        One row a track, NaN for those that failed.
    errors : list of TrackError
        The failures.
    seconds : ndarray of shape (n_tracks,)
        How much was read of each, NaN for those that failed.
    remarks : list of Remark
        What is to be known of each.
    """

    table: NDArray[np.float64]
    errors: list[TrackError]
    seconds: NDArray[np.float64]
    remarks: list[Remark]


def stream_rows(
    items: Sequence[Any], cache: TrackCache, **running: Any
) -> Generator[TrackRow, None, None]:
    """Rows of all tracks, in order, each given away when it is there."""
    with closing(attempts(items, cache.row, **running)) as outcomes:
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, TrackError):
                yield TrackRow(index, None, outcome, np.nan, Remark(0))
            else:
                cache.take_note(outcome)
                yield TrackRow(index, outcome.values, None, outcome.seconds, outcome.remark)
    cache.trim()


@clocked
def describe_tracks(items: Sequence[Any], cache: TrackCache, **running: Any) -> Described:
    """Rows of all tracks, what failed, and what is to be known of them."""
    table = np.full((len(items), len(cache.plan.columns)), np.nan)
    seconds = np.full(len(items), np.nan)
    errors: list[TrackError] = []
    remarks = [Remark(0)] * len(items)
    for i, values, error, heard, remark in stream_rows(items, cache, **running):
        if error is not None:
            errors.append(error)
        else:
            table[i], seconds[i], remarks[i] = values, heard, remark
    return Described(table, errors, seconds, remarks)
