"""The tags of audio files: genre, artist and album, read and written.

The only room that knows mutagen, which the extra ``tags`` installs. What is written is a copy
that takes the place of its file when it is whole, and the sound in it is never touched.
"""

from __future__ import annotations

from genrekit.tags._files import Tagged, TrackTags, check_mutagen, read_tags
from genrekit.tags._undo import Change, read_undo, write_undo
from genrekit.tags._write import Check, change_genres, restore_genres

__all__ = [
    "Change",
    "Check",
    "Tagged",
    "TrackTags",
    "change_genres",
    "check_mutagen",
    "read_tags",
    "read_undo",
    "restore_genres",
    "write_undo",
]
