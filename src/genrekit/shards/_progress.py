"""How far a table has grown: a bar for people, log records for programs."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._progress import progress_bar
from genrekit.engine import TrackRow

__all__ = ["Progress"]

LOG = logging.getLogger("genrekit.shards")


class Progress:
    """Counts rows as they come, and tells of those that are written and of the whole.

    Each log record has a dict ``progress``, which ``--log-json`` prints.

    Parameters
    ----------
    sizes : ndarray of shape (n_tracks,)
        Bytes of each track: what is left is told by them, for an hour takes longer than a minute.
    n_kept : int
        Tracks of which there was a row already.
    verbose : int
        Above 0: a bar.
    timed : bool, default=True
        Whether it is known how long tracks are.
    """

    def __init__(
        self, sizes: NDArray[np.int64], n_kept: int, verbose: int, *, timed: bool = True
    ) -> None:
        self._timed = timed
        self._sizes, self._n_kept = sizes.clip(0), n_kept
        self._begun = perf_counter()
        self._done, self._bytes, self._audio = 0, 0, 0.0
        self._errors: Counter[str] = Counter()
        self._total = int(self._sizes.sum())
        self._bar = _bar(self._total) if verbose else None

    def take(self, row: TrackRow) -> None:
        """Count a row of features."""
        self.count(row.index, row.error.summary if row.error else "", row.seconds)

    def count(self, index: int, error: str, seconds: float = 0.0) -> None:
        """Count a track.

        Parameters
        ----------
        index : int
            Its place.
        error : str
            Why it gave nothing, ``""`` if it did.
        seconds : float, default=0.0
            How long it is.
        """
        size = int(self._sizes[index])
        self._done += 1
        self._bytes += size
        if error:
            self._errors[error] += 1
        else:
            self._audio += seconds
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self._done}/{len(self._sizes)} tracks", refresh=False)
            self._bar.update(size)

    def shard(self, path: Path | None) -> None:
        """Tell that a shard is written."""
        if path is not None:
            self.written("shard", shard=path.name)

    def written(self, event: str, **told: str) -> None:
        """Tell that rows are written.

        Parameters
        ----------
        event : str
            What it is called.
        **told
            Where, for example.
        """
        left = (self._total - self._bytes) / self._bytes * self._seconds if self._bytes else None
        then = {"left_seconds": None if left is None else round(left, 3)}
        _tell(event, **told, **self._counts(), **then)

    def close(self) -> None:
        """Tell of the whole."""
        if self._bar is not None:
            self._bar.close()
        reasons = dict(self._errors.most_common())
        _tell("end", **self._counts(), kept=self._n_kept, reasons=reasons)

    @property
    def _seconds(self) -> float:
        """How long it has taken."""
        return perf_counter() - self._begun

    def _counts(self) -> dict[str, Any]:
        """What all records say."""
        seconds = self._seconds
        counts = {
            "done": self._done,
            "total": len(self._sizes),
            "errors": self._errors.total(),
            "seconds": round(seconds, 3),
            "tracks_per_second": round(self._done / seconds, 2),
        }
        if self._timed:
            counts["audio_hours"] = round(self._audio / 3600, 4)
            counts["times_real_time"] = round(self._audio / seconds, 1)
        return counts


def _tell(event: str, **progress: Any) -> None:
    """Log how far it is."""
    said = f"{progress['done']} of {progress['total']} tracks, {progress['errors']} errors"
    LOG.info("%s: %s", event, said, extra={"progress": {"event": event, **progress}})


def _bar(total: int) -> Any:
    """A bar that counts bytes."""
    return progress_bar(total=total, unit="B", unit_scale=True, unit_divisor=1024)
