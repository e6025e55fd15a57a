"""The tables of the Free Music Archive data set: tracks, genres and features."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.datasets._rows import long_fields, named

__all__ = ["Genres", "Track", "find_table", "read_features", "read_genres", "read_tracks"]

_PARTS = {"training": "train", "validation": "valid", "test": "test"}
_COLUMNS = {
    "subset": ("set", "subset"),
    "split": ("set", "split"),
    "artist": ("artist", "id"),
    "top": ("track", "genre_top"),
    "genres": ("track", "genres"),
}


class Track(NamedTuple):
    """One row of ``tracks.csv``.

    Attributes
    ----------
    number : int
        Its id.
    subset : str
        The smallest subset it belongs to.
    split : str
        ``"train"``, ``"valid"`` or ``"test"``.
    artist : int
        Id of the artist.
    top : str
        The top genre, ``""`` if it has none or several.
    genres : tuple of int
        Ids of the genres the artist gave it.
    """

    number: int
    subset: str
    split: str
    artist: int
    top: str
    genres: tuple[int, ...]


@dataclass(frozen=True)
class Genres:
    """The genre tree.

    Attributes
    ----------
    titles : dict of int to str
        Name of each genre.
    parents : dict of int to int
        The genre above each, 0 above a top genre.
    """

    titles: dict[int, str]
    parents: dict[int, int]

    def upwards(self, genre: int) -> Iterator[int]:
        """A genre and all that stand above it."""
        while genre in self.titles:
            yield genre
            genre = self.parents[genre]

    def tops(self) -> list[str]:
        """Names of the top genres."""
        return [self.titles[genre] for genre, parent in self.parents.items() if parent == 0]

    @cached_property
    def above(self) -> dict[str, str | None]:
        """Name of the genre above each; None above a top genre."""
        return {title: self.titles.get(self.parents[genre]) for genre, title in self.titles.items()}


def find_table(root: Path, name: str) -> Path:
    """A table of the metadata, beside the clips or directly in `root`."""
    for path in (root / "fma_metadata" / name, root / name):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"{root}: no {name} in it or in its folder fma_metadata; "
        f"genrekit.datasets.fetch_fma('metadata', {str(root)!r}) gets it (342 MiB)"
    )


def read_tracks(path: Path) -> list[Track]:
    """The rows of ``tracks.csv``, which has a header of three rows."""
    with path.open(encoding="utf-8", newline="") as file, long_fields():
        reader = csv.reader(file)
        try:
            header = list(zip(next(reader), next(reader), strict=True))
            columns = {name: header.index(pair) for name, pair in _COLUMNS.items()}
            next(reader)  # the name of the first column, "track_id"
            return [_track(row, columns) for row in reader]
        except (ValueError, KeyError, IndexError, StopIteration, csv.Error) as error:
            raise ValueError(
                f"{path}, line {reader.line_num}: not the tracks.csv of FMA ({error!r})"
            ) from error


def _track(row: list[str], columns: dict[str, int]) -> Track:
    """One row."""
    cells = {name: row[i] for name, i in columns.items()}
    return Track(
        number=int(row[0]),
        subset=cells["subset"],
        split=_PARTS[cells["split"]],
        artist=int(cells["artist"]),
        top=cells["top"],
        genres=tuple(json.loads(cells["genres"])),
    )


def read_genres(path: Path) -> Genres:
    """The rows of ``genres.csv``."""
    with path.open(encoding="utf-8", newline="") as file, named(path):
        rows = list(csv.DictReader(file))
    try:
        if not rows:
            raise ValueError("it has no rows")
        return Genres(
            {int(row["genre_id"]): row["title"] for row in rows},
            {int(row["genre_id"]): int(row["parent"]) for row in rows},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not the genres.csv of the FMA data set ({error!r})") from error


def read_features(
    path: Path, numbers: set[int]
) -> tuple[list[str], list[int], NDArray[np.float64]]:
    """Columns of ``features.csv``, ids and values of the tracks in `numbers`."""
    with path.open(encoding="utf-8", newline="") as file, named(path):
        levels = [next(file, "").rstrip("\r\n").split(",")[1:] for _ in range(3)]
        names = ["_".join(parts) for parts in zip(*levels, strict=False)]
        if not names or not names[0].count("_"):
            raise ValueError(f"{path}: not the features.csv of the FMA data set")
        # Told by its beginning, a line that isn't wanted is not parsed: the table has 951 MB.
        ids: list[int] = []
        lines = _wanted(file, numbers, ids)
        first = next(lines, None)
        if first is None:
            raise ValueError(f"{path}: it has none of the {len(numbers):,} tracks asked for")
        try:
            values = np.loadtxt(chain([first], lines), delimiter=",", ndmin=2)
        except ValueError as error:
            last = f"the row of track {ids[-1]} or one before it"
            raise ValueError(f"{path}: {last} is damaged ({error})") from error
    return names, ids, values[:, 1:]


def _wanted(file: IO[str], numbers: set[int], ids: list[int]) -> Iterator[str]:
    """The lines of some tracks, whose ids are noted."""
    for line in file:
        first = line.partition(",")[0]
        if first.isdecimal() and int(first) in numbers:
            ids.append(int(first))
            yield line
