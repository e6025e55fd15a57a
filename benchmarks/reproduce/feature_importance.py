"""Which families of features a support vector machine would miss most."""

from __future__ import annotations

import argparse
import sys

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.reproduce._common import find, make_parser, run
from benchmarks.reproduce.gtzan_table import load
from genrekit.evaluation import importance_by_family


def main(args: argparse.Namespace) -> None:
    """Print the drop of each family."""
    (table,) = find(args.root, "gtzan_features_30s.csv")
    data = load(table)
    part = data.split
    known = np.flatnonzero(np.isin(part, ("train", "valid")))
    train, valid = np.flatnonzero(part[known] == "train"), np.flatnonzero(part[known] == "valid")
    found = importance_by_family(
        make_pipeline(StandardScaler(), SVC(C=10.0)),
        data.data.iloc[known],
        data.target[known],
        cv=[(train, valid), (valid, train)],
        n_repeats=args.repeats,
        random_state=0,
    )
    print(f"data: {table.name}, {len(known)} clips of train and valid, each in turn the test")
    print("published: no number that can be compared\n")
    print(found)


_parser = make_parser(__doc__)
_parser.add_argument("--repeats", type=int, default=20, help="permutations (default: 20)")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
