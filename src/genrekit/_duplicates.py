"""What ``genrekit duplicates`` does: find files that hold the same samples."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from genrekit._tables import atomic_path, csv_text, text_table
from genrekit._text import to_name
from genrekit.datasets import number_recordings
from genrekit.engine import hash_sounds
from genrekit.exceptions import TrackError
from genrekit.remote import without_secrets

__all__ = ["find_duplicates", "groups_as_text", "summary", "write_groups"]

Groups = Sequence[Sequence[str]]


def find_duplicates(
    paths: Sequence[str], *, n_jobs: int | None = None, verbose: int = 0
) -> tuple[list[list[str]], list[TrackError]]:
    """Find files that hold the same samples, whatever their tags, names and formats.

    Parameters
    ----------
    paths : sequence of str
        The files. Several names of one file, that is, links, are no copies: the first counts.
    n_jobs : int, optional
        Files at a time.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    groups : list of list of str
        Files of one sound, two or more, in the order of the paths.
    errors : list of TrackError
        The files that could not be decoded.
    """
    paths = list({_identity(path): path for path in reversed(paths)}.values())[::-1]
    numbers = number_recordings(paths).tolist()
    # Files of the same bytes are decoded once.
    first = dict(zip(reversed(numbers), reversed(paths), strict=True))
    heard = hash_sounds(list(first.values()), n_jobs=n_jobs, verbose=verbose)
    by_number = dict(zip(first, heard, strict=True))
    sounds: dict[Hashable, list[str]] = defaultdict(list)
    errors = []
    for i, (path, number) in enumerate(zip(paths, numbers, strict=True)):
        found = by_number[number]
        if isinstance(found, TrackError):
            errors.append(TrackError(i, without_secrets(path), found.reason))
        else:
            sounds[found].append(without_secrets(path))
    return [group for group in sounds.values() if len(group) > 1], errors


def _identity(path: str) -> Hashable:
    """What all names of a file share."""
    try:
        status = os.stat(path)
    except OSError:
        return path  # decoding it will tell
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)


def summary(groups: Groups, n_files: int) -> str:
    """What was found, in a line.

    Parameters
    ----------
    groups : sequence of sequence of str
        Files of one sound.
    n_files : int
        How many files were looked at.

    Returns
    -------
    str
        The line.
    """
    if not groups:
        return f"no two of {n_files} files hold the same sound"
    sounds = "1 sound stands" if len(groups) == 1 else f"{len(groups)} sounds stand"
    return f"{sounds} in {sum(map(len, groups))} of {n_files} files"


def groups_as_text(groups: Groups) -> str:
    """A table for people.

    Parameters
    ----------
    groups : sequence of sequence of str
        Files of one sound.

    Returns
    -------
    str
        The text.
    """
    return text_table(["group", "file"], _rows(groups), right=["group"])


def write_groups(path: Path, groups: Groups) -> None:
    """Write groups as CSV with the columns group and path, or as JSON, a list of lists.

    Parameters
    ----------
    path : Path
        Where; the ending says which.
    groups : sequence of sequence of str
        Files of one sound.
    """
    if path.suffix.lower() == ".json":
        text = json.dumps([list(map(to_name, group)) for group in groups], indent=2) + "\n"
    else:
        rows = [[number, to_name(file)] for number, file in _rows(groups)]
        text = csv_text([["group", "path"], *rows])
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def _rows(groups: Groups) -> list[list[str]]:
    """A row a file, with the number of its group."""
    return [[str(n), file] for n, group in enumerate(groups, start=1) for file in group]
