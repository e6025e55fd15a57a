"""Rows of tracks: one after the other as they come, or all of them in a table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from itertools import starmap
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark
from genrekit.engine._cache import TrackCache
from genrekit.engine._clock import clocked, note_extraction
from genrekit.engine._loop import attempts
from genrekit.engine._plan import Plan
from genrekit.engine._remarks import warn_of_tracks
from genrekit.exceptions import TrackError

__all__ = [
    "Described",
    "TrackFrames",
    "TrackRow",
    "TrackRows",
    "describe_tracks",
    "extract_tracks",
    "stream_frames",
    "stream_rows",
]


class TrackRow(NamedTuple):
    """What became of one track.

    Attributes
    ----------
    index : int
        Its place among the tracks.
    values : ndarray of shape (n_features,) or None
        Its features, float64; None if it can't be decoded.
    error : TrackError or None
        Why it can't be decoded; None if it can.
    seconds : float
        How much of it was read; NaN if it can't be decoded.
    remark : Remark
        What is to be known of it beside, such as that it is silent: ``remark.text`` says it in
        words, and is empty if there is nothing.

    Examples
    --------
    >>> import numpy as np, genrekit
    >>> (row,) = genrekit.iter_rows([np.zeros(22050)], ["rms"])
    >>> row.index, row.values.tolist(), row.error, row.seconds
    (0, [0.0, 0.0], None, 1.0)
    """

    index: int  # type: ignore[assignment]  # not tuple.index: the name says what it is
    values: NDArray[np.float64] | None
    error: TrackError | None
    seconds: float
    remark: Remark


class TrackRows(Iterator[TrackRow]):
    """What `genrekit.iter_rows` returns: an iterator over the rows of tracks.

    Parameters
    ----------
    names : list of str
        Names of the columns.
    n_tracks : int
        How many rows there will be.
    rows : generator of TrackRow
        Gives them.

    Examples
    --------
    >>> import numpy as np, genrekit
    >>> rows = genrekit.iter_rows([np.zeros(22050)] * 3, ["rms"])
    >>> rows.names, rows.n_tracks, len(list(rows))
    (['rms_mean', 'rms_std'], 3, 3)
    """

    def __init__(
        self, names: list[str], n_tracks: int, rows: Generator[TrackRow, None, None]
    ) -> None:
        self.names, self.n_tracks, self._rows = names, n_tracks, rows

    def __next__(self) -> TrackRow:
        return next(self._rows)

    def close(self) -> None:
        """Stop the work that is under way; there are no more rows then."""
        self._rows.close()


class TrackFrames(NamedTuple):
    """What became of one track, frame by frame.

    Attributes
    ----------
    index : int
        Its place among the tracks.
    values : dict of str to ndarray of shape (n_rows, n_frames) or None
        Its frames by the names of the parts, which may be read-only; None if it can't be decoded.
    error : TrackError or None
        Why it can't be decoded; None if it can.
    seconds : float
        How much of it was read; NaN if it can't be decoded.
    remark : Remark
        What is to be known of it beside.
    """

    index: int  # type: ignore[assignment]  # as in `TrackRow`
    values: dict[str, NDArray[Any]] | None
    error: TrackError | None
    seconds: float
    remark: Remark


class Described(NamedTuple):
    """What `describe_tracks` returns.

    Attributes
    ----------
    table : ndarray of shape (n_tracks, n_columns)
        One row a track, NaN for those that failed.
    errors : list of TrackError
        The failures.
    seconds : ndarray of shape (n_tracks,)
        How much was read of each, NaN for those that failed.
    remarks : list of Remark
        What is to be known of each.
    """

    table: NDArray[np.float64]
    errors: list[TrackError]
    seconds: NDArray[np.float64]
    remarks: list[Remark]


def stream_rows(
    items: Sequence[Any], cache: TrackCache, **running: Any
) -> Generator[TrackRow, None, None]:
    """Rows of all tracks, in order, each given away when it is there."""
    with closing(_fates(items, cache.row, cache, **running)) as fates:
        yield from starmap(TrackRow, fates)


def stream_frames(
    items: Sequence[Any],
    plan: Plan,
    memory: Any = None,
    *,
    cache_waveform: bool = False,
    then: Callable[[dict[str, NDArray[Any]], float], Any] | None = None,
    **running: Any,
) -> Generator[TrackFrames, None, None]:
    """Frames of all tracks, in order, each given away when it is there.

    Parameters
    ----------
    items : sequence
        The tracks, as `check_collection` or `read_tracks` gives them.
    plan : Plan
        What to compute of them, one decode and one sweep a track.
    memory : str, path or joblib.Memory, optional
        Where to keep the frames, one entry a track.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples of files there as well.
    then : callable, optional
        Called by whoever computed the frames, with them and the track's length in seconds: what it
        gives takes their place, so that no more of them is held than is worked on.
    **running
        ``n_jobs``, ``decoder``, ``on_error`` and ``verbose``.

    Yields
    ------
    TrackFrames
        One a track. No more than a few wait for whoever takes them.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.engine import Plan, stream_frames
    >>> from genrekit.features import Frontend, resolve
    >>> plan = Plan.of(resolve(["mfcc", "rms"]), Frontend())
    >>> tracks = [np.zeros(22050), np.zeros(100)]
    >>> [found.values["mfcc"].shape for found in stream_frames(tracks, plan)]
    [(20, 44), (20, 1)]
    """
    cache = TrackCache(plan, memory, cache_waveform)
    errors: list[TrackError] = []
    spent = 0.0
    begun = perf_counter()
    # Frames are a thousand times as large as rows, so that few may wait.
    work = cache.frames if then is None else _Then(cache, then)
    with closing(_fates(items, work, cache, waiting=0, **running)) as fates:
        try:
            for found in starmap(TrackFrames, fates):
                if found.error is not None:
                    errors.append(found.error)
                spent += perf_counter() - begun
                yield found
                begun = perf_counter()
        finally:
            note_extraction(spent, errors)


class _Then:
    """Frames of a track, and what is made of them at once."""

    def __init__(self, cache: TrackCache, then: Any) -> None:
        self.cache, self.then = cache, then

    def __call__(self, item: Any, *reading: Any) -> Any:
        row = self.cache.frames(item, *reading)
        return row._replace(values=self.then(row.values, row.seconds))


def _fates(
    items: Sequence[Any], work: Any, cache: TrackCache, **running: Any
) -> Generator[tuple[Any, ...], None, None]:
    """What became of each track: place, values, error, seconds and remark."""
    with closing(attempts(items, work, **running)) as outcomes:
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, TrackError):
                yield index, None, outcome, np.nan, Remark(0)
            else:
                cache.take_note(outcome)
                yield index, outcome.values, None, outcome.seconds, outcome.remark
    cache.trim()


@clocked
def describe_tracks(items: Sequence[Any], cache: TrackCache, **running: Any) -> Described:
    """Rows of all tracks, what failed, and what is to be known of them."""
    table = np.full((len(items), len(cache.plan.columns)), np.nan)
    seconds = np.full(len(items), np.nan)
    errors: list[TrackError] = []
    remarks = [Remark(0)] * len(items)
    for i, values, error, heard, remark in stream_rows(items, cache, **running):
        if error is not None:
            errors.append(error)
        else:
            table[i], seconds[i], remarks[i] = values, heard, remark
    return Described(table, errors, seconds, remarks)


def extract_tracks(
    tracks: Sequence[Any],
    plan: Plan,
    memory: Any = None,
    cache_waveform: bool = False,
    **running: Any,
) -> Described:
    """What `describe_tracks` gives, with a warning of what failed and one of what is to be known.

    Parameters
    ----------
    tracks : sequence
        As `check_collection` or `read_tracks` gives them.
    plan : Plan
        What to compute of them.
    memory : str, path or joblib.Memory, optional
        Where to keep it.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples there as well.
    **running
        ``n_jobs``, ``decoder``, ``on_error`` and ``verbose``.

    Returns
    -------
    Described
        Rows, failures, lengths and remarks.
    """
    described = describe_tracks(tracks, TrackCache(plan, memory, cache_waveform), **running)
    warn_of_tracks(tracks, described.errors, described.remarks)
    return described
