"""Fitting to tables that do not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from genrekit._validation import check_integer
from genrekit.shards import ShardedTable

__all__ = ["fit_in_batches"]


def fit_in_batches(
    pipeline: Pipeline,
    rows: ShardedTable,
    y: Sequence[Any],
    *,
    epochs: int = 5,
    batch_size: int = 10_000,
    random_state: int | None = 0,
) -> Pipeline:
    """Fit a pipeline to a table on disk, holding no more than a batch of it.

    Each step but the last one learns in one pass, from what the steps before it make of a batch;
    the last one in `epochs` passes, each in an order of its own, for tables mostly come genre by
    genre.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Its steps need a ``partial_fit``, as `StandardScaler`, `IncrementalPCA` and `SGDClassifier`
        have, or are ``"passthrough"``.
    rows : ShardedTable
        What `read_rows` gives, ``without_errors()``.
    y : sequence of length n_tracks
        The genres.
    epochs : int, default=5
        Passes of the last step.
    batch_size : int, default=10000
        Tracks at a time, at most. Each batch of the last step takes its tracks from everywhere, and
        so reads the whole table: take batches as large as memory allows.
    random_state : int or None, default=0
        Seed of the orders.

    Returns
    -------
    sklearn.pipeline.Pipeline
        A fitted copy.

    Raises
    ------
    ValueError
        If a step learns from all rows at once, or rows are those of tracks that failed.

    See Also
    --------
    read_rows : The table.

    Examples
    --------
    >>> import genrekit, tempfile
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tracks = genrekit.make_tracks(4, root=folder, genres=["drone", "pluck"], duration=1.0)
    ...     rows = genrekit.extract(tracks.paths, ["mfcc"], output=f"{folder}/rows").table
    ...     pipeline = make_pipeline(StandardScaler(), SGDClassifier(random_state=0))
    ...     fitted = genrekit.fit_in_batches(pipeline, rows, tracks.target)
    ...     fitted.predict(rows).shape
    (8,)
    """
    check_integer("epochs", epochs, minimum=1)
    check_integer("batch_size", batch_size, minimum=1)
    genres = _checked(pipeline, rows, y)
    fitted: Pipeline = clone(pipeline)
    *steps, last = (step for _, step in fitted.steps if step not in (None, "passthrough"))
    for place, step in enumerate(steps):
        for _, X in _even_batches(rows, batch_size):
            step.partial_fit(_through(steps[:place], X))
    rng, classes = np.random.default_rng(random_state), np.unique(genres)
    for _ in range(epochs):
        order = rng.permutation(len(rows))
        for tracks, X in _even_batches(rows[order], batch_size):
            last.partial_fit(_through(steps, X), genres[order[tracks]], classes=classes)
    return fitted


def _checked(pipeline: Pipeline, rows: ShardedTable, y: Sequence[Any]) -> NDArray[Any]:
    """The genres as an array; refuses what can't be fitted in batches."""
    if not isinstance(rows, ShardedTable):
        raise TypeError(f"rows must be what read_rows gives, not {type(rows).__name__}")
    for name, step in pipeline.steps:
        if step not in (None, "passthrough") and not hasattr(step, "partial_fit"):
            raise ValueError(
                f"step {name!r}, {type(step).__name__}, learns from all rows at once: take one "
                "with a partial_fit, such as StandardScaler, IncrementalPCA or SGDClassifier"
            )
    genres = np.asarray(y)
    if len(genres) != len(rows):
        raise ValueError(f"there are {len(rows)} rows and {len(genres)} genres")
    if rows.errors:
        raise ValueError("some of the tracks have no features: pass rows.without_errors()")
    return genres


def _even_batches(
    rows: ShardedTable, batch_size: int
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Batches of one length, for some steps refuse the few rows that would be left at the end."""
    n_batches = -(-len(rows) // batch_size)
    return rows.batches(-(-len(rows) // max(n_batches, 1)) or 1)


def _through(steps: Sequence[Any], X: NDArray[np.float64]) -> NDArray[np.float64]:
    """What fitted steps make of rows."""
    for step in steps:
        X = step.transform(X)
    return X
