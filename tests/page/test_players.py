"""Players beside tracks that were taken for others."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote

import numpy as np
import pytest

from genrekit import load_audio
from genrekit.audio import encode_clip
from genrekit.evaluation import GenreReport

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("matplotlib")

NAMES = ["a.wav", "odd: 50% #1?.wav", "\udcff\u00e4.wav", "gone.wav", "broken.wav"]


@pytest.fixture
def report(tmp_path):
    """Five tracks, all of them taken for the other genre; one is gone, one no sound."""
    folder = tmp_path / "music"
    folder.mkdir()
    tracks = [str(folder / name) for name in NAMES]
    for i in range(3):
        tone = 0.5 * np.sin(2 * np.pi * 440 * (i + 1) * np.arange(8000 * 27) / 8000)
        soundfile.write(tracks[i].encode("utf-8", "surrogateescape"), tone, 8000, format="WAV")
    (folder / "broken.wav").write_text("<html>")
    y = np.array(["jazz", "rock", "jazz", "rock", "jazz"])
    answers = np.where(y == "jazz", "rock", "jazz")
    surely = np.where((answers == "jazz")[:, np.newaxis], [0.9, 0.1], [0.2, 0.8])
    one = np.ones(1)
    return GenreReport(y, answers, np.unique(y), one, one, probabilities=surely, tracks=tracks)


def sources(report, path, **options):
    report.to_html(path, **options)
    html = path.read_text(encoding="utf-8")
    return html, re.findall(r'<audio [^>]*src="([^"]+)"', html)


def test_files_are_linked_from_the_page(report, tmp_path):
    (tmp_path / "reports").mkdir()
    html, found = sources(report, tmp_path / "reports" / "r.html")
    assert len(set(found)) == 4  # a file that is no sound is there as well
    decoded = {unquote(source, errors="surrogateescape") for source in found}
    assert decoded == {f"../music/{name}" for name in NAMES if name != "gone.wav"}
    # No scheme, no query, no fragment in what a browser reads.
    assert not any(set(source) & set(":?# ") for source in found)
    assert html.count('preload="none"') == len(found)
    assert "Players play the files where they are now" in html
    assert 'aria-label="Play a.wav"' in html


def test_excerpts_are_part_of_the_page_and_it_says_how_large(report, tmp_path):
    html, found = sources(report, tmp_path / "r.html", audio="embed")
    own = set(found)
    assert len(own) == 3
    assert all(source.startswith(("data:audio/mpeg;base64,", "data:audio/wav;")) for source in own)
    size = sum(map(len, own)) / 1e6
    assert f"Players hold 10 s of each track, {size:.1f} MB of this page for 3 tracks." in html
    pitches = set()
    for source in own:
        y = load_audio(b64decode(source.partition("base64,")[2]))
        assert len(y) / 22050 == pytest.approx(10, abs=0.2)
        spectrum = np.abs(np.fft.rfft(y))
        pitches.add(round(spectrum.argmax() * 22050 / len(y), -1))
    assert pitches == {440, 880, 1320}
    again, _ = sources(report, tmp_path / "again.html", audio="embed")
    assert again == html


def test_none_at_all_and_unknown_ways(report, tmp_path):
    html, found = sources(report, tmp_path / "r.html", audio="none")
    assert not found
    assert "Players" not in html
    with pytest.raises(ValueError, match="unknown audio 'yes'"):
        report.to_html(tmp_path / "r.html", audio="yes")


def test_without_mp3_a_clip_is_a_wav(monkeypatch):
    monkeypatch.setattr(soundfile, "available_formats", lambda: {"WAV": ""})
    ramp = np.linspace(-2, 2, 1000)
    data, kind = encode_clip(ramp, 8000)
    assert kind == "audio/wav"
    np.testing.assert_allclose(load_audio(data, sr=8000), np.clip(ramp, -1, 1), atol=1e-4)
