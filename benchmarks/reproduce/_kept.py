"""Folds that are kept as files, so that a run of hours goes on where it was stopped."""

from __future__ import annotations

import csv
import re
import warnings
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import clone

from benchmarks.reproduce._common import with_interval
from genrekit.evaluation import GenreReport, Split, cross_validate_genres
from genrekit.exceptions import LeakageWarning

_COLUMNS = ("y_pred", "probabilities", "segments", "segments_right")


def gtzan_facts(clips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The artist of each clip (else the clip), and its part of the fault-filtered split, or ""."""
    names, parts = (
        {row["clip"]: row[column] for row in _rows(f"data/gtzan_{table}.csv")}
        for table, column in (("artists", "artist"), ("fault_filtered", "split"))
    )
    artists = np.array([names.get(clip) or clip for clip in clips])
    return artists, np.array([parts.get(clip, "") for clip in clips])


def _rows(table: str) -> Any:
    """Rows of a table that comes with genrekit."""
    text = files("genrekit.datasets").joinpath(table).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())


def evaluate(
    name: str,
    estimator: Any,
    X: Any,
    y: np.ndarray,
    *,
    groups: np.ndarray | None,
    splits: list[Split],
    folder: Path,
) -> GenreReport:
    """Cross-validate on given splits; a fold that was finished before is read from its file."""
    parts = []
    for i, split in enumerate(splits):
        path = folder / f"{name}-{_key(estimator, y, split)}-{i}.npz".replace(" ", "-")
        if not path.exists():
            _save(path, _one_fold(estimator, X, y, groups, split, path.with_suffix("")))
        with np.load(path) as arrays:
            parts.append(dict(arrays))
    return _join(parts, y, groups, splits)


def _one_fold(
    estimator: Any, X: Any, y: np.ndarray, groups: np.ndarray | None, split: Split, folder: Path
) -> GenreReport:
    """Fit on one side and predict the other, with checkpoints beside where there are some."""
    estimator = clone(estimator)
    if "checkpoint" in estimator.get_params(deep=False):
        estimator.set_params(checkpoint=folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeakageWarning)  # what random splits are here for
        return cross_validate_genres(estimator, X, y, groups=groups, cv=[split])


def _key(estimator: Any, y: np.ndarray, split: Split) -> str:
    """What tells this fold of this estimator from all others; not where its memory lies."""
    estimator = clone(estimator)
    estimator.set_params(**{n: None for n in estimator.get_params() if n.endswith("memory")})
    with config_context(print_changed_only=False):
        said = re.sub(r" at 0x[0-9a-f]+", "", estimator.__repr__(N_CHAR_MAX=100_000))
    parts = [said.encode(), *(part.tobytes() for part in split), *(str(g).encode() for g in y)]
    return sha256(b"\0".join(parts)).hexdigest()[:10]


def _save(path: Path, report: GenreReport) -> None:
    """Write what one fold found."""
    found = {name: getattr(report, name) for name in _COLUMNS}
    found["y_pred"] = ["" if genre is None else str(genre) for genre in report.y_pred]
    found |= {"fit": report.fit_seconds, "predict": report.predict_seconds}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: values for name, values in found.items() if values is not None})


def _join(
    parts: list[dict[str, np.ndarray]],
    y: np.ndarray,
    groups: np.ndarray | None,
    splits: list[Split],
) -> GenreReport:
    """One report of all folds, in the order of the tracks."""
    tested = np.concatenate([np.sort(test) for _, test in splits])
    order = np.argsort(tested)
    joined = {
        name: np.concatenate([part[name] for part in parts])[order] if name in parts[0] else None
        for name in _COLUMNS
    }
    joined["y_pred"] = np.array([genre or None for genre in joined["y_pred"].tolist()], object)
    return GenreReport(
        y_true=y[tested][order],
        classes=np.unique(y),
        folds=np.repeat(np.arange(len(splits)), [len(test) for _, test in splits])[order],
        groups=None if groups is None else groups[tested][order],
        fit_seconds=np.concatenate([part["fit"] for part in parts]),
        predict_seconds=np.concatenate([part["predict"] for part in parts]),
        **joined,
    )


def by_segment(report: GenreReport) -> str:
    """Accuracy by segment with its interval, or nothing where tracks are judged as a whole."""
    if report.segments is None:
        return ""
    return with_interval(report.segment_accuracy, report.segment_interval)


def by_track(report: GenreReport) -> str:
    """Accuracy by track with its interval."""
    return with_interval(report.accuracy, report.interval)
