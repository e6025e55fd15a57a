"""A table that grows: rows of tracks in a folder of Parquet files, shard by shard.

A shard is written whole or not at all, and the shards themselves say what is done: whoever is
killed goes on where it was. Needs pyarrow, which is imported when a folder is first touched.
"""

from __future__ import annotations

from genrekit.shards._cluster import check_client
from genrekit.shards._grow import grow_table
from genrekit.shards._identity import number_rules
from genrekit.shards._lock import locked_file
from genrekit.shards._progress import Progress
from genrekit.shards._read import ShardedTable, read_rows

__all__ = [
    "Progress",
    "ShardedTable",
    "check_client",
    "grow_table",
    "locked_file",
    "number_rules",
    "read_rows",
]
