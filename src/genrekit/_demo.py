"""The demonstration: from a folder of music to compared models, pictures and predictions."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrekit._tables import atomic_path, text_table
from genrekit.datasets import load_folder, make_tracks
from genrekit.evaluation import GenreReport, PCADisplay, compare
from genrekit.exceptions import AudioDecodeWarning
from genrekit.features import extract
from genrekit.models import (
    GenreClassifier,
    make_knn_pipeline,
    make_rf_pipeline,
    make_svm_pipeline,
    save,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

_MODELS = {"svm": make_svm_pipeline, "rf": make_rf_pipeline, "knn": make_knn_pipeline}
# With fewer, five neighbours can't be found in a half of a half of them, and scores mean nothing.
_FEWEST = 15
_TITLES = {"svm": "SVM", "rf": "random forest", "knn": "nearest neighbours"}


@dataclass(frozen=True, eq=False)
class _Tracks:
    """The tracks that could be read."""

    paths: list[str]
    genres: np.ndarray
    table: np.ndarray

    def take(self, keep: np.ndarray) -> _Tracks:
        """Select tracks by a mask."""
        paths = [path for path, wanted in zip(self.paths, keep, strict=True) if wanted]
        return _Tracks(paths, self.genres[keep], self.table[keep])


def run_demo(
    music: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] = "demo-output",
    *,
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
) -> dict[str, GenreReport]:
    """Show the main job from end to end, on music or on synthetic tracks.

    Reads the features of every track, cross-validates three kinds of model by track beside the
    most-frequent-genre baseline, draws a confusion matrix and a map of the tracks, fits the best
    model on all but one track of each genre, predicts those, and saves the model.

    Parameters
    ----------
    music : path-like or None, default=None
        A folder with one sub-folder a genre. None synthesises a small labelled set into
        ``output/music``.
    output : path-like, default="demo-output"
        The folder for results; it is made if need be.
    n_jobs : int or None, default=None
        Number of tracks to work on at a time, as in joblib.
    random_state : int, default=0
        Seed of all that is random.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    dict of str to GenreReport
        The cross-validation of ``"svm"``, ``"rf"`` and ``"knn"``.

    Raises
    ------
    ValueError
        When `music` holds fewer than 15 readable files in two or more genres.
    """
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    shared: dict[str, Any] = {"memory": str(folder / "cache"), "n_jobs": n_jobs}
    data = _find(music, folder, random_state)
    tracks = _read(data.paths, data.target, verbose=verbose, **shared)
    shared["random_state"] = random_state
    reports = _compare(tracks, folder, **shared)
    best = max(reports, key=lambda name: reports[name].accuracy)
    _draw(reports[best], best, tracks, folder)
    _predict(best, tracks, folder, **shared)
    _say_goodbye(folder, synthetic=music is None)
    return reports


def _find(music: str | os.PathLike[str] | None, folder: Path, random_state: int) -> Any:
    """List the user's tracks, or make some."""
    if music is None:
        music = folder / "music"
        _say(
            f"Synthesising a small labelled set of tracks into {music}.\n"
            "They are SYNTHETIC: sine waves and noise in five invented styles, not music. They\n"
            "show how everything works; the scores say nothing about scores on real music."
        )
        make_tracks(15, root=music, random_state=random_state)  # 15 of each: five equal folds
    data = load_folder(music)
    counts = zip(*np.unique(data.target, return_counts=True), strict=True)
    _say(
        f"\n{len(data.paths)} tracks in {music}: "
        + ", ".join(f"{count} {genre}" for genre, count in counts)
    )
    return data


def _read(paths: list[str], genres: np.ndarray, *, memory: str, **options: Any) -> _Tracks:
    """Read every track once; later steps find the features in the cache."""
    _say("Reading the features of every track ...")
    with _listed_below():
        found = extract(paths, "standard", memory=memory, on_error="nan", **options)
    if found.errors:
        _say(f"{len(found.errors)} of them could not be read and are left out:")
        for error in found.errors:
            _say(f"  {error.path}: {error.reason}")
    readable = np.ones(len(paths), dtype=bool)
    readable[[error.index for error in found.errors]] = False
    _say(f"{len(found.names)} features a track, from {found.names[0]} to {found.names[-1]}.")
    return _without_rare(_Tracks(paths, genres, found.table).take(readable))


@contextmanager
def _listed_below() -> Iterator[None]:
    """Silence the summary warning where each failed file is listed by name anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioDecodeWarning)
        yield


def _without_rare(tracks: _Tracks) -> _Tracks:
    """Leave out genres with one readable file: it can't be both learned from and tested on."""
    names, counts = np.unique(tracks.genres, return_counts=True)
    for name in names[counts < 2].tolist():
        _say(f"Genre {name!r} has one readable file and is left out: it takes two.")
    tracks = tracks.take(np.isin(tracks.genres, names[counts >= 2]))
    if len(tracks.paths) < _FEWEST or np.sum(counts >= 2) < 2:
        raise ValueError(
            f"the demo needs {_FEWEST} readable files in two or more genres, and has "
            f"{len(tracks.paths)} in {np.sum(counts >= 2)}: add files"
        )
    return tracks


