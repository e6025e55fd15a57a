"""What ``genrekit write-tags`` does: genres compared with those in the tags, written, undone."""

from __future__ import annotations

import json as json_format
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from genrekit._tables import check_writable, text_table
from genrekit._text import to_name
from genrekit.audio import hash_samples
from genrekit.exceptions import AudioDecodeError, TrackError
from genrekit.remote import refuse_address, without_secrets
from genrekit.tags import Change, Tagged, change_genres, restore_genres

__all__ = [
    "NOVEL",
    "Step",
    "carry_out",
    "failed_steps",
    "free_undo",
    "keep_tagged",
    "plan",
    "steps_as_text",
    "undo",
]

WOULD, DONE, KEPT, UNKNOWN, SAME, FAILED = (
    "would write", "written", "kept", "unknown", "as it is", "failed",
)  # fmt: skip
_RESTORED = "restored"

# What is more novel to a model gets no genre of it, if nothing else is said: a wrong tag is worse
# than none.
NOVEL = 0.95

# Characters of a cell for people.
_WIDEST = 60

_Answers = Sequence[tuple[Any, float | None]]


class Step(NamedTuple):
    """What becomes of one file.

    Attributes
    ----------
    file : str
        The file.
    before, after : list of str
        The genres that it has, and those that it is to have.
    state : str
        What is done about it.
    reason : str
        Why it failed, ``""`` if it did not.
    change : Change, optional
        What is to be written; None if nothing is.
    """

    file: str
    before: list[str]
    after: list[str]
    state: str
    reason: str = ""
    change: Change | None = None

    def failed(self, error: Exception) -> Step:
        """The same, gone wrong."""
        return self._replace(after=self.before, state=FAILED, reason=_reason(self.file, error))


def plan(
    files: Sequence[str],
    answers: Sequence[_Answers],
    rejected: Sequence[bool],
    errors: Iterable[TrackError],
    *,
    threshold: float | None = None,
    existing: str = "keep",
) -> list[Step]:
    """Decide what each file gets.

    Parameters
    ----------
    files : sequence of str
        The files.
    answers : sequence of sequence of (genre, float or None)
        Genres of each file with their probabilities, the most probable first.
    rejected : sequence of bool
        Of which files no genre is said.
    errors : iterable of TrackError
        The files that could not be decoded.
    threshold : float, optional
        Takes all genres that are as probable; None the most probable one.
    existing : {"keep", "add", "replace"}, default="keep"
        What becomes of the genres that a file has.

    Returns
    -------
    list of Step
        One a file.
    """
    reasons = {error.index: error.summary for error in errors}
    steps = []
    for i, (file, top) in enumerate(zip(files, answers, strict=True)):
        genres = [] if rejected[i] else _likely(top, threshold)
        step = Step(without_secrets(file), [], [], FAILED, reasons.get(i, ""))
        steps.append(step if i in reasons else _planned(step, genres, existing))
    return steps


def keep_tagged(files: Sequence[str]) -> list[Step | None]:
    """Find the files that keep the genres that they have, which need not be heard.

    Parameters
    ----------
    files : sequence of str
        The files.

    Returns
    -------
    list of Step or None
        One a file; None for one that has no genres, or whose tags can't be read: hearing tells.
    """
    return [_kept(Step(without_secrets(file), [], [], KEPT)) for file in files]


def _kept(step: Step) -> Step | None:
    """The step of a file that has genres."""
    try:
        refuse_address(step.file, "a file whose tags are written")
        before = Tagged(step.file).read().genres
    except (OSError, ValueError):
        return None
    return step._replace(before=before, after=before) if before else None


def _likely(top: _Answers, threshold: float | None) -> list[str]:
    """The genres to write; a model without probabilities has one answer, which counts."""
    if threshold is None:
        return [str(genre) for genre, _ in top[:1]]
    return [str(genre) for genre, p in top if p is None or p >= threshold]


def _planned(step: Step, genres: list[str], existing: str) -> Step:
    """The step of a file that could be decoded."""
    try:
        refuse_address(step.file, "a file whose tags are written")
        tagged = Tagged(step.file)
    except ValueError as error:
        return step.failed(error)
    before = tagged.read().genres
    step = step._replace(before=before, after=before)
    if not genres:
        return step._replace(state=UNKNOWN)
    if before and existing == "keep":
        return step._replace(state=KEPT)
    after = _added(before, genres) if existing == "add" else genres
    if after == before:
        return step._replace(state=SAME)
    change = Change(step.file, tagged.stored, after, tagged.is_bare)
    return step._replace(after=after, state=WOULD, change=change)


