"""What a network learns from: frames of tracks in a store, their segments, and what each counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.engine import Plan, warn_of_short, warn_of_tracks
from genrekit.exceptions import TrackError
from genrekit.models._heard import stream_heard
from genrekit.patches import FeaturesInput
from genrekit.shards import FrameStore

__all__ = ["fill_store", "start_segments"]


def fill_store(
    store: FrameStore,
    tracks: list[Any],
    teaching: NDArray[np.bool_],
    heard: FeaturesInput,
    plan: Plan | None,
    memory: Any,
    **running: Any,
) -> tuple[NDArray[np.float64], list[TrackError]]:
    """Put the frames of tracks into a store.

    Parameters
    ----------
    store : FrameStore
        Where to.
    tracks : list
        The tracks, or the frames that the user brings.
    teaching : ndarray of bool of shape (n_tracks,)
        Which of them are wanted.
    heard : FeaturesInput
        What the network hears.
    plan : Plan or None
        What gives the frames; None for those that the user brings.
    memory : str, path, joblib.Memory or None
        Where frames are kept.
    **running
        ``n_jobs``, ``decoder``, ``on_error`` and ``verbose``.

    Returns
    -------
    lengths : ndarray of shape (n_tracks,)
        In seconds, or columns; NaN for those that are not in the store.
    errors : list of TrackError
        What could not be decoded.
    """
    lengths, errors, remarks = np.full(len(tracks), np.nan), [], []
    bare = [each.name for each in heard.inputs if len(each.shape) == 1]
    for track in stream_heard(tracks, plan, memory, **running):
        remarks.append(track.remark)
        if track.error is not None:
            errors.append(track.error)
        elif teaching[track.index] and track.values is not None:
            lengths[track.index] = track.seconds
            frames = track.values.items()
            store.add({name: rows[0] if name in bare else rows for name, rows in frames})
    warn_of_tracks(tracks, errors, remarks)
    return lengths, errors


def start_segments(
    store: FrameStore,
    heard: FeaturesInput,
    lengths: NDArray[np.float64],
    segment_hop: float | None,
    pad: float,
) -> list[NDArray[np.intp]]:
    """For each track the first frame of each segment in each input; lengths as `heard` counts."""
    warn_of_short(lengths, heard.length, "repetitions of the track")
    columns = [store.n_frames(each.name) for each in heard.inputs]
    found = []
    for seconds, *there in zip(lengths, *columns, strict=True):
        times = heard.times(seconds, segment_hop, pad)
        each = zip(heard.inputs, there, strict=True)
        found.append(np.stack([rows.starts(times, int(count)) for rows, count in each], axis=1))
    return found
