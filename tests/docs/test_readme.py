"""What stands in README.md is run: its Python, its commands; and its answer is the answer."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from genrekit import make_tracks
from genrekit.cli import main

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(kind):
    """Blocks of code of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def _commands():
    """Each command in a block of commands, without its remark."""
    for block in _blocks("console"):
        if not block.startswith("$ "):
            yield from (words for line in block.splitlines() if (words := shlex.split(line, True)))


COMMANDS = list(_commands())
OURS = [words for words in COMMANDS if words[0] == "genrekit"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder as the README speaks of it: song.mp3, and music with a folder a genre."""
    folder = tmp_path_factory.mktemp("readme")
    music = make_tracks(8, root=folder / "music", genres=["drone", "pulse"], duration=2.0)
    assert len(music.paths) == 16
    (song,) = make_tracks(1, genres=["pluck"], duration=4.0).waveforms
    sf.write(folder / "song.mp3", song, 22050)
    return folder


@pytest.fixture
def inside(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def test_python(inside):
    names = {}
    for block in _blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert names["report"].accuracy > names["report"].baseline
    assert "<html" in (inside / "report.html").read_text(encoding="utf-8")
    assert names["search"].best_score_ > 0.5


def test_ten_lines_of_the_first_page(inside, capsys):
    exec((ROOT / "docs" / "_ten_lines.py").read_text(encoding="utf-8"), {})
    assert "accuracy" in capsys.readouterr().out


def test_commands(inside, capsys):
    """In their order, for some take what others wrote."""
    kinds = set()
    for words in OURS:
        given = [found for word in words[1:] for found in sorted(map(str, _found(word)))]
        if "--network" in given:
            pytest.importorskip("torch")
            given += ["--epochs", "1"]
        kinds.add(given[0])
        assert main(given) == 0, words
    assert {"predict", "train", "evaluate", "extract"} <= kinds
    for written in ("model.skops", "report.html", "table.csv", "rows"):
        assert (inside / written).exists()
    assert "song.mp3" in capsys.readouterr().out


def _found(word):
    """What a shell makes of a word."""
    return Path().glob(word) if "*" in word else [word]


def test_others_commands():
    """Of make and pip: what they name is there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    others = [words for words in COMMANDS if words not in OURS]
    assert others
    for words in others:
        if words[0] == "make":
            assert words[1] in targets
        else:
            assert words[:2] == ["pip", "install"]
            extras = re.findall(r"\w+", words[2])
            assert set(extras) <= set(project["optional-dependencies"])


def test_links():
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / link).exists(), link


def test_answer(data_dir, monkeypatch, capsys):
    """The first thing that people read is what they would get."""
    (block,) = (block for block in _blocks("console") if block.startswith("$ "))
    command, _, answer = block.partition("\n")
    monkeypatch.chdir(data_dir / "fma_clips")
    assert main(shlex.split(command)[2:]) == 0
    expected, said = (text.split() for text in (answer, capsys.readouterr().out))
    assert len(expected) == len(said)
    for one, other in zip(expected, said, strict=True):
        number = one.rstrip(",")
        if number.replace(".", "", 1).isdigit():
            assert np.isclose(float(number), float(other.rstrip(",")), atol=0.02), (one, other)
        else:
            assert one == other
