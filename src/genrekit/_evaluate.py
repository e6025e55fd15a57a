"""What ``genrekit evaluate`` does: find labelled tracks, cross-validate, report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from genrekit._tables import write_or_keep
from genrekit._validation import check_choice
from genrekit.datasets import DATASETS, load_csv, load_folder, load_tags
from genrekit.evaluation import GenreReport, cross_validate_genres, track_features

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["find_tracks", "groups_remark", "run_evaluate"]

_FOLDS = 5


def find_tracks(
    source: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    subset: str | None = None,
    groups: str | None = None,
    labels: str = "folders",
    min_artists: int | None = None,
    on_error: str = "raise",
) -> Bunch:
    """Load labelled tracks of a folder, a table or a data set, with the wanted groups.

    Parameters
    ----------
    source : path-like
        A folder with one sub-folder a genre, a CSV table with the columns ``path`` and ``genre``,
        or the folder of a data set.
    dataset : str, optional
        Which data set, a name of `genrekit.datasets.DATASETS`.
    subset : str, optional
        Which subset of it; None: what its loader takes unasked.
    groups : str, optional
        ``"folder"``: the folder a file lies in; for a table otherwise the name of a column. None:
        what the loader gives: the artist of tags, what the row of the data set says, and else the
        recording.
    labels : {"folders", "tags"}, default="folders"
        Where the genres of a folder are: its sub-folders, or the tags of its files.
    min_artists : int, optional
        Genres by fewer artists, according to tags, are left out.
    on_error : {"raise", "nan"}, default="raise"
        What a file does that a table names and that is not there: stop, or be left out.

    Returns
    -------
    sklearn.utils.Bunch
        ``paths``, ``target``, ``groups``, ``split``, ``labels``, and ``unit``: what a group is,
        "track", "folder", "artist" or the name of the column.

    Raises
    ------
    FileNotFoundError
        When there is no such place, or a file that a table names is not there.
    ValueError
        When the data set is not known, or a subset or groups are asked for that are not there.
    """
    if subset is not None and dataset is None:
        raise ValueError(f"--subset {subset}: only a data set has subsets, see --dataset")
    table = dataset is None and Path(source).suffix.lower() in (".csv", ".tsv")
    if labels == "tags" and (table or dataset is not None):
        raise ValueError("--labels tags: takes a folder; a table or a data set has its own")
    if groups not in (None, "folder") and not table:
        raise ValueError(
            f"--groups {groups!r}: a column can be named for a table only; otherwise 'folder' "
            "keeps the files of a folder together"
        )
    if table:
        tracks = _load_table(source, None if groups == "folder" else groups, on_error)
    elif labels == "tags":
        tracks = load_tags(source, min_artists=min_artists or 1)
    elif dataset is None:
        tracks = load_folder(source)
    else:
        tracks = _load(dataset, source, subset)
    if groups == "folder":
        folders = [str(Path(path).parent) for path in tracks.paths]
        tracks.groups = np.unique(folders, return_inverse=True)[1]
    own = "artist" if labels == "tags" else "track"
    tracks.unit = groups or (DATASETS[dataset].unit if dataset else own)
    tracks.labels = labels
    return tracks


def _load_table(source: str | os.PathLike[str], group: str | None, on_error: str) -> Bunch:
    """Load a table; what is missing is said with the option that this command has for it."""
    try:
        return load_csv(source, group=group, on_missing="drop" if on_error == "nan" else "raise")
    except FileNotFoundError as error:
        said = str(error).replace("on_missing='drop'", "--on-error nan")
        raise FileNotFoundError(said) from error


def _load(dataset: str, source: str | os.PathLike[str], subset: str | None) -> Bunch:
    """Load a data set, or a subset of it."""
    check_choice("dataset", dataset, DATASETS)
    row = DATASETS[dataset]
    if subset is None:
        return row.loader(source)
    if not row.subsets:
        raise ValueError(f"--subset {subset}: {dataset} has no subsets: leave it out")
    return row.loader(source, subset)


def groups_remark(tracks: Bunch, folds: int | None) -> str:
    """Say what the score may hide where groups are no more than recordings.

    Parameters
    ----------
    tracks : sklearn.utils.Bunch
        What `find_tracks` gives.
    folds : int or None
        As in `run_evaluate`.

    Returns
    -------
    str
        One line, or ``""`` where artists, or what else was named, are kept together.
    """
    if tracks.unit != "track" or _is_published(tracks, folds):
        return ""
    return (
        "tracks of one artist may be on both sides of a split, so the score may be too high: "
        "name the artists with --groups (a column of a table, or folder)"
    )


def run_evaluate(
    estimator: Any,
    tracks: Bunch,
    *,
    folds: int | None = None,
    report: str | os.PathLike[str] | None = None,
    random_state: int | None = None,
) -> GenreReport:
    """Evaluate a classifier of tracks: on the published split where there is one, else in folds.

    Parameters
    ----------
    estimator : classifier of tracks
        What `genrekit._learners.make_classifier` gives. Without a `memory` of its own it gets a
        passing one, so that each track is read once for all folds and for the map in the page.
    tracks : sklearn.utils.Bunch
        What `find_tracks` gives.
    folds : int, optional
        Number of folds. None: the published split (fitted on ``train``, asked about ``test``)
        where the tracks have one, else five.
    report : path-like, optional
        Where to write a page about it.
    random_state : int, optional
        Seed of the folds.

    Returns
    -------
    GenreReport
        What was found.

    Raises
    ------
    ValueError
        When a split is to be used and a part of it is empty, or there are too few tracks.
    """
    cv: Any = _FOLDS if folds is None else folds
    if _is_published(tracks, folds):
        cv = [_published(tracks.split)]
    else:
        _check_enough(tracks, cv)
    with _remembering(estimator) as reading:
        found = cross_validate_genres(
            reading, tracks.paths, tracks.target, groups=tracks.groups, cv=cv,
            random_state=random_state,
        )  # fmt: skip
        if report is not None:
            more: dict[str, Any] = {"estimator": estimator, "features": _table(reading, found)}
            write_or_keep(Path(report), lambda path: found.to_html(path, **more))
    return found


def _table(estimator: Any, report: GenreReport) -> Any:
    """The features of the tracks of a report, for a map; None where there is none to draw."""
    features = track_features(estimator)  # a network that learns has none of whole tracks
    table = None if features is None else features.fit_transform(report.tracks)
    return table if table is not None and table.shape[1] > 1 else None  # it takes two columns


def _is_published(tracks: Bunch, folds: int | None) -> bool:
    """Whether the published split is to be used."""
    return folds is None and tracks.get("split") is not None


def _check_enough(tracks: Bunch, folds: int) -> None:
    """Name the genre that has too few tracks, in the words of the command line."""
    genres, unit = np.unique(tracks.target).tolist(), tracks.get("unit", "track")
    counts = [len(np.unique(tracks.groups[tracks.target == genre])) for genre in genres]
    n = min(counts)
    if n >= folds:
        return
    if unit == "folder" and max(counts) == 1:
        raise ValueError(
            "--groups folder: all tracks of a genre lie in one folder, which can't be split: sort "
            "them into sub-folders, one an artist or album, or leave out --groups"
        )
    remedy = "move its folder away, or delete its rows"
    if tracks.get("labels") == "tags":
        remedy = f"--min-artists {folds}"
    fewer = f", or use --folds {n}" if n > 1 else ""
    raise ValueError(
        f"genre {genres[counts.index(n)]!r} has {n} {unit}{'s' if n > 1 else ''}"
        f", and {folds} folds need at least {folds}: add tracks, leave the genre out "
        f"({remedy}){fewer}"
    )


@contextmanager
def _remembering(estimator: Any) -> Iterator[Any]:
    """The same with a memory."""
    if estimator.memory is not None:
        yield estimator
        return
    with TemporaryDirectory(prefix="genrekit-") as folder:
        yield clone(estimator).set_params(memory=folder)


def _published(split: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Find the training and the test tracks of a published split."""
    parts = np.asarray(split, dtype=object)
    train, test = (np.flatnonzero(parts == part) for part in ("train", "test"))
    if not len(train) or not len(test):
        raise ValueError(
            f"the published split has {len(train)} training and {len(test)} test tracks here: add "
            "the missing files, or cross-validate with --folds"
        )
    return train, test
