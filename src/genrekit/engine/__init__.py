"""What runs any `Part` over tracks: reading X, the plan, the cache, the loop.

It knows no family of features. `AudioExtractor` and `read_tracks` load scikit-learn when first
used; the rest does without.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genrekit.engine._batches import Batches
from genrekit.engine._cache import CACHE_VERSION, Row, TrackCache
from genrekit.engine._clock import Extracted, extraction_clock
from genrekit.engine._collection import check_collection
from genrekit.engine._items import as_track, is_missing, is_pair_like
from genrekit.engine._keys import digest, plain
from genrekit.engine._loop import attempts
from genrekit.engine._plan import Frames, Plan
from genrekit.engine._remarks import NOTHING, notes_of, warn_of_notes, warn_of_tracks
from genrekit.engine._rows import (
    Described,
    TrackFrames,
    TrackRow,
    TrackRows,
    describe_tracks,
    extract_tracks,
    stream_frames,
    stream_rows,
)
from genrekit.engine._segments import segment_starts, warn_of_short
from genrekit.engine._sounds import hash_sounds
from genrekit.engine._tracks import (
    RECENT,
    Excerpt,
    MatrixRow,
    TrackSegment,
    at_rate,
    content,
    fill,
    fingerprint,
    held,
    is_file,
    is_pair,
    is_track,
    label,
    read_track,
)

_LATE = {"AudioExtractor": "_extractor", "read_tracks": "_extractor"}

__all__ = [
    "CACHE_VERSION",
    "NOTHING",
    "RECENT",
    "Batches",
    "Described",
    "Excerpt",
    "Extracted",
    "Frames",
    "MatrixRow",
    "Plan",
    "Row",
    "TrackCache",
    "TrackFrames",
    "TrackRow",
    "TrackRows",
    "TrackSegment",
    "as_track",
    "at_rate",
    "attempts",
    "check_collection",
    "content",
    "describe_tracks",
    "digest",
    "extract_tracks",
    "extraction_clock",
    "fill",
    "fingerprint",
    "hash_sounds",
    "held",
    "is_file",
    "is_missing",
    "is_pair",
    "is_pair_like",
    "is_track",
    "label",
    "notes_of",
    "plain",
    "read_track",
    "segment_starts",
    "stream_frames",
    "stream_rows",
    "warn_of_notes",
    "warn_of_short",
    "warn_of_tracks",
    "AudioExtractor",
    "read_tracks",
]

if TYPE_CHECKING:
    from genrekit.engine._extractor import AudioExtractor, read_tracks
else:  # type checkers would take any name for one that `__getattr__` knows

    def __getattr__(name: str) -> Any:
        """Load what needs scikit-learn when it is first used."""
        if name not in _LATE:
            raise AttributeError(f"module 'genrekit.engine' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"genrekit.engine.{_LATE[name]}"), name)
        globals()[name] = value
        return value
