"""What was in the tags before, kept on disk: JSON lines, a file each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from genrekit._tables import sync_folder

__all__ = ["Change", "read_undo", "write_undo"]

_HEAD = {"genrekit": "undo of write-tags", "version": 1}


class Change(NamedTuple):
    """Genres of one file that are to become others.

    Attributes
    ----------
    path : str
        The file.
    before, after : list of str
        Its genres as they are stored.
    bare : bool
        Whether it had no tags at all.
    """

    path: str
    before: list[str]
    after: list[str]
    bare: bool


def write_undo(path: Path, changes: Iterable[Change]) -> None:
    """Write what gives files their genres back; it is on the disk when this returns.

    Parameters
    ----------
    path : Path
        Where. There must be no such file: it may be the only memory of an earlier run.
    changes : iterable of Change
        What is going to be done.

    Raises
    ------
    OSError
        If it can't be written.
    """
    lines = [_HEAD, *(_line(change) for change in changes)]
    try:
        with path.open("x", encoding="ascii") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except FileExistsError:
        raise FileExistsError(f"{path}: is there already; name another file to undo with") from None
    except OSError as error:
        raise type(error)(f"{path}: can't be written: {error.strerror or error}") from error


def read_undo(path: Path) -> list[Change]:
    """Read what `write_undo` wrote.

    Parameters
    ----------
    path : Path
        Where.

    Returns
    -------
    list of Change
        What was to be done.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is something else.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; it is what `write-tags --write` has written"
        )
    try:
        with path.open(encoding="ascii") as file:
            lines = [json.loads(line) for line in file]
        if lines[:1] != [_HEAD]:
            raise ValueError("its first line is another")
        return [_change(line) for line in lines[1:]]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: no undo file of write-tags ({error})") from error


def _line(change: Change) -> dict[str, Any]:
    """A change as it is written: the file wherever one is later."""
    return {**change._asdict(), "path": os.path.abspath(change.path)}


def _change(line: dict[str, Any]) -> Change:
    """A change that was written, checked."""
    change = Change(**line)
    texts = [change.path, *change.before, *change.after]
    lists = isinstance(change.before, list) and isinstance(change.after, list)
    if not (lists and all(isinstance(text, str) for text in texts)):
        raise ValueError(f"{line} is no change")
    return change