def _added(before: list[str], genres: list[str]) -> list[str]:
    """Genres with others behind them that are not there yet, however they are spelled."""
    there = {_spelling(genre) for genre in before}
    return before + [genre for genre in genres if _spelling(genre) not in there]


def _spelling(genre: str) -> str:
    """What "Hip-Hop" and "hip hop" have in common."""
    return "".join(filter(str.isalnum, genre.casefold())) or genre


def carry_out(steps: Sequence[Step]) -> list[Step]:
    """Write what is to be written; a file that fails costs no other.

    Parameters
    ----------
    steps : sequence of Step
        From `plan`.

    Returns
    -------
    list of Step
        The same, with what has become of them.
    """
    done: dict[str, Step] = {}  # two names of one file are written once
    found = []
    for step in steps:
        if step.change is not None:
            real = os.path.realpath(step.file)
            if real not in done:
                done[real] = _try(step, change_genres)
            step = done[real]._replace(file=step.file)
        found.append(step)
    return found


def undo(changes: Iterable[Change]) -> list[Step]:
    """Give files the genres that they had.

    Parameters
    ----------
    changes : iterable of Change
        What an undo file holds.

    Returns
    -------
    list of Step
        What has become of each.
    """
    steps = [Step(c.path, c.after, c.before, "", "", c) for c in changes]
    return [_undone(step) for step in steps]


def _undone(step: Step) -> Step:
    """The step when it was undone; files may have been moved since."""
    if os.path.lexists(step.file):
        step = _try(step, restore_genres, _RESTORED)
        return step._replace(before=step.after) if step.state == SAME else step
    return step.failed(
        FileNotFoundError("it is not there: if it was moved, say so in the undo file")
    )


def _try(step: Step, do: Callable[..., bool | None], state: str = DONE) -> Step:
    """The step when it was done, or why it can't be."""
    try:
        did = do(step.change, check=_sounds_alike)
    except Exception as error:  # whatever is wrong with one file, the others have their turn
        return step.failed(error)
    return step._replace(state=SAME if did is False else state)


def _sounds_alike(path: Path, copy: Path) -> None:
    """Refuse a copy in which another sample is heard."""
    if hash_samples(path) != hash_samples(copy):
        raise ValueError("with other tags its sound would be another, so it stays as it is")


def _reason(file: str, error: Exception) -> str:
    """Why a file failed, without its name."""
    if isinstance(error, AudioDecodeError):
        return error.explanation
    return str(error).removeprefix(f"{file}: ") or type(error).__name__


def _shown(genres: Sequence[str]) -> str:
    """Genres in a cell for people: some files have a text of pages there."""
    text = "; ".join(genres)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def failed_steps(steps: Sequence[Step]) -> list[TrackError]:
    """The files that went wrong.

    Parameters
    ----------
    steps : sequence of Step
        What became of the files.

    Returns
    -------
    list of TrackError
        One for each of those.
    """
    return [
        TrackError(i, step.file, step.reason)
        for i, step in enumerate(steps)
        if step.state == FAILED
    ]


def free_undo(path: Path | None) -> Path:
    """Where to write what undoes it all: nothing is there, and it can be written.

    Parameters
    ----------
    path : Path or None
        Where; None for a name with the time, in the folder that one is in.

    Returns
    -------
    Path
        Where.

    Raises
    ------
    OSError
        If there is a file, or none can be written.
    """
    path = path or _new_name()
    if os.path.lexists(path):
        raise FileExistsError(f"{path}: is there already; name another with --undo-file")
    check_writable(path)
    return path


def _new_name() -> Path:
    """A name that no other run has taken."""
    stem = time.strftime("genrekit-undo-%Y%m%d-%H%M%S")
    names = (Path(f"{stem}{more and f'-{more}'}.jsonl") for more in ("", *range(2, 1000)))
    return next(name for name in names if not os.path.lexists(name))


def steps_as_text(steps: Sequence[Step], *, json: bool = False) -> str:
    """All steps as a table for people, or as JSON.

    Parameters
    ----------
    steps : sequence of Step
        What becomes of the files.
    json : bool, default=False
        Whether to make an array of objects.

    Returns
    -------
    str
        The text.
    """
    if json:
        rows = [
            {
                "file": to_name(step.file),
                "before": step.before,
                "after": step.after,
                "state": step.state,
                "error": step.reason or None,
            }
            for step in steps
        ]
        return json_format.dumps(rows, indent=2)
    lines = [[s.file, _shown(s.before), _shown(s.after), s.state, s.reason] for s in steps]
    return text_table(["file", "genre", "becomes", "state", "error"], lines)
