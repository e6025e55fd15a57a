"""What tracks look and sound like, and what all pictures share.

Users find it all in `genrekit.displays`.
"""

from __future__ import annotations

from genrekit.views._drawn import Drawn
from genrekit.views._durations import DurationDisplay
from genrekit.views._listen import listen
from genrekit.views._side_by_side import GenreTracksDisplay
from genrekit.views._spectrogram import SpectrogramDisplay
from genrekit.views._style import (
    BLUE,
    GREY,
    colours,
    legend_beside,
    looks,
    new_axes,
    new_figure,
    plain,
)
from genrekit.views._timeline import TimelineDisplay
from genrekit.views._track import TrackDisplay

__all__ = [
    "BLUE",
    "GREY",
    "Drawn",
    "DurationDisplay",
    "GenreTracksDisplay",
    "SpectrogramDisplay",
    "TimelineDisplay",
    "TrackDisplay",
    "colours",
    "legend_beside",
    "listen",
    "looks",
    "new_axes",
    "new_figure",
    "plain",
]
