"""Tuned random forest, SVM and nearest neighbours: a grid search over tracks, not over a table.

Every track is decoded once, before the searches; whatever they fit afterwards reads the features
from ``memory``. The searches run on any backend of joblib.

``--data gtzan`` (the default) takes the clips in ``gtzan_clips`` that stand in train or valid of
the fault-filtered split, ``fma`` the official split of FMA, ``folder`` your own music with one
sub-folder a genre.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from benchmarks.reproduce._common import Absent, Line, find, make_parser, run, show, with_interval
from benchmarks.reproduce.fma import PUBLISHED, add_running, find_fma, missing_is_absent
from genrekit import extract, make_knn_pipeline, make_rf_pipeline, make_svm_pipeline
from genrekit.datasets import FMA_12_GENRES, load_fma, load_folder, load_gtzan
from genrekit.evaluation import GenreReport, check_leakage
from genrekit.features import PCAReducer

# Nothing here changes a feature: one description a track serves all candidates.
GRIDS: dict[str, tuple[Callable[..., Any], dict[str, list[Any]]]] = {
    "RF": (
        make_rf_pipeline,
        {"clf__max_features": ["sqrt", 0.2], "clf__min_samples_leaf": [1, 3]},
    ),
    "SVM": (make_svm_pipeline, {"clf__C": [1.0, 10.0, 100.0], "clf__gamma": ["scale", 0.003]}),
    "KNN": (
        make_knn_pipeline,
        {"clf__n_neighbors": [1, 5, 15], "reduce": ["passthrough", PCAReducer(0.95)]},
    ),
}


class Task(NamedTuple):
    """Tracks, and which of them teach, choose and test."""

    title: str
    paths: list[str]
    genres: np.ndarray
    groups: np.ndarray | None
    outer: list[tuple[np.ndarray, np.ndarray]]
    inner: Any
    published: dict[str, float]
    remark: str


def of_fma(args: argparse.Namespace) -> Task:
    """Choose on the official validation part, refit on train and valid, ask about test."""
    genres = FMA_12_GENRES if args.genres else None
    tracks = load_fma(find_fma(args.root), args.subset, genres=genres)
    known, test = (
        np.flatnonzero(np.isin(tracks.split, parts)) for parts in (("train", "valid"), ("test",))
    )
    published = PUBLISHED.get((args.subset, args.genres), {})
    return Task(
        f"FMA-{args.subset}, official split, chosen on valid",
        tracks.paths,
        tracks.target,
        tracks.groups,
        [(known, test)],
        PredefinedSplit(np.where(tracks.split[known] == "valid", 0, -1)),
        {name: best for name in GRIDS if (best := _best(name, published))},
        "published, not tuned",
    )


def _best(name: str, published: dict[str, float]) -> float:
    """Find the best published accuracy of a kind of model; 0 if there is none."""
    kind = {"SVM": ("SVM", "SVC"), "KNN": ("KNN",), "RF": ("RF",)}[name]
    return max((value for key, value in published.items() if key.startswith(kind)), default=0.0)


def of_gtzan(args: argparse.Namespace) -> Task:
    """Cross-validate on what is here of the parts that are no test."""
    (root,) = find(args.root, "gtzan_clips")
    clips = load_gtzan(root)
    known = np.isin(clips.split, ("train", "valid"))
    paths = [path for path, keep in zip(clips.paths, known, strict=True) if keep]
    genres, artists = clips.target[known], clips.groups[known]
    fewest = min(len(set(artists[genres == genre])) for genre in set(genres))
    enough = (
        fewest >= 5
    )  # as many as folds: of the few clips that may be here, some genres have one
    title = "GTZAN clips of train and valid, artists " + (
        "kept apart" if enough else "on both sides"
    )
    return _nested(title, paths, genres, args, groups=artists if enough else None)


def of_folder(args: argparse.Namespace) -> Task:
    """Cross-validate on a folder, in which copies of a recording count once."""
    tracks = load_folder(*find(args.root, "."))
    first = np.sort(np.unique(tracks.groups, return_index=True)[1])
    title = "folder, artists not known"
    return _nested(title, [tracks.paths[i] for i in first], tracks.target[first], args)


def _nested(
    title: str,
    paths: list[str],
    genres: np.ndarray,
    args: argparse.Namespace,
    *,
    groups: np.ndarray | None = None,
) -> Task:
    """Fold twice: what a fold tests had no say in what is chosen for it."""
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = [kind(n, shuffle=True, random_state=args.random_state) for n in (5, 3)]
    return Task(
        f"{title}; 5 folds, in each chosen on 3",
        paths,
        genres,
        groups,
        list(folds[0].split(paths, genres, groups)),
        folds[1],
        dict.fromkeys(GRIDS, 0.60),
        "published of 5 other genres",
    )


def tune(search: GridSearchCV, task: Task) -> tuple[GenreReport, list[dict[str, Any]]]:
    """Search in each outer fold, predict what it tests; give what was chosen too."""
    answers: dict[int, Any] = {}
    chosen, fitting, predicting = [], [], []
    for train, test in task.outer:
        start = perf_counter()
        groups = None if task.groups is None else task.groups[train]
        paths = [task.paths[i] for i in train]
        found = clone(search).fit(paths, task.genres[train], groups=groups)
        fitted = perf_counter()
        answers |= dict(zip(test, found.predict([task.paths[i] for i in test]), strict=True))
        fitting.append(fitted - start)
        predicting.append(perf_counter() - fitted)
        chosen.append(found.best_params_)
    tested = np.sort(list(answers))
    report = GenreReport(
        y_true=task.genres[tested],
        y_pred=np.array([answers[i] for i in tested]),
        classes=np.unique(task.genres),
        fit_seconds=np.array(fitting),
        predict_seconds=np.array(predicting),
        groups=None if task.groups is None else task.groups[tested],
    )
    return report, chosen


@contextmanager
def backend(name: str, n_jobs: int | None) -> Iterator[None]:
    """Run joblib on a backend; dask is started on this machine, and stopped again."""
    with ExitStack() as stack:
        if name == "dask":
            try:
                from distributed import Client
            except ImportError as error:
                raise Absent(f"not run: {error}: pip install distributed") from error
            stack.enter_context(
                Client(n_workers=n_jobs, threads_per_worker=1, dashboard_address="127.0.0.1:0")
            )
        stack.enter_context(joblib.parallel_config(name, n_jobs=n_jobs))
        yield


def main(args: argparse.Namespace) -> None:
    """Print the tuned models beside what is published, what was chosen, and the times."""
    with missing_is_absent():
        task = _TASKS[args.data](args)
    check_leakage(task.paths, task.outer, groups=task.groups)
    tested = sum(len(test) for _, test in task.outer)
    print(
        f"data: {len(task.paths):,} tracks, {len(np.unique(task.genres))} genres, {tested:,} tested"
    )
    with TemporaryDirectory() as scratch, backend(args.backend, args.n_jobs):
        _search_all(args, task, args.memory or Path(scratch))


def _search_all(args: argparse.Namespace, task: Task, memory: Path) -> None:
    """Compute the features, search with each model, print."""
    start = perf_counter()
    extract(task.paths, on_error="nan", n_jobs=args.n_jobs, memory=memory, verbose=1)
    print(f"backend: {args.backend}; features of all tracks: {perf_counter() - start:.1f} s")
    lines, details = [], []
    for name, (make, grid) in GRIDS.items():
        pipeline = make(memory=memory, on_error="nan", random_state=args.random_state)
        report, chosen = tune(GridSearchCV(pipeline, grid, cv=task.inner), task)
        accuracy = with_interval(report.accuracy, report.interval)
        number = task.published.get(name)
        beside = ("", "") if number is None else (f"{number:.3f}", task.remark)
        lines.append(Line(f"{name}, tuned", accuracy, *beside))
        details.append(f"{name}, {report.fit_seconds.sum():.0f} s: {_counted(chosen)}")
    lines.append(Line("most frequent genre", f"{report.baseline:.3f}", ""))
    show(f"{task.title}\n95 % {report.interval_name}", lines)
    print("\n" + "\n".join(["chosen:", *details]))


def _counted(chosen: list[dict[str, Any]]) -> str:
    """Say what was chosen, and in how many folds."""
    counts = Counter(
        ", ".join(f"{name} = {value}" for name, value in one.items()) for one in chosen
    )
    return "; ".join(f"{what} ({n} of {len(chosen)})" for what, n in counts.most_common())


_TASKS = {"gtzan": of_gtzan, "fma": of_fma, "folder": of_folder}

_parser = make_parser(__doc__)
_parser.add_argument("--data", choices=_TASKS, default="gtzan", help="default: gtzan")
add_running(_parser)
_parser.add_argument("--genres", type=int, choices=(12,), help="of FMA only the twelve largest")
_parser.add_argument(
    "--backend", default="loky", metavar="NAME", help="loky, threading, dask, ... (default: loky)"
)
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
