"""Tags of another kind than a file's own: read, so that no genre is overlooked; never written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any

__all__ = ["tags_elsewhere"]

_Found = dict[str, list[str]]

# More is no list of a few names.
_LONGEST = 1 << 20


def tags_elsewhere(path: str | os.PathLike[str], kind: str) -> _Found:
    """Texts under "genre", "artist" and "album" in tags of another kind than the file's own.

    Parameters
    ----------
    path : path-like
        The file.
    kind : str
        Name of mutagen's class for it.

    Returns
    -------
    dict of str to list of str
        Nothing where there are no such tags, or broken ones.
    """
    found: _Found = {}
    if kind in _READERS:
        with suppress(Exception):  # the own tags could be read, and these are beside the point
            found = _READERS[kind](path)
    return found


def _ape(path: Any) -> _Found:
    """APE tags at the end of an MP3, as foobar2000 and mp3gain write them."""
    from mutagen.apev2 import APETextValue, APEv2

    tags = APEv2(path)
    entries = {name: tags.get(name) for name in ("genre", "artist", "album")}
    return {name: list(texts) for name, texts in entries.items() if isinstance(texts, APETextValue)}


def _id3(path: Any) -> _Found:
    """ID3 in front of a FLAC, where it should not be."""
    from mutagen.id3 import ID3

    tags = ID3(path)
    genres = tags["TCON"].genres if "TCON" in tags else []
    texts = {name: tags.getall(key) for name, key in (("artist", "TPE1"), ("album", "TALB"))}
    found = {
        name: [str(text) for frame in frames for text in frame] for name, frames in texts.items()
    }
    return {"genre": genres, **found}


def _freeform(path: Any) -> _Found:
    """A genre under a name of its own in an MP4."""
    from mutagen.mp4 import MP4

    values = MP4(path).get("----:com.apple.iTunes:GENRE", [])
    return {"genre": [bytes(value).decode() for value in values]}


_INFO = {b"IGNR": "genre", b"IART": "artist", b"IPRD": "album"}


def _info(path: Any) -> _Found:
    """The INFO list of a WAV, as recorders and rippers write it."""
    with open(path, "rb") as file:
        file.seek(12)
        for name, size in _chunks(file):
            if name == b"LIST" and 4 < size < _LONGEST and file.read(4) == b"INFO":
                entries = _chunks(file, file.tell() + size - 4)
                return {_INFO[key]: [_text(file.read(n))] for key, n in entries if key in _INFO}
    return {}


def _chunks(file: IO[bytes], end: int | None = None) -> Iterator[tuple[bytes, int]]:
    """Names and sizes of the chunks from here on, the file at what each holds."""
    while (end is None or file.tell() < end) and len(head := file.read(8)) == 8:
        size = int.from_bytes(head[4:], "little")
        following = file.tell() + size + size % 2
        yield head[:4], size
        file.seek(following)


def _text(data: bytes) -> str:
    """Text that may be in either of two encodings."""
    data = data.partition(b"\0")[0]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


_READERS: dict[str, Callable[[Any], _Found]] = {
    "MP3": _ape,
    "FLAC": _id3,
    "MP4": _freeform,
    "WAVE": _info,
}
