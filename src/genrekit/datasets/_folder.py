"""A folder of music on disk: one sub-folder a genre."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from genrekit.datasets._bunch import (
    check_genres,
    listed,
    make_bunch,
    passed_over,
    remark_links,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings, warn_of_two_genres

if TYPE_CHECKING:
    from sklearn.utils import Bunch

# fmt: off
AUDIO_EXTENSIONS = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp2",
    ".mp3", ".oga", ".ogg", ".opus", ".snd", ".w64", ".wav", ".wma",
})
# fmt: on
"""File name endings that count as audio, in lower case."""

__all__ = ["AUDIO_EXTENSIONS", "AudioFiles", "existing", "find_audio", "load_folder", "walk"]

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
        For each file the name of the sub-folder it was found in, ``""`` where there is none.
    """

    paths: list[str]
    genres: list[str]


def find_audio(
    sources: Iterable[str | os.PathLike[str]], *, extensions: Iterable[str] | None = None
) -> AudioFiles:
    """List audio files, with every folder replaced by the audio files in it.

    Parameters
    ----------
    sources : iterable of path-like
        Files and folders. A file is kept as it is, whatever its name and even if it does not
        exist (decoding it will tell); a folder gives the audio files at any depth below it,
        sorted, whose genre is the folder's sub-folder they are in. Hidden files and folders are
        left out, links to outside the folder are not followed; a warning counts those.
    extensions : iterable of str or None, default=None
        File name endings that count as audio inside a folder; None means `AUDIO_EXTENSIONS`.

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
    if isinstance(sources, (str, os.PathLike)):
        raise TypeError(f"sources is a single path: wrap it in a list, [{os.fspath(sources)!r}]")
    endings = _endings(extensions)
    found: list[tuple[str, str]] = []
    for source in map(Path, sources):
        if not source.is_dir():
            found.append((str(source), ""))
            continue
        outside: list[str] = []
        below = sorted(walk(source, endings, outside))
        if not below:
            looked = f"looked for {_joined(endings)}"
            raise ValueError(f"{source}: no audio files in it ({looked}){passed_over(outside)}")
        warn_left_out(source, remark_links(outside))
        found += below
    return AudioFiles([path for path, _ in found], [genre for _, genre in found])


def load_folder(
    root: str | os.PathLike[str],
    *,
    extensions: Iterable[str] | None = None,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the paths and genres of a folder with one sub-folder a genre.

    Nothing is decoded, so that a file which is no music or can't be read is listed all the same.
    Folders inside a genre's folder belong to that genre; hidden files, files without an audio
    ending and files beside the genre folders are left out; links are followed only to files
    inside `root`, a warning counts those that lead out of it. Another warns when one recording
    stands in two genres. A folder that can't be read is an error.

    Parameters
    ----------
    root : path-like
        The folder that holds the genre folders.
    extensions : iterable of str or None, default=None
        File name endings that count as audio, such as ``[".mp3"]``; None means
        `AUDIO_EXTENSIONS`.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str, sorted), ``target`` (str array, shape (n_tracks,)),
        ``target_names`` (list of str, sorted), ``groups`` (int array, shape (n_tracks,): the
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
        When the layout is not one sub-folder a genre, or there is only one genre.

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
    root = Path(root)
    outside: list[str] = []
    found = sorted(walk(existing(root, _LAYOUT), _endings(extensions), outside))
    labelled = [(path, genre) for path, genre in found if genre]
    if not labelled:
        reason = _no_genres(root, len(found), _endings(extensions))
        raise ValueError(reason + passed_over(outside))
    paths = [path for path, _ in labelled]
    target = np.array([genre for _, genre in labelled])
    names = np.unique(target).tolist()
    check_genres(root, names, f"; {_LAYOUT}{passed_over(outside)}")
    warn_left_out(root, remark_links(outside))
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


def walk(
    root: Path, endings: frozenset[str], outside: list[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield (path, genre) of the audio files below a folder, in no order; fill `outside`."""
    real_root = root.resolve()
    for folder, subfolders, files in os.walk(root, onerror=_raise):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        parts = Path(folder).relative_to(root).parts
        inside, leaving = _told_apart(Path(folder), files, subfolders, real_root, endings)
        yield from ((path, parts[0] if parts else "") for path in inside)
        if outside is not None:
            outside += leaving


def _told_apart(
    folder: Path, files: list[str], subfolders: list[str], root: Path, endings: frozenset[str]
) -> tuple[list[str], list[str]]:
    """The audio files of a folder, and the links to audio and folders that leave the root."""
    audio = [path for name in files if _is_audio(path := folder / name, endings)]
    # `os.walk` lists links to folders among the folders, and does not enter them.
    links = [path for name in subfolders if (path := folder / name).is_symlink()]
    within = {path: path.resolve().is_relative_to(root) for path in audio + links}
    inside = [str(path) for path in audio if within[path]]
    return inside, [str(path) for path, stays in within.items() if not stays]


def _raise(error: OSError) -> None:
    """Make `os.walk` stop at a folder it may not read instead of leaving it out unsaid."""
    raise error


def _is_audio(path: Path, endings: frozenset[str]) -> bool:
    """Tell by the name alone; macOS's "._song.mp3" companions count as hidden."""
    return not path.name.startswith(".") and path.suffix.lower() in endings and path.is_file()


def _endings(extensions: Iterable[str] | None) -> frozenset[str]:
    """Normalise "mp3" and ".MP3" to ".mp3"."""
    if extensions is None:
        return AUDIO_EXTENSIONS
    if isinstance(extensions, str):
        raise TypeError(f"extensions is a single string: wrap it in a list, [{extensions!r}]")
    return frozenset("." + ending.lower().lstrip(".") for ending in extensions)


def existing(root: Path, layout: str) -> Path:
    """Pass a folder through, refuse anything else."""
    if not root.exists():
        raise FileNotFoundError(f"{root}: no such folder; {layout}")
    if not root.is_dir():
        raise NotADirectoryError(f"{root}: is a file, not a folder; {layout}")
    return root


def _no_genres(root: Path, n_loose: int, endings: frozenset[str]) -> str:
    """Say in what way the layout is not the expected one."""
    if n_loose:
        return (
            f"{root}: its {n_loose} audio files are not in sub-folders, so there are no genres; "
            f"{_LAYOUT}"
        )
    if not any(root.iterdir()):
        return f"{root}: the folder is empty; {_LAYOUT}"
    return f"{root}: no sub-folder with audio (looked for {_joined(endings)}); {_LAYOUT}"


def _joined(endings: Iterable[str]) -> str:
    """Join endings for a message."""
    return ", ".join(sorted(endings))
