"""What runs any `Part` over tracks: reading X, the plan, the cache, the loop.

It knows no family of features. `AudioExtractor` and `read_tracks` load scikit-learn when first
used; the rest does without.
"""

from __future__ import annotations

import importlib
from typing import Any

from genrekit.engine._cache import TrackCache
from genrekit.engine._clock import Extracted, extraction_clock
from genrekit.engine._collection import check_collection
from genrekit.engine._loop import attempts, describe_tracks, warn_of_errors
from genrekit.engine._plan import Plan
from genrekit.engine._tracks import (
    RECENT,
    Excerpt,
    TrackSegment,
    content,
    fill,
    fingerprint,
    is_file,
    is_pair,
    is_swapped_pair,
    is_track,
    label,
    read_track,
)

_LATE = {"AudioExtractor": "_extractor", "read_tracks": "_extractor"}

__all__ = [  # noqa: PLE0604
    "RECENT",
    "Excerpt",
    "Extracted",
    "Plan",
    "TrackCache",
    "TrackSegment",
    "attempts",
    "check_collection",
    "content",
    "describe_tracks",
    "extraction_clock",
    "fill",
    "fingerprint",
    "is_file",
    "is_pair",
    "is_swapped_pair",
    "is_track",
    "label",
    "read_track",
    "warn_of_errors",
    *_LATE,
]


def __getattr__(name: str) -> Any:
    """Load what needs scikit-learn when it is first used."""
    if name not in _LATE:
        raise AttributeError(f"module 'genrekit.engine' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"genrekit.engine.{_LATE[name]}"), name)
    globals()[name] = value
    return value
