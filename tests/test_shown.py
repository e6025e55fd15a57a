"""Objects that print as short tables, and bars that fit where one looks."""

from __future__ import annotations

import pickle
import sys
import types
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from genrekit import extract, load_folder, make_tracks
from genrekit._progress import in_notebook, progress_bar
from genrekit._shown import ShortTable, Shown
from genrekit.datasets import load_csv
from genrekit.evaluation import Comparison, GenreReport
from genrekit.models import Timeline


class Cells(HTMLParser):
    """The text of each cell."""

    def __init__(self, html):
        super().__init__()
        self.cells = []
        self.feed(html)

    def handle_data(self, data):
        self.cells.append(data)


def timeline(n, classes=("jazz", "rock", "<b>")):
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.ones(len(classes)), size=n)
    return Timeline(3.0 * np.arange(n), table, np.array(classes), 3.0)


def test_a_timeline_shows_the_two_most_probable_genres():
    shown = Timeline(np.array([0.0, 3.0]), np.array([[0.9, 0.1], [0.25, 0.75]]), ["a", "b"])
    assert repr(shown).splitlines() == [
        "Timeline: 2 segments, 2 genres",
        "time, s  genre  probability  next  probability",
        "-------  -----  -----------  ----  -----------",
        "      0  a              0.9  b             0.1",
        "      3  b             0.75  a            0.25",
    ]
    gap = Timeline(np.array([0.0]), np.full((1, 2), np.nan), ["a", "b"])
    assert repr(gap).splitlines()[-1].split() == ["0", "nan", "nan"]
    assert repr(timeline(3, ["one"])).splitlines()[1] == "time, s  genre  probability"
    assert repr(Timeline(np.empty(0), np.empty((0, 2)), ["a", "b"])).count("\n") == 0


@pytest.mark.parametrize("n", [9, 10, 1000])
def test_long_ones_show_their_ends(n):
    lines = repr(timeline(n)).splitlines()
    assert len(lines) == 12
    assert lines[3].split()[0] == "0"
    assert lines[-1].split()[0] == str(3 * (n - 1))
    assert ("…" in lines[8]) == (n > 9)


def test_in_a_notebook_it_is_a_table_that_nothing_breaks():
    html = timeline(3)._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    cells = Cells(html).cells
    assert cells[:2] == ["Timeline: 3 segments, 3 genres", "time, s"]
    assert html.count("<tr>") == 4
    assert timeline(0)._repr_html_() == "<p>Timeline: 0 segments, 3 genres</p>"


def test_extractions_show_a_few_columns_and_errors():
    tones = [np.sin(np.arange(4000) * f).astype(np.float32) for f in (0.05, 0.1)]
    found = extract([*tones, b"no sound"], ["rms", "mfcc"], on_error="nan")
    lines = repr(found).splitlines()
    assert lines[0] == f"3 tracks, 1 error, {len(found.names)} features"
    assert lines[1].split() == ["track", *found.names[:4], "…", found.names[-1]]
    assert lines[3].split()[1] == format(found.table[0, 0], ".4g")
    assert lines[5].split() == ["2", "nan", "nan", "nan", "nan", "…", "nan"]
    frames = extract([tones[0]], ["rms", "mfcc"], pooled=False)
    assert repr(frames).splitlines()[-1].split("  ")[-1].strip() == "20 × 8"


def test_bunches_show_tracks_with_genres_and_groups(tmp_path):
    made = make_tracks(1, genres=["pluck", "pulse"], duration=0.1)
    assert repr(made).splitlines() == [
        "2 tracks in 2 genres",
        "track  seconds  genre",
        "-----  -------  -----",
        "    0      0.1  pluck",
        "    1      0.1  pulse",
    ]
    (tmp_path / "t.csv").write_text(
        "path,genre,group,split\na.wav,jazz,x,train\nb.wav,rock,x,\n", encoding="utf-8"
    )
    for name in "ab":
        (tmp_path / f"{name}.wav").write_bytes(f"RIFF{name}".encode())
    lines = repr(load_csv(tmp_path / "t.csv", group="group", split="split")).splitlines()
    assert lines[0] == "2 tracks in 2 genres, 1 group"
    assert lines[1].split() == ["path", "genre", "group", "split"]
    assert lines[3].split() == [str(tmp_path / "a.wav"), "jazz", "x", "train"]
    make_tracks(10, root=tmp_path / "music", duration=0.1)
    many = load_folder(tmp_path / "music")
    assert len(repr(many).splitlines()) == 12
    assert pickle.loads(pickle.dumps(many)).paths == many.paths
    assert "pulse.00009.wav" in many._repr_html_()
    del many["groups"]
    many.paths = many.paths[:2]
    assert repr(many).startswith("{'target'")
    assert many._repr_html_() is None


def test_control_characters_in_names_are_spelled_out():
    class Odd(ShortTable):
        def _shown(self):
            return Shown("odd", ["name", "number"], 1, lambda i: ["\x1b[2J\u202e", 1])

    assert "\x1b" not in repr(Odd()) + Odd()._repr_html_()
    assert r"\x1b[2J\u202e" in repr(Odd())


def test_reports_are_shown_as_they_are_printed():
    y = np.array(["a", "a", "<b>"])
    one = np.ones(1)
    report = GenreReport(y, y, np.unique(y), one, one)
    html = report._repr_html_()
    assert html.startswith("<pre>accuracy 1.000")
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("\n") == str(report).count("\n")
    assert (
        Comparison({"one": report})._repr_html_()
        == f"<pre>{escape(str(Comparison({'one': report})))}</pre>"
    )


def test_a_bar_is_a_line_without_a_notebook(capsys):
    assert list(progress_bar([1, 2], desc="reading")) == [1, 2]
    assert "reading: 100%" in capsys.readouterr().err


def test_a_notebook_is_known_by_its_kernel(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for config, there in (({"IPKernelApp": {}}, True), ({}, False)):
        shell = types.SimpleNamespace(config=config)
        monkeypatch.setitem(
            sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda s=shell: s)
        )
        assert in_notebook() is there
