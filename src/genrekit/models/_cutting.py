"""Tracks cut into segments of equal length, and the segments' answers put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice, check_number
from genrekit.dsp import Request
from genrekit.engine import (
    Described,
    Plan,
    TrackCache,
    TrackSegment,
    content,
    describe_tracks,
    fill,
    is_file,
    is_track,
    label,
    segment_starts,
)
from genrekit.exceptions import warn_caller
from genrekit.spectra import Frontend, Spectra

__all__ = ["AGGREGATES", "Cutter", "aggregate_by"]

# Less probable than this is this probable to "logmean": no segment alone rules a genre out.
_FLOOR = 1e-6
# Nobody means to cut a track into more: 3 s each second are that many in 2.8 hours.
_MANY = 10_000


@dataclass(frozen=True, kw_only=True)
class Cutter:
    """How tracks are cut.

    Parameters
    ----------
    sr : float
        Sampling rate at which they are cut, Hz.
    segment_duration : float
        Length of a segment, seconds.
    segment_hop : float, optional
        From the start of a segment to that of the next, seconds; None means its length.
    pad : float
        Share of the last segment that may be silence.
    offset : float
        Where to begin in each track, seconds.
    duration : float, optional
        How much of each track to cut, seconds; None means all.
    decoder : callable, optional
        Reads files instead of the built-in decoders.
    """

    sr: float
    segment_duration: float
    segment_hop: float | None
    pad: float
    offset: float
    duration: float | None
    decoder: Any

    def __post_init__(self) -> None:
        Frontend(sr=self.sr, offset=self.offset, duration=self.duration)  # checks them
        check_number("segment_duration", self.segment_duration, above=0)
        if self.segment_hop is not None:
            check_number("segment_hop", self.segment_hop, above=0)
        check_number("pad", self.pad, minimum=0)
        if self.pad > 1:
            raise ValueError(f"pad must be a share of a segment, 0 to 1, not {self.pad!r}")

    @property
    def length(self) -> int:
        """Samples in a segment."""
        return max(1, round(self.segment_duration * self.sr))

    @property
    def hop(self) -> int:
        """Samples from the start of a segment to that of the next."""
        return (
            self.length if self.segment_hop is None else max(1, round(self.segment_hop * self.sr))
        )

    def seconds(self, starts: Sequence[int]) -> NDArray[np.float64]:
        """Where segments start in their track."""
        return self.offset + np.asarray(starts, dtype=np.float64) / self.sr

    def starts(
        self, tracks: Sequence[Any], memory: Any, **running: Any
    ) -> tuple[list[list[int]], Described]:
        """First samples of each track's segments, none for one that can't be read.

        Tracks are read whole for it: only what was decoded is known to be there.

        Parameters
        ----------
        tracks : sequence
            The tracks.
        memory : str, path, joblib.Memory or None
            Where their lengths are kept.
        **running
            ``n_jobs``, ``on_error`` and ``verbose``.

        Returns
        -------
        starts : list of list of int
            One list a track.
        described : Described
            The failures, and what is to be known of tracks.
        """
        plan = Plan.of([("length", _Length())], Frontend(sr=self.sr))
        whole = [self._whole(track) if is_track(track) else track for track in tracks]
        described = describe_tracks(whole, TrackCache(plan, memory), **running)
        lengths = [0 if np.isnan(s) else round(s * self.sr) for s in described.seconds]
        starts = [segment_starts(n, self.length, self.hop, self.pad) for n in lengths]
        self._warn_of_many(tracks, starts)
        return starts, described

    def segments(self, track: Any, starts: Sequence[int]) -> list[Any]:
        """The segments of a track: of a file to be read when needed, of a waveform its samples."""
        whole = self._whole(track)
        if is_file(track):
            return [replace(whole, start=start, length=self.length) for start in starts]
        y, sr = whole.pair()
        return [(fill(y[start : start + self.length], self.length), sr) for start in starts]

    def _warn_of_many(self, tracks: Sequence[Any], starts: Sequence[Sequence[int]]) -> None:
        """One `GenrekitWarning` if a track has more segments than make sense."""
        most = max(range(len(starts)), key=lambda i: len(starts[i]))
        if (count := len(starts[most])) <= _MANY:
            return
        given = f"segment_duration={self.segment_duration!r}"
        if self.segment_hop is not None:
            given += f" and segment_hop={self.segment_hop!r}"
        message = (
            f"{label(tracks[most], most)} is cut into {count:,} segments, each described and "
            f"predicted: check {given} (seconds; 1 to 10 are usual)"
        )
        warn_caller(message)

    def _whole(self, track: Any) -> TrackSegment:
        """All that is cut of a track."""
        # Threads will read a file object side by side, so take what it holds.
        return TrackSegment(
            content(track), self.sr, self.offset, self.duration, decoder=self.decoder
        )


class _Length:
    """A `Part` without columns: what remains of a track is its length."""

    def frontend(self, inherited: Frontend) -> Frontend:
        """The one around it."""
        return inherited

    def requests(self) -> tuple[Request, ...]:
        """Nothing but the samples going by."""
        return ()

    def frames(self, spectra: Spectra) -> NDArray[np.float64]:
        """Nothing."""
        return self.describe(spectra)

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """Nothing."""
        return np.empty((0, 0))

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """Nothing."""
        return np.empty(0)

    def columns(self, name: str) -> list[str]:
        """None."""
        return []

    def key(self) -> tuple[Any, ...]:
        """Its name."""
        return ("length",)


def _mean(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Arithmetic mean."""
    return probabilities.mean(axis=0)


def _logmean(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Geometric mean, normalised."""
    logs = np.log(np.maximum(probabilities, _FLOOR)).mean(axis=0)
    return _normalised(np.exp(logs - logs.max()))


def _max(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Greatest of each genre, normalised."""
    return _normalised(probabilities.max(axis=0))


def _normalised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values that sum to 1."""
    return values / values.sum()


# How the probabilities of a track's segments become those of the track. Votes are probabilities
# of 0 and 1.
AGGREGATES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "mean": _mean,
    "vote": _mean,
    "logmean": _logmean,
    "max": _max,
}


def aggregate_by(name: str) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """How probabilities of segments become those of a track, votes counted where they decide.

    Parameters
    ----------
    name : {"mean", "vote", "logmean", "max"}
        A name of `AGGREGATES`.

    Returns
    -------
    callable
        Takes an array of shape (n_segments, n_classes), gives one of shape (n_classes,).
    """
    check_choice("aggregate", name, AGGREGATES)
    return _vote if name == "vote" else AGGREGATES[name]


def _vote(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of segments that each genre wins."""
    winners = probabilities.argmax(axis=1)
    return np.bincount(winners, minlength=probabilities.shape[1]) / len(winners)