def _compare(
    tracks: _Tracks, folder: Path, *, random_state: int, **options: Any
) -> dict[str, GenreReport]:
    """Cross-validate every kind of model on the same folds; print and write the table."""
    folds = min(5, int(np.unique(tracks.genres, return_counts=True)[1].min()))
    _say(
        f"\nCross-validating by track in {folds} folds: every track is predicted by a model that\n"
        "has not seen it. Beside them stands what always answering the most frequent genre gives.\n"
    )
    pipelines = {
        _TITLES[name]: make_pipeline("standard", random_state=random_state, **options)
        for name, make_pipeline in _MODELS.items()
    }
    found = compare(pipelines, tracks.paths, tracks.genres, cv=folds, random_state=random_state)
    _say(str(found))
    reports = {name: found.reports[_TITLES[name]] for name in _MODELS}
    _write_results(reports, folder / "results.csv")
    return reports


def _write_results(reports: Mapping[str, GenreReport], path: Path) -> None:
    """Write the compared numbers, the baseline last."""
    summaries = {name: report.summary() for name, report in reports.items()}
    columns = list(next(iter(summaries.values())))
    baseline = next(iter(reports.values())).baseline
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["model", *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"model": name, **summary} for name, summary in summaries.items())
        writer.writerow({"model": "most_frequent", "accuracy": baseline})


def _draw(report: GenreReport, name: str, tracks: _Tracks, folder: Path) -> None:
    """Save the confusion matrix of the best model and the map of the tracks."""
    try:
        from matplotlib.figure import Figure
        from sklearn.metrics import ConfusionMatrixDisplay
    except ImportError:
        _say("\nNo pictures, since matplotlib is not installed: pip install 'genrekit[plot]'")
        return
    size = max(5.0, 0.6 * len(report.classes) + 2)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    ConfusionMatrixDisplay.from_predictions(
        report.y_true, report.y_pred, ax=axes, xticks_rotation="vertical", colorbar=False
    )
    axes.set_title(f"{_TITLES[name]}, cross-validated: {report.accuracy:.0%} right")
    _save_figure(figure, folder / "confusion_matrix.png")
    figure = Figure(figsize=(7, 5), layout="constrained")
    PCADisplay.from_features(tracks.table, tracks.genres, ax=figure.add_subplot())
    _save_figure(figure, folder / "pca.png")


def _save_figure(figure: Figure, path: Path) -> None:
    """Write a picture, whole or not at all."""
    with atomic_path(path) as part:
        figure.savefig(part, format="png", dpi=150)


def _predict(
    name: str, tracks: _Tracks, folder: Path, *, random_state: int, **options: Any
) -> None:
    """Fit on all but one track of each genre, predict those one by one, save the model."""
    held_out = _one_of_each(tracks.genres, random_state)
    known, new = tracks.take(~held_out), tracks.take(held_out)
    classifier = GenreClassifier(name, "standard", random_state=random_state, **options)
    classifier.fit(known.paths, known.genres)
    _say(
        f"\nThe best of them, {_TITLES[name]}, fitted on all but one track of each genre\n"
        "and asked about those:\n"
    )
    answers = [
        ", ".join(f"{genre} {probability:.2f}" for genre, probability in best)
        for best in classifier.top_k(new.paths, k=3)
    ]
    _say(text_table(["track", "predicted, with probability"], _rows(new.paths, answers)))
    save(classifier, folder / "model.skops")


def _rows(paths: list[str], answers: list[str]) -> list[list[str]]:
    """Show a track by its genre's folder and its name."""
    shown = ("/".join(Path(path).parts[-2:]) for path in paths)
    return [list(row) for row in zip(shown, answers, strict=True)]


def _one_of_each(genres: np.ndarray, random_state: int) -> np.ndarray:
    """Mark one track of each genre."""
    rng = np.random.default_rng(random_state)
    mask = np.zeros(len(genres), dtype=bool)
    mask[[rng.choice(np.flatnonzero(genres == genre)) for genre in np.unique(genres)]] = True
    return mask


def _say_goodbye(folder: Path, *, synthetic: bool) -> None:
    """Say where everything is and what to do next."""
    written = ["results.csv", "confusion_matrix.png", "pca.png", "model.skops"]
    there = [str(folder / name) for name in written if (folder / name).is_file()]
    beside = Path(sys.executable).with_name("genrekit")
    program = "genrekit" if shutil.which("genrekit") or not beside.exists() else beside
    _say("\nWritten:\n  " + "\n  ".join(there))
    if synthetic:
        _say(
            "\nNext, on your own music, in a folder with one sub-folder a genre:\n"
            f"  {program} demo --music FOLDER        (or: make demo MUSIC=FOLDER)"
        )
    else:
        model = folder / "model.skops"
        _say(f"\nNext, for a song of your own:\n  {program} predict {model} SONG.mp3")


def _say(text: str) -> None:
    """Print at once, so that a pipe shows what is going on as well."""
    print(text, flush=True)
