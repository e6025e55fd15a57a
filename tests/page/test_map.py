"""The map as a page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from genrekit.displays import MapDisplay

pytest.importorskip("matplotlib")


@pytest.fixture
def display():
    coordinates = np.array([[0.0, 0.0], [10.0, 5.0], [5.0, 1.0], [0.0, 5.0]])
    tracks = ["/music/jazz/a.mp3", "/music/rock/<b>.mp3", '/music/jazz/"c.mp3', "/music/jazz/d.mp3"]
    return MapDisplay(coordinates, np.array(["jazz", "rock", "jazz", "jazz"]), tracks, ("x", "y"))


def test_points_stand_where_the_tracks_are_and_name_them(display, tmp_path):
    display.to_html(tmp_path / "map.html", title="A & B")
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    points = re.findall(
        r'<b class="([^"]+)" style="left:([\d.]+)%;top:([\d.]+)%" data-said="([^"]+)"', html
    )
    assert points == [
        ("m0", "2.00", "98.00", "jazz: jazz/a.mp3"),
        ("m1 left", "98.00", "2.00", "rock: rock/&lt;b&gt;.mp3"),
        ("m0", "50.00", "78.80", "jazz: jazz/&quot;c.mp3"),
        ("m0", "2.00", "2.00", "jazz: jazz/d.mp3"),
    ]
    assert "<h1>A &amp; B</h1>" in html
    assert "jazz (3)" in html
    assert "<dd>jazz/a.mp3, jazz/&quot;c.mp3, jazz/d.mp3</dd>" in html


def test_genres_have_their_looks_and_can_be_switched_off(display):
    html = display._repr_html_()
    for i, (colour, _) in enumerate(display.looks):
        assert f".m{i}::before{{background:{colour};" in html
        assert f":has(.l{i} input:not(:checked)) .points .m{i}{{display:none}}" in html
    assert html.count('type="checkbox"') == 2
    assert html.count("<style>") == 2


def test_nothing_leaves_the_page_and_no_script_runs(display, tmp_path):
    display.to_html(tmp_path / "map.html")
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r"<script|<link|https?:|url\(|@import|\ssrc=", html)
    display.to_html(tmp_path / "again.html")
    assert html == (tmp_path / "again.html").read_text(encoding="utf-8")


def test_tracks_in_one_place_and_a_folder_that_is_not_there(tmp_path):
    MapDisplay(np.zeros((3, 2)), np.array([0, 1, 1])).to_html(tmp_path / "map.html")
    html = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "1: track 2" in html
    assert "nan" not in html
    with pytest.raises(FileNotFoundError, match="make it first"):
        MapDisplay(np.zeros((3, 2)), np.array([0, 1, 1])).to_html(tmp_path / "no" / "map.html")
