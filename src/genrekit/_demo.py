"""The demonstration: from a folder of music to compared models, a report and predictions."""

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

from genrekit._tables import atomic_path, check_writable, make_folder, text_table
from genrekit._text import printable
from genrekit.datasets import load_folder, make_tracks
from genrekit.displays import GenreConfusionDisplay, PCADisplay
from genrekit.evaluation import Comparison, GenreReport, compare
from genrekit.exceptions import AudioDecodeWarning
from genrekit.features import extract
from genrekit.models import GenreClassifier
from genrekit.page import Html, element, join, table, write_report
from genrekit.persistence import save

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEATURES = "standard"
_MODELS = {"SVM": "svm", "random forest": "rf", "nearest neighbours": "knn"}
# With fewer, five neighbours can't be found in a half of a half of them, and scores mean nothing.
_FEWEST = 15
_WRITTEN = ("report.html", "results.csv", "confusion_matrix.png", "pca.png", "model.skops")
_NOT_MUSIC = (
    "These tracks are not music: what it hears in them means nothing, and shows only that it runs."
)


@dataclass(frozen=True, eq=False)
class _Tracks:
    """The tracks that could be read."""

    paths: list[str]
    genres: np.ndarray
    groups: np.ndarray
    table: np.ndarray

    def take(self, keep: np.ndarray) -> _Tracks:
        """Select tracks by a mask."""
        paths = [path for path, wanted in zip(self.paths, keep, strict=True) if wanted]
        return _Tracks(paths, self.genres[keep], self.groups[keep], self.table[keep])

    def recordings(self) -> dict[str, int]:
        """Number of different recordings of each genre."""
        genres = np.unique(self.genres).tolist()
        return {name: len(np.unique(self.groups[self.genres == name])) for name in genres}


@dataclass(frozen=True)
class _Example:
    """What was answered about one track."""

    track: str
    own: str
    pretrained: str


def run_demo(
    music: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] = "demo-output",
    *,
    n_jobs: int | None = None,
    random_state: int = 0,
    verbose: int = 0,
) -> Comparison:
    """Show the main job from end to end, on music or on synthetic tracks.

    Reads the features of every track, cross-validates three kinds of model by track beside the
    most-frequent-genre baseline, fits the best of them on all but one track of each genre, asks it
    and the pretrained classifier about those, draws a confusion matrix and a map of the tracks,
    writes a report, and saves the model.

    Parameters
    ----------
    music : path-like, optional
        A folder with one sub-folder a genre. None synthesises a small labelled set into
        ``output/music``.
    output : path-like, default="demo-output"
        The folder for results; it is made if need be.
    n_jobs : int, optional
        Number of tracks to work on at a time, as in joblib.
    random_state : int, default=0
        Seed of all that is random.
    verbose : int, default=0
        1 shows progress.

    Returns
    -------
    Comparison
        The cross-validations.

    Raises
    ------
    ValueError
        When `music` holds fewer than 15 readable files in two or more genres.
    """
    folder = Path(output)
    make_folder(folder)
    for name in _WRITTEN:
        check_writable(folder / name)
    shared: dict[str, Any] = {"memory": str(folder / "cache"), "n_jobs": n_jobs}
    data = _find(music, folder, random_state)
    tracks = _read(data, verbose=verbose, **shared)
    models = _models(random_state=random_state, **shared)
    found = _compare(models, tracks, folder, random_state)
    best = max(found.reports, key=lambda name: found.reports[name].accuracy)
    examples = _ask(best, models[best], tracks, folder, random_state, synthetic=music is None)
    _draw(found.reports[best], best, tracks, folder)
    title = "Synthetic tracks, not music" if music is None else f"Music in {Path(music).name}"
    more = {
        "Models compared": _models_section(found),
        "Asked about single tracks": _examples_section(best, examples, synthetic=music is None),
    }
    write_report(
        found.reports[best], folder / "report.html", title=f"{title}: {best}",
        estimator=models[best], features=tracks.table, more=more,
    )  # fmt: skip
    _say_goodbye(folder, synthetic=music is None)
    return found


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


