"""Tables read from a folder of shards, as much of them at a time as is wanted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._text import from_name
from genrekit._validation import check_choice, check_integer
from genrekit.exceptions import TrackError, warn_caller
from genrekit.shards import _folder
from genrekit.shards._identity import arrow
from genrekit.shards._matches import match
from genrekit.shards._parquet import give_back, read_part

__all__ = ["ShardedTable", "read_rows"]

_DTYPES = ("float64", "float32")
# Shards that are held while batches are cut from them: new files lie among old ones.
_HELD = 4


class _Shards:
    """The rows in some shards; nothing of their features is held."""

    def __init__(self, index: _folder.Index) -> None:
        self.files, self.names, self.labels = index.files, index.names, index.labels
        self.failed = index.failed
        self.where = np.column_stack([index.file, index.row])
        self._stamps = list(map(_stamp, self.files))

    def read(self, number: int) -> NDArray[np.float64]:
        """All rows of a shard; `RuntimeError` if it is not the one that was opened."""
        file = self.files[number]
        if _stamp(file) != self._stamps[number]:
            raise RuntimeError(f"{file} was written anew since it was opened: call read_rows again")
        table = read_part(file, self.names)
        values = np.empty((table.num_rows, len(self.names)))
        for place, name in enumerate(self.names):
            values[:, place] = table[name]
        return values


def _stamp(file: Path) -> tuple[int, ...] | None:
    """What changes when a file is written anew."""
    try:
        status = os.stat(file)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class ShardedTable:
    """A table of features that stays on disk until its rows are asked for.

    What `read_rows` returns. ``table[indices]`` is a table of some of its rows, which are not read
    either, so that a cross-validation holds one fold at a time; scikit-learn takes it for an array.

    Parameters
    ----------
    shards : object
        Reads the features, and has the other columns.
    rows : ndarray of shape (n_tracks,)
        Which of the rows there are those of this table.
    n_missing : int
        Tracks that have no row yet.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    shape : tuple of int
        Numbers of tracks and of columns.
    n_missing : int
        Tracks of the last call of ``genrekit.extract`` that have no row yet, because it was
        stopped.

    Examples
    --------
    >>> import tempfile, genrekit
    >>> folder = tempfile.mkdtemp()
    >>> tracks = genrekit.make_tracks(2, root=f"{folder}/music", duration=0.5)
    >>> rows = genrekit.extract(tracks.paths, ["rms"], output=f"{folder}/rows").table
    >>> rows[[0, 5]].shape, rows.to_numpy().shape
    ((2, 2), (10, 2))
    """

    ndim = 2
    dtype = np.dtype(np.float64)

    def __init__(self, shards: _Shards, rows: NDArray[np.int64], n_missing: int) -> None:
        self._shards, self._rows = shards, rows
        self.names, self.n_missing = shards.names, n_missing

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of tracks and of columns."""
        return len(self._rows), len(self.names)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<ShardedTable of {len(self)} tracks and {len(self.names)} features>"

    @cached_property
    def paths(self) -> list[str]:
        """The files, in order."""
        return list(map(from_name, self._labels("path").to_pylist()))

    @cached_property
    def errors(self) -> list[TrackError]:
        """The tracks that failed: place in this table, path and reason."""
        places = np.flatnonzero(~self._is_good)
        # One by one: for the rows of an array Arrow would join all pieces of the columns first.
        paths, reasons = (self._shards.labels[name] for name in ("path", "error"))
        return [
            TrackError(place, from_name(paths[row].as_py()), reasons[row].as_py())
            for place, row in zip(places.tolist(), self._rows[places].tolist(), strict=True)
        ]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """How much was read of each track; NaN where it failed."""
        return self._labels("seconds").to_numpy()

    @property
    def remarks(self) -> list[str]:
        """What is to be known of each track beside, such as that it is silent; mostly empty."""
        return self._labels("remark").to_pylist()

    @property
    def _is_good(self) -> NDArray[np.bool_]:
        """Which tracks have features."""
        return ~self._shards.failed[self._rows]

    def _labels(self, name: str) -> Any:
        """A column beside the features."""
        pa, _ = arrow()
        return self._shards.labels[name].take(pa.array(self._rows))

    def without_errors(self) -> ShardedTable:
        """The same table without the rows of tracks that failed."""
        return self[self._is_good]

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            key, *columns = key
            if any(
                some is not Ellipsis for some in columns
            ):  # scikit-learn writes table[rows, ...]
                raise IndexError("a table on disk is indexed by rows: call to_numpy() for columns")
        places = np.arange(len(self))[key]
        if places.ndim == 0:
            return self[[places]].to_numpy()[0]
        return ShardedTable(self._shards, self._rows[places], self.n_missing)

    def to_numpy(self, dtype: Any = "float64") -> NDArray[Any]:
        """The features as one array, read shard by shard into it.

        Parameters
        ----------
        dtype : {"float64", "float32"}, default="float64"
            Type of the array; "float32" takes half the memory.

        Returns
        -------
        ndarray of shape (n_tracks, n_features)
            NaN where a track failed.
        """
        check_choice("dtype", np.dtype(dtype).name, _DTYPES)
        where = self._shards.where[self._rows]
        return _gathered(where, self._shards.read, np.empty(self.shape, dtype))

    @property
    def X(self) -> NDArray[np.float64]:
        """The features as one array, read each time."""
        return self.to_numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a table on disk is an array only as a copy")
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        if wanted.name in _DTYPES:
            return self.to_numpy(wanted)
        return self.to_numpy().astype(wanted)

    def batches(self, size: int = 1000) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """The features of some tracks after the other, for what learns by ``partial_fit``.

        Parameters
        ----------
        size : int, default=1000
            Tracks at a time; the last may be fewer.

        Yields
        ------
        (slice, ndarray of shape (n, n_features))
            Which tracks they are, and their features.
        """
        check_integer("size", size, minimum=1)
        read = lru_cache(maxsize=_HELD)(self._shards.read)
        for start in range(0, len(self), size):
            tracks = slice(start, min(start + size, len(self)))
            where = self._shards.where[self._rows[tracks]]
            yield tracks, _gathered(where, read, np.empty((len(where), len(self.names))))


