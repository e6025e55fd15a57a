"""What is to be known of tracks, in one warning for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genrekit.audio import Remark
from genrekit.engine._tracks import label
from genrekit.exceptions import (
    AudioContentWarning,
    AudioDecodeWarning,
    TrackError,
    TrackNote,
    warn_caller,
)

__all__ = ["NOTHING", "notes_of", "warn_of_notes", "warn_of_tracks"]

# There is nothing to judge such a track by.
NOTHING = Remark.SILENT | Remark.SHORT


def warn_of_tracks(
    items: Sequence[Any], errors: Sequence[TrackError], remarks: Sequence[Remark]
) -> None:
    """One warning for all tracks that failed, one for those that are not heard as they are."""
    if errors:
        path, reason = errors[0].path, errors[0].reason
        message = (
            f"{len(errors)} of {len(items)} tracks could not be decoded and stand as NaN rows; the "
            f"first: {path}: {reason}"
        )
        warn_caller(AudioDecodeWarning(message, errors))
    notes = notes_of(items, remarks, Remark.FIRST_CHANNEL)
    what = "would be silence as mono, so that only their first channel is heard"
    warn_of_notes(AudioContentWarning, notes, len(items), what)


def notes_of(items: Sequence[Any], remarks: Sequence[Remark], wanted: Remark) -> list[TrackNote]:
    """The tracks with any of the wanted remarks."""
    return [
        TrackNote(i, label(items[i], i), (remark & wanted).text)
        for i, remark in enumerate(remarks)
        if remark & wanted
    ]


def warn_of_notes(
    kind: type[AudioContentWarning], notes: Sequence[TrackNote], total: int, what: str
) -> None:
    """One warning for all notes, if there are any."""
    if notes:
        first = f"{notes[0].path}: {notes[0].note}"
        warn_caller(kind(f"{len(notes)} of {total} tracks {what}; the first: {first}", notes))
