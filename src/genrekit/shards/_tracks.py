"""The tracks of a call: paths of files, and what tells a file from another under its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._text import to_name
from genrekit.audio import Remark
from genrekit.engine import TrackRow
from genrekit.remote import is_address, states_of, without_secrets

__all__ = ["Status", "Tracks"]


class Status(NamedTuple):
    """Size and time of change of files, -1 where there is none."""

    size: NDArray[np.int64]
    mtime_ns: NDArray[np.int64]

    @classmethod
    def of(cls, paths: Sequence[str]) -> Status:
        """Ask the file system, and stores, whose number of a version stands for a time."""
        size, mtime = (np.full(len(paths), -1) for _ in range(2))
        away = []
        for place, path in enumerate(paths):
            if is_address(path):
                away.append(place)
                continue
            with suppress(OSError, ValueError):  # whoever reads it says what is wrong with it
                found = os.stat(path)
                size[place], mtime[place] = found.st_size, found.st_mtime_ns
        for place, state in zip(away, states_of([paths[i] for i in away]), strict=True):
            size[place], mtime[place] = state
        return cls(size, mtime)


class Tracks(NamedTuple):
    """Some tracks: their paths, the names of these in tables, the state of the files."""

    paths: list[str]
    names: list[str]
    status: Status

    @classmethod
    def of(cls, sources: Sequence[Any]) -> Tracks:
        """Those that were passed; `ValueError` if some are no paths of files."""
        paths = _as_paths(sources)
        return cls(paths, [to_name(without_secrets(path)) for path in paths], Status.of(paths))

    def take(self, places: NDArray[np.int64]) -> Tracks:
        """Some of them."""
        paths, names = ([texts[place] for place in places] for texts in (self.paths, self.names))
        return Tracks(paths, names, Status(*(values[places] for values in self.status)))

    def from_anywhere(self) -> Tracks:
        """The same under names that other processes, which work in other folders, find them by."""
        return self._replace(paths=list(map(_absolute, self.paths)))

    def labels(self, place: int, row: TrackRow, reason: str) -> tuple[Any, ...]:
        """What stands before the features, in the order of `LABELS`."""
        size, mtime = (int(values[place]) for values in self.status)
        return self.names[place], size, mtime, row.seconds, reason, _in_words(row.remark)


def _as_paths(sources: Sequence[Any]) -> list[str]:
    """The paths of files: nothing would tell what is none from others."""
    for place, source in enumerate(sources):
        if not isinstance(source, (str, os.PathLike)):
            kind = type(source).__name__
            raise ValueError(f"output= takes paths of files, and item {place} is a {kind}")
    return [os.fspath(source) for source in sources]


def _absolute(path: str) -> str:
    """A path from the root of the file system; an address as it is."""
    return path if is_address(path) else os.path.abspath(path)


@lru_cache(maxsize=8)  # there are as many, and to put one in words takes as long as to write a row
def _in_words(remark: Remark) -> str:
    """What is to be known of a track."""
    return remark.text