def _gathered(where: NDArray[Any], read: Callable[[int], Any], into: NDArray[Any]) -> NDArray[Any]:
    """Rows of some shards, each of which is read once, in an array."""
    files, rows = where.T
    for number in np.unique(files):
        here = np.flatnonzero(files == number)
        into[here] = read(int(number))[rows[here]]
    return into


def read_rows(folder: Any) -> ShardedTable:
    """The table that ``genrekit.extract(..., output=folder)`` wrote, without reading its features.

    Parameters
    ----------
    folder : path
        The folder.

    Returns
    -------
    ShardedTable
        Its rows, in the order of the tracks of the last call; rows of tracks that were not among
        these come last. Where that call was stopped, rows are missing, and a warning says so.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or there are no rows in it.
    ValueError
        If a file in it is damaged, or not of genrekit.

    See Also
    --------
    extract : Writes it.

    Examples
    --------
    >>> import genrekit, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tracks = genrekit.make_tracks(2, root=f"{folder}/music", genres=["drone"], duration=1.0)
    ...     _ = genrekit.extract(tracks.paths, ["rms", "tempo"], output=f"{folder}/rows")
    ...     table = genrekit.read_rows(f"{folder}/rows")
    ...     table.names, table.shape, table.to_numpy().shape
    (['rms_mean', 'rms_std', 'tempo'], (2, 3), (2, 3))
    """
    folder = Path(os.path.expanduser(os.fspath(folder)))
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder")
    index = _folder.read_index(folder)
    if not index.files:
        raise FileNotFoundError(f"{folder}: there are no rows in it")
    rows, n_missing = _in_order(index, _folder.read_listing(folder))
    give_back()
    if n_missing:
        warn_caller(
            f"{folder}: {n_missing} tracks have no row yet, for the run was stopped: call extract "
            "again, and it goes on"
        )
    return ShardedTable(_Shards(index), rows, n_missing)


def _in_order(index: _folder.Index, listing: Any) -> tuple[NDArray[np.int64], int]:
    """Places of rows in the order of the tracks, and how many of these have none."""
    found = match(index.labels["path"], listing)
    at = found.at[found.at >= 0]
    return np.concatenate([at, np.flatnonzero(found.others)]), len(found.at) - len(at)
