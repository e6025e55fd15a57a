"""What `predict` and `tags` print: each file's answers, and what else is to be known of it."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from genrekit._tables import text_table
from genrekit._text import printable, to_name
from genrekit.exceptions import AudioContentWarning, TrackError

__all__ = ["answers_as_text", "is_rejected"]

_UNKNOWN = "unknown"
_Answers = Sequence[tuple[str, float | None]]


class _Row(NamedTuple):
    """What is said of one file."""

    file: str
    answers: _Answers
    note: str
    reason: str
    rejected: bool


def answers_as_text(
    files: Sequence[str],
    answers: Sequence[_Answers],
    contents: Iterable[AudioContentWarning],
    errors: Iterable[TrackError],
    *,
    json: bool = False,
    what: str = "genre",
    rejected: Sequence[bool] = (),
) -> str:
    """All of it as a table for people, or as JSON.

    Parameters
    ----------
    files : sequence of str
        The files.
    answers : sequence of sequence of (str, float or None)
        Names with their probabilities, the first one first; none for a file that failed.
    contents : iterable of AudioContentWarning
        What is to be known of files.
    errors : iterable of TrackError
        The files that failed.
    json : bool, default=False
        Whether to make an array of objects.
    what : str, default="genre"
        What the names are of.
    rejected : sequence of bool, default=()
        Whether the first answer is too uncertain; empty if none is.

    Returns
    -------
    str
        The text.
    """
    n = len(files)
    told = _notes(contents, n), _reasons(errors, n), rejected or [False] * n
    rows = [_Row(*row) for row in zip(files, answers, *told, strict=True)]
    return _as_json(rows, what) if json else _as_table(rows, what)


def is_rejected(answer: _Answers, below: float) -> bool:
    """Whether the most probable genre is not probable enough, as `predict` has it."""
    return bool(answer) and answer[0][1] is not None and answer[0][1] < below


def _as_json(rows: Sequence[_Row], what: str) -> str:
    """Make an array of one object a file."""
    found = []
    for row in rows:
        top = [{what: to_name(str(name)), "probability": p} for name, p in row.answers]
        first: dict[str, Any] = top[0] if top else {what: None, "probability": None}
        if row.rejected:
            first = {what: _UNKNOWN, "probability": None}
        told = {"note": row.note or None, "error": row.reason or None}
        found.append({"file": to_name(row.file), **first, "top": top, **told})
    return json_format.dumps(found, indent=2)


def _as_table(rows: Sequence[_Row], what: str) -> str:
    """Make a line a file: the first answer apart, the others behind it."""
    lines = []
    for row in rows:
        shown = [(str(name), "" if p is None else f"{p:.3f}") for name, p in row.answers]
        (first, *rest) = shown or [("", "")]
        if row.rejected:
            first, rest = (_UNKNOWN, ""), [first, *rest]
        lines.append([row.file, *first, ", ".join(map(" ".join, rest)), row.note, row.reason])
    head = ["file", what, "probability", "then", "note", "error"]
    return text_table(head, lines, right=["probability"])


def _reasons(errors: Iterable[TrackError], n_files: int) -> list[str]:
    """Spread the failures over all files, with "" for those that went well."""
    reasons = {error.index: printable(error.summary) for error in errors}
    return [reasons.get(index, "") for index in range(n_files)]


def _notes(contents: Iterable[AudioContentWarning], n_files: int) -> list[str]:
    """Spread what is to be known of files over all of them."""
    notes: list[list[str]] = [[] for _ in range(n_files)]
    for found in (note for warning in contents for note in warning.notes):
        notes[found.index].append(found.note)
    return ["; ".join(texts) for texts in notes]
