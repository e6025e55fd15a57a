"""FMA-small and FMA-medium: random forest, SVM and nearest neighbours on the official split.

The features are ours, computed from the clips, or with ``--table`` the 518 published ones, which
need no clips. All models are fitted on the training part and asked once about the test part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.reproduce._common import Absent, Line, find, make_parser, run, show, with_interval
from genrekit import extract, make_knn_pipeline, make_rf_pipeline, make_svm_pipeline
from genrekit.datasets import FMA_12_GENRES, load_fma, load_fma_features
from genrekit.evaluation import Comparison, compare

# Subset and number of genres (None: all) → what is published for it.
PUBLISHED: dict[tuple[str, int | None], dict[str, float]] = {
    ("small", None): {"SVC(C=1), mfcc": 0.46},
    ("medium", None): {
        "SVC(C=1)": 0.629,
        "SVC(C=1), mfcc + contrast + centroid": 0.634,
        "LogisticRegression": 0.611,
        "KNN(200)": 0.518,
    },
    ("medium", 12): {"RF": 0.64, "SVM": 0.61, "KNN": 0.58, "most frequent genre": 0.30},
}
_REMARKS = {("medium", 12): "published on a split of its own, which is not stated"}


def find_fma(root: Path | None) -> Path:
    """Find the folder that holds the data set."""
    try:
        (metadata,) = find(root, "fma_metadata")
    except Absent as absent:
        raise Absent(f"{absent}; genrekit.datasets.fetch_fma downloads it") from None
    return metadata.parent


@contextmanager
def missing_is_absent() -> Iterator[None]:
    """Say what a loader does not find, and that the script did not run."""
    try:
        yield
    except FileNotFoundError as error:
        raise Absent(f"not run: {error}") from error


def read_fma(
    args: argparse.Namespace, genres: Collection[str] | None, *, table: bool = False
) -> Any:
    """Load tracks with their features as ``data``, or say what is absent."""
    load = load_fma_features if table else load_fma
    with missing_is_absent():
        tracks = load(find_fma(args.root), args.subset, genres=genres)
    if not table:
        found = extract(
            tracks.paths, on_error="nan", n_jobs=args.n_jobs, memory=args.memory, verbose=1
        )
        tracks.data, tracks.feature_names = found.table, found.names
    tracks.data = pd.DataFrame(tracks.data, index=tracks.track_ids, columns=tracks.feature_names)
    return tracks


def ours(**running: Any) -> dict[str, BaseEstimator]:
    """Make genrekit's three pipelines, without the step that reads tracks."""
    makers = {"RF": make_rf_pipeline, "SVM": make_svm_pipeline, "KNN": make_knn_pipeline}
    # "nan": a track that can't be decoded gets medians, and stays in the test.
    return {name: make(on_error="nan", **running)[1:] for name, make in makers.items()}


def theirs(n_train: int) -> dict[str, BaseEstimator]:
    """Make the models that were published with the data set."""
    return {
        "SVC(C=1)": _scaled(SVC()),
        "SVC(C=1), mfcc": _of_families(SVC(), "mfcc"),
        "SVC(C=1), mfcc + contrast + centroid": _of_families(
            SVC(), "mfcc|spectral_contrast|spectral_centroid"
        ),
        "LogisticRegression": _scaled(LogisticRegression(max_iter=2000)),
        "KNN(200)": _scaled(KNeighborsClassifier(min(200, n_train))),
    }


def _scaled(classifier: BaseEstimator) -> Any:
    """Put a scaler before a classifier."""
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), classifier)


def _of_families(classifier: BaseEstimator, families: str) -> Any:
    """Let a classifier see some families of columns only."""
    columns = make_column_selector(f"^(?:{families})")
    chosen = ColumnTransformer([("families", "passthrough", columns)])
    return make_pipeline(chosen, *_scaled(classifier))


def measure(
    tracks: Any, models: dict[str, BaseEstimator], fitted_on: str = "train", asked: str = "test"
) -> Comparison:
    """Fit on one part of the split, predict another; intervals count artists, not tracks."""
    split = [np.flatnonzero(tracks.split == part) for part in (fitted_on, asked)]
    return compare(models, tracks.data, tracks.target, groups=tracks.groups, cv=[tuple(split)])


def sizes(tracks: Any) -> str:
    """Say how many tracks there are to train on and to test."""
    parts = [part for part in ("train", "valid", "test") if part in tracks.split]
    counts = [f"{np.sum(tracks.split == part):,} {part}" for part in parts]
    failed = int(tracks.data.isna().all(axis=1).sum())
    return ", ".join(counts) + " tracks" + (f", {failed:,} not decoded" if failed else "")


def lines(comparison: Comparison, published: dict[str, float], remark: str = "") -> list[Line]:
    """Put each model, and the most frequent genre, beside what is published."""
    reports = dict(comparison.reports)
    reports["most frequent genre"] = next(iter(reports.values())).dummy
    return [
        Line(
            name,
            with_interval(report.accuracy, report.interval),
            f"{published[name]:.3f}" if name in published else "",
            remark if name in published else "",
        )
        for name, report in reports.items()
    ]


def main(args: argparse.Namespace) -> None:
    """Print all models beside what is published."""
    key = args.subset, args.genres
    published = PUBLISHED.get(key, {})
    genres = FMA_12_GENRES if args.genres else None
    tracks = read_fma(args, genres, table=args.table)
    models = ours(random_state=args.random_state, n_jobs=args.n_jobs)
    recipes = theirs(int(np.sum(tracks.split == "train")))
    models |= {name: recipes[name] for name in published if name in recipes}
    kind = "the published table" if args.table else "ours, of the clips"
    print(f"data: FMA-{args.subset}, {len(set(tracks.target))} genres: {sizes(tracks)}")
    print(f"features: {kind}, {tracks.data.shape[1]} columns")
    comparison = measure(tracks, models)
    interval = next(iter(comparison.reports.values())).interval_name
    show(
        f"Official split, train to test (95 % {interval})",
        lines(comparison, published, _REMARKS.get(key, "published of the table of 518 features")),
    )


def add_running(parser: argparse.ArgumentParser) -> None:
    """Declare the options of scripts that read tracks."""
    parser.add_argument(
        "--subset", choices=("small", "medium"), default="small", help="of FMA (default: small)"
    )
    parser.add_argument("--memory", type=Path, metavar="FOLDER", help="keep the features there")
    parser.add_argument("--n-jobs", type=int, metavar="N", help="tracks at the same time")
    parser.add_argument("--random-state", type=int, default=0, metavar="N", help="default: 0")


_parser = make_parser(__doc__)
add_running(_parser)
_parser.add_argument("--genres", type=int, choices=(12,), help="only the twelve largest genres")
_parser.add_argument("--table", action="store_true", help="the published table of features")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
