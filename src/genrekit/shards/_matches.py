"""Which rows in a folder are of which tracks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.shards._identity import arrow

__all__ = ["Matches", "match"]


class Matches(NamedTuple):
    """Which rows are of which tracks.

    Attributes
    ----------
    at : ndarray of shape (n_tracks,)
        Where the newest row of each track stands, -1 where there is none.
    first : ndarray of shape (n_tracks,)
        Which tracks are not named before.
    latest : ndarray of shape (n_rows,)
        Which rows no newer one of the same path takes the place of.
    others : ndarray of shape (n_rows,)
        Those of them that are of no track.
    """

    at: NDArray[np.int64]
    first: NDArray[np.bool_]
    latest: NDArray[np.bool_]
    others: NDArray[np.bool_]


def match(rows: Any, tracks: Any) -> Matches:
    """Compare the paths of rows, the newest one last, with those of tracks."""
    numbers, n_paths = _numbered([*rows.chunks, *tracks.chunks])
    of_row, of_track = np.split(numbers, [len(rows)])
    row_places, track_places = np.arange(len(rows)), np.arange(len(tracks))
    # Where a number comes several times, what is put down last stays.
    newest, first, named = np.full(n_paths, -1), np.full(n_paths, -1), np.zeros(n_paths, bool)
    newest[of_row] = row_places
    first[of_track[::-1]] = track_places[::-1]
    named[of_track] = True
    latest = newest[of_row] == row_places
    others = latest & ~named[of_row]
    return Matches(newest[of_track], first[of_track] == track_places, latest, others)


def _numbered(paths: list[Any]) -> tuple[NDArray[np.int64], int]:
    """A number for each path, the same for the same one, and one more than the highest."""
    import pyarrow.compute as pc

    # By sorting: a table of hashes holds all paths a second time.
    joined = arrow()[0].chunked_array(paths, "string")
    ranks = pc.rank(joined, tiebreaker="dense").to_numpy()
    return ranks.view(np.int64), int(ranks.max(initial=0)) + 1
