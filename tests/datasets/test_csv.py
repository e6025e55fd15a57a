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


def test_cells_may_be_long(make_table):
    lyrics = "la " * 100_000
    table = make_table(f"path,lyrics,genre\na.wav,{lyrics},rock\nc.wav,,jazz\n")
    assert load_csv(table).target.tolist() == ["rock", "jazz"]


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8-sig", {}),
        ("utf-16", {}),
        ("utf-32", {}),
        ("cp1252", {"encoding": "cp1252"}),
        ("utf-16-le", {"encoding": "utf-16-le"}),
    ],
)
def test_encodings(make_table, encoding, options):
    table = make_table()
    table.write_bytes("path,genre\r\na.wav,Raï\r\nc.wav,jazz\r\n".encode(encoding))
    assert load_csv(table, **options).target.tolist() == ["Raï", "jazz"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"path,genre\na.wav,Ra\xef\n", {}, r"not UTF-8 \(byte 19\).*pass its encoding.*'cp1252'"),
        (b"path,genre\n", {"encoding": "utf-999"}, "encoding='utf-999': Python knows none"),
        (b"\xff\xfep", {}, r"tracks\.csv: not utf-16 \(byte"),
        ("path,genre\na.wav,rock\n".encode("utf-16-le"), {}, "line 1: it holds a null character"),
        (b"path,genre\na.wav,ro\0ck\n", {}, r"tracks\.csv, line 2: it holds a null character"),
        (b"path,genre\na.wav,rock\0\n", {}, r"tracks\.csv, line 2: it holds a null character"),
        (
            b"path,genre,genre\na.wav,rock,jazz\n",
            {},
            "2 columns are called 'genre': rename all but",
        ),
        (b"path,genre\nEarth, Wind.mp3,rock\n", {}, "line 2: 3 cells, and the header has 2"),
        (b'path,genre\na.wav,"rock\nc.wav,jazz\n', {}, "line 3: unexpected end of data"),
        (b"\n\n", {}, "no column 'path'"),
        (b"sep=;\npath;genre\na.wav;rock\n", {}, "';' seems to separate its columns"),
    ],
)
def test_damaged_tables(make_table, content, options, message):
    table = make_table()
    table.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_csv(table, **options)


@pytest.mark.parametrize("value", ["nan", "NaN", "None", "NA", "N/A", "<NA>", "null", " nan "])
def test_what_is_missing_is_no_genre_and_no_group(make_table, value):
    table = make_table(f"path,genre,artist\na.wav,rock,X\nc.wav,{value},Y\n")
    with pytest.raises(ValueError, match=r"tracks\.csv, line 3: 'genre' is .*missing: fill it in"):
        load_csv(table)
    table = make_table(f"path,genre,artist\na.wav,rock,{value}\nc.wav,jazz,Y\n")
    with pytest.raises(ValueError, match=r"tracks\.csv, line 2: 'artist' is .*missing: fill it in"):
        load_csv(table, group="artist")


def test_a_frame_with_missing_genres_is_refused(make_table):
    pd = pytest.importorskip("pandas")
    table = make_table()
    frame = pd.DataFrame({"path": ["a.wav", "c.wav"], "genre": ["rock", None]})
    frame.to_csv(table, index=False)
    with pytest.raises(ValueError, match="line 3: 'genre' is empty"):
        load_csv(table)


def test_repeated_columns_that_are_not_wanted_do_no_harm(make_table):
    table = make_table("path,genre,note,note,\na.wav,rock,1,2,\nc.wav,jazz,1\n")
    assert load_csv(table).target.tolist() == ["rock", "jazz"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("caf%E9.wav", b"caf\xe9.wav"),
        ("%25E9.wav", b"%E9.wav"),
        ("%E9.wav", b"%E9.wav"),  # as somebody wrote it: no file has the other name
        ("Beyonc%C3%A9.wav", b"Beyonc%C3%A9.wav"),
        ("100%41.wav", b"100%41.wav"),
        ("'=1.wav", b"=1.wav"),
        ("=1.wav", b"=1.wav"),
        ("'-1.wav", b"'-1.wav"),
        ("''-1.wav", b"'-1.wav"),
        ("'Tis.wav", b"'Tis.wav"),
    ],
)
def test_names_are_read_back(make_table, cell, name):
    table = make_table(f"path,genre\n{cell},rock\na.wav,jazz\n")
    with open(os.path.join(os.fsencode(table.parent), name), "wb") as file:
        file.write(b"sound")
    paths = load_csv(table).paths
    assert os.path.basename(os.fsencode(paths[0])) == name
    assert load_csv(table, as_frame=True).frame["path"].tolist() == paths


def test_a_name_as_it_was_written_by_us_comes_first(make_table):
    table = make_table("path,genre\n%E9.wav,rock\na.wav,jazz\n")
    for name in (b"%E9.wav", b"\xe9.wav"):
        with open(os.path.join(os.fsencode(table.parent), name), "wb") as file:
            file.write(name)
    assert os.path.basename(os.fsencode(load_csv(table).paths[0])) == b"\xe9.wav"


def test_genres_and_groups_are_read_back(make_table):
    table = make_table("path,genre,artist,part\na.wav,'-core,'=X,'+\nc.wav,caf%E9,'Tis,\n")
    tracks = load_csv(table, group="artist", split="part")
    assert tracks.target.tolist() == ["-core", os.fsdecode(b"caf\xe9")]
    assert tracks.groups.tolist() == ["=X", "'Tis"]
    assert tracks.split.tolist() == ["+", None]


def test_the_home_folder_is_found(make_table, monkeypatch):
    table = make_table("path,genre\n~/a.wav,rock\nc.wav,jazz\n")
    monkeypatch.setenv("HOME", str(table.parent))
    assert load_csv("~/tracks.csv").paths == [
        str(table.parent / name) for name in ("a.wav", "c.wav")
    ]
