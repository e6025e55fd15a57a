"""Do clusters of feature vectors look like genres: k-means, agglomerative, Gaussian mixture."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.reproduce._common import find, make_parser, run
from benchmarks.reproduce.gtzan_table import load
from genrekit.evaluation import ClusterReport, cluster_report


def matched_table(report: ClusterReport) -> str:
    """Lay out the matched confusion of the best clustering."""
    names = [str(genre) for genre in report.classes]
    width = max(map(len, names))
    head = " " * width + "".join(f"{name[:5]:>6}" for name in names)
    rows = [
        f"{name:<{width}}" + "".join(f"{n:>6}" for n in counts)
        for name, counts in zip(names, report.best.confusion, strict=True)
    ]
    return "\n".join([head, *rows])


def main(args: argparse.Namespace) -> None:
    """Print the scores and one matched confusion."""
    (table,) = find(args.root, "gtzan_features_30s.csv")
    data = load(table)
    # Clustering needs no test, and so the clips of the test part stay out of it.
    known = np.flatnonzero(np.isin(data.split, ("train", "valid")))
    report = cluster_report(data.data.iloc[known], data.target[known], random_state=0)
    n_features = data.data.shape[1]
    print(f"data: {table.name}, {len(known)} clips of train and valid, {n_features} features")
    print("published: no number that can be compared; adjusted Rand is 0 by chance and 1 at best\n")
    print(report)
    print(f"\n{report.best.name}: genres by cluster, matched\n\n{matched_table(report)}")


script = run(main, make_parser(__doc__))

if __name__ == "__main__":
    sys.exit(script())
