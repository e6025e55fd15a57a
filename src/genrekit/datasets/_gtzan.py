"""GTZAN: 1,000 clips of 30 s in ten genres, and the table of 57 features made of them."""

from __future__ import annotations

import csv
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.datasets._bunch import (
    check_genres,
    listed,
    make_bunch,
    remark_missing,
    some,
    warn_left_out,
)
from genrekit.datasets._recordings import number_recordings, warn_of_two_genres
from genrekit.datasets._rows import long_fields, named
from genrekit.datasets._walk import Listing, endings, existing, look_through

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["GTZAN_GENRES", "load_gtzan", "load_gtzan_features"]

# fmt: off
GTZAN_GENRES = (
    "blues", "classical", "country", "disco", "hiphop",
    "jazz", "metal", "pop", "reggae", "rock",
)
# fmt: on
"""The ten genres of GTZAN, one hundred clips each."""

LICENCE = "none is stated"
CITATION = (
    'Tzanetakis and Cook, "Musical genre classification of audio signals", 2002; of the split: '
    'Kereliuk, Sturm and Larsen, "Deep learning and music adversaries", 2015'
)
SUBSETS = ()
SPLITS = ("train", "valid", "test")

_KNOWN_BAD = {"jazz.00054": "corrupt"}
# Where the genre folders lie in the archives that circulate, below the folder they were put in.
_PLACES = ("", "genres", "genres_original", "Data/genres_original")
_CLIP = re.compile(rf"({'|'.join(GTZAN_GENRES)})\.\d{{5}}")
_LAYOUT = (
    "expected blues/blues.00000.wav (or .au, .flac) and so on, directly or in "
    "genres/, genres_original/ or Data/genres_original/"
)
_TABLE = (
    "expected the CSV file of GTZAN features itself, often called features_30_sec.csv, with the "
    "columns 'filename' or 'clip', features, 'label'"
)

_DESCR = """\
GTZAN
-----
From: {source}
{kind}: {n_rows}
{counts}

Clips of 30 s at 22,050 Hz, collected by George Tzanetakis in 2000 and 2001.
The collection has known faults: repeated recordings, several excerpts of one recording, many
clips of one artist, wrong labels and distortion. Under random folds the same song and the same
artist stand on both sides and accuracies come out far too high. `split` is {split}.

Licence: {licence}.
References: {citation}; of the faults: Sturm, "The GTZAN dataset: its contents, its faults, their
effects on evaluation, and its future use", 2013. The artists are those of his index of it.
"""
_PUBLISHED = {
    "fault_filtered": "the fault-filtered one of Kereliuk, Sturm and Larsen: no artist stands in "
    "two parts, faulty clips stand in none (None)",
    None: "not loaded",
}


