"""What it is worth when segments of one track stand in training and in test.

The nearest neighbour of a 3 s segment is another segment of the same track, if it may be: then the
genre is known without any idea of genres. The segments are the 50 tag activations that MSD-MusiCNN
gives of the 443 training clips of GTZAN's fault-filtered split.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.reproduce._common import Line, find, make_parser, run, show, with_interval
from genrekit.evaluation import GenreReport, check_leakage, cross_validate_genres
from genrekit.exceptions import LeakageWarning

PUBLISHED = {"segments at random": 0.921, "tracks kept together": 0.739}


def splitters(n_splits: int) -> dict[str, Any]:
    """Make the two ways to fold."""
    return {
        "segments at random": StratifiedKFold(n_splits, shuffle=True, random_state=0),
        "tracks kept together": StratifiedGroupKFold(n_splits, shuffle=True, random_state=0),
    }


def measure(
    segments: np.ndarray, genres: np.ndarray, tracks: np.ndarray, n_splits: int = 5
) -> dict[str, tuple[GenreReport, str]]:
    """Cross-validate the nearest neighbour both ways, with what `check_leakage` says of each."""
    found = {}
    for name, cv in splitters(n_splits).items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", LeakageWarning)
            check_leakage(segments, cv, y=genres, groups=tracks)
        said = [str(w.message) for w in caught if w.category is LeakageWarning]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeakageWarning)  # said already
            report = cross_validate_genres(
                KNeighborsClassifier(1), segments, genres, groups=tracks, cv=cv
            )
        found[name] = report, said[0] if said else "no leak found"
    return found


def main(args: argparse.Namespace) -> None:
    """Print both ways beside each other."""
    (path,) = find(args.root, "gtzan_taggrams_train.npz")
    with np.load(path) as arrays:
        segments, tracks, genres = arrays["taggram"], arrays["clip"], arrays["genre"]
    print(f"data: {path.name}, {len(segments)} segments of {len(np.unique(tracks))} clips")
    found = measure(segments, genres, tracks)
    lines = [
        Line(
            name,
            with_interval(report.accuracy, report.interval),
            f"{PUBLISHED[name]:.3f}",
            "folds and scaling behind the published number are not stated",
        )
        for name, (report, _) in found.items()
    ]
    show("1-NN on segments, 5 folds (95 % interval, Rao-Scott corrected for tracks)", lines)
    for name, (_, said) in found.items():
        print(f"\ncheck_leakage, {name}: {said}")


script = run(main, make_parser(__doc__))

if __name__ == "__main__":
    sys.exit(script())
