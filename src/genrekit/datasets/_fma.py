"""The Free Music Archive data set (FMA): clips, splits, genres and the table of 518 features."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from genrekit.datasets._fma_metadata import (
    Genres,
    Track,
    find_table,
    read_features,
    read_genres,
    read_tracks,
)
from genrekit.datasets._walk import existing, look_through

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["FMA_12_GENRES", "load_fma", "load_fma_features"]

# fmt: off
FMA_12_GENRES = (
    "Classical", "Country", "Electronic", "Experimental", "Folk", "Hip-Hop",
    "Instrumental", "International", "Jazz", "Old-Time / Historic", "Pop", "Rock",
)
"""The twelve largest of the sixteen top genres in the medium subset.

Left out are Easy Listening, Blues, Spoken and Soul-RnB, which have 21, 74, 118 and 154 of its
25,000 tracks, and so too few to tell anything from in its test part.
"""

# fmt: on
LICENCE = "each track the Creative Commons licence its artist chose; the metadata CC BY 4.0"
CITATION = (
    'Defferrard, Benzi, Vandergheynst and Bresson, "FMA: a dataset for music analysis", ISMIR '
    "2017, https://github.com/mdeff/fma"
)
SPLITS = ("train", "valid", "test")

# fmt: off
# Clips that are truncated, hold no audio or have another length than the metadata say.
_KNOWN_BAD = frozenset({
    1486, 5574, 65753, 80391, 98558, 98559, 98560, 98565, 98566, 98567, 98568, 98569, 98571, 99134,
    105247, 108924, 108925, 126981, 127336, 133297, 143992,
})
# fmt: on

# Subset → the values of set.subset in it, and the folders that hold its clips. The archives of the
# larger subsets hold the same 30 s clips; fma_full holds whole tracks.
SUBSETS = {
    "small": (("small",), ("fma_small", "fma_medium", "fma_large")),
    "medium": (("small", "medium"), ("fma_medium", "fma_large")),
    "large": (("small", "medium", "large"), ("fma_large",)),
    "full": (("small", "medium", "large"), ("fma_full",)),
}
_LABELS = ("genre_top", "genres_all")
_LAYOUT = "expected fma_metadata/tracks.csv and, for the clips, fma_small/000/000002.mp3 and so on"

_DESCR = """\
FMA: a data set for music analysis
----------------------------------
From: {source}
Subset: {subset}, label: {label}
Tracks: {n_tracks}
{counts}

Tracks of the Free Music Archive. `split` is the official one, 80 / 10 / 10 % stratified by genre,
in which no artist stands in two parts. `groups` are the artists.

