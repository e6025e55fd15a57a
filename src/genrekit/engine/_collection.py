"""What counts as a collection of tracks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genrekit.engine._items import as_array, as_track, is_missing, is_pair_like, is_swapped_pair
from genrekit.engine._tracks import is_file, label
from genrekit.exceptions import AudioDecodeError

__all__ = ["check_collection"]


def check_collection(sources: Any) -> list[Any]:
    """The items of a collection of tracks; ``ValueError`` for one track or something else."""
    if is_file(sources) or is_pair_like(sources):
        raise ValueError(
            f"expected a list of tracks, got a single one ({label(sources, 0)}): wrap it in a list"
        )
    if (
        isinstance(sources, np.ndarray)
        and sources.ndim == 1
        and sources.dtype.kind in "fiu"
        and sources.size
    ):
        raise ValueError("expected a list of tracks, got a single waveform: wrap it in a list")
    if is_swapped_pair(sources):
        raise ValueError("expected a list of tracks, got (sr, y): pass [(y, sr)]")
    if isinstance(sources, Mapping):
        kind = type(sources).__name__
        raise ValueError(
            f"expected a list of tracks, got a {kind}: pass the paths in it, such as music.paths, "
            "or wrap it in a list if it is one track"
        )
    if isinstance(sources, (set, frozenset)):
        raise ValueError("expected a list of tracks, got a set, which has no order: sort it first")
    try:
        items = list(as_array(sources))
    except TypeError:
        kind = type(sources).__name__
        raise ValueError(f"expected a list of tracks, got a {kind}") from None
    if not items:
        raise ValueError("the list of tracks is empty: pass at least one file or waveform")
    for index, item in enumerate(items):
        if is_swapped_pair(item):
            raise ValueError(f"item {index} of the list of tracks: pass (y, sr), not (sr, y)")
    return _as_tracks(items)


def _as_tracks(items: list[Any]) -> list[Any]:
    """Items in the form that they are read in; in place of one that is no track, why it is none."""
    tracks, strange = [], 0
    for index, item in enumerate(items):
        try:
            tracks.append(as_track(item))
        except AudioDecodeError as error:
            tracks.append(AudioDecodeError(label(item, index), error.reason, hint=error.hint))
            strange += not is_missing(item)
    if strange == len(items):  # not a bad item or two: it is something else
        raise ValueError(f"item 0 of the list of tracks: {tracks[0].explanation}")
    return tracks
