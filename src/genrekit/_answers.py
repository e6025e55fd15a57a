"""What `predict` and `tags` print: each file's answers, and what else is to be known of it."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any, NamedTuple

from genrekit._tables import text_table
from genrekit._text import printable, to_name
from genrekit.exceptions import AudioContentWarning, TrackError, UnheardWarning
from genrekit.remote import without_secrets

__all__ = ["UNKNOWN", "answers_as_text", "check_novelty", "rejections", "why_unknown"]

UNKNOWN = "unknown"
_Answers = Sequence[tuple[str, float | None]]


class _Row(NamedTuple):
    """What is said of one file."""

    file: str
    answers: _Answers
    note: str
    reason: str
    rejected: bool
    novelty: float | None


def answers_as_text(
    files: Sequence[str],
    answers: Sequence[_Answers],
    contents: Iterable[AudioContentWarning],
    errors: Iterable[TrackError],
    *,
    json: bool = False,
    what: str = "genre",
    rejected: Sequence[bool] = (),
    novelty: Sequence[float] | None = None,
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
    novelty : sequence of float, optional
        How novel each file is, in a column of its own; NaN where that is not known.

    Returns
    -------
    str
        The text.
    """
    n = len(files)
    known = [None] * n if novelty is None else [None if isnan(x) else x for x in novelty]
    told = _notes(contents, n), _reasons(errors, n), rejected or [False] * n, known
    rows = [_Row(*row) for row in zip(map(without_secrets, files), answers, *told, strict=True)]
    shown = novelty is not None
    return _as_json(rows, what, shown) if json else _as_table(rows, what, shown)


def rejections(
    answers: Sequence[_Answers],
    contents: Iterable[AudioContentWarning],
    novelty: Sequence[float] | None,
    *,
    below: float | None,
    novel: float | None,
) -> list[bool]:
    """Of which files no genre is said, as `predict` of a classifier has it.

    Parameters
    ----------
    answers : sequence of sequence of (str, float or None)
        As in `answers_as_text`, and so the following two.
    contents : iterable of AudioContentWarning
        What is to be known of files: some had nothing to be judged by.
    novelty : sequence of float, optional
        How novel each file is.
    below : float, optional
        The probability under which a genre is too uncertain.
    novel : float, optional
        The novelty above which a file is unlike all that was trained on.

    Returns
    -------
    list of bool
        True for those.

    Raises
    ------
    ValueError
        If there is no novelty to reject by.
    """
    check_novelty(novel, known=novelty is not None)
    unheard = {note.index for w in contents if isinstance(w, UnheardWarning) for note in w.notes}
    each: Sequence[float | None] = [None] * len(answers) if novelty is None else novelty
    return [
        i in unheard or bool(why_unknown(top, new, below=below, novel=novel))
        for i, (top, new) in enumerate(zip(answers, each, strict=True))
    ]


def check_novelty(novel: float | None, *, known: bool) -> None:
    """Refuse to reject by novelty where none is known.

    Parameters
    ----------
    novel : float, optional
        What was asked for.
    known : bool
        Whether the model knows novelty.

    Raises
    ------
    ValueError
        If it does not.
    """
    if novel is not None and not known:
        raise ValueError(
            "--reject-novel takes a model over the embedding of a network, such as genres: this "
            "one does not know how novel a file is"
        )


def why_unknown(
    answer: _Answers, novelty: float | None, *, below: float | None, novel: float | None
) -> str:
    """Why no genre is said of a file.

    Parameters
    ----------
    answer : sequence of (str, float or None)
        Genres, the most probable first; none for a file that failed.
    novelty : float, optional
        How novel the file is.
    below, novel : float, optional
        As in `rejections`.

    Returns
    -------
    {"novel", "uncertain", ""}
        ``""`` if one is.
    """
    if novel is not None and novelty is not None and novelty > novel:
        return "novel"
    best = answer[0][1] if answer else None
    return "uncertain" if best is not None and best < (below or 0.0) else ""


def _as_json(rows: Sequence[_Row], what: str, novelty: bool) -> str:
    """Make an array of one object a file."""
    found = []
    for row in rows:
        top = [{what: to_name(str(name)), "probability": p} for name, p in row.answers]
        first: dict[str, Any] = top[0] if top else {what: None, "probability": None}
        if row.rejected:
            first = {what: UNKNOWN, "probability": None}
        told: dict[str, Any] = {"novelty": row.novelty} if novelty else {}
        told |= {"note": row.note or None, "error": row.reason or None}
        found.append({"file": to_name(row.file), **first, "top": top, **told})
    return json_format.dumps(found, indent=2)


def _as_table(rows: Sequence[_Row], what: str, novelty: bool) -> str:
    """Make a line a file: the first answer apart, the others behind it."""
    lines = []
    for row in rows:
        shown = [(str(name), "" if p is None else f"{p:.3f}") for name, p in row.answers]
        (first, *rest) = shown or [("", "")]
        if row.rejected:
            first, rest = (UNKNOWN, ""), [first, *rest]
        told = ["" if row.novelty is None else f"{row.novelty:.2f}"] if novelty else []
        then = ", ".join(map(" ".join, rest))
        lines.append([row.file, *first, *told, then, row.note, row.reason])
    head = ["file", what, "probability", *["novelty"] * novelty, "then", "note", "error"]
    return text_table(head, lines, right=["probability", "novelty"])


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
