"""Rows on their way into shards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from genrekit._text import printable
from genrekit.engine import TrackRow
from genrekit.shards._identity import LABELS, arrow
from genrekit.shards._parquet import write_whole
from genrekit.shards._tracks import Tracks

__all__ = ["Writer"]


class Writer:
    """Takes rows, and writes them when it is full or told to.

    Parameters
    ----------
    tracks : Tracks
        What the rows are of.
    failed : dict of int to str
        Why some tracks failed before, by place: to say so again would be a row for nothing.
    schema : pyarrow.Schema
        The columns of a shard.
    files : iterator of Path
        Where shards go.
    size : int
        Rows of a shard.
    """

    def __init__(
        self, tracks: Tracks, failed: dict[int, str], schema: Any, files: Iterator[Path], size: int
    ) -> None:
        self._tracks, self._failed, self._schema, self._files = tracks, failed, schema, files
        # Columns lie together, as Arrow takes them.
        self._values = np.empty((size, len(schema.names) - len(LABELS)), order="F")
        self._labels: list[tuple[Any, ...]] = []
        self._file: Path | None = None

    @property
    def is_full(self) -> bool:
        """Whether there is room for no other row."""
        return len(self._labels) == len(self._values)

    def take(self, row: TrackRow) -> None:
        """Take what became of a track."""
        reason = printable(row.error.reason) if row.error else ""
        if not reason or reason != self._failed.get(row.index):
            self._values[len(self._labels)] = np.nan if row.values is None else row.values
            self._labels.append(self._tracks.labels(row.index, row, reason))

    def flush(self) -> Path | None:
        """Write the rows that were taken; where they are, None if there were none."""
        if not self._labels:
            return None
        pa, _ = arrow()
        columns = [*zip(*self._labels, strict=True), *self._values[: len(self._labels)].T]
        pairs = zip(columns, self._schema.types, strict=True)
        arrays = [pa.array(column, kind, from_pandas=False) for column, kind in pairs]
        self._file = self._file or next(self._files)
        write_whole(self._file, pa.Table.from_arrays(arrays, schema=self._schema))
        self._labels.clear()
        written, self._file = self._file, None
        return written
