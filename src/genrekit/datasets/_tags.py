"""A folder of music whose files say in their tags what they are."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genrekit.datasets._bunch import (
    check_genres,
    is_missing,
    listed,
    make_bunch,
    some,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings
from genrekit.datasets._walk import endings, existing, look_through
from genrekit.tags import TrackTags, read_tags

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["load_tags"]

_LAYOUT = "expected music with genres in its tags"

_LONGEST = 200  # characters of what may be a genre

_DESCR = """\
Tracks of a folder with genres in their tags
--------------------------------------------
Folder: {root}
Tracks: {n_tracks} by {n_artists} artists
{counts}

`groups` names the artists; a recording without one is a group of its own.
"""


class _Track(NamedTuple):
    """A file and what its tags say."""

    path: str
    tags: TrackTags
    genre: str = ""
    group: str = ""


def load_tags(
    root: str | os.PathLike[str],
    *,
    extensions: Iterable[str] | None = None,
    min_artists: int = 1,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the paths, genres, artists and albums of a folder from the tags of its files.

    Sub-folders mean nothing. Of several genres, which may stand in one text with semicolons, the
    first counts. Genres that differ in nothing but capitals and spaces are one, in the spelling
    that most files have, and so are artists. Nothing is decoded. One warning counts what is left
    out: tracks without a genre, or with a text that is none, such as "nan" or whole pages; files
    whose tags can't be read; and what `load_folder` leaves out. Needs the extra ``tags``.

    Parameters
    ----------
    root : path-like
        The folder, looked through at any depth.
    extensions : iterable of str, optional
        File name endings that count as audio, such as ``[".mp3"]``; None means
        `AUDIO_EXTENSIONS`.
    min_artists : int, default=1
        Genres by fewer artists are left out: as many folds can be made as the rarest genre has
        artists. A track that names none counts as one.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str, sorted), ``target`` (str array of shape (n_tracks,)),
        ``target_names`` (list of str, sorted), ``groups`` (object array of shape (n_tracks,):
        the artist, or where there is none the path, shared by identical files), ``artists`` and
        ``albums`` (lists of str, ``""`` where there is none), ``split`` (None), ``frame`` and
        ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    ImportError
        When the extra ``tags`` is not installed.
    NotADirectoryError
        When `root` is a file.
    ValueError
        When no file has a genre, or there is only one genre.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from mutagen.wave import WAVE
    >>> from mutagen.id3 import TCON, TPE1
    >>> from genrekit.datasets import load_tags, make_tracks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = make_tracks(2, root=folder, genres=["drone"], duration=0.5)
    ...     for path, genre in zip(sorted(Path(folder).rglob("*.wav")), ("Rock", "Jazz")):
    ...         file = WAVE(path)
    ...         file.add_tags()
    ...         file.tags.add(TCON(text=[genre]))
    ...         file.tags.add(TPE1(text=["Ann"]))
    ...         file.save()
    ...     tracks = load_tags(folder)
    >>> tracks.target.tolist(), tracks.groups.tolist()
    (['Rock', 'Jazz'], ['Ann', 'Ann'])
    """
    root = existing(root, _LAYOUT)
    listing = look_through(root, endings(extensions), pass_closed=True)
    found, remarks = _read(listing.audio)
    if not found:
        said = "".join(f"; {remark}" for remark in remarks)
        raise ValueError(f"{root}: no audio file with a genre in its tags{said}")
    found, rare = _without_rare(found, min_artists)
    if not found:
        raise ValueError(f"{root}: no genre has {min_artists} artists; {rare[0]}")
    target = np.array([track.genre for track in found])
    names = np.unique(target).tolist()
    check_genres(root, names)
    passed_over = "" if extensions else listing.passed_over()
    warn_left_out(root, [*listing.remarks(), *remarks, *rare], passed_over)
    n_artists = len({track.group for track in found if track.tags.artist})
    size = {"n_tracks": len(found), "n_artists": n_artists}
    return make_bunch(
        paths=[track.path for track in found],
        target=target,
        groups=np.array([track.group for track in found], dtype=object),
        artists=[track.tags.artist for track in found],
        albums=[track.tags.album for track in found],
        split=None,
        DESCR=_DESCR.format(root=root, counts=listed(names, target), **size),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read(files: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[list[_Track], list[str]]:
    """The tracks with a genre, and remarks on the others."""
    found, without, unreadable = [], [], []
    for path, _ in files:
        try:
            tags = read_tags(path)
        except ValueError as error:
            unreadable.append(f"{path}: {error}")
            continue
        genre = next((genre for genre in tags.genres if _is_name(genre)), "")
        if genre:
            found.append(_Track(path, tags, genre))
        else:
            without.append(path)
    told = ((without, "without a genre in its tags"), (unreadable, "without tags to be read"))
    return _joined(found), [
        f"{len(paths):,} {'file' if len(paths) == 1 else 'files'} {what} (first: {paths[0]})"
        for paths, what in told
        if paths
    ]


def _is_name(genre: str) -> bool:
    """Whether it may be a genre; a text of pages would make an array as wide for all."""
    return not is_missing(genre) and len(genre) <= _LONGEST


def _joined(tracks: Sequence[_Track]) -> list[_Track]:
    """Tracks with genres spelled in one way, and with groups."""
    genres = _as_most([track.genre for track in tracks])
    rows = zip(tracks, genres, _groups(tracks), strict=True)
    return [track._replace(genre=genre, group=group) for track, genre, group in rows]


def _alike(text: str) -> str:
    """What spellings of one name have in common."""
    return " ".join(text.casefold().split())


def _as_most(names: Sequence[str]) -> list[str]:
    """Names in the spelling that most have; of equals the first in the alphabet."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name in sorted(names):
        spellings[_alike(name)][name] += 1
    usual = {alike: counts.most_common(1)[0][0] for alike, counts in spellings.items()}
    return [usual[_alike(name)] for name in names]


def _groups(tracks: Sequence[_Track]) -> list[str]:
    """The artist of each track, or the first path of its recording."""
    artists = _as_most([track.tags.artist for track in tracks])
    paths = [track.path for track in tracks]
    numbers = number_recordings(paths).tolist()
    first = dict(zip(reversed(numbers), reversed(paths), strict=True))
    return [artist or first[n] for artist, n in zip(artists, numbers, strict=True)]


def _without_rare(tracks: Sequence[_Track], least: int) -> tuple[list[_Track], list[str]]:
    """The tracks of genres with so many groups, and a remark on the others."""
    groups: dict[str, set[str]] = defaultdict(set)
    for track in tracks:
        groups[track.genre].add(track.group)
    rare = [genre for genre in sorted(groups) if len(groups[genre]) < least]
    kept = [track for track in tracks if track.genre not in rare]
    if not rare:
        return kept, []
    n = len(tracks) - len(kept)
    named = some([f"{genre} ({len(groups[genre])})" for genre in rare])
    count = "1 track" if n == 1 else f"{n:,} tracks"
    return kept, [f"{count} of genres by fewer than {least} artists: {named}"]
