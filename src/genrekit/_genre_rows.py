"""A table of genres that can be gone on with: what it is of, its rows, and its formats."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from genrekit._answers import UNKNOWN, why_unknown
from genrekit._tables import atomic_path, csv_text, need_pandas
from genrekit._text import from_cell, from_name, printable, to_name
from genrekit._version import __version__
from genrekit.engine import digest, plain
from genrekit.heads import PRETRAINED
from genrekit.networks import HEADS
from genrekit.shards import number_rules

__all__ = ["GENRE_SUFFIXES", "Asked", "GenreRow", "GenreTable"]

_FIRST = ("path", "genre", "probability", "novelty", "reason")
_LAST = ("size", "mtime_ns", "model")
_GENRE = re.compile(r"genre_\d+")

_Cells = Sequence[Any]


class Asked(NamedTuple):
    """What decides about answers beside the files: answers of something else don't go beside them.

    Attributes
    ----------
    model : str
        Its name.
    key : str
        What tells it from others of that name, and the numbers of this version from others.
    top_k : int
        How many genres are said of a file.
    """

    model: str
    key: str
    top_k: int

    @classmethod
    def of(cls, name: str, top_k: int) -> Asked:
        """What is asked of a pretrained model, or of one in a file.

        Parameters
        ----------
        name : str
            Its name or path.
        top_k : int
            How many genres.

        Returns
        -------
        Asked
            All of it.
        """
        file = HEADS / f"{name}.json" if name in PRETRAINED else Path(name)
        key = digest((sha256(file.read_bytes()).hexdigest(), plain(number_rules())))[:12]
        return cls(to_name(file.name if name not in PRETRAINED else name), key, top_k)

    @property
    def label(self) -> str:
        """What stands in each row of it."""
        return f"{self.model} {self.key}"

    def check_same(self, where: Path, label: str, top_k: int) -> None:
        """Refuse to go on with answers of something else.

        Parameters
        ----------
        where : Path
            The file that holds them.
        label, top_k : str, int
            What they are of.

        Raises
        ------
        ValueError
            If it is something else; it says by what it differs.
        """
        model = label.rpartition(" ")[0]
        if model != self.model:
            difference = f"answers of {model}, and these would be of {self.model}"
        elif label != self.label:
            difference = f"answers of another version of {model}, or of genrekit: {__version__} now"
        elif top_k != self.top_k:
            difference = f"{top_k} genres of each file, and these would be {self.top_k}"
        else:
            return
        raise ValueError(f"{where} holds {difference}; write into another file")

    @property
    def columns(self) -> list[str]:
        """The columns of the table."""
        ranked = [f"{what}_{i + 1}" for i in range(self.top_k) for what in ("genre", "probability")]
        return [*_FIRST, *ranked, *_LAST]


class GenreRow(NamedTuple):
    """What was heard of one file, before it is decided whether that is enough.

    Attributes
    ----------
    path : str
        The file.
    size, mtime_ns : int, optional
        What told it from another one under its name; None if it was not there.
    top : list of (str, float or None)
        Genres, the most probable first; none where there are none.
    novelty : float, optional
        How novel it is; None where that is not known.
    nothing : str, default=""
        Why there is nothing to judge it by.
    error : str, default=""
        Why it could not be read.
    """

    path: str
    size: int | None
    mtime_ns: int | None
    top: list[tuple[str, float | None]]
    novelty: float | None = None
    nothing: str = ""
    error: str = ""

    def cells(self, asked: Asked, below: float | None, novel: float | None) -> list[Any]:
        """The row of the table, None where nothing is to be said.

        Parameters
        ----------
        asked : Asked
            What it is of.
        below, novel : float, optional
            When no genre is said, see `genrekit._answers.rejections`.

        Returns
        -------
        list
            Text and numbers.
        """
        reason = self.nothing or why_unknown(self.top, self.novelty, below=below, novel=novel)
        genre, probability = (UNKNOWN, None) if reason else (self.top or [("", None)])[0]
        first = [to_name(self.path), genre, probability, self.novelty, self.error or reason]
        blank = [("", None)] * (asked.top_k - len(self.top))
        ranked = [cell for pair in [*self.top, *blank] for cell in pair]
        return [*first, *ranked, self.size, self.mtime_ns, asked.label]

    @classmethod
    def from_cells(cls, cells: _Cells) -> GenreRow:
        """The row that `cells` made some of.

        Parameters
        ----------
        cells : sequence
            Text and numbers, or numbers as text.

        Returns
        -------
        GenreRow
            The row.
        """
        path, genre, _, novelty, reason, *ranked, size, mtime_ns, _ = cells
        pairs = zip(ranked[::2], ranked[1::2], strict=True)
        top = [(str(name), _number(share)) for name, share in pairs if name]
        why = "" if top else str(reason)
        nothing, error = (why, "") if genre else ("", why)
        status = _whole(size), _whole(mtime_ns)
        return cls(from_name(path), *status, top, _number(novelty), nothing, error)


def _number(cell: Any) -> float | None:
    """A number, None where there is none."""
    return None if cell is None or cell == "" or isnan(float(cell)) else float(cell)


def _whole(cell: Any) -> int | None:
    """A whole number, to the last digit."""
    return None if _number(cell) is None else int(cell)


class GenreTable(NamedTuple):
    """A table in a file, which holds every row or is not there.

    Attributes
    ----------
    path : Path
        Where; the ending says how.
    asked : Asked
        What it is of.
    below, novel : float, optional
        When no genre is said, see `genrekit._answers.rejections`.
    """

    path: Path
    asked: Asked
    below: float | None = None
    novel: float | None = None

    def write(self, rows: Iterable[GenreRow]) -> None:
        """Write it, unless there are none.

        Parameters
        ----------
        rows : iterable of GenreRow
            Its rows.
        """
        table = [row.cells(self.asked, self.below, self.novel) for row in rows]
        if not table:
            return
        with atomic_path(self.path) as temporary:
            _WRITERS[self.path.suffix.lower()](temporary, self.asked.columns, table)

    def read(self) -> list[GenreRow]:
        """The rows that there are.

        Returns
        -------
        list of GenreRow
            None if there is no such file.

        Raises
        ------
        ValueError
            If it is another table, or its rows are of something else.
        """
        if not self.path.exists():
            return []
        try:
            if not self.path.stat().st_size:
                raise ValueError("it is empty")
            columns, table = _READERS[self.path.suffix.lower()](self.path)
            top_k = len(list(filter(_GENRE.fullmatch, columns)))
            if columns != self.asked._replace(top_k=top_k).columns:
                raise ValueError(f"its columns are {printable(', '.join(columns)):.80}")
            rows = [GenreRow.from_cells(cells) for cells in table]
        except (ValueError, TypeError, AttributeError, LookupError, csv.Error) as error:
            raise ValueError(
                f"{self.path}: no table that `genrekit predict -o` wrote ({error}): take another "
                "name"
            ) from error
        for cells in table:
            self.asked.check_same(self.path, str(cells[-1]), top_k)
        return rows


def _write_csv(path: Path, columns: list[str], table: list[list[Any]]) -> None:
    """Write floats with as many digits as give the same float back."""
    text = [["" if cell is None else str(cell) for cell in cells] for cells in table]
    path.write_bytes(csv_text([columns, *text]).encode())


def _read_csv(path: Path) -> tuple[list[str], list[_Cells]]:
    """The cells, numbers as text."""
    with path.open(encoding="utf-8-sig", newline="") as file:  # a spreadsheet may have saved it
        columns, *table = [list(map(from_cell, cells)) for cells in csv.reader(file, strict=True)]
    return columns, list(table)


def _write_json(path: Path, columns: list[str], table: list[list[Any]]) -> None:
    """Write an array, an object a file."""
    lines = [json.dumps(dict(zip(columns, cells, strict=True))) for cells in table]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _read_json(path: Path) -> tuple[list[str], list[_Cells]]:
    """The cells."""
    objects = json.loads(path.read_bytes())
    return list(objects[0]) if objects else [], [list(each.values()) for each in objects]


def _write_parquet(path: Path, columns: list[str], table: list[list[Any]]) -> None:
    """Write columns of text, of floats and of whole numbers."""
    pd = need_pandas()
    frame = pd.DataFrame(table, columns=columns)
    for name in columns:
        is_share = name == "novelty" or name.startswith("probability")
        frame[name] = frame[name].astype("float64" if is_share else _DTYPES.get(name, "object"))
    frame.to_parquet(path, engine="pyarrow", index=False)


# Whole numbers that may be missing.
_DTYPES = {"size": "Int64", "mtime_ns": "Int64"}


def _read_parquet(path: Path) -> tuple[list[str], list[_Cells]]:
    """The cells."""
    frame = need_pandas().read_parquet(path, engine="pyarrow").astype(object)
    frame = frame.where(frame.notna(), None)
    return list(map(str, frame.columns)), frame.to_numpy().tolist()


_WRITERS: dict[str, Callable[[Path, list[str], list[list[Any]]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".json": _write_json,
}
_READERS: dict[str, Callable[[Path], tuple[list[str], list[_Cells]]]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".json": _read_json,
}

GENRE_SUFFIXES = tuple(_WRITERS)
"""The endings, and so the formats, that `GenreTable` knows."""
