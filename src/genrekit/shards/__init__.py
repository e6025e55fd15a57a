"""What grows on disk: a table, rows of tracks in a folder of Parquet files; frames of tracks.

A shard of a table is written whole or not at all, and the shards themselves say what is done:
whoever is killed goes on where it was. Needs pyarrow, which is imported when a folder is first
touched. Frames, from which networks are trained, go when the training is over.
"""

from __future__ import annotations

from genrekit.shards._cluster import check_client, connected
from genrekit.shards._frame_store import FrameStore
from genrekit.shards._grow import grow_table
from genrekit.shards._identity import number_rules
from genrekit.shards._lock import locked_file
from genrekit.shards._progress import Progress
from genrekit.shards._read import ShardedTable, read_rows
from genrekit.shards._tracks import Status

__all__ = [
    "FrameStore",
    "Progress",
    "ShardedTable",
    "Status",
    "check_client",
    "connected",
    "grow_table",
    "locked_file",
    "number_rules",
    "read_rows",
]
