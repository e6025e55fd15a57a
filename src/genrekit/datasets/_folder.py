"""A folder of music on disk: one sub-folder a genre."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genrekit.datasets._bunch import (
    check_filled,
    check_genres,
    listed,
    make_bunch,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings, warn_of_two_genres
from genrekit.datasets._walk import Listing, endings, existing, look_through
from genrekit.formats import AUDIO_SUFFIXES
from genrekit.remote import is_address, is_folder, without_secrets

if TYPE_CHECKING:
    from sklearn.utils import Bunch

AUDIO_EXTENSIONS = AUDIO_SUFFIXES
"""File name endings that count as audio, in lower case."""

__all__ = ["AUDIO_EXTENSIONS", "AudioFiles", "find_audio", "load_folder"]

_LAYOUT = "expected one sub-folder a genre, such as rock/song.mp3 and jazz/tune.flac"

_DESCR = """\
Tracks of a folder with one sub-folder a genre
----------------------------------------------
Folder: {root}
Tracks: {n_tracks}
{counts}

`groups` numbers the recordings: links to one file and files of the same content share a
number, so that a split by group never has one recording on both sides.
"""


class AudioFiles(NamedTuple):
    """Audio files and the genre their place on disk gives them.

    Attributes
    ----------
    paths : list of str
        The files.
    genres : list of str
        For each file the name of the sub-folder that stands for its genre, or ``""``.
    """

    paths: list[str]
    genres: list[str]


def find_audio(
    sources: Iterable[str | os.PathLike[str]],
    *,
    extensions: Iterable[str] | None = None,
    genres: bool | None = True,
) -> AudioFiles:
    """List audio files, with every folder replaced by the audio files in it.

    Parameters
    ----------
    sources : iterable of path-like
        Files and folders. A file is kept as it is, whatever its name and even if it does not
        exist (decoding it will tell); a folder gives the audio files at any depth below it,
        sorted. Hidden files and folders are left out, and those in which systems keep what was
        deleted or made by themselves, such as ``#recycle`` and ``@eaDir``. Links to outside the
        folder are not followed; a warning counts those, links that lead nowhere, folders that
        can't be listed, and files of other kinds.
    extensions : iterable of str, optional
        File name endings that count as audio inside a folder; None means `AUDIO_EXTENSIONS`.
    genres : bool or None, default=True
        Whether the folder's sub-folder a file is in counts as its genre, at whatever depth below.
        None: where a folder looks like it, that is, all its audio lies one level down, in two or
        more sub-folders that hold several files each. Artists with albums do not look like it.

    Returns
    -------
    AudioFiles
        ``paths`` and ``genres``, of one length.

    Raises
    ------
    ValueError
        When a folder holds no audio file.

    Examples
    --------
    >>> from genrekit.datasets import find_audio
    >>> find_audio(["one.mp3", "two.flac"])
    AudioFiles(paths=['one.mp3', 'two.flac'], genres=['', ''])
    """
    if isinstance(sources, (str, bytes, os.PathLike)):
        raise TypeError(f"sources is a single path: wrap it in a list, [{os.fspath(sources)!r}]")
    found: list[tuple[str, str]] = []
    for source in sources:
        found += _expanded(source, extensions, genres)
    return AudioFiles([path for path, _ in found], [genre for _, genre in found])


def _expanded(
    source: str | os.PathLike[str], extensions: Iterable[str] | None, genres: bool | None
) -> list[tuple[str, str]]:
    """A file as it is, the files of a folder, with their genres."""
    name = os.fsdecode(source)
    if not name:
        raise ValueError("the name of a file or folder is empty")
    folder: Path | str
    if is_address(name):
        if not is_folder(name, AUDIO_EXTENSIONS):
            return [(name, "")]
        folder = name
    elif os.path.isdir(os.path.expanduser(name)):
        folder = Path(os.path.expanduser(name))
    else:
        return [(str(Path(name)), "")]
    suffixes = endings(extensions)
    listing = look_through(folder, suffixes, pass_closed=True)
    told = without_secrets(folder)
    if not listing.audio:
        looked = _looked_for(suffixes)
        raise ValueError(f"{told}: no audio files in it ({looked}){listing.explanation()}")
    warn_left_out(told, listing.remarks(), "" if extensions else listing.passed_over())
    named = listing.is_by_genre() if genres is None else genres
    return [(file.path, file.genre if named else "") for file in listing.audio]


def load_folder(
    root: str | os.PathLike[str],
    *,
    extensions: Iterable[str] | None = None,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the paths and genres of a folder with one sub-folder a genre.

    Nothing is decoded, so that a file which is no music or can't be read is listed all the same.
    Folders inside a genre's folder belong to that genre. Hidden files, folders of systems such as
    ``#recycle`` and ``@eaDir``, files without an audio ending and files beside the genre folders
    are left out, and links are followed only to files inside `root`: a warning counts files of
    other kinds, links that lead out of it and links that lead nowhere. Another warns when one
    recording stands in two genres. A folder that can't be read is an error.

    Parameters
    ----------
    root : path-like
        The folder that holds the genre folders.
    extensions : iterable of str, optional
        File name endings that count as audio, such as ``[".mp3"]``; None means
        `AUDIO_EXTENSIONS`.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str, sorted), ``target`` (str array of shape (n_tracks,)),
        ``target_names`` (list of str, sorted), ``groups`` (int array of shape (n_tracks,): the
        number of the recording, shared by links to one file and by identical files), ``split``
        (None), ``frame`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When there is no such folder.
    NotADirectoryError
        When `root` is a file.
    PermissionError
        When a folder may not be read.
    ValueError
        When the layout is not one sub-folder a genre, there is only one genre, or a folder is
        called as what stands for no genre, such as "nan".

    Examples
    --------
    >>> import tempfile
    >>> from genrekit.datasets import load_folder, make_tracks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = make_tracks(2, root=folder, genres=["drone", "pulse"], duration=0.5)
    ...     tracks = load_folder(folder)
    >>> tracks.target.tolist()
    ['drone', 'drone', 'pulse', 'pulse']
    """
    name = os.fsdecode(root)
    root = name if is_address(name) else existing(root, _LAYOUT)
    suffixes = endings(extensions)
    listing = look_through(root, suffixes)
    labelled = [file for file in listing.audio if file.genre]
    if not labelled:
        raise ValueError(_no_genres(root, listing, suffixes))
    paths = [file.path for file in labelled]
    target = np.array([file.genre for file in labelled])
    names = np.unique(target).tolist()
    root = without_secrets(root)
    for name in names:
        check_filled(name, f"{root}: the name of a folder")
    check_genres(root, names, f"; {_LAYOUT}{listing.explanation()}")
    remarks = [*listing.remarks(), *_remark_loose(listing)]
    warn_left_out(root, remarks, "" if extensions else listing.passed_over())
    groups = number_recordings(paths)
    warn_of_two_genres(root, paths, target, groups)
    return make_bunch(
        paths=paths,
        target=target,
        groups=groups,
        split=None,
        DESCR=_DESCR.format(root=root, n_tracks=len(paths), counts=listed(names, target)),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _remark_loose(listing: Listing) -> list[str]:
    """The remark on audio beside the genre folders, if there is any."""
    loose = [file.path for file in listing.audio if not file.genre]
    if not loose:
        return []
    count = "1 audio file that is" if len(loose) == 1 else f"{len(loose):,} audio files that are"
    return [f"{count} in no genre's folder (first: {without_secrets(loose[0])})"]


def _no_genres(root: Path | str, listing: Listing, suffixes: frozenset[str]) -> str:
    """Say in what way the layout is not the expected one."""
    is_empty = isinstance(root, Path) and not any(root.iterdir())
    root = without_secrets(root)
    if listing.audio:
        return (
            f"{root}: its {len(listing.audio)} audio files are not in sub-folders, so there are no "
            f"genres; {_LAYOUT}"
        )
    if is_empty:
        return f"{root}: the folder is empty; {_LAYOUT}"
    looked = f"no sub-folder with audio ({_looked_for(suffixes)})"
    return f"{root}: {looked}; {_LAYOUT}{listing.explanation()}"


def _looked_for(suffixes: frozenset[str]) -> str:
    """Which endings, in a message; of the usual ones the best known."""
    if suffixes == AUDIO_EXTENSIONS:
        return f"looked for .mp3, .wav, .flac and {len(suffixes) - 3} other endings"
    return f"looked for {', '.join(sorted(suffixes))}"
