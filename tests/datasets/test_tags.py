"""Folders whose files say in their tags what they are."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from mutagen.flac import FLAC

from genrekit.cli import main
from genrekit.datasets import load_tags
from genrekit.exceptions import GenrekitWarning
from genrekit.tags import Change, Tagged, change_genres

from .._tagged import KINDS, make_sound


@pytest.fixture
def make_library(tmp_path):
    """A function that makes a folder of files with genre, artist and album in their tags."""

    def make(**files):
        for seed, (name, said) in enumerate(files.items()):
            path = make_sound(tmp_path / f"{name}.flac", seed=seed, seconds=0.5)
            file = FLAC(path)
            file.update({key: said[key] for key in said if said[key]})
            file.save()
        return tmp_path

    return make


def by(genre, artist="", album=""):
    return {"genre": genre, "artist": artist, "album": album}


def test_genres_artists_and_albums(make_library):
    root = make_library(
        a=by("Rock", "Ann", "Live"),
        b=by(["Jazz", "Rock"], "Bob"),
        c=by("Rock", " ANN  "),
        d=by("Jazz"),
    )
    tracks = load_tags(root)
    assert tracks.paths == [str(root / f"{name}.flac") for name in "abcd"]
    assert tracks.target.tolist() == ["Rock", "Jazz", "Rock", "Jazz"]
    assert tracks.target_names == ["Jazz", "Rock"]
    assert tracks.groups[0] == tracks.groups[2]
    assert len(set(tracks.groups)) == 3
    assert tracks.groups[3] == tracks.paths[3]
    assert tracks.artists == ["Ann", "Bob", "ANN", ""]
    assert tracks.albums == ["Live", "", "", ""]
    assert tracks.split is None
    assert "Tracks: 4 by 2 artists" in tracks.DESCR
    paths, target = load_tags(root, return_X_y=True)
    assert (paths, target.tolist()) == (tracks.paths, tracks.target.tolist())
    frame = load_tags(root, as_frame=True).frame
    assert frame["group"].tolist() == tracks.groups.tolist()


def test_spellings_of_one_genre_are_one(make_library):
    root = make_library(
        a=by("hip  hop"), b=by("Hip Hop"), c=by("Hip Hop"), d=by("hip-hop"), e=by("HIP HOP")
    )
    assert load_tags(root).target.tolist() == ["Hip Hop"] * 3 + ["hip-hop", "Hip Hop"]


def test_one_warning_for_all_that_is_left_out(make_library):
    root = make_library(a=by("Rock"), b=by("Jazz"), c=by("", "Ann"), d=by("nan"), e=by("  "))
    (root / "page.mp3").write_text("<!doctype html>" * 50)
    (root / "cover.jpg").write_bytes(b"")
    with pytest.warns(GenrekitWarning) as seen:
        tracks = load_tags(root)
    (said,) = (str(w.message) for w in seen)
    assert f"3 files without a genre in its tags (first: {root / 'c.flac'})" in said
    assert f"1 file without tags to be read (first: {root / 'page.mp3'}: its tags" in said
    assert "1 file of another kind was passed over: 1 .jpg" in said
    assert seen[0].filename == __file__
    assert tracks.target.tolist() == ["Rock", "Jazz"]


def test_a_word_for_nothing_before_a_genre(make_library):
    root = make_library(a=by(["None", "Rock"]), b=by("Jazz"))
    assert load_tags(root).target.tolist() == ["Rock", "Jazz"]


def test_pages_of_text_are_no_genre(make_library):
    root = make_library(a=by(["x" * 10_000, "Rock"]), b=by("Jazz"), c=by("la la " * 10_000))
    with pytest.warns(GenrekitWarning, match="1 file without a genre in its tags"):
        tracks = load_tags(root)
    assert tracks.target.tolist() == ["Rock", "Jazz"]
    assert tracks.target.itemsize == 4 * 4  # all elements take as much as the longest


def test_genres_by_few_artists_can_be_left_out(make_library):
    root = make_library(
        a=by("Rock", "Ann"),
        b=by("Rock", "Bob"),
        c=by("Jazz", "Ann"),
        d=by("Jazz"),
        e=by("Folk", "Ann"),
        f=by("Folk", "ann"),
    )
    with pytest.warns(
        GenrekitWarning, match=r"2 tracks of genres by fewer than 2 artists: Folk \(1"
    ):
        tracks = load_tags(root, min_artists=2)
    assert tracks.target_names == ["Jazz", "Rock"]
    assert len(tracks.paths) == len(tracks.groups) == len(tracks.artists) == 4
    with pytest.raises(ValueError, match="no genre has 9 artists"):
        load_tags(root, min_artists=9)


def test_identical_files_without_artist_share_a_group(make_library):
    root = make_library(a=by("Rock"), b=by("Jazz"))
    (root / "z.flac").write_bytes((root / "a.flac").read_bytes())
    tracks = load_tags(root)
    assert tracks.groups.tolist() == [tracks.paths[0], tracks.paths[1], tracks.paths[0]]


def test_every_kind_is_read(tmp_path):
    for seed, ending in enumerate(KINDS):
        path = make_sound(tmp_path / f"song{ending}", seed=seed)
        tagged = Tagged(path)
        genres = ["rock" if seed % 2 else "jazz", "polka"]
        change_genres(Change(str(path), tagged.stored, genres, tagged.is_bare))
    found = load_tags(tmp_path)
    assert len(found.paths) == len(KINDS)
    assert set(found.target) == {"rock", "jazz"}
    assert len(load_tags(tmp_path, extensions=["mp3", "wav"]).paths) == 2


def test_what_can_not_be_loaded(make_library, monkeypatch):
    root = make_library(a=by("Rock"), b=by("rock"), c=by(""))
    with pytest.raises(ValueError, match="only one genre, 'Rock'"):
        load_tags(root)
    with pytest.raises(FileNotFoundError, match="no such folder; expected music with genres"):
        load_tags(root / "no")
    with pytest.raises(NotADirectoryError):
        load_tags(root / "a.flac")
    for name in "ab":
        (root / f"{name}.flac").unlink()
    with pytest.raises(ValueError, match=r"no audio file with a genre in its tags; 1 file without"):
        load_tags(root)
    monkeypatch.setitem(sys.modules, "mutagen", None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[tags\]'"):
        load_tags(root)


# --- from the command line --------------------------------------------------------------------


@pytest.fixture
def library(make_library):
    """Two genres by three artists each, and one by one."""
    files = {
        f"{genre}{i}": by(genre, f"{genre} {i // 2}")
        for genre in ("rock", "jazz")
        for i in range(6)
    }
    return make_library(**files, folk=by("folk", "Ann"))


def test_train_and_evaluate(library, tmp_path, capsys):
    how = ["--labels", "tags", "--model", "knn", "--features", "rms,mfcc"]
    output = str(tmp_path / "model.skops")
    assert main(["evaluate", str(library), *how, "--folds", "3", "--min-artists", "3"]) == 0
    out, err = capsys.readouterr()
    assert "folk" not in out
    assert "1 track of genres by fewer than 3 artists: folk (1)" in err
    assert "tracks of one artist may be on both sides" not in out
    assert main(["train", str(library), *how, "--min-artists", "3", "-o", output]) == 0
    capsys.readouterr()
    assert main(["predict", output, str(library / "rock0.flac"), "--json"]) == 0
    assert '"genre": "rock"' in capsys.readouterr().out
    assert main(["evaluate", str(library), *how, "--folds", "3"]) == 1
    err = capsys.readouterr().err
    assert "genre 'folk' has 1 artist" in err
    assert "--min-artists 3" in err


@pytest.mark.filterwarnings("ignore:.*left out")
def test_folds_keep_artists_together(library):
    from genrekit._evaluate import find_tracks

    tracks = find_tracks(library, labels="tags", min_artists=2)
    assert tracks.unit == "artist"
    assert sorted(set(tracks.groups)) == [f"{g} {i}" for g in ("jazz", "rock") for i in range(3)]
    in_folders = find_tracks(library, labels="tags", groups="folder")
    assert (in_folders.unit, len(np.unique(in_folders.groups))) == ("folder", 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["music", "--min-artists", "3"], "goes with --labels tags"),
        (["music", "--labels", "names"], "invalid choice"),
    ],
)
def test_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_labels_are_of_folders_only(library, tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text("path,genre\n")
    assert main(["evaluate", str(table), "--labels", "tags"]) == 1
    assert "--labels tags: takes a folder" in capsys.readouterr().err
    arguments = ["--dataset", "gtzan", "--root", str(library), "--labels", "tags"]
    assert main(["evaluate", *arguments]) == 1
    assert "--labels tags: takes a folder" in capsys.readouterr().err
