"""Which files hold the same recording."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from genrekit.exceptions import warn_caller
from genrekit.remote import without_secrets

__all__ = ["number_recordings", "warn_of_two_genres"]

_PROBE = 1 << 16  # bytes


def number_recordings(paths: Sequence[str]) -> NDArray[np.intp]:
    """Number the recordings: links to one file and files of the same content share a number."""
    real = [os.path.realpath(path) for path in paths]
    known: dict[str, tuple[Hashable, ...]] = dict.fromkeys(real, ())
    # Only files of one size are opened, only those alike in their middle are read whole.
    for look in (os.path.getsize, _probe, _digest):
        count = Counter(known.values())
        known = {
            path: (*key, _look(look, path)) if count[key] > 1 else key
            for path, key in known.items()
        }
    numbers: dict[tuple[Hashable, ...], int] = {}
    return np.array([numbers.setdefault(known[path], len(numbers)) for path in real], dtype=np.intp)


def warn_of_two_genres(
    source: str | os.PathLike[str],
    paths: Sequence[str],
    genres: Iterable[str],
    recordings: Iterable[int],
) -> None:
    """One `GenrekitWarning` if the same recording stands in more than one genre."""
    standing: dict[int, dict[str, str]] = defaultdict(dict)  # recording to genre to first path
    for path, genre, recording in zip(paths, genres, recordings, strict=True):
        standing[recording].setdefault(genre, path)
    torn = [places for places in standing.values() if len(places) > 1]
    if torn:
        first = " and ".join(
            f"{without_secrets(path)} ({genre})" for genre, path in torn[0].items()
        )
        count = "1 recording stands" if len(torn) == 1 else f"{len(torn):,} recordings stand"
        begin = ":" if len(torn) == 1 else ", the first:"
        message = f"{os.fspath(source)}: {count} in more than one genre{begin} {first}"
        warn_caller(message)


def _look(look: Callable[[str], Hashable], path: str) -> Hashable:
    """What a look at a file tells; of an empty or unreadable one its path, which no other has."""
    try:
        return look(path) or path
    except OSError:
        return path  # decoding it will tell what is wrong


def _probe(path: str) -> bytes:
    """Some bytes from the middle: beginnings are often alike, by headers and silence."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _PROBE) // 2)
        return file.read(_PROBE)


def _digest(path: str) -> bytes:
    """A digest of everything."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
