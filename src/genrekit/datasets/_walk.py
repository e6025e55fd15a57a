"""What a folder of music holds: audio files, and what is passed over, counted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from genrekit.formats import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from genrekit.remote import find_files, refuse_address

__all__ = ["AudioFile", "Listing", "endings", "existing", "look_through"]

# Where the systems of NAS and desktops keep what was deleted, earlier states and thumbnails, in
# lower case: like what is hidden it is no part of a library.
_OF_SYSTEMS = frozenset(
    ("#recycle", "#snapshot", "$recycle.bin", "@eadir", "@recently-snapshot", "@recycle")
    + ("lost+found", "system volume information")
)
_LONGEST = 8  # characters of what is an ending, and not the rest of a title: "01. Intro"
_KINDS = 5


class AudioFile(NamedTuple):
    """One file, and the folders it lies in below the one that was looked through."""

    path: str
    folders: tuple[str, ...]

    @property
    def genre(self) -> str:
        """The sub-folder it is in."""
        return self.folders[0] if self.folders else ""


@dataclass
class Listing:
    """What was found below a folder.

    Attributes
    ----------
    audio : list of AudioFile
        The audio files, sorted.
    outside : list of str
        Links that lead out of the folder, which are not followed.
    broken : list of str
        Links that lead nowhere, to themselves included.
    loops : list of str
        Links to a folder they lie in.
    closed : list of str
        Folders that can't be listed, with the reason.
    others : Counter of str
        Number of files of each other kind.
    """

    audio: list[AudioFile] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def remarks(self) -> list[str]:
        """What to say about links that were not followed, and folders that were not listed."""
        told = (
            ("{} link that leads out of the folder", "{} links that lead out of the folder"),
            ("{} link that leads nowhere", "{} links that lead nowhere"),
            ("{} link to a folder it lies in", "{} links to folders they lie in"),
            ("{} folder that can't be listed", "{} folders that can't be listed"),
        )
        places = (self.outside, self.broken, self.loops, self.closed)
        return [
            f"{words[len(paths) > 1].format(len(paths))} (first: {min(paths)})"
            for words, paths in zip(told, places, strict=True)
            if paths
        ]

    def passed_over(self) -> str:
        """What to say about files that are no audio, or have no name of such."""
        if not self.others:
            return ""
        n = self.others.total()
        count = "1 file of another kind was" if n == 1 else f"{n:,} files of other kinds were"
        kinds = sorted(self.others, key=lambda kind: (-self.others[kind], kind))
        named = ", ".join(f"{self.others[kind]:,} {kind}" for kind in kinds[:_KINDS])
        more = f" and {len(kinds) - _KINDS:,} more kinds" if len(kinds) > _KINDS else ""
        video = sorted(VIDEO_SUFFIXES & set(kinds))
        hint = f" ({', '.join(video)} may hold sound: name such files to have them read)"
        return f"{count} passed over: {named}{more}{hint if video else ''}"

    def explanation(self) -> str:
        """What an error adds where there was no audio."""
        links = "; ".join(self.remarks())
        said = [self.passed_over(), f"passed over: {links}" if links else ""]
        return "".join(f"; {text}" for text in said if text)

    def is_by_genre(self) -> bool:
        """Whether it looks like one sub-folder a genre, rather than artists and their albums."""
        sizes = Counter(file.folders for file in self.audio)
        flat = all(len(folders) == 1 for folders in sizes)
        return flat and len(sizes) > 1 and min(sizes.values()) > 1


def look_through(
    root: Path | str, suffixes: frozenset[str], *, pass_closed: bool = False
) -> Listing:
    """List the audio files at any depth below a folder; hidden files and folders are left out."""
    if isinstance(root, str):
        return _look_through_store(root, suffixes)
    found = Listing()
    real_root = os.path.realpath(root)

    def note(error: OSError) -> None:
        # Where there is nothing else to go on with, the folder itself is an error in any case.
        if not pass_closed or error.filename == os.fspath(root):
            raise error
        found.closed.append(f"{error.filename}: {error.strerror}")

    for name, subfolders, files in os.walk(root, onerror=note):
        subfolders[:] = filter(_of_people, _shown(subfolders))
        folder = Path(name)
        # `os.walk` lists links to folders among the folders, and does not enter them.
        for link in (path for sub in subfolders if os.path.islink(path := folder / sub)):
            _add_link(found, link, real_root)
        folders = folder.relative_to(root).parts
        for file in _shown(files):
            _add_file(found, AudioFile(str(folder / file), folders), suffixes, real_root)
    found.audio.sort()
    return found


def _look_through_store(url: str, suffixes: frozenset[str]) -> Listing:
    """List the audio files at any depth below a folder that is not on this disk."""
    found = Listing()
    for path, folders in find_files(url):
        if not all(map(_of_people, folders)):
            continue
        suffix = os.path.splitext(path.partition("::")[0])[1].lower()
        if suffix in suffixes:
            found.audio.append(AudioFile(path, folders))
        else:
            found.others[_kind(suffix)] += 1
    return found


def _shown(names: Iterable[str]) -> list[str]:
    """The names that are not hidden; macOS's "._song.mp3" companions are."""
    return [name for name in names if not name.startswith(".")]


def _of_people(folder: str) -> bool:
    """Whether a folder is one of people, not one that a system keeps for itself."""
    return folder.lower() not in _OF_SYSTEMS


def _add_link(found: Listing, link: Path, root: str) -> None:
    """Note a link to a folder; one that stays inside leads to what is found anyway."""
    target = Path(os.path.realpath(link))
    if not target.is_relative_to(root):
        found.outside.append(str(link))
    elif Path(os.path.realpath(link.parent)).is_relative_to(target):
        found.loops.append(str(link))


def _add_file(found: Listing, file: AudioFile, suffixes: frozenset[str], root: str) -> None:
    """Note a file where it belongs."""
    suffix = os.path.splitext(file.path)[1].lower()
    is_link = os.path.islink(file.path)
    if is_link and not os.path.exists(file.path):
        found.broken.append(file.path)
    elif suffix not in suffixes:
        found.others[_kind(suffix)] += 1
    elif is_link and not Path(os.path.realpath(file.path)).is_relative_to(root):
        found.outside.append(file.path)
    elif os.path.isfile(file.path) or not os.path.exists(file.path):
        # In a folder that may be listed and not entered nothing seems to exist: decoding tells.
        found.audio.append(file)
    else:
        found.others["special file"] += 1


def _kind(suffix: str) -> str:
    """What a message calls files of an ending."""
    is_ending = suffix[1:].replace("-", "").replace("_", "").isalnum() and len(suffix) <= _LONGEST
    return suffix if is_ending else "without an ending"


def endings(extensions: Iterable[str] | None) -> frozenset[str]:
    """Normalise "mp3" and ".MP3" to ".mp3"."""
    if extensions is None:
        return AUDIO_SUFFIXES
    if isinstance(extensions, str):
        raise TypeError(f"extensions is a single string: wrap it in a list, [{extensions!r}]")
    return frozenset("." + ending.lower().lstrip(".") for ending in extensions)


def existing(root: str | os.PathLike[str], layout: str) -> Path:
    """Pass a folder through, refuse anything else."""
    refuse_address(root, "the folder")
    folder = Path(os.path.expanduser(os.fsdecode(root)))
    if not os.fspath(root):
        raise ValueError(f"the name of the folder is empty; {layout}")
    if not os.path.lexists(folder):
        raise FileNotFoundError(f"{folder}: no such folder; {layout}")
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"{folder}: is a file, not a folder; {layout}")
    return folder
