"""What all loaders return, and what they have to say about tracks they left out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._text import as_column
from genrekit._validation import check_choice
from genrekit.exceptions import warn_caller
from genrekit.remote import is_address

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = [
    "check_filled",
    "check_genres",
    "is_missing",
    "listed",
    "make_bunch",
    "remark_missing",
    "some",
    "warn_left_out",
]


def make_bunch(
    *,
    target: NDArray[Any],
    groups: NDArray[Any],
    split: Sequence[str | None] | None,
    as_frame: bool,
    return_X_y: bool,
    **content: Any,
) -> Bunch:
    """A Bunch of tracks (``paths`` in `content`) or of features (``data``, ``feature_names``)."""
    # Here and not above: listing files for `genrekit extract` does without scikit-learn.
    from genrekit.datasets._shown_bunch import TrackBunch

    names = content.pop("target_names", None)
    bunch = TrackBunch(
        target=target,
        target_names=np.unique(target).tolist() if names is None else names,
        groups=groups,
        split=None if split is None else np.array(split, dtype=object),
        frame=None,
        **content,
    )
    if as_frame:
        bunch.frame = _frame(bunch)
        if "data" in bunch:
            bunch.data = bunch.frame.iloc[:, : len(bunch.feature_names)]
    if not return_X_y:
        return bunch
    if not as_frame:
        return (bunch.data if "data" in bunch else bunch.paths), target
    return (bunch.data if "data" in bunch else bunch.frame["path"]), bunch.frame["genre"]


def _frame(bunch: Bunch) -> Any:
    """One row a track: path or features, genre, group and, where there is one, split."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            f"as_frame=True needs pandas ({error}): pip install 'genrekit[table]'"
        ) from error
    frame = (
        pd.DataFrame(bunch.data, columns=bunch.feature_names)
        if "data" in bunch
        else pd.DataFrame({"path": as_column(bunch.paths)})
    )
    genres = as_column(bunch.target.tolist()) if bunch.target.ndim == 1 else _names_of(bunch)
    more = {"genre": genres, "group": bunch.groups}
    if bunch.split is not None:
        more["split"] = bunch.split
    # In one step: adding columns one by one to a wide frame fragments it.
    return pd.concat([frame, pd.DataFrame(more)], axis=1)


def _names_of(bunch: Bunch) -> list[tuple[str, ...]]:
    """The genres of each row of an indicator matrix."""
    names = np.array(bunch.target_names)
    return [tuple(names[row.astype(bool)].tolist()) for row in bunch.target]


def check_genres(source: Any, names: Sequence[str], hint: str = "") -> None:
    """Refuse a collection of one genre."""
    if len(names) == 1:
        raise ValueError(
            f"{source}: only one genre, {str(names[0])!r}, and telling genres apart takes two{hint}"
        )


# As pandas writes and reads what is missing.
_MISSING = frozenset({
    "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "n/a", "nan", "null",
})  # fmt: skip


def is_missing(value: str) -> bool:
    """Whether it is empty, or a word that says that something is missing."""
    return not value.strip() or value.strip() in _MISSING


def check_filled(value: str, where: str) -> None:
    """Refuse a genre or a group that is none, before a model learns it."""
    if not value.strip():
        raise ValueError(f"{where} is empty")
    if is_missing(value):
        raise ValueError(
            f"{where} is {value.strip()!r}, which says that it is missing: fill it in, or leave "
            "the track out"
        )


def remark_missing(
    source: Any, missing: Sequence[str], total: int, on_missing: str, hint: str = ""
) -> list[str]:
    """The remark on files that are not there, if any; raises if asked for, or if all are gone."""
    check_choice("on_missing", on_missing, ("raise", "drop"))
    if not missing:
        return []
    remark = f"{len(missing):,} of {total:,} files are missing: {some(missing)}"
    if len(missing) == total:
        raise FileNotFoundError(f"{source}: {remark}{hint}")
    if on_missing == "raise":
        raise FileNotFoundError(f"{source}: {remark}{hint}; on_missing='drop' goes on without them")
    return [remark]


def warn_left_out(
    source: str | os.PathLike[str], remarks: Sequence[str], passed_over: str = ""
) -> None:
    """One `GenrekitWarning` for everything that was left out, if anything was."""
    left_out = f"left out: {'; '.join(remarks)}" if remarks else ""
    said = "; ".join(text for text in (left_out, passed_over) if text)
    if said:
        name = os.fsdecode(source)
        warn_caller(f"{name if is_address(name) else Path(name)}: {said}")


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def listed(names: Sequence[str], target: NDArray[Any]) -> str:
    """Lines of genres and their number of tracks, for a description."""
    counts = target.sum(axis=0) if target.ndim == 2 else [np.sum(target == name) for name in names]
    return "\n".join(f"  {name}: {count}" for name, count in zip(names, counts, strict=True))
