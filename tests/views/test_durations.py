"""Durations by genre."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.displays import DurationDisplay
from genrekit.exceptions import AudioDecodeWarning

Figure = pytest.importorskip("matplotlib.figure").Figure


def test_each_track_stands_at_its_duration():
    seconds = np.array([10.0, 20.0, 30.0, np.nan, 5.0])
    display = DurationDisplay.from_durations(seconds, ["b", "a", "a", "a", "b"])
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["a (2)", "b (2)"]
    drawn = [points.get_offsets()[:, 0].tolist() for points in display.points_]
    assert drawn == [[20, 30], [10, 5]]
    medians = [line.get_xdata()[0] for line in display.ax_.lines]
    assert medians == [25, 7.5]
    assert display.ax_.get_xlabel() == "duration, s"


def test_long_ones_are_in_minutes():
    display = DurationDisplay.from_durations([600.0, 60.0], ["a", "a"])
    assert display.points_[0].get_offsets()[:, 0].tolist() == [10, 1]
    assert display.ax_.get_xlabel() == "duration, minutes"


def test_tracks_are_read_and_those_that_can_not_be_are_left_out():
    tracks = [np.ones(22050, np.float32), (np.ones(4000, np.float32), 8000), b"no sound"]
    ax = Figure().add_subplot()
    with pytest.warns(AudioDecodeWarning, match="1 of 3 tracks"):
        display = DurationDisplay.from_tracks(tracks, ["a", "a", "$b"], ax=ax)
    assert display.ax_ is ax
    np.testing.assert_allclose(display.points_[1].get_offsets()[:, 0], [1.0, 0.5], rtol=1e-3)
    assert display.ax_.get_yticklabels()[0].get_text() == r"\$b (0)"


def test_bad_input():
    with pytest.raises(ValueError, match="one a track"):
        DurationDisplay.from_durations([1.0], ["a", "b"])
    with pytest.raises(ValueError, match="no track could be decoded"):
        DurationDisplay.from_durations([np.nan], ["a"])
    with pytest.raises(ValueError, match="X has 1 tracks and y 2 genres"):
        DurationDisplay.from_tracks(["never read.mp3"], ["a", "b"])
