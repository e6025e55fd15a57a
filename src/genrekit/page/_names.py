"""Short names of tracks."""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["short_names"]


def short_names(tracks: Iterable[str]) -> tuple[str, dict[str, str]]:
    """The folder that all tracks share, ``""`` if none, and the name of each below it."""
    tracks = dict.fromkeys(tracks)
    folders = {os.path.dirname(track) for track in tracks}
    try:
        shared = os.path.commonpath(folders) if folders else ""
    except ValueError:  # relative beside absolute, or two drives
        shared = ""
    if len(shared) <= 1:
        return "", {track: track for track in tracks}
    return shared, {track: os.path.relpath(track, shared) for track in tracks}
