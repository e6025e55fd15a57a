"""Copies of a sound in a library."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
import soundfile

from genrekit._duplicates import find_duplicates
from genrekit.cli import main
from genrekit.datasets import load_csv
from genrekit.tags import Change, Tagged, change_genres

from ._tagged import KINDS, make_sound


def copy(path, target, genre=""):
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(path.read_bytes())
    if genre:
        tagged = Tagged(target)
        change_genres(Change(str(target), tagged.stored, [genre], tagged.is_bare))
    return target


@pytest.fixture
def library(tmp_path):
    """Three sounds: one with two copies, one with a copy in another format, one alone."""
    folder = tmp_path / "library"
    folder.mkdir()
    one = make_sound(folder / "a.mp3", seed=1)
    copy(one, folder / "other name.mp3")
    copy(one, folder / "z" / "other tags.mp3", "polka")
    noise = np.random.default_rng(0).integers(-9999, 9999, 22050, dtype=np.int16)
    soundfile.write(folder / "b.wav", noise, 22050)
    soundfile.write(folder / "b.flac", noise, 22050)
    soundfile.write(folder / "half.wav", noise[:-1], 22050)
    return folder


def names(groups):
    return [[path.rsplit("library/")[1] for path in group] for group in groups]


EXPECTED = [["a.mp3", "other name.mp3", "z/other tags.mp3"], ["b.flac", "b.wav"]]


def test_copies_are_found_whatever_they_are_called(library, capsys):
    assert main(["duplicates", str(library)]) == 0
    out, err = capsys.readouterr()
    lines = [line.split(None, 1) for line in out.splitlines()[2:]]
    found = [[path for n, path in lines if n == group] for group in ("1", "2")]
    assert names(found) == EXPECTED
    assert "2 sounds stand in 5 of 6 files" in err


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("ending", KINDS)
def test_copies_under_other_tags_in_every_kind(tmp_path, ending, n_jobs):
    one = make_sound(tmp_path / f"one{ending}")
    make_sound(tmp_path / f"other{ending}", seed=1)
    two = copy(one, tmp_path / f"two{ending}", "polka")
    assert one.read_bytes() != two.read_bytes()
    paths = sorted(map(str, tmp_path.iterdir()))
    assert find_duplicates(paths, n_jobs=n_jobs) == ([[str(one), str(two)]], [])


def test_written_as_csv_and_json(library, tmp_path, capsys):
    assert main(["duplicates", str(library), "-o", str(tmp_path / "d.csv")]) == 0
    assert "2 sounds stand in 5 of 6 files" in capsys.readouterr().out
    with (tmp_path / "d.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    groups = [[row["path"] for row in rows if row["group"] == n] for n in ("1", "2")]
    assert names(groups) == EXPECTED
    assert main(["duplicates", str(library), "-o", str(tmp_path / "d.json")]) == 0
    assert json.loads((tmp_path / "d.json").read_text()) == groups
    tracks = load_csv(tmp_path / "d.csv", genre="group")
    assert tracks.target.tolist() == ["1", "1", "1", "2", "2"]


def test_bad_files_are_named(library, capsys):
    for name in ("x.mp3", "y.mp3"):
        (library / name).write_text("<!doctype html>" * 50)
    assert main(["duplicates", str(library)]) == 3
    out, err = capsys.readouterr()
    assert names([[line.split(None, 1)[1] for line in out.splitlines()[2:]]]) == [sum(EXPECTED, [])]
    assert all(f"{name}: it is no audio file" in err for name in ("x.mp3", "y.mp3"))


def test_links_are_no_copies(tmp_path, capsys):
    make_sound(tmp_path / "a.wav")
    (tmp_path / "link.wav").symlink_to(tmp_path / "a.wav")
    os.link(tmp_path / "a.wav", tmp_path / "name.wav")
    assert main(["duplicates", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "genrekit: no two of 3 files hold the same sound\n")
    assert find_duplicates([str(tmp_path / "no.wav")] * 2)[0] == []


def test_a_name_in_a_strange_encoding_comes_back(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    one = make_sound(folder / "=1.wav")
    copy(one, folder / os.fsdecode(b"caf\xe9.wav"))
    for name in ("d.csv", "d.json"):
        assert main(["duplicates", str(folder), "-o", str(tmp_path / name)]) == 0
    assert names(json.loads((tmp_path / "d.json").read_text())) == [["=1.wav", "caf%E9.wav"]]


def test_where_it_can_not_be_written(library, tmp_path, capsys):
    assert main(["duplicates", str(library), "-o", str(tmp_path / "no" / "d.csv")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["duplicates", str(library), "-o", "d.txt"])
    assert stop.value.code == 2