def load_gtzan(
    root: str | os.PathLike[str],
    *,
    split: str | None = "fault_filtered",
    groups: str = "artist",
    on_missing: str = "drop",
    keep_bad: bool = False,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the paths, genres and split of the GTZAN clips.

    Nothing is decoded. The layouts that circulate are recognised: the original ``.au`` files, the
    ``.wav`` files from Kaggle, and a folder of FLAC. One warning says what was left out: clips
    that are missing or known to be bad, files and folders that are not part of GTZAN, and links
    to outside the folder. Another warns when one recording stands in two genres. Hidden files are
    passed over.

    Parameters
    ----------
    root : path-like
        The folder that holds the ten genre folders, or the folder the archive was unpacked in.
    split : {"fault_filtered"} or None, default="fault_filtered"
        The published split to look up: fault-filtered and artist-disjoint, 443 clips to train
        on, 197 to validate and 290 to test.
    groups : {"artist", "recording"}, default="artist"
        What must not be split between training and test: the clips of one artist, or copies of one
        file only. Of 81 clips no artist is known: each is a group of its own, or shares that of
        identical files.
    on_missing : {"drop", "raise"}, default="drop"
        Whether to go on without clips that are not there, or to raise an error. When none is
        there it is always an error.
    keep_bad : bool, default=False
        Whether to keep ``jazz.00054``, which is corrupt in all copies that circulate.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str), ``target`` (str array of shape (n_clips,)), ``target_names``,
        ``groups`` (array of shape (n_clips,): the artist or else the clip, as text; or the number
        of the recording), ``split`` (object array of ``"train"``, ``"valid"``, ``"test"`` and None,
        or None), ``clips`` (list of str, such as ``"blues.00000"``), ``frame`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When there is no such folder or no clip in it.
    ValueError
        When `split` is not known.

    References
    ----------
    Kereliuk, C., Sturm, B. L., Larsen, J. "Deep learning and music adversaries." IEEE
    Transactions on Multimedia 17(11), 2015.

    Examples
    --------
    >>> import tempfile, warnings
    >>> from pathlib import Path
    >>> from genrekit.datasets import load_gtzan
    >>> with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # 998 clips are missing
    ...     for name in ("blues/blues.00029.wav", "disco/disco.00002.wav"):
    ...         path = Path(folder, "genres_original", name)
    ...         path.parent.mkdir(parents=True)
    ...         path.touch()
    ...     clips = load_gtzan(folder)
    >>> clips.target.tolist(), clips.split.tolist()
    (['blues', 'disco'], ['train', 'valid'])
    """
    check_choice("groups", groups, ("artist", "recording"))
    root = existing(root, _LAYOUT)
    parts = _read_split(split)
    found, foreign, listing = _find(root)
    bad = [] if keep_bad else [clip for clip in _KNOWN_BAD if clip in found]
    every = [f"{genre}.{i:05d}" for genre in GTZAN_GENRES for i in range(100)]
    missing = [clip for clip in every if clip not in found]
    hint = f"{listing.explanation()}; {_LAYOUT}"
    remarks = remark_missing(root, missing, len(every), on_missing, hint) + listing.remarks()
    remarks += _remark_bad(bad)
    if foreign:
        remarks.append(f"{len(foreign):,} files that are not GTZAN's: {some(foreign)}")
    warn_left_out(root, remarks)
    clips = [clip for clip in sorted(found) if clip not in bad]
    target = np.array([clip.partition(".")[0] for clip in clips])
    paths = [found[clip] for clip in clips]
    recordings = number_recordings(paths)
    warn_of_two_genres(root, paths, target, recordings)
    return make_bunch(
        paths=paths,
        clips=clips,
        target=target,
        groups=_name_artists(clips, recordings) if groups == "artist" else recordings,
        split=[parts.get(clip) for clip in clips] if split else None,
        DESCR=_describe(root, "Clips", target, split),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def load_gtzan_features(
    table: str | os.PathLike[str],
    *,
    split: str | None = "fault_filtered",
    groups: str = "artist",
    keep_bad: bool = False,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the table of 57 features of the GTZAN clips that circulates.

    Its columns are those of ``AudioFeatures("gtzan57")``, so that a model trained on the table
    takes new files. In the table of 3-second segments those of a clip share a group.

    Parameters
    ----------
    table : path-like
        The CSV file, often called ``features_30_sec.csv``: a column ``filename`` or ``clip``,
        the features, a column ``label``. A column ``length`` is left out.
    split : {"fault_filtered"} or None, default="fault_filtered"
        The published split to look up, as in `load_gtzan`.
    groups : {"artist", "clip"}, default="artist"
        What must not be split between training and test, as in `load_gtzan`: the rows of one
        artist, or those of one clip only.
    keep_bad : bool, default=False
        Whether to keep the row of ``jazz.00054``, a corrupt clip.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame of all columns, and to give ``data`` as one
        too; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch, with `as_frame` as a DataFrame
        and a Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``data`` (float array or DataFrame of shape (n_rows, 57)), ``feature_names`` (list of
        str), ``target`` (str array of shape (n_rows,)), ``target_names``, ``groups`` (array of
        shape (n_rows,): the artist or else the clip, as text; or the number of the clip),
        ``split`` (object array of ``"train"``, ``"valid"``, ``"test"`` and None, or None),
        ``clips`` (list of str), ``frame`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When there is no such table.
    ValueError
        When its columns are others, or `split` is not known.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from genrekit.datasets import load_gtzan_features
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = Path(folder, "features_30_sec.csv")
    ...     _ = table.write_text(
    ...         "filename,length,tempo,label\\n"
    ...         "blues.00029.wav,661794,123.0,blues\\n"
    ...         "disco.00002.wav,661794,120.2,disco\\n"
    ...     )
    ...     clips = load_gtzan_features(table)
    >>> clips.data.tolist(), clips.feature_names, clips.split.tolist()
    ([[123.0], [120.2]], ['tempo'], ['train', 'valid'])
    """
    check_choice("groups", groups, ("artist", "clip"))
    table = Path(os.path.expanduser(table))
    parts = _read_split(split)
    clips, labels, names, data = _read_table(table)
    bad = [] if keep_bad else [clip for clip in _KNOWN_BAD if clip in clips]
    warn_left_out(table, _remark_bad(bad))
    keep = np.array([clip not in bad for clip in clips])
    clips = [clip for clip, kept in zip(clips, keep, strict=True) if kept]
    target = np.array(labels)[keep]
    check_genres(table, np.unique(target).tolist())
    numbers = np.unique(clips, return_inverse=True)[1]
    return make_bunch(
        data=data[keep],
        feature_names=names,
        clips=clips,
        target=target,
        groups=_name_artists(clips, numbers) if groups == "artist" else numbers,
        split=[parts.get(clip) for clip in clips] if split else None,
        DESCR=_describe(table, "Rows", target, split),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read_split(split: str | None) -> dict[str, str]:
    """Part of each clip; clips that belong to none are left out."""
    if split is None:
        return {}
    check_choice("split", split, [name for name in _PUBLISHED if name])
    text = files("genrekit.datasets").joinpath(f"data/gtzan_{split}.csv").read_text("utf-8")
    return {row["clip"]: row["split"] for row in csv.DictReader(text.splitlines())}


def _name_artists(clips: list[str], recordings: NDArray[np.intp]) -> NDArray[np.str_]:
    """The artist of each clip, else the clip; those of one recording share the first name."""
    text = files("genrekit.datasets").joinpath("data/gtzan_artists.csv").read_text("utf-8")
    artists = {row["clip"]: row["artist"] for row in csv.DictReader(text.splitlines())}
    names = [artists.get(clip) or clip for clip in clips]
    same: dict[str, str] = {}
    first: dict[int, str] = {}

    def settled(name: str) -> str:
        while name in same:
            name = same[name]
        return name

    for name, recording in zip(names, recordings.tolist(), strict=True):
        one, other = settled(first.setdefault(recording, name)), settled(name)
        if one != other:
            same[other] = one
    return np.array([settled(name) for name in names])


def _find(root: Path) -> tuple[dict[str, str], list[str], Listing]:
    """Path of each clip, the audio files beside them that are none, and all that was found."""
    places = [root / place for place in _PLACES]
    place = next((p for p in places if any((p / genre).is_dir() for genre in GTZAN_GENRES)), root)
    found: dict[str, str] = {}
    foreign: list[str] = []
    listing = look_through(place, endings(None))
    for file in listing.audio:
        path, genre, clip = file.path, file.genre, Path(file.path).stem
        # A second copy of a clip, in another format, is as foreign as another file.
        if genre and _CLIP.fullmatch(clip) and clip.startswith(genre) and clip not in found:
            found[clip] = path
        else:
            foreign.append(os.path.relpath(path, place))
    return found, foreign, listing


def _remark_bad(bad: list[str]) -> list[str]:
    """The remark on clips known to be bad."""
    if not bad:
        return []
    reasons = ", ".join(f"{clip} ({_KNOWN_BAD[clip]})" for clip in bad)
    return [f"known to be bad: {reasons}; keep_bad=True keeps them"]


def _read_table(table: Path) -> tuple[list[str], list[str], list[str], NDArray[np.float64]]:
    """Clips, genres, names of the features and the features."""
    if not table.is_file():
        state = "is a folder" if table.is_dir() else "no such file"
        raise FileNotFoundError(f"{table}: {state}; {_TABLE}")
    with table.open(encoding="utf-8-sig", newline="") as file, named(table), long_fields():
        header, *rows = [row for row in csv.reader(file) if row] or [[]]
    name = next((column for column in ("filename", "clip") if column in header), None)
    if name is None or "label" not in header or not rows:
        raise ValueError(
            f"{table}: not the table of GTZAN features: expected rows with the columns "
            f"'filename' or 'clip', features, 'label', got {some(header)}"
        )
    features = [i for i, column in enumerate(header) if column not in (name, "length", "label")]
    label, file_name = header.index("label"), header.index(name)
    data = np.array([_numbers(table, row, len(header), features) for row in rows])
    return (
        # "blues.00000" of "blues.00000.wav" and, for a segment of one, "blues.00000.3.wav".
        [".".join(row[file_name].split(".")[:2]) for row in rows],
        [row[label] for row in rows],
        [header[i] for i in features],
        data,
    )


def _numbers(table: Path, row: list[str], width: int, columns: list[int]) -> list[float]:
    """The features in a row."""
    try:
        if len(row) != width:
            raise ValueError(f"{len(row)} cells instead of {width}")
        return [float(row[i]) for i in columns]
    except ValueError as error:
        raise ValueError(f"{table}: the row of {row[0]!r} is damaged ({error})") from error


def _describe(source: Path, kind: str, target: NDArray[np.str_], split: str | None) -> str:
    """Fill the description."""
    counts = listed(np.unique(target).tolist(), target)
    return _DESCR.format(
        source=source,
        kind=kind,
        n_rows=len(target),
        counts=counts,
        split=_PUBLISHED[split],
        licence=LICENCE,
        citation=CITATION,
    )