def _read(data: Any, *, memory: str, **options: Any) -> _Tracks:
    """Read every track once; later steps find the features in the cache."""
    _say("Reading the features of every track ...")
    with _listed_below():
        found = extract(data.paths, _FEATURES, memory=memory, on_error="nan", **options)
    if found.errors:
        _say(f"{len(found.errors)} of them could not be read and are left out:")
        for error in found.errors:
            _say(f"  {printable(error.path)}: {printable(error.reason)}")
    readable = np.ones(len(data.paths), dtype=bool)
    readable[[error.index for error in found.errors]] = False
    _say(f"{len(found.names)} features a track, from {found.names[0]} to {found.names[-1]}.")
    tracks = _Tracks(data.paths, data.target, data.groups, found.table)
    return _without_rare(tracks.take(readable))


@contextmanager
def _listed_below() -> Iterator[None]:
    """Silence the summary warning where each failed file is listed by name anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioDecodeWarning)
        yield


def _without_rare(tracks: _Tracks) -> _Tracks:
    """Leave out genres of one recording: it can't be both learned from and tested on."""
    counts = tracks.recordings()
    rare = [name for name, count in counts.items() if count < 2]
    for name in rare:
        _say(f"Genre {name!r} has one readable recording and is left out: it takes two.")
    tracks = tracks.take(~np.isin(tracks.genres, rare))
    n_genres = len(counts) - len(rare)
    if len(tracks.paths) < _FEWEST or n_genres < 2:
        raise ValueError(
            f"the demo needs {_FEWEST} readable files in two or more genres, and has "
            f"{len(tracks.paths)} in {n_genres}: add files"
        )
    return tracks


def _models(**options: Any) -> dict[str, GenreClassifier]:
    """The kinds of model; a forest has probabilities of its own, and is slow to calibrate."""
    return {
        title: GenreClassifier(name, _FEATURES, calibrate=name != "rf", **options)
        for title, name in _MODELS.items()
    }


def _compare(
    models: Mapping[str, GenreClassifier], tracks: _Tracks, folder: Path, random_state: int
) -> Comparison:
    """Cross-validate every kind of model on the same folds; print and write the table."""
    folds = min(5, *tracks.recordings().values())
    _say(
        f"\nCross-validating by track in {folds} folds: every track is predicted by a model that\n"
        "has not seen it. Beside them stands what always answering the most frequent genre gives.\n"
    )
    found = compare(
        models, tracks.paths, tracks.genres, groups=tracks.groups, cv=folds,
        random_state=random_state,
    )  # fmt: skip
    _say(str(found))
    _write_results(found, folder / "results.csv")
    return found


def _write_results(found: Comparison, path: Path) -> None:
    """Write the compared numbers, the baseline last."""
    reports = list(found.reports.items())
    rows = [{"model": name, **report.summary()} for name, report in reports]
    baseline = {"model": "most frequent genre", "accuracy": reports[0][1].baseline}
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, baseline])


def _ask(
    best: str,
    model: GenreClassifier,
    tracks: _Tracks,
    folder: Path,
    random_state: int,
    *,
    synthetic: bool,
) -> list[_Example]:
    """Fit on all but one track of each genre, save the model, ask it and the pretrained one."""
    held_out = _one_of_each(tracks.genres, random_state)
    new = tracks.take(held_out)
    known = tracks.take(~np.isin(tracks.groups, new.groups))
    model.fit(known.paths, known.genres, groups=known.groups)
    save(model, folder / "model.skops")
    pretrained = GenreClassifier.from_pretrained(n_jobs=model.n_jobs)
    shown = [printable("/".join(Path(path).parts[-2:])) for path in new.paths]
    own, heard = (_answers(asked, new.paths) for asked in (model, pretrained))
    _say(f"\nThe best of them, {best}, fitted on all but one track of each genre,")
    _say("asked about those:\n")
    _say(_listed(shown, own))
    genres = ", ".join(pretrained.classes_)
    _say(f"\nThe pretrained classifier that comes with genrekit knows\n{genres}.")
    _say((f"{_NOT_MUSIC}\n" if synthetic else "") + "Asked about the same tracks:\n")
    _say(_listed(shown, heard))
    return [_Example(*cells) for cells in zip(shown, own, heard, strict=True)]


