"""Displays show themselves in a notebook."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import numpy as np
import pytest

import genrekit.displays as displays
from genrekit.displays import TimelineDisplay

pytest.importorskip("matplotlib")


@pytest.fixture
def display():
    return TimelineDisplay([0.0, 3.0], [[0.9, 0.1], [0.8, 0.2]], ["a", "b"])


def test_a_display_is_its_picture_also_when_it_was_not_drawn_yet(display):
    from matplotlib.image import imread

    picture = imread(io.BytesIO(display._repr_png_()))
    width, height = display.figure_.get_size_inches()
    assert picture.shape[:2] == (round(height * 192), round(width * 192))
    assert np.ptp(picture) > 0.9
    html = display._repr_html_()
    assert html.startswith('<img alt="Probabilities of genres over the time of a track')
    assert "max-width:100%" in html
    data = re.search(r"base64,([^\"]+)", html)[1]
    assert b64decode(data) == display._repr_png_()


def test_what_is_printed_has_no_address(display):
    assert repr(display) == "<TimelineDisplay: figure_.savefig writes it into a file>"


def test_all_displays_show_themselves():
    found = [getattr(displays, name) for name in displays.__all__ if name.endswith("Display")]
    assert len(found) == 17
    assert all(hasattr(display, "_repr_html_") for display in found)
    assert all(hasattr(display, "_repr_png_") for display in found)
