"""Genres written into a library from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit import _predict, _write_tags
from genrekit._write_tags import carry_out, plan
from genrekit.audio import hash_samples
from genrekit.cli import main
from genrekit.datasets import make_tracks
from genrekit.exceptions import TrackError
from genrekit.tags import Change, Tagged, change_genres, read_tags, read_undo

from ._tagged import KINDS, make_sound


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A saved classifier."""
    root = tmp_path_factory.mktemp("training")
    make_tracks(3, root=root / "music", genres=["drone", "noise-beat"], sr=8000, duration=1.0)
    path = root / "model.skops"
    arguments = ["train", str(root / "music"), "-o", str(path), "--features", "rms,mfcc"]
    assert main([*arguments, "--model", "knn"]) == 0
    return str(path)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A file of each kind, one of which has a genre, and a web page."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "library"
    folder.mkdir()
    for seed, ending in enumerate(KINDS):
        make_sound(folder / f"song{ending}", seed=seed)
    tag(folder / "song.flac", "Polka")
    (folder / "page.mp3").write_text("<!doctype html>" * 50)
    return folder


def tag(path, *genres):
    tagged = Tagged(path)
    change_genres(Change(str(path), tagged.stored, list(genres), tagged.is_bare))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sounds(folder):
    return {path.name: hash_samples(path) for path in folder.glob("song*")}


def genres(folder):
    return {path.suffix: read_tags(path).genres for path in folder.glob("song*")}


def rows(capsys):
    return {Path(row["file"]).suffix: row for row in json.loads(capsys.readouterr().out)}


def write_tags(model, library, *more):
    return main(["write-tags", str(library), "--model", model, *more])


def test_it_is_only_shown_until_it_is_asked_for(model, library, capsys):
    before = contents(library)
    (library / "page.mp3").unlink()
    assert write_tags(model, library) == 0
    out, err = capsys.readouterr()
    assert out.count("would write") == len(KINDS) - 1
    assert "Polka" in out
    assert "kept" in out
    assert f"--write writes into {len(KINDS) - 1} of {len(KINDS)} files" in err
    assert contents(library) == {n: c for n, c in before.items() if n != "page.mp3"}
    assert [path.name for path in Path().iterdir()] == ["library"]


def test_written_and_undone(model, library, capsys):
    before, heard = contents(library), sounds(library)
    assert write_tags(model, library, "--write", "--undo-file", "u.jsonl", "--json") == 3
    out, err = capsys.readouterr()
    found = {Path(row["file"]).name: row for row in json.loads(out)}
    assert "`genrekit write-tags --undo u.jsonl` restores what there was" in err
    assert found["page.mp3"]["state"] == "failed"
    assert "it is no audio file" in found["page.mp3"]["error"]
    assert "page.mp3: it is no audio file" in err
    assert found["song.flac"]["state"] == "kept"
    now = genres(library)
    assert now.pop(".flac") == ["Polka"]
    assert all(len(one) == 1 and one[0] in ("drone", "noise-beat") for one in now.values())
    for name, row in found.items():
        assert row["after"] == ([] if name == "page.mp3" else read_tags(library / name).genres)
    assert sounds(library) == heard
    assert {change.path for change in read_undo(Path("u.jsonl"))} == {
        str(library / f"song{ending}") for ending in now
    }
    assert main(["write-tags", "--undo", "u.jsonl"]) == 0
    assert capsys.readouterr().out.count("restored") == len(now)
    assert {ending for ending, there in genres(library).items() if there} == {".flac"}
    assert sounds(library) == heard
    for name in ("song.mp3", "song.wav", "song.aiff"):  # had no tags at all
        assert (library / name).read_bytes() == before[name]
    assert main(["write-tags", "--undo", "u.jsonl", "--json"]) == 0
    found = rows(capsys)
    assert {row["state"] for row in found.values()} == {"as it is"}
    assert all(row["before"] == row["after"] for row in found.values())


def test_writing_again_writes_nothing(model, library, capsys):
    assert write_tags(model, library, "--write", "--existing", "replace") == 3
    before, there = contents(library), sorted(Path().glob("genrekit-undo-*.jsonl"))
    assert len(there) == 1
    capsys.readouterr()
    assert write_tags(model, library, "--write", "--existing", "replace", "--json") == 3
    states = {ending: row["state"] for ending, row in rows(capsys).items() if ending != ".mp3"}
    assert set(states.values()) == {"as it is"}
    assert contents(library) == before
    assert sorted(Path().glob("genrekit-undo-*.jsonl")) == there


