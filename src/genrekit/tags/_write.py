"""Genres written into files: a copy gets the tags and takes the place of its file when whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from genrekit._tables import atomic_path
from genrekit.tags._files import Tagged
from genrekit.tags._undo import Change

__all__ = ["Check", "change_genres", "restore_genres"]

Check = Callable[[Path, Path], None]
"""Takes a file and the tagged copy of it, and raises where the copy must not take its place."""


def change_genres(change: Change, *, check: Check | None = None) -> None:
    """Write genres into the tags of a file; mode, owner and times stay, and what a link leads to.

    Parameters
    ----------
    change : Change
        Which file, what it has and what it gets.
    check : callable, optional
        Looks at the copy before it takes the place of the file.

    Raises
    ------
    OSError
        If the file can't be written.
    ValueError
        If its tags can't be, or are others by now.
    """
    tagged = Tagged(change.path)
    if tagged.stored != change.before:
        raise ValueError("its genre was changed meanwhile")
    _write(tagged, change.path, change.after, bare=False, check=check)


def restore_genres(change: Change, *, check: Check | None = None) -> bool:
    """Give a file back the genres that it had.

    Parameters
    ----------
    change : Change
        Which file, what it had and what it got.
    check : callable, optional
        As in `change_genres`.

    Returns
    -------
    bool
        Whether there was anything to do; not where it has them already.

    Raises
    ------
    OSError
        If the file can't be written.
    ValueError
        If it has neither the old genres nor the new ones.
    """
    tagged = Tagged(change.path)
    if tagged.stored == change.before:
        return False
    if tagged.stored != change.after:
        raise ValueError("its genre was changed since, and stays as it is")
    _write(tagged, change.path, change.before, bare=change.bare, check=check)
    return True


def _write(
    tagged: Tagged, path: str, genres: Sequence[str], *, bare: bool, check: Check | None
) -> None:
    """Put genres into a copy, look at it, and let it take the place."""
    tagged.put(genres)
    with _replacing(Path(path)) as copy:
        tagged.save(copy, bare=bare)
        if tagged.stored_in(copy) != list(genres):
            raise ValueError("its tags can't be written: they read back otherwise")
        if check is not None:
            check(Path(path), copy)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A copy beside the file that takes its place when the block ends well."""
    before = os.stat(path)
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path}: can't be written: it is read-only")
    with atomic_path(path) as copy:
        shutil.copy2(path, copy)
        with suppress(OSError, AttributeError):  # only root may give files away
            os.chown(copy, before.st_uid, before.st_gid)
        yield copy
        os.chmod(copy, before.st_mode & 0o7777)  # a change of owner takes bits away
        os.utime(copy, ns=(before.st_atime_ns, before.st_mtime_ns))
        now = os.stat(path)
        if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise ValueError("it was changed meanwhile")
