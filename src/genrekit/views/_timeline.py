"""Which genre a track sounds like, when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from genrekit._validation import check_integer
from genrekit.models import Timeline
from genrekit.views._drawn import Drawn
from genrekit.views._style import GREY, colours, legend_beside, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TimelineDisplay"]

# What never gets so probable is one of the others. A band that is so high, over such a share of the
# track, has room for its name.
_MATTERS = 0.1
_ROOM, _SHARE = 0.18, 0.12


class TimelineDisplay(Drawn):
    """Probabilities of genres over the time of a track, as bands that add up to 1.

    Use `from_estimator` or `from_timeline` to make one.

    Parameters
    ----------
    times : array-like of shape (n,)
        Where segments start, seconds.
    probabilities : array-like of shape (n, n_classes)
        Probability of each genre there. NaN leaves a gap.
    classes : array-like of shape (n_classes,)
        The genres.
    window : float, optional
        How long each is, seconds; None: as long as the first is away from the second. Each is drawn
        about its middle, halfway to the middles beside it, the first from its start and the last
        to its end: of segments that overlap, a value stands for the middle rather than for all.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    bands_ : list of matplotlib.collections.FillBetweenPolyCollection
        The bands, the most probable genre at the bottom.

    Examples
    --------
    >>> from genrekit.displays import TimelineDisplay
    >>> probabilities = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]]
    >>> display = TimelineDisplay([0.0, 3.0, 6.0], probabilities, ["jazz", "rock"]).plot()
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['rock', 'jazz']
    """

    def __init__(
        self,
        times: ArrayLike,
        probabilities: ArrayLike,
        classes: ArrayLike,
        window: float | None = None,
    ) -> None:
        self.times = times
        self.probabilities = probabilities
        self.classes = classes
        self.window = window

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        track: Any,
        *,
        n_genres: int = 8,
        ax: Axes | None = None,
        **timeline_params: Any,
    ) -> TimelineDisplay:
        """Predict along a track and draw it.

        Parameters
        ----------
        estimator : fitted classifier
            What predicts, with `timeline`: a `SegmentClassifier`, a `GenreClassifier`.
        track : path, waveform or (y, sr) pair
            The track.
        n_genres : int, default=8
            As in `plot`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **timeline_params
            For ``estimator.timeline``, such as `window` and `hop` of a `GenreClassifier`.

        Returns
        -------
        TimelineDisplay
            The timeline, drawn.
        """
        timeline = estimator.timeline(track, **timeline_params)
        return cls.from_timeline(timeline, n_genres=n_genres, ax=ax)

    @classmethod
    def from_timeline(
        cls, timeline: Timeline, *, n_genres: int = 8, ax: Axes | None = None
    ) -> TimelineDisplay:
        """Draw what `timeline` of a classifier gave.

        Parameters
        ----------
        timeline : Timeline
            Times, probabilities and genres.
        n_genres : int, default=8
            As in `plot`.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.

        Returns
        -------
        TimelineDisplay
            The timeline, drawn.
        """
        display = cls(timeline.times, timeline.probabilities, timeline.classes, timeline.window)
        return display.plot(ax=ax, n_genres=n_genres)

    def plot(self, ax: Axes | None = None, *, n_genres: int = 8) -> TimelineDisplay:
        """Draw the timeline.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        n_genres : int, default=8
            How many genres have a band of their own at most, the most probable ones, and only those
            that reach 0.1 somewhere; the others are one grey band.

        Returns
        -------
        TimelineDisplay
            The display itself.

        Raises
        ------
        ValueError
            When shapes do not fit.
        """
        check_integer("n_genres", n_genres, minimum=1)
        times, table = np.asarray(self.times, dtype=float), np.asarray(self.probabilities)
        classes = np.asarray(self.classes)
        if table.shape != (len(times), len(classes)) or not len(times):
            raise ValueError(
                f"probabilities has shape {table.shape}: a row for each of {len(times)} times and "
                f"a column for each of {len(classes)} classes is needed"
            )
        axes = new_axes(ax, 8, 3.2)
        order = np.argsort(-np.nan_to_num(table).mean(axis=0), kind="stable")
        own, rest = _parted(table, order, n_genres)
        # A genre has the same colour in each track, and in a map of them.
        shades = [colours(len(classes))[i] for i in own] + [GREY] * (len(rest) > 0)
        heights = [*table.T[own], *([table.T[rest].sum(axis=0)] if len(rest) else [])]
        edges = _edges(times, self.window)
        doubled = np.repeat(np.array(heights), 2, axis=1)
        steps = np.repeat(edges, 2)[1:-1]
        self.bands_ = axes.stackplot(steps, doubled, colors=shades, linewidth=0)
        names = [*classes[own], *(["others"] if len(rest) else [])]
        _write_names(axes, edges, np.array(heights), names)
        # From the top as they lie.
        legend_beside(axes, self.bands_[::-1], names[::-1])
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), xlabel="time, s", ylabel="probability")
        self.ax_, self.figure_ = axes, axes.figure
        return self


def _parted(table: np.ndarray, order: np.ndarray, n_genres: int) -> tuple[np.ndarray, np.ndarray]:
    """The genres with a band of their own, and the others, of which one alone would be named."""
    matters = np.nan_to_num(table).max(axis=0) >= _MATTERS
    matters[order[0]] = True
    own = order[matters[order]][:n_genres]
    rest = order[~np.isin(order, own)]
    if len(rest) == 1 and len(own) < n_genres:
        return order, rest[:0]
    return own, rest


def _write_names(ax: Any, edges: np.ndarray, heights: np.ndarray, names: list[Any]) -> None:
    """A name inside its band where that is high and long, so that colours need not be known."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground="white")]
    feet = np.vstack([np.zeros(heights.shape[1]), heights.cumsum(axis=0)])
    for name, height, foot in zip(names, heights, feet, strict=False):
        start, stop = _longest(height >= _ROOM)
        x = (edges[start] + edges[stop]) / 2
        if edges[stop] - edges[start] >= _SHARE * (edges[-1] - edges[0]):
            at = int(np.searchsorted(edges, x, side="right")) - 1
            y = foot[at] + height[at] / 2
            ax.text(x, y, plain(name), ha="center", va="center", fontsize=9, path_effects=halo)


def _longest(holds: np.ndarray) -> tuple[int, int]:
    """Where the longest run begins and ends."""
    padded = np.concatenate([[False], holds, [False]]).astype(int)
    starts, stops = np.flatnonzero(np.diff(padded) == 1), np.flatnonzero(np.diff(padded) == -1)
    if not len(starts):
        return 0, 0
    longest = (stops - starts).argmax()
    return int(starts[longest]), int(stops[longest])


def _edges(times: np.ndarray, window: float | None) -> np.ndarray:
    """From where to where each value is drawn: between the middles of neighbours."""
    if window is None:
        window = times[1] - times[0] if len(times) > 1 else 1.0
    between = (times[:-1] + times[1:] + window) / 2
    return np.array([times[0], *between, times[-1] + window])
