"""A comparison as a page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from genrekit.evaluation import Comparison, GenreReport

Y = np.repeat(["jazz", "<pop>"], 20)


def report(wrong, **more):
    answers = Y.astype(object)
    answers[wrong] = np.where(Y[wrong] == "jazz", "<pop>", "jazz")
    one = np.ones(2)
    return GenreReport(Y, answers, np.unique(Y), one, one, folds=np.arange(40) % 2, **more)


@pytest.fixture
def comparison():
    tracks = [f"/music/{i}.mp3" for i in range(40)]
    reports = {
        "good": report([0], tracks=tracks),
        "<b>ad": report(list(range(16)), tracks=tracks),
        "alike": report([0, 39], tracks=tracks),
    }
    return Comparison(reports)


def text_of(html):
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("\N{NO-BREAK SPACE}", " ").split())


def test_accuracies_differences_and_words(comparison, tmp_path):
    comparison.to_html(tmp_path / "c.html", title="A & B")
    html = (tmp_path / "c.html").read_text(encoding="utf-8")
    text = text_of(html)
    assert "A &amp; B" in text
    assert "good 97.5 %" in text
    assert "&lt;b&gt;ad 60.0 %" in text
    found = comparison.differences["<b>ad"]
    low, high = (f"{100 * x:+.1f}".replace("-", "−") for x in (found.low, found.high))
    assert f"worse than good −37.5 {low} to {high} 0 15" in text
    assert "alike not told apart −2.5" in text
    assert "<b>ad" not in html
    assert "1 of 40 tracks are right in none" in text
    assert "0.mp3 jazz &lt;pop&gt; &lt;pop&gt; &lt;pop&gt;" in text
    shares = text[text.index("genre tracks good") :]
    assert "jazz 20 0.95 0.20 0.95" in shares


def test_lines_are_drawn_to_scale(comparison, tmp_path):
    comparison.to_html(tmp_path / "c.html")
    html = (tmp_path / "c.html").read_text(encoding="utf-8")
    dots = re.findall(r'class="dot" style="left:([\d.]+)%"', html)
    assert dots[:4] == ["97.50", "95.00", "60.00", "50.00"]
    differences = comparison.differences
    most = max(max(abs(d.low), abs(d.high)) for d in differences.values())
    expected = [50 + 50 * d.difference / most for d in differences.values()]
    assert [float(dot) for dot in dots[4:]] == pytest.approx(expected, abs=0.01)


def test_nothing_leaves_the_page_and_it_is_the_same_each_time(comparison, tmp_path):
    pages = []
    for name in ("one.html", "two.html"):
        comparison.to_html(tmp_path / name)
        pages.append((tmp_path / name).read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert not re.search(r"<script|<link|https?:|url\(http|@import|\ssrc=", pages[0])
    links = re.findall(r'href="#([^"]+)"', pages[0])
    assert set(links) <= set(re.findall(r'id="([^"]+)"', pages[0]))


def test_one_report_has_no_differences(tmp_path):
    Comparison({"alone": report([1])}).to_html(tmp_path / "c.html")
    text = text_of((tmp_path / "c.html").read_text(encoding="utf-8"))
    assert "Differences" not in text
    assert "right in none" not in text
    with pytest.raises(FileNotFoundError, match="make it first"):
        Comparison({"alone": report([1])}).to_html(tmp_path / "no" / "c.html")
