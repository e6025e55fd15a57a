"""Short names of tracks."""

from __future__ import annotations

import os
from collections.abc import Sequence

__all__ = ["short_names"]


def short_names(tracks: Sequence[str]) -> tuple[str, list[str]]:
    """The folder that all tracks share, ``""`` if none, and their names below it."""
    folders = {os.path.dirname(track) for track in tracks}
    try:
        shared = os.path.commonpath(folders) if folders else ""
    except ValueError:  # relative beside absolute, or two drives
        shared = ""
    if len(shared) <= 1:
        return "", list(tracks)
    return shared, [os.path.relpath(track, shared) for track in tracks]
