"""What files look like: endings, first bytes, frames, chunks and tags; what a network refers to.

Bytes in, facts out; nothing is decoded here. What a file looks like decides whether a decoder is
asked at all, and which.
"""

from __future__ import annotations

from genrekit.formats._bytes import Encoded, Openable, open_binary, size_of
from genrekit.formats._chunks import Data, find_data
from genrekit.formats._endings import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from genrekit.formats._mpeg import MARGIN, Link, find_links, stated_samples, tells_all
from genrekit.formats._onnx import check_self_contained
from genrekit.formats._sniff import Look, demuxer_of, look_at
from genrekit.formats._tags import Untagged, behind_tags

__all__ = [
    "AUDIO_SUFFIXES",
    "MARGIN",
    "VIDEO_SUFFIXES",
    "Data",
    "Encoded",
    "Link",
    "Look",
    "Openable",
    "Untagged",
    "behind_tags",
    "check_self_contained",
    "demuxer_of",
    "find_data",
    "find_links",
    "look_at",
    "open_binary",
    "size_of",
    "stated_samples",
    "tells_all",
]