@pytest.mark.parametrize(
    ("existing", "expected", "state"),
    [
        ("keep", ["Polka", "HIP HOP"], "kept"),
        ("add", ["Polka", "HIP HOP", "jazz"], "would write"),
        ("replace", ["hip-hop", "jazz"], "would write"),
    ],
)
def test_what_becomes_of_genres_that_are_there(tmp_path, existing, expected, state):
    path = make_sound(tmp_path / "song.flac")
    tag(path, "Polka", "HIP HOP")
    answers = [[("hip-hop", 0.5), ("jazz", 0.4), ("rock", 0.1)]]
    (step,) = plan([str(path)], answers, [False], [], threshold=0.3, existing=existing)
    assert (step.before, step.after, step.state) == (["Polka", "HIP HOP"], expected, state)
    (done,) = carry_out([step])
    assert read_tags(path).genres == expected
    assert done.state == {"kept": "kept", "would write": "written"}[state]


def test_what_keeps_its_genres_is_not_heard(model, library, monkeypatch, capsys):
    (library / "page.mp3").unlink()
    heard, ask = [], _predict.top_genres

    def hear(model, files, k):
        heard.append([Path(file).name for file in files])
        return ask(model, files, k)

    monkeypatch.setattr(_predict, "top_genres", hear)
    assert write_tags(model, library, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [Path(row["file"]).name for row in found] == sorted(contents(library))
    assert heard == [[name for name in sorted(contents(library)) if name != "song.flac"]]
    assert {row["state"] for row in found} == {"would write", "kept"}
    assert write_tags(model, library / "song.flac") == 0
    assert write_tags(model, library / "song.flac", "--existing", "add") == 0
    assert heard[1:] == [["song.flac"]]


def test_thresholds_and_what_is_not_known(tmp_path):
    path = str(make_sound(tmp_path / "song.wav"))
    answers = [[("jazz", 0.5), ("rock", 0.4)]]

    def after(threshold, rejected=False, answers=answers):
        (step,) = plan([path], answers, [rejected], [], threshold=threshold)
        assert (step.state == "unknown") == (not step.after)
        return step.after

    assert after(None) == ["jazz"]
    assert after(0.4) == ["jazz", "rock"]
    assert after(0.45) == ["jazz"]
    assert after(0.6) == []
    assert after(None, rejected=True) == []
    assert after(0.5, answers=[[(7, None)]]) == ["7"]


def test_novel_tracks_are_left_alone(tmp_path, capsys):
    library = tmp_path
    for seed, ending in enumerate((".wav", ".ogg")):
        make_sound(library / f"song{ending}", seed=seed, seconds=4.0)
    assert main(["write-tags", str(library), "--reject-novel", "0", "--json"]) == 0
    assert {row["state"] for row in rows(capsys).values()} == {"unknown"}
    assert main(["write-tags", str(library), "--reject-novel", "1", "--json"]) == 0
    assert {row["state"] for row in rows(capsys).values()} == {"would write"}
    # Unlike --reject-novel of predict it has a value of its own.
    assert main(["predict", str(library), "--json"]) == 0
    novelty = {end: row["novelty"] for end, row in rows(capsys).items()}
    assert main(["write-tags", str(library), "--json"]) == 0
    states = {end: row["state"] for end, row in rows(capsys).items()}
    assert states == {
        end: "unknown" if value > _write_tags.NOVEL else "would write"
        for end, value in novelty.items()
    }


def test_a_genre_that_says_unknown_is_none(tmp_path):
    path = make_sound(tmp_path / "song.flac")
    tag(path, "Unknown")
    (step,) = plan([str(path)], [[("jazz", 1.0)]], [False], [], existing="keep")
    assert (step.before, step.after, step.change.before) == ([], ["jazz"], ["Unknown"])
    carry_out([step])
    assert read_tags(path).genres == ["jazz"]
    assert [one.state for one in _write_tags.undo([step.change])] == ["restored"]
    assert Tagged(path).stored == ["Unknown"]


def test_two_names_of_one_file_are_written_once(tmp_path):
    path = make_sound(tmp_path / "song.ogg")
    link = tmp_path / "link.ogg"
    link.symlink_to(path)
    files = [str(path), str(link)]
    steps = plan(files, [[("jazz", 1.0)]] * 2, [False] * 2, [])
    done = carry_out(steps)
    assert [(step.file, step.state) for step in done] == [(file, "written") for file in files]
    assert read_tags(link).genres == ["jazz"]


def test_one_bad_file_costs_no_other(model, library, monkeypatch, capsys):
    (library / "page.mp3").unlink()
    before, replace = contents(library), os.replace

    def fail(source, target):
        if str(target).endswith(".ogg"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    assert write_tags(model, library, "--write", "--json") == 3
    out, err = capsys.readouterr()
    found = {Path(row["file"]).suffix: row for row in json.loads(out)}
    assert found.pop(".ogg")["error"] == "can't be written: No space left on device"
    assert "song.ogg: can't be written: No space left on device" in err
    assert {row["state"] for row in found.values()} == {"written", "kept"}
    assert contents(library)["song.ogg"] == before["song.ogg"]


def test_a_copy_that_sounds_otherwise_is_thrown_away(model, library, monkeypatch, capsys):
    before = contents(library)
    monkeypatch.setattr(_write_tags, "hash_samples", lambda path: str(path))
    assert write_tags(model, library, "--write", "--json") == 3
    states = {end: row["state"] for end, row in rows(capsys).items()}
    assert set(states.values()) == {"failed", "kept"}
    assert contents(library) == before


def test_the_undo_file_is_there_before_the_first_change(model, library, monkeypatch):
    before, noted = contents(library), []

    def look(change, **_):
        assert contents(library) == before
        noted.append([one.path for one in read_undo(Path("u.jsonl"))])

    monkeypatch.setattr(_write_tags, "change_genres", look)
    assert write_tags(model, library, "--write", "--undo-file", "u.jsonl") == 3
    assert len(noted) == len(noted[0]) == len(KINDS) - 1


def test_an_undo_file_is_never_written_over(model, library, capsys):
    Path("u.jsonl").write_text("mine")
    before = contents(library)
    assert write_tags(model, library, "--write", "--undo-file", "u.jsonl") == 1
    assert "u.jsonl: is there already" in capsys.readouterr().err
    assert write_tags(model, library, "--write", "--undo-file", "no/u.jsonl") == 1
    assert "there is no folder" in capsys.readouterr().err
    assert main(["write-tags", "--undo", "u.jsonl"]) == 1
    assert "no undo file of write-tags" in capsys.readouterr().err
    Path("empty.jsonl").write_text("")
    assert main(["write-tags", "--undo", "empty.jsonl"]) == 1
    assert "no undo file of write-tags (its first line is another)" in capsys.readouterr().err
    assert (Path("u.jsonl").read_text(), contents(library)) == ("mine", before)


def test_undo_says_which_files_are_others_by_now(model, library, capsys):
    assert write_tags(model, library, "--write", "--undo-file", "u.jsonl") == 3
    tag(library / "song.ogg", "Polka")
    (library / "song.opus").rename(library / "moved.opus")
    capsys.readouterr()
    assert main(["write-tags", "--undo", "u.jsonl", "--json"]) == 3
    found = rows(capsys)
    assert "changed since" in found[".ogg"]["error"]
    assert "if it was moved, say so in the undo file" in found[".opus"]["error"]
    assert {row["state"] for end, row in found.items() if end not in (".ogg", ".opus")} == {
        "restored"
    }
    assert read_tags(library / "song.ogg").genres == ["Polka"]
    noted = Path("u.jsonl").read_text()
    Path("u.jsonl").write_text(noted.replace("song.opus", "moved.opus"))
    assert main(["write-tags", "--undo", "u.jsonl", "--json"]) == 3
    assert rows(capsys)[".opus"]["state"] == "restored"


def test_a_text_of_pages_does_not_make_a_table_as_wide(model, library, capsys):
    tag(library / "song.flac", "la la " * 10_000)
    assert write_tags(model, library) == 3
    out = capsys.readouterr().out
    assert "la la…" in out
    assert max(map(len, out.splitlines())) < 1000


def test_kinds_without_tags_are_named(tmp_path):
    path = tmp_path / "song.au"
    soundfile.write(path, np.zeros(8000), 8000)
    steps = plan([str(path), "x.mp3"], [[("jazz", 1.0)], []], [False] * 2, [TrackError(1, "", "!")])
    assert [step.state for step in steps] == ["failed", "failed"]
    assert "are known" in steps[0].reason
    assert steps[1].reason == "!"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--undo", "u.jsonl", "a.mp3"],
        ["--undo", "u.jsonl", "--write"],
        ["--undo-file", "u.jsonl", "a.mp3"],
        ["a.mp3", "--threshold", "2"],
        ["a.mp3", "--existing", "drop"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["write-tags", *arguments])
    assert stop.value.code == 2
    assert "usage: genrekit write-tags" in capsys.readouterr().err


def test_mutagen_is_asked_for_first(model, library, monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "mutagen", None)
    assert write_tags(model, library) == 1
    assert "pip install 'genrekit[tags]'" in capsys.readouterr().err
