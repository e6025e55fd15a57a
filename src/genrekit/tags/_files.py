"""One file's tags, whichever of the three kinds they are: ID3, Vorbis comments or MP4."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from genrekit.tags._elsewhere import tags_elsewhere

__all__ = ["Tagged", "TrackTags", "check_mutagen", "read_tags"]


class TrackTags(NamedTuple):
    """What the tags of a file say of it.

    Attributes
    ----------
    genres : list of str
        The genres by name, without blanks around them and without "unknown"; empty if there are
        none. Several with semicolons between them are several.
    artist, album : str
        The first of each, ``""`` if there is none.
    """

    genres: list[str]
    artist: str
    album: str


class _Keys(NamedTuple):
    """What a kind of tags calls its entries."""

    genre: str
    artist: str
    album: str


_ID3 = _Keys("TCON", "TPE1", "TALB")
_VORBIS = _Keys("genre", "artist", "album")
_MP4 = _Keys("\xa9gen", "\xa9ART", "\xa9alb")

# By the names of mutagen's classes, so that it need not be imported to know them.
_KINDS = {
    **dict.fromkeys(("AIFF", "MP3", "WAVE"), _ID3),
    **dict.fromkeys(("FLAC", "OggFLAC", "OggOpus", "OggSpeex", "OggVorbis"), _VORBIS),
    "MP4": _MP4,
}
# What programs write where they know none, as mutagen does for a number without a name.
_NO_GENRE = frozenset({"unknown", "unknown genre"})
_KNOWN = "MP3, AIFF, WAV, FLAC, Ogg (Vorbis, Opus, FLAC, Speex) and MP4 are known"


class Tagged:
    """A file with its tags, in memory; nothing is written before `save`.

    Parameters
    ----------
    path : path-like
        The file.

    Raises
    ------
    ImportError
        If mutagen is not installed.
    ValueError
        If the file has no tags of a known kind; it says why, and does not name the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path, self._open = path, _class_of(path)
        self._keys = _KINDS[self._open.__name__]
        with _told():
            self._file = self._load(path)

    def _load(self, path: str | os.PathLike[str]) -> Any:
        """Open it by the class that knows it."""
        if self._keys is not _ID3:
            return self._open(path)
        # As they are: what translates frames to another version of ID3 would change others too.
        file = self._open(path, translate=False)
        if file.tags is not None and file.tags.version < (2, 3):
            file.tags.update_to_v23()  # older ones can't be written
        return file

    @property
    def is_bare(self) -> bool:
        """Whether it holds no tags at all."""
        return self._file.tags is None

    @property
    def stored(self) -> list[str]:
        """The genres as they are stored; ID3 may have the number of one."""
        return self._texts(self._keys.genre)

    def read(self) -> TrackTags:
        """What the tags say; where these say nothing, what tags of another kind do."""
        genres = self.stored
        if self._keys is _ID3 and genres:
            genres = self._file.tags[self._keys.genre].genres
        texts = {"genre": [one for text in genres for one in text.split(";")]}
        texts |= {name: self._texts(getattr(self._keys, name)) for name in ("artist", "album")}
        found = {name: _filled(of_name) for name, of_name in texts.items()}
        if not all(found.values()):
            others = tags_elsewhere(self._path, self._open.__name__)
            found = {name: own or _filled(others.get(name, [])) for name, own in found.items()}
        named = [genre for genre in found["genre"] if genre.casefold() not in _NO_GENRE]
        return TrackTags(named, *("".join(found[name][:1]) for name in ("artist", "album")))

    def _texts(self, key: str) -> list[str]:
        """The texts of an entry."""
        entry = (self._file.tags or {}).get(key, [])
        return [str(text) for text in (entry.text if self._keys is _ID3 and entry else entry)]

    def put(self, genres: Sequence[str]) -> None:
        """Store these genres instead; none at all takes the entry out."""
        if self._file.tags is None:
            self._file.add_tags()
        tags = self._file.tags
        if not genres:
            if self._keys.genre in tags:
                del tags[self._keys.genre]
        elif self._keys is _ID3:
            from mutagen.id3 import TCON, Encoding

            tags[_ID3.genre] = TCON(encoding=Encoding.UTF8, text=list(genres))
        else:
            tags[self._keys.genre] = list(genres)

    def save(self, copy: str | os.PathLike[str], *, bare: bool = False) -> None:
        """Put the tags into a copy of the file; into one to be `bare` only if there are any."""
        with _told("written"):
            self._save(copy, bare)

    def _save(self, copy: str | os.PathLike[str], bare: bool) -> None:
        """Put them in as their kind wants it."""
        if bare and not self._file.tags:
            self._file.delete(copy)
        elif self._keys is _ID3:
            # Each genre stays one of its own, where the separator "/" would make all of them one.
            version = 3 if self._file.tags.version < (2, 4) else 4
            self._file.save(copy, v2_version=version, v23_sep=None)
        else:
            self._file.save(copy)

    def stored_in(self, copy: str | os.PathLike[str]) -> list[str]:
        """The genres that a copy of the file has."""
        other = object.__new__(Tagged)
        other._path, other._open, other._keys = copy, self._open, self._keys
        other._file = other._load(copy)
        return other.stored


def read_tags(path: str | os.PathLike[str]) -> TrackTags:
    """Read the tags of a file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    TrackTags
        What they say.

    Raises
    ------
    ImportError
        If mutagen is not installed.
    ValueError
        If the file has no tags of a known kind.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from genrekit.datasets import make_tracks
    >>> from genrekit.tags import read_tags
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = make_tracks(1, root=folder, genres=["drone"], duration=0.5)
    ...     read_tags(next(Path(folder).rglob("*.wav")))
    TrackTags(genres=[], artist='', album='')
    """
    tagged = Tagged(path)
    return tagged.read()


def check_mutagen() -> None:
    """Find out before hours of work whether tags can be read and written.

    Raises
    ------
    ImportError
        If mutagen is not installed.
    """
    try:
        import mutagen  # noqa: F401
    except ImportError as error:
        raise ImportError(f"tags need mutagen ({error}): pip install 'genrekit[tags]'") from error


def _class_of(path: str | os.PathLike[str]) -> Any:
    """Which of mutagen's classes knows the file."""
    check_mutagen()
    import mutagen

    with _told():
        found = mutagen.File(path)
    name = type(found).__name__
    if name not in _KINDS:
        what = (
            "its tags can't be found" if found is None else f"its tags are of another kind, {name}"
        )
        raise ValueError(f"{what}: {_KNOWN}")
    return type(found)


@contextmanager
def _told(done: str = "read") -> Iterator[None]:
    """One kind of error for all: a file that is broken breaks the parser in many ways."""
    try:
        yield
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"its tags can't be {done}: {reason}") from error


def _filled(texts: Sequence[str]) -> list[str]:
    """The texts that say something."""
    return [stripped for text in texts if (stripped := text.strip())]