def _answers(classifier: GenreClassifier, paths: list[str]) -> list[str]:
    """The three most probable genres of each track."""
    return [
        ", ".join(f"{genre} {probability:.2f}" for genre, probability in best)
        for best in classifier.top_k(paths, k=3)
    ]


def _listed(shown: list[str], answers: list[str]) -> str:
    """A track a line."""
    rows = [list(row) for row in zip(shown, answers, strict=True)]
    return text_table(["track", "predicted, with probability"], rows)


def _one_of_each(genres: np.ndarray, random_state: int) -> np.ndarray:
    """Mark one track of each genre."""
    rng = np.random.default_rng(random_state)
    mask = np.zeros(len(genres), dtype=bool)
    mask[[rng.choice(np.flatnonzero(genres == genre)) for genre in np.unique(genres)]] = True
    return mask


def _draw(report: GenreReport, name: str, tracks: _Tracks, folder: Path) -> None:
    """Save the confusion matrix of the best model and the map of the tracks."""
    try:
        matrix = GenreConfusionDisplay.from_report(report)
        pictures: dict[str, GenreConfusionDisplay | PCADisplay] = {
            "confusion_matrix.png": matrix,
            "pca.png": PCADisplay.from_features(tracks.table, tracks.genres),
        }
    except ImportError as error:
        _say(f"\nNo pictures: {error}")
        return
    matrix.ax_.set_title(f"{name}, cross-validated: {report.accuracy:.0%} right")
    for file, display in pictures.items():
        with atomic_path(folder / file) as part:
            display.figure_.savefig(part, format="png", dpi=150)


def _models_section(found: Comparison) -> Html:
    """The compared models on the page."""
    head = ["model", "accuracy", "95 % interval", "macro F1", "log loss"]
    rows = [
        [
            name,
            f"{report.accuracy:.3f}",
            "{:.3f} to {:.3f}".format(*report.interval),
            f"{report.macro_f1:.3f}",
            f"{report.log_loss:.3f}",
        ]
        for name, report in found.reports.items()
    ]
    explained = "All on the same folds. This page is about the one that is right most often."
    return join(element("p", explained), table(head, rows, numbers=range(1, len(head))))


def _examples_section(best: str, examples: list[_Example], *, synthetic: bool) -> Html:
    """The answers about single tracks on the page."""
    explained = (
        f"One track of each genre: the answers of a model ({best}) that was fitted on the others, "
        "and of the pretrained classifier that comes with genrekit, which knows genres of its own."
    )
    head = ["track", best, "pretrained"]
    rows = [[element("code", e.track), e.own, e.pretrained] for e in examples]
    return join(
        element("p", explained),
        element("p", _NOT_MUSIC) if synthetic else "",
        table(head, rows, kind="stack"),
    )


def _say_goodbye(folder: Path, *, synthetic: bool) -> None:
    """Say where everything is and what to do next."""
    there = [str(folder / name) for name in _WRITTEN if (folder / name).is_file()]
    beside = Path(sys.executable).with_name("genrekit")
    program = "genrekit" if shutil.which("genrekit") or not beside.exists() else beside
    _say("\nWritten:\n  " + "\n  ".join(there))
    _say(f"\nNext, a song of your own:\n  {program} predict SONG.mp3")
    if synthetic:
        _say(
            "and music of your own, in a folder with one sub-folder a genre:\n"
            f"  {program} demo --music FOLDER        (or: make demo MUSIC=FOLDER)"
        )
    else:
        _say(f"or in your own genres:\n  {program} predict {folder / 'model.skops'} SONG.mp3")


def _say(text: str) -> None:
    """Print at once, so that a pipe shows what is going on as well."""
    print(printable(text, keep="\n"), flush=True)
