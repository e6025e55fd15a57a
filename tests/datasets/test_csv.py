"""Tables that name files and their genres."""

from __future__ import annotations

import os

import pytest

from genrekit.datasets import load_csv
from genrekit.exceptions import GenrekitWarning

TABLE = "path,genre,artist,part\na.wav,rock,X,train\nsub/b.mp3,jazz,Y,\nc.wav,rock,X,test\n"
FILES = ("a.wav", "sub/b.mp3", "c.wav")


@pytest.fixture
def make_table(make_files):
    """Write a table, and files beside it."""

    def make(text=TABLE, files=FILES, name="tracks.csv"):
        table = make_files(*files) / name
        table.write_text(text)
        return table

    return make


def test_everything_in_the_order_of_the_table(make_table):
    table = make_table()
    tracks = load_csv(table, group="artist", split="part", as_frame=True)
    assert tracks.paths == [str(table.parent / name) for name in FILES]
    assert tracks.target.tolist() == ["rock", "jazz", "rock"]
    assert tracks.target_names == ["jazz", "rock"]
    assert tracks.groups.tolist() == ["X", "Y", "X"]
    assert tracks.split.tolist() == ["train", None, "test"]
    assert tracks.frame.columns.tolist() == ["path", "genre", "group", "split"]
    assert "column 'artist'" in tracks.DESCR
    assert "rock: 2" in tracks.DESCR


def test_without_groups_each_recording_is_one(make_table):
    table = make_table()
    (table.parent / "c.wav").write_bytes((table.parent / "a.wav").read_bytes())
    assert load_csv(table).groups.tolist() == [0, 1, 0]
    assert load_csv(table).split is None


def test_relative_table_absolute_path_and_links(make_table, monkeypatch):
    table = make_table()
    elsewhere = table.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.wav").symlink_to(table.parent / "a.wav")
    text = f"path,genre\n{table.parent / 'a.wav'},rock\nlink.wav,rock\n../sub/b.mp3,jazz\n"
    (elsewhere / "t.csv").write_text(text)
    monkeypatch.chdir(table.parent)
    tracks = load_csv("elsewhere/t.csv")
    assert tracks.paths[1:] == ["elsewhere/link.wav", "elsewhere/../sub/b.mp3"]
    assert os.path.isabs(tracks.paths[0])
    assert tracks.groups.tolist() == [0, 0, 1]


def test_other_columns_tabs_and_a_byte_order_mark(make_table):
    table = make_table("\ufefffile\tstyle\na.wav\trock\nc.wav\tjazz\n", name="tracks.tsv")
    assert load_csv(table, path="file", genre="style").target.tolist() == ["rock", "jazz"]


def test_X_and_y(make_table):
    paths, target = load_csv(make_table(), return_X_y=True)
    assert len(paths) == len(target) == 3


def test_missing_files_are_one_error(make_table):
    table = make_table(files=["a.wav"])
    with pytest.raises(
        FileNotFoundError, match=r"2 of 3 files are missing: .*b\.mp3, .*on_missing="
    ):
        load_csv(table)


def test_missing_files_are_dropped_with_one_warning(make_table):
    table = make_table(files=["a.wav", "sub/b.mp3"])
    with pytest.warns(
        GenrekitWarning, match=r"left out: 1 of 3 files are missing: .*c\.wav"
    ) as seen:
        tracks = load_csv(table, on_missing="drop", group="artist", split="part")
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert [os.path.basename(path) for path in tracks.paths] == ["a.wav", "b.mp3"]
    assert tracks.groups.tolist() == ["X", "Y"]
    assert tracks.split.tolist() == ["train", None]


def test_all_files_missing_is_always_an_error(make_table):
    table = make_table(files=[])
    with pytest.raises(FileNotFoundError, match="3 of 3 files are missing"):
        load_csv(table, on_missing="drop")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("file,genre\na.wav,rock\n", {}, "no column 'path': known are: 'file', 'genre'"),
        (TABLE, {"group": "artists"}, "no column 'artists': did you mean 'artist'"),
        (TABLE, {"split": "parts"}, "no column 'parts': did you mean 'part'"),
        ("path,genre\na.wav,rock\nc.wav,\n", {}, r"tracks\.csv, line 3: 'genre' is empty"),
        ("path,genre\na.wav,rock\nc.wav\n", {}, r"line 3: 'genre' is empty"),
        ("path,genre,artist\na.wav,rock, \n", {"group": "artist"}, "line 2: 'artist' is empty"),
        ("path,genre\na.wav,rock\nc.wav,rock\n", {}, "only one genre, 'rock'"),
        ("path,genre\n", {}, "no rows"),
        ("", {}, "no column 'path'"),
        ("path;genre\na.wav;rock\n", {}, "header is 'path;genre', so ';' seems to separate"),
        ("path\tgenre\na.wav\trock\n", {}, r"save it .* with tabs in a file that ends in \.tsv"),
        ("file\na.wav\n", {}, "no column 'path': known are: 'file'"),
        (TABLE, {"on_missing": "skip"}, "unknown on_missing 'skip'"),
    ],
)
def test_tables_that_will_not_do(make_table, text, options, message):
    with pytest.raises(ValueError, match=message):
        load_csv(make_table(text), **options)


def test_spaces_after_commas(make_table):
    text = "path, genre, artist\na.wav, rock, X\nc.wav, jazz, Y\n"
    tracks = load_csv(make_table(text), group="artist")
    assert tracks.target.tolist() == ["rock", "jazz"]
    assert tracks.groups.tolist() == ["X", "Y"]


def test_another_encoding_is_named(make_table):
    table = make_table()
    table.write_bytes("path,genre\na.wav,Raï\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"tracks\.csv: not UTF-8 \(byte 19\): save it as UTF-8"):
        load_csv(table)


def test_no_such_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no such file"):
        load_csv(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match=": is a folder; expected a CSV"):
        load_csv(tmp_path)


@pytest.mark.parametrize("group", [None, "artist"])
def test_a_recording_in_two_genres(make_table, group):
    table = make_table("path,genre,artist\na.wav,rock,X\na.wav,jazz,X\n")
    two = r"1 recording stands in more than one genre: .*a\.wav \(rock\) and .*a\.wav \(jazz\)"
    with pytest.warns(GenrekitWarning, match=two):
        load_csv(table, group=group)


def test_a_table_that_may_not_be_read(make_table, monkeypatch):
    table = make_table()

    def deny(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", deny)
    with pytest.raises(PermissionError, match=r"tracks\.csv"):
        load_csv(table)
