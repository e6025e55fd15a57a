"""Rock against hip-hop, with and without instrumental music, and maps of them.

On FMA (``--data fma``) from the clips, on GTZAN, the default, from the table of 57 features: fitted
on the training part of its fault-filtered split and asked about the validation part.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.reproduce._common import Absent, find, make_parser, run, show
from benchmarks.reproduce.fma import add_running, lines, measure, ours, read_fma, sizes
from genrekit.datasets import load_gtzan_features
from genrekit.displays import PCADisplay

PUBLISHED = {("Rock", "Hip-Hop"): 0.94, ("Rock", "Hip-Hop", "Instrumental"): 0.84}
_REMARK = "published of a CNN, on a split of its own"


def read_gtzan(args: argparse.Namespace, genres: tuple[str, ...]) -> Any:
    """Load rows of the table; those of the test part are left out."""
    (table,) = find(args.root, "gtzan_features_30s.csv")
    tracks = load_gtzan_features(table)
    wanted = [genre.lower().replace("-", "") for genre in genres]
    absent = [name for name in wanted if name not in tracks.target_names]
    if absent:
        raise Absent(f"not run: GTZAN has no genre {absent[0]!r}; --data fma has")
    known = np.isin(tracks.split, ("train", "valid")) & np.isin(tracks.target, wanted)
    tracks.data = pd.DataFrame(tracks.data[known], columns=tracks.feature_names)
    for name in ("target", "groups", "split"):
        tracks[name] = tracks[name][known]
    return tracks


def draw(tracks: Any, path: Path, title: str) -> None:
    """Save a map of the tracks."""
    display = PCADisplay.from_features(tracks.data, tracks.target)
    display.ax_.set_title(title)
    display.figure_.savefig(path, dpi=120)
    print(f"\nmap: {path.name}")


def main(args: argparse.Namespace) -> None:
    """Print and draw both selections of genres; one that can't be had is said to be absent."""
    asked = "test" if args.data == "fma" else "valid"
    source = f"FMA-{args.subset}" if args.data == "fma" else "GTZAN, 57 features"
    for genres, number in PUBLISHED.items():
        name = " against ".join(genres)
        try:
            tracks = read_fma(args, genres) if args.data == "fma" else read_gtzan(args, genres)
        except Absent as absent:
            print(f"\n{name}: {absent}")
            continue
        models = ours(random_state=args.random_state, n_jobs=args.n_jobs)
        beside = dict.fromkeys(models, number)
        found = lines(measure(tracks, models, asked=asked), beside, _REMARK)
        show(f"{name}, train to {asked}\ndata: {source}: {sizes(tracks)}", found)
        path = args.pictures / f"{'_'.join(genres).lower()}.{args.format}"
        draw(tracks, path, f"{name}, {len(tracks.target):,} tracks of {source}")


_parser = make_parser(__doc__)
_parser.add_argument("--data", choices=("gtzan", "fma"), default="gtzan", help="default: gtzan")
add_running(_parser)
_parser.add_argument(
    "--pictures", type=Path, default=Path(), metavar="FOLDER", help="where maps go (default: here)"
)
_parser.add_argument("--format", choices=("png", "svg"), default="png", help="default: png")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
