"""Features of many tracks as a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genrekit._docstrings import parameters_of
from genrekit.engine import TrackCache, TrackRows, check_collection, stream_rows
from genrekit.features._extract import extract
from genrekit.features._table import make_plan
from genrekit.spectra import Frontend

__all__ = ["iter_rows"]


@parameters_of(extract)
def iter_rows(
    sources: Sequence[Any],
    features: Any = "standard",
    *,
    sr: float = 22050,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    dtype: str = "float32",
    offset: float = 0.0,
    duration: float | None = None,
    stats: Any = None,
    n_jobs: int | None = None,
    memory: Any = None,
    cache_waveform: bool = False,
    decoder: Any = None,
    verbose: int = 0,
) -> TrackRows:
    """Features of many tracks, one row after the other, without scikit-learn.

    Nothing is collected: a row is given away when it is there, and tracks are read as rows are
    asked for, with `n_jobs` some ahead. So it serves for more tracks than memory holds rows of,
    and what is done with a row is done before the last track is reached.

    Parameters
    ----------
    ... : see `extract`
        All but `pooled` and `on_error`.

    Returns
    -------
    TrackRows
        An iterator over `TrackRow`, in the order of `sources`: a track that can't be decoded has
        an ``error`` in the place of ``values``. Its ``names`` are those of the columns; its
        ``close`` stops the work, as does letting go of it.

    Raises
    ------
    ValueError
        For an unknown feature or parameter, or sources that are no collection.

    See Also
    --------
    extract : All rows in one table.

    Examples
    --------
    >>> import numpy as np
    >>> import genrekit
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> rows = genrekit.iter_rows([tone, "missing.mp3", tone[:100]], ["rms", "tempo"])
    >>> rows.names
    ['rms_mean', 'rms_std', 'tempo']
    >>> for row in rows:
    ...     print(row.index, row.seconds, row.error.reason if row.error else row.values.shape)
    0 1.0 (3,)
    1 nan there is no such file
    2 0.0045351473922902496 (3,)
    """
    frontend = Frontend(
        sr=sr, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=window,
        center=center, pad_mode=pad_mode, dtype=dtype, offset=offset, duration=duration,
    )  # fmt: skip
    plan = make_plan(features, stats, frontend)
    items = check_collection(sources)
    running = {"n_jobs": n_jobs, "decoder": decoder, "on_error": "nan", "verbose": verbose}
    rows = stream_rows(items, TrackCache(plan, memory, cache_waveform), **running)
    return TrackRows(list(plan.columns), len(items), rows)
