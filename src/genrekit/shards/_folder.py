"""The folder: which files are in it, and what stands in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._tables import sync_folder
from genrekit.shards._identity import LABELS, arrow, told
from genrekit.shards._parquet import give_back, open_whole, read_in_parts, write_whole

__all__ = [
    "Index",
    "adopt",
    "batch_path",
    "check_ours",
    "following_shards",
    "read_index",
    "read_listing",
    "run_path",
    "sweep_out",
    "write_listing",
]

_SHARD = re.compile(r"rows-(\d{6,})\.parquet")
# The order of the tracks of the last call. Readers of Parquet folders pass over such names.
_LISTING = "_tracks.parquet"
# What is half written; what workers have written, and a run that they are of.
_PASSING = re.compile(r"\.genrekit-[0-9a-f]{8}\.part|\.(batch|run)-[0-9a-f]{8}(-\d{6,})?")


class Index(NamedTuple):
    """What all shards hold, but for the features; the newest row last.

    Attributes
    ----------
    files : list of Path
        The shards.
    names : list of str
        The columns of features.
    identity : dict
        What the rows are of; empty if there are none.
    labels : pyarrow.Table
        The other columns.
    file, row : ndarray of shape (n_rows,)
        In which shard each stands, and where there.
    """

    files: list[Path]
    names: list[str]
    identity: dict[str, Any]
    labels: Any
    file: NDArray[np.int32]
    row: NDArray[np.int32]

    def column(self, name: str) -> NDArray[Any]:
        """The numbers of a column."""
        return self.labels[name].to_numpy()

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which rows are of tracks that could not be decoded."""
        import pyarrow.compute as pc

        return pc.not_equal(self.labels["error"], "").to_numpy()


def _shard_paths(folder: Path) -> dict[int, Path]:
    """The shards by number, in order."""
    found = {name: _SHARD.fullmatch(name) for name in os.listdir(folder)}
    numbers = {int(match[1]): folder / name for name, match in found.items() if match}
    return dict(sorted(numbers.items()))


def check_ours(folder: Path) -> None:
    """Refuse a folder of other things, say one of music."""
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    strange = [name for name in names if name != _LISTING and not _SHARD.fullmatch(name)]
    if strange and len(strange) == len(names):
        raise FileExistsError(f"{folder}: a folder of other things ({strange[0]}): take a new one")


def sweep_out(folder: Path) -> None:
    """Remove what killed runs left."""
    for name in os.listdir(folder):
        if _PASSING.fullmatch(name):
            with suppress(OSError):
                (folder / name).unlink()


def run_path(folder: Path, token: str) -> Path:
    """What workers look for, to know that the run that they work for goes on."""
    return folder / f".run-{token}"


def batch_path(folder: Path, token: str, number: int) -> Path:
    """Where a worker writes a batch, for whoever holds the folder to make it a shard."""
    return folder / f".batch-{token}-{number:06d}"


def adopt(written: Path, shard: Path) -> None:
    """Make what a worker has written a shard."""
    try:
        os.replace(written, shard)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{written}: a worker has written it, and it is not there: output= must be on a file "
            "system that all workers share, under the same name"
        ) from None
    sync_folder(shard.parent)


def write_listing(folder: Path, listing: Any, metadata: Any) -> None:
    """Say which tracks the table is of, in order."""
    pa, _ = arrow()
    schema = pa.schema([("path", pa.string())], metadata)
    write_whole(folder / _LISTING, pa.table({"path": listing}, schema=schema))


def read_listing(folder: Path) -> Any:
    """The tracks of the last call, in order; none if nobody has said so."""
    pa, _ = arrow()
    path = folder / _LISTING
    if not path.exists():
        return pa.chunked_array([], pa.string())
    with open_whole(path) as opened:
        paths = read_in_parts(opened, ["path"])["path"]
    give_back()
    return paths


def read_index(folder: Path) -> Index:
    """What the shards of a folder hold; `ValueError` if one is damaged or of other rows."""
    pa, _ = arrow()
    files = list(_shard_paths(folder).values())
    labels: list[Any] = []
    names: list[str] = []
    identity: dict[str, Any] = {}
    for file in files:
        columns, found, table = _labels(file)
        if identity and (found["key"] != identity["key"] or columns != names):
            raise ValueError(f"{file}: its rows are of other parameters than those of {files[0]}")
        names, identity = columns, identity or found
        labels.append(table)
    lengths = [table.num_rows for table in labels]
    empty = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in LABELS.items()])
    labels_of = pa.concat_tables([empty.empty_table(), *labels])
    file_of = np.repeat(np.arange(len(files), dtype=np.int32), lengths)
    row_of = np.concatenate([np.arange(n, dtype=np.int32) for n in lengths] or [file_of])
    return Index(files, names, identity, labels_of, file_of, row_of)


def _labels(file: Path) -> tuple[list[str], dict[str, Any], Any]:
    """The columns of features of a shard, what its rows are of, and its other columns."""
    with open_whole(file) as opened:
        schema = opened.schema_arrow
        identity = told(schema, file)
        table = read_in_parts(opened, list(LABELS))
    return [name for name in schema.names if name not in LABELS], identity, table


def following_shards(folder: Path) -> Iterator[Path]:
    """Where the next shards go, behind those that are there."""
    last = max(_shard_paths(folder), default=-1)
    return (folder / f"rows-{number:06d}.parquet" for number in count(last + 1))
