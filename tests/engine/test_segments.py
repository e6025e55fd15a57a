"""Where segments start, and which tracks have how many."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from genrekit.engine import segment_starts, warn_of_short
from genrekit.exceptions import GenrekitWarning


@pytest.mark.parametrize(
    ("seconds", "pad", "segments"),
    [
        (30.0, 0.1, 10),
        (29.98, 0.1, 10),  # the last one filled with 20 ms of silence
        (30.02, 0.1, 10),  # 20 ms left out
        (29.98, 0, 9),
        (30.02, 1, 11),
        (29.7, 0.1, 10),  # just a tenth is missing
        (29.69, 0.1, 9),
        (31.5, 0.5, 11),
        (3.0, 0, 1),
        (1.0, 0, 1),  # shorter than a segment: filled whatever pad says
        (0.0, 1, 0),
    ],
)
def test_clips_of_about_thirty_seconds(seconds, pad, segments):
    starts = segment_starts(round(seconds * 22050), 66150, 66150, pad)
    assert starts == [66150 * i for i in range(segments)]


@pytest.mark.parametrize(
    ("n", "length", "hop", "pad", "starts"),
    [
        (10, 4, 2, 0, [0, 2, 4, 6]),
        (11, 4, 2, 0, [0, 2, 4, 6]),
        (11, 4, 2, 0.25, [0, 2, 4, 6, 8]),
        (10, 4, 2, 1, [0, 2, 4, 6]),  # one from 8 on would bring nothing new
        (3, 4, 2, 1, [0]),
        (10, 2, 4, 1, [0, 4, 8]),  # with gaps
        (9, 2, 4, 1, [0, 4, 8]),
        (8, 2, 4, 1, [0, 4]),  # one from 8 on would be nothing but silence
    ],
)
def test_hops(n, length, hop, pad, starts):
    assert segment_starts(n, length, hop, pad) == starts


def test_a_segment_that_most_tracks_do_not_fill_half_is_named():
    said = (
        "2 of 3 tracks are shorter than half a segment of 100, half of them all than 2: .*silence"
    )
    with pytest.warns(GenrekitWarning, match=said):
        warn_of_short(np.array([2.0, 80.0, 2.0]), 100.0, "silence")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_short(np.array([2.0, 1.5, 1.4]), 3.0, "silence")
