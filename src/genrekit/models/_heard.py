"""Frames of tracks for a network: computed, or brought by the user in the place of tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine import Plan, TrackFrames, stream_frames

__all__ = ["read_frames", "stream_heard"]


def read_frames(X: Any, n_rows: int | None = None) -> list[NDArray[Any]]:
    """Pictures of tracks, checked.

    Parameters
    ----------
    X : sequence of ndarray of shape (n_rows, n_frames), or ndarray of shape (n_tracks, n_rows, \
n_frames)
        What a user passed.
    n_rows : int, optional
        How many rows each must have; None means as many as the first.

    Returns
    -------
    list of ndarray of shape (n_rows, n_frames)
        They are not copied.

    Raises
    ------
    ValueError
        If it is something else; the message names the track.
    """
    if isinstance(X, (str, bytes)) or not hasattr(X, "__len__"):
        raise ValueError(_wanted(f"got a {type(X).__name__}"))
    if len(X) == 0:
        raise ValueError("X is empty: pass one picture or more")
    pictures = [np.asarray(picture) for picture in X]
    for index, picture in enumerate(pictures):
        if picture.ndim != 2 or picture.dtype.kind not in "biuf" or 0 in picture.shape:
            raise ValueError(_wanted(f"track {index} has shape {picture.shape}"))
        n_rows = len(picture) if n_rows is None else n_rows
        if len(picture) != n_rows:
            raise ValueError(f"track {index} has {len(picture)} rows, not {n_rows} as the others")
        if not np.isfinite(picture).all():
            raise ValueError(f"track {index} holds NaN or infinity")
    return pictures


def _wanted(found: str) -> str:
    """What to say of something else."""
    return (
        "with inputs='frames' X is a list of arrays of numbers of shape (n_rows, n_frames), or one "
        f"of shape (n_tracks, n_rows, n_frames): {found}"
    )


def stream_heard(
    tracks: Sequence[Any],
    plan: Plan | None,
    memory: Any = None,
    *,
    then: Callable[[dict[str, NDArray[Any]], float], Any] | None = None,
    **running: Any,
) -> Iterator[TrackFrames]:
    """Frames of all tracks, in order, or what is made of them.

    Parameters
    ----------
    tracks : sequence
        The tracks, or the frames that the user brings.
    plan : Plan or None
        What gives the frames; None for those that the user brings, which are as long as they have
        columns.
    memory : str, path or joblib.Memory, optional
        Where to keep them.
    then : callable, optional
        Called where they are computed, with the frames by input and the track's length: what it
        gives takes their place.
    **running
        ``n_jobs``, ``decoder``, ``on_error`` and ``verbose``.

    Returns
    -------
    iterator of TrackFrames
        One a track.
    """
    if plan is not None:
        return stream_frames(tracks, plan, memory, then=then, **running)
    return _brought(tracks, then)


def _brought(tracks: Sequence[Any], then: Any) -> Iterator[TrackFrames]:
    """Frames that are there."""
    for index, picture in enumerate(tracks):
        frames, length = {"frames": picture}, float(picture.shape[1])
        values = frames if then is None else then(frames, length)
        yield TrackFrames(index, values, None, length, Remark(0))
