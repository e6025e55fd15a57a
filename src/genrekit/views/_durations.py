"""How long the tracks of each genre are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from genrekit.engine import check_collection, warn_of_tracks
from genrekit.features import iter_rows
from genrekit.views._drawn import Drawn
from genrekit.views._style import looks, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DurationDisplay"]

# Seconds from which on an axis in minutes reads better.
_LONG = 180.0


class DurationDisplay(Drawn):
    """Durations of tracks, a row a genre: a mark a track, a stroke at the median.

    Use `from_tracks` or `from_durations` to make one. A genre whose tracks are longer than those of
    others can be told by that alone, and clips that are cut short stand out.

    Parameters
    ----------
    seconds : array-like of shape (n_tracks,)
        Durations; NaN, of tracks that could not be decoded, is left out.
    y : array-like of shape (n_tracks,)
        The genres.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    points_ : list of matplotlib.collections.PathCollection
        The marks of each genre.

    Examples
    --------
    >>> from genrekit.displays import DurationDisplay
    >>> display = DurationDisplay.from_durations([200.0, 240.0, 30.0], ["jazz", "jazz", "pop"])
    >>> display.ax_.get_xlabel()
    'duration, minutes'
    """

    def __init__(self, seconds: ArrayLike, y: ArrayLike) -> None:
        self.seconds = seconds
        self.y = y

    @classmethod
    def from_tracks(
        cls, X: Any, y: Any, *, n_jobs: int | None = None, ax: Axes | None = None
    ) -> DurationDisplay:
        """Read tracks to their ends, since headers may lie, and draw how long they are.

        Parameters
        ----------
        X : sequence of tracks
            Paths, waveforms at 22050 Hz or (y, sr) pairs. Those that can't be decoded are left
            out, with a warning.
        y : array-like of shape (n_tracks,)
            The genres.
        n_jobs : int, optional
            Tracks read at the same time, as in `extract`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        DurationDisplay
            The durations, drawn.

        Raises
        ------
        ValueError
            When the lengths differ, or no track can be decoded.

        Warns
        -----
        AudioDecodeWarning
            When tracks could not be decoded.
        """
        tracks = check_collection(X)
        if len(tracks) != len(y):
            raise ValueError(f"X has {len(tracks)} tracks and y {len(y)} genres: one a track")
        rows = list(iter_rows(tracks, ["zero_crossing_rate"], n_jobs=n_jobs))
        errors = [row.error for row in rows if row.error is not None]
        warn_of_tracks(tracks, errors, [])
        return cls.from_durations([row.seconds for row in rows], y, ax=ax)

    @classmethod
    def from_durations(
        cls, seconds: ArrayLike, y: ArrayLike, *, ax: Axes | None = None
    ) -> DurationDisplay:
        """Draw durations that are known, such as ``read_rows(folder).seconds``.

        Parameters
        ----------
        seconds : array-like of shape (n_tracks,)
            Durations; NaN is left out.
        y : array-like of shape (n_tracks,)
            The genres.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        DurationDisplay
            The durations, drawn.

        Raises
        ------
        ValueError
            When the lengths differ, or no duration is known.
        """
        return cls(seconds, y).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> DurationDisplay:
        """Draw the durations.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        DurationDisplay
            The display itself.
        """
        seconds, y = np.asarray(self.seconds, dtype=float), np.asarray(self.y)
        if seconds.shape != y.shape or seconds.ndim != 1:
            raise ValueError(f"seconds has shape {seconds.shape} and y {y.shape}: one a track")
        known = np.isfinite(seconds)
        if not known.any():
            raise ValueError("seconds holds no duration: no track could be decoded")
        unit, what = (60.0, "minutes") if seconds[known].max() >= _LONG else (1.0, "s")
        genres = np.unique(y)
        axes = new_axes(ax, 6.4, 0.9 + 0.34 * len(genres))
        self.points_ = [
            _draw(axes, row, seconds[known & (y == genre)] / unit, look)
            for row, (genre, look) in enumerate(zip(genres, looks(len(genres)), strict=True))
        ]
        counts = [int((known & (y == genre)).sum()) for genre in genres]
        names = [f"{plain(genre)} ({n})" for genre, n in zip(genres, counts, strict=True)]
        axes.set_yticks(range(len(genres)), names)
        axes.set(xlabel=f"duration, {what}", ylim=(len(genres) - 0.5, -0.5))
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right", "left"]].set_visible(False)
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _draw(ax: Any, row: int, own: Any, look: tuple[str, str]) -> Any:
    """The marks of a genre, off the row so that those beneath others are seen, and the median."""
    # In turns above and below, for chance would draw another picture each time.
    offsets = 0.28 * np.sin(2.4 * np.arange(len(own)))
    colour, marker = look
    options = {"s": 14, "c": colour, "marker": marker, "alpha": 0.7, "linewidths": 0}
    if len(own):
        ax.plot([np.median(own)] * 2, [row - 0.4, row + 0.4], color=colour, linewidth=2.5)
    return ax.scatter(own, row + offsets, **options)
