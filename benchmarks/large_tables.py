"""How long classifiers take to learn from tables of more and more tracks, and how well.

    python -m benchmarks.large_tables --rows 1000 3000 10000 30000 --most 100

Rows are drawn around centres that overlap, as many columns as the standard set has: what is
measured is how the time grows. One thread, CPU time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from sklearn.decomposition import IncrementalPCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genrekit import fit_in_batches, read_rows
from genrekit.shards._folder import write_listing
from genrekit.shards._identity import make_schema
from genrekit.shards._parquet import write_whole

N_COLUMNS, N_GENRES, N_TEST = 82, 10, 2000

LEARNERS: dict[str, Callable[[], Any]] = {
    "SVC": lambda: SVC(C=10.0),
    "RandomForest": lambda: RandomForestClassifier(random_state=0),
    "LogisticRegression": lambda: LogisticRegression(max_iter=200),
    "HistGradientBoosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "Nystroem, SGD": lambda: make_pipeline(
        Nystroem(gamma=1 / N_COLUMNS, n_components=300, random_state=0),
        SGDClassifier(random_state=0),
    ),
}
IN_BATCHES = "in batches: IncrementalPCA, SGD"


class Fit(NamedTuple):
    """One classifier on one table."""

    learner: str
    n_rows: int
    seconds: float
    accuracy: float


def draw(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and genres; each genre lies around several centres."""
    centres = np.random.default_rng(0).normal(0, 0.45, (N_GENRES, 4, N_COLUMNS))
    rng = np.random.default_rng(seed)
    y = rng.integers(N_GENRES, size=n_rows)
    X = centres[y, rng.integers(4, size=n_rows)] + rng.standard_normal((n_rows, N_COLUMNS))
    return X, y


def write_rows(folder: Path, X: np.ndarray, shard_size: int = 1000) -> None:
    """Write a table as `genrekit.extract` would."""
    schema = make_schema(
        [f"f{i}" for i in range(X.shape[1])], {"format": 1, "version": "0", "key": "drawn"}
    )
    paths = [f"{i:08d}.mp3" for i in range(len(X))]
    for number, start in enumerate(range(0, len(X), shard_size)):
        some = slice(start, start + shard_size)
        n = len(paths[some])
        labels = [paths[some], [0] * n, [0] * n, [30.0] * n, [""] * n, [""] * n]
        columns = [pa.array(column) for column in [*labels, *X[some].T]]
        write_whole(
            folder / f"rows-{number:06d}.parquet", pa.Table.from_arrays(columns, schema=schema)
        )
    write_listing(folder, paths, schema.metadata)


def measure(name: str, n_rows: int) -> Fit:
    """Learn from so many rows."""
    X, y = draw(n_rows, 1)
    test = draw(N_TEST, 2)
    if name != IN_BATCHES:
        pipeline = make_pipeline(StandardScaler(), LEARNERS[name]())
        begun = time.process_time()
        pipeline.fit(X, y)
    else:
        steps = StandardScaler(), IncrementalPCA(40), SGDClassifier(random_state=0)
        with tempfile.TemporaryDirectory() as folder:
            write_rows(Path(folder), X)
            del X
            begun = time.process_time()
            pipeline = fit_in_batches(make_pipeline(*steps), read_rows(folder), y)
    return Fit(name, n_rows, time.process_time() - begun, pipeline.score(*test))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print, leaving out what would take longer than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 3000, 10_000, 30_000])
    parser.add_argument("--most", type=float, default=100.0, metavar="SECONDS")
    args = parser.parse_args(argv)
    for name in (*LEARNERS, IN_BATCHES):
        for n_rows in args.rows:
            found = measure(name, n_rows)
            print("{}, {} rows: {:.2f} s, accuracy {:.3f}".format(*found), flush=True)
            if found.seconds > args.most:
                break


if __name__ == "__main__":
    main()