Licence: {licence}.
Reference: {citation}.
"""


def load_fma(
    root: str | os.PathLike[str],
    subset: str = "small",
    *,
    label: str = "genre_top",
    genres: Iterable[str] | None = None,
    on_missing: str = "drop",
    keep_bad: bool = False,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the paths, genres, artists and the official split of the FMA data set.

    Nothing is decoded. One warning says what was left out: clips that are missing or known to be
    bad. Hidden files, files that are not named in the metadata and links to outside the folder of
    the clips are passed over; the folder itself may be a link.

    Parameters
    ----------
    root : path-like
        The folder that holds ``fma_metadata`` and the folder of the clips, as `fetch_fma` makes
        it.
    subset : {"small", "medium", "large", "full"}, default="small"
        8,000 clips of 30 s in 8 genres of the same size; 25,000 in 16 genres; 106,574 in 161
        genres; the same tracks in full length. Each holds the one before it, so the clips of a
        larger archive will do as well.
    label : {"genre_top", "genres_all"}, default="genre_top"
        One top genre a track, tracks without one being left out; or all genres of a track,
        with those above them in the genre tree.
    genres : iterable of str, optional
        Take only tracks of these, such as ``["Rock", "Hip-Hop"]`` or `FMA_12_GENRES`; None means
        all. With ``label="genres_all"`` sub-genres can be named, and a genre includes those below
        it.
    on_missing : {"drop", "raise"}, default="drop"
        Whether to go on without clips that are not there, or to raise an error. When none is
        there it is always an error.
    keep_bad : bool, default=False
        Whether to keep the 21 tracks that are known to be truncated, silent or of another length
        than they should be.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(paths, target)`` instead of a Bunch, with `as_frame` as two Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths`` (list of str, by track id), ``target`` (str array of shape (n_tracks,), or, for
        ``label="genres_all"``, an indicator matrix of shape (n_tracks, n_genres)),
        ``target_names`` (list of str, sorted), ``groups`` (int array: the artists' ids),
        ``split`` (object array of ``"train"``, ``"valid"`` and ``"test"``), ``track_ids`` (int
        array), ``genre_tree`` (dict: the genre above each, None above a top genre), ``frame`` and
        ``DESCR``.

    Raises
    ------
    FileNotFoundError
        When the metadata or all clips are missing.
    ValueError
        When a parameter or a genre is not known.

    See Also
    --------
    fetch_fma : Download it.
    load_fma_features : The published features of the same tracks.

    References
    ----------
    Defferrard, M., Benzi, K., Vandergheynst, P., Bresson, X. "FMA: a dataset for music analysis."
    ISMIR 2017.

    Examples
    --------
    >>> from genrekit.datasets import FMA_12_GENRES, load_fma
    >>> tracks = load_fma("fma", "medium", genres=FMA_12_GENRES)  # doctest: +SKIP
    >>> train = tracks.split == "train"  # doctest: +SKIP
    """
    root = existing(root, _LAYOUT)
    check_choice("subset", subset, SUBSETS)
    tree, names, tracks = _select(root, subset, label, genres)
    clips = _find_clips(root, subset)
    remarks = [] if keep_bad else _remark_bad(tracks)
    tracks = [track for track in tracks if keep_bad or track.number not in _KNOWN_BAD]
    missing = [f"{track.number:06d}.mp3" for track in tracks if track.number not in clips]
    hint = f"; genrekit.datasets.fetch_fma({subset!r}, {str(root)!r}) gets them"
    remarks = remark_missing(root, missing, len(tracks), on_missing, hint) + remarks
    tracks = [track for track in tracks if track.number in clips]
    labelled = _labelled(root, subset, label, names, tracks, tree)
    warn_left_out(root, remarks)
    return make_bunch(
        paths=[clips[track.number] for track in tracks],
        **labelled,
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def load_fma_features(
    root: str | os.PathLike[str],
    subset: str = "medium",
    *,
    label: str = "genre_top",
    genres: Iterable[str] | None = None,
    keep_bad: bool = False,
    as_frame: bool = False,
    return_X_y: bool = False,
) -> Bunch:
    """Load the published table of 518 features of the FMA data set; no clips are needed.

    Its columns are those of ``AudioFeatures("fma518")``, with the three rows of the header joined:
    ``mfcc_mean_01``. The table was made of the tracks in full length, whatever the subset.

    Parameters
    ----------
    root : path-like
        The folder that holds ``fma_metadata``, as `fetch_fma` makes it.
    subset : {"small", "medium", "large", "full"}, default="medium"
        Which tracks, as in `load_fma`.
    label : {"genre_top", "genres_all"}, default="genre_top"
        Which genres, as in `load_fma`.
    genres : iterable of str, optional
        Take only tracks of these, as in `load_fma`.
    keep_bad : bool, default=False
        Whether to keep the 21 tracks that are known to be bad.
    as_frame : bool, default=False
        Whether to add ``frame``, a pandas DataFrame of all columns, and to give ``data`` as one
        too; needs the extra ``table``.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch, with `as_frame` as a DataFrame
        and a Series.

    Returns
    -------
    sklearn.utils.Bunch
        ``data`` (float array or DataFrame of shape (n_tracks, 518)), ``feature_names`` (list of
        str), ``target`` and the rest as in `load_fma`.

    Raises
    ------
    FileNotFoundError
        When the metadata are missing.
    ValueError
        When a parameter or a genre is not known, or a table is not the one expected.

    Examples
    --------
    >>> from genrekit.datasets import load_fma_features
    >>> tracks = load_fma_features("fma", "medium")  # doctest: +SKIP
    >>> train = tracks.split == "train"  # doctest: +SKIP
    """
    root = existing(root, _LAYOUT)
    check_choice("subset", subset, SUBSETS)
    tree, titles, tracks = _select(root, subset, label, genres)
    remarks = [] if keep_bad else _remark_bad(tracks)
    by_number = {t.number: t for t in tracks if keep_bad or t.number not in _KNOWN_BAD}
    names, ids, data = read_features(find_table(root, "features.csv"), set(by_number))
    without = sorted(by_number.keys() - set(ids))
    if without:
        remarks.append(f"{len(without):,} tracks without features: {some(map(str, without))}")
    labelled = _labelled(root, subset, label, titles, [by_number[i] for i in ids], tree)
    warn_left_out(root, remarks)
    return make_bunch(
        data=data, feature_names=names, **labelled, as_frame=as_frame, return_X_y=return_X_y
    )


def _select(
    root: Path, subset: str, label: str, genres: Iterable[str] | None
) -> tuple[Genres, list[str], list[Track]]:
    """The genre tree, the genres, and the tracks of a subset that have one of them, by number."""
    check_choice("label", label, _LABELS)
    tree = read_genres(find_table(root, "genres.csv"))
    wanted = _check_wanted(genres, label, tree)
    members = SUBSETS[subset][0]
    tracks = [
        track
        for track in read_tracks(find_table(root, "tracks.csv"))
        if track.subset in members
        and (own := _titles(track, label, tree))
        and not (wanted and own.isdisjoint(wanted))
    ]
    if not tracks:
        asked = f" of {some(sorted(wanted))}" if wanted else ""
        raise ValueError(f"{root}: no tracks{asked} in the subset {subset!r}")
    # Of the whole subset, not of the clips that are here: columns must not depend on those.
    names = wanted or {name for track in tracks for name in _titles(track, label, tree)}
    check_genres(root, sorted(names))
    return tree, sorted(names), sorted(tracks)


def _check_wanted(genres: Iterable[str] | None, label: str, tree: Genres) -> set[str]:
    """The genres asked for; the empty set means all."""
    if genres is None:
        return set()
    if isinstance(genres, str):
        raise TypeError(f"genres is a single string: wrap it in a list, [{genres!r}]")
    wanted = set(genres)
    known = tree.tops() if label == "genre_top" else list(tree.above)
    for name in sorted(wanted):
        if name in tree.above and name not in known:
            raise ValueError(
                f"{name!r} is a sub-genre (of {tree.above[name]!r}): pass label='genres_all'"
            )
        check_choice("genre", name, known)
    if not wanted:
        raise ValueError("genres is empty: name some or pass None for all")
    return wanted


def _titles(track: Track, label: str, tree: Genres) -> set[str]:
    """The genres of a track."""
    if label == "genre_top":
        return {track.top} - {""}
    return {tree.titles[above] for genre in track.genres for above in tree.upwards(genre)}


def _find_clips(root: Path, subset: str) -> dict[int, str]:
    """Path of each clip by the number of its track."""
    folders = SUBSETS[subset][1]
    folder = next((root / name for name in folders if (root / name).is_dir()), None)
    if folder is None:
        raise FileNotFoundError(
            f"{root}: no folder {' or '.join(folders)} in it; "
            f"genrekit.datasets.fetch_fma({subset!r}, {str(root)!r}) gets the clips"
        )
    paths = [file.path for file in look_through(folder, frozenset({".mp3"})).audio]
    return {int(Path(path).stem): path for path in paths if Path(path).stem.isdecimal()}


def _remark_bad(tracks: Sequence[Track]) -> list[str]:
    """The remark on tracks known to be bad."""
    bad = [f"{track.number:06d}" for track in tracks if track.number in _KNOWN_BAD]
    return [f"known to be bad: {', '.join(bad)}; keep_bad=True keeps them"] if bad else []


def _labelled(
    root: Path,
    subset: str,
    label: str,
    names: list[str],
    tracks: list[Track],
    tree: Genres,
) -> dict[str, Any]:
    """All of a Bunch but the paths or the features."""
    titles = [_titles(track, label, tree) for track in tracks]
    target = _target(titles, names, label)
    return {
        "target": target,
        "target_names": names,
        "groups": np.array([track.artist for track in tracks]),
        "split": [track.split for track in tracks],
        "track_ids": np.array([track.number for track in tracks]),
        "genre_tree": tree.above,
        "DESCR": _DESCR.format(
            source=root,
            subset=subset,
            label=label,
            n_tracks=len(tracks),
            counts=listed(names, target),
            licence=LICENCE,
            citation=CITATION,
        ),
    }


def _target(titles: Sequence[set[str]], names: Sequence[str], label: str) -> NDArray[Any]:
    """The one genre of each track, or a column a genre."""
    if label == "genre_top":
        return np.array([title for (title,) in titles])
    return np.array([[name in own for name in names] for own in titles], dtype=int)
