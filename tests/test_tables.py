"""Tables as text and as files."""

from __future__ import annotations

import builtins
import csv
import errno
import math
import os
from pathlib import Path

import numpy as np
import pytest

from genrekit._tables import (
    TABLE_SUFFIXES,
    TrackTable,
    atomic_path,
    check_writable,
    growing_table,
    make_folder,
    text_table,
    write_or_keep,
)
from genrekit._text import from_name


@pytest.fixture
def table():
    return TrackTable(
        paths=["a,b.wav", "schön.wav", "bad.wav"],
        genres=["rock", "jazz", "rock"],
        names=["tempo", "rms_mean"],
        values=np.array([[0.1 + 0.2, 1e-300], [1 / 3, -0.0], [math.nan, math.nan]]),
        errors=["", "", "it is empty"],
    )


def test_csv_gives_the_same_floats_back(table, tmp_path):
    table.write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["path", "genre", "tempo", "rms_mean", "error"]
    assert [row[0] for row in rows] == table.paths
    assert rows[2] == ["bad.wav", "rock", "nan", "nan", "it is empty"]
    values = np.array([[float(cell) for cell in row[2:4]] for row in rows])
    assert values.tobytes() == table.values.tobytes()


def test_parquet_gives_the_same_table_back(table, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table.write(tmp_path / "t.parquet")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert list(frame) == ["path", "genre", "tempo", "rms_mean", "error"]
    np.testing.assert_array_equal(frame[["tempo", "rms_mean"]], table.values)
    assert frame["genre"].tolist() == table.genres


def test_npz_opens_without_pickles(table, tmp_path):
    table.write(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["table"], table.values)
        assert arrays["names"].tolist() == table.names
        assert arrays["paths"].tolist() == table.paths
        assert arrays["genres"].tolist() == table.genres
        assert arrays["errors"].tolist() == table.errors


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_writing_twice_gives_the_same_bytes(table, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    for name in ("one", "two"):
        table.write(tmp_path / f"{name}{suffix}")
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_no_genre_column_without_genres(table, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"t{suffix}"
    table._replace(genres=["", "", ""]).write(path)
    if suffix == ".csv":
        columns = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    else:
        columns = list(pytest.importorskip("pandas").read_parquet(path))
    assert columns == ["path", "tempo", "rms_mean", "error"]


def test_csv_keeps_file_names_that_are_no_utf8(table, tmp_path):
    name = os.fsdecode(b"caf\xe9.wav")
    table._replace(paths=[name, "b", "c"]).write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [from_name(row["path"]) for row in rows] == [name, "b", "c"]
    assert rows[0]["path"] == "caf%E9.wav"


def test_parquet_keeps_file_names_that_are_no_utf8(table, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    odd = os.fsdecode(b"caf\xe9")
    table._replace(paths=[f"{odd}.wav", "b", "c"], genres=[odd, "x", "y"]).write(
        tmp_path / "t.parquet"
    )
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert frame["path"].tolist() == ["caf%E9.wav", "b", "c"]
    assert [from_name(genre) for genre in frame["genre"]] == [odd, "x", "y"]


def test_npz_keeps_file_names_that_are_no_utf8(table, tmp_path):
    name = os.fsdecode(b"caf\xe9.wav")
    table._replace(paths=[name, "b", "c"]).write(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
        assert arrays["paths"].tolist() == [name, "b", "c"]


def test_csv_tells_spreadsheets_what_is_text(table, tmp_path):
    paths, genres = ["=1+1.wav", "'@a.wav", "-x\ty.wav"], ["+core", "'Tis", "-"]
    values = np.array([[-1.0, -np.inf], [1.0, 0.0], [math.nan, -2.5]])
    table._replace(paths=paths, genres=genres, values=values).write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [row[0] for row in rows] == ["'=1+1.wav", "''@a.wav", "'-x\ty.wav"]
    assert [row[1] for row in rows] == ["'+core", "'Tis", "'-"]
    assert [row[2] for row in rows] == ["-1.0", "1.0", "nan"]
    assert [row[3] for row in rows] == ["-inf", "0.0", "-2.5"]


def test_parquet_has_text_as_it_is(table, tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table._replace(paths=["=1", "'-", "c"]).write(tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet")["path"].tolist() == ["=1", "'-", "c"]


@pytest.mark.parametrize(
    "name", ["a\rb", "a\r\nb", "a\nb", ' "q"', " a ", "a,b", "\u2028", "a\x1b"]
)
def test_csv_keeps_any_name(table, tmp_path, name):
    table._replace(paths=[name, "b", "c"], genres=["x", name, "z"]).write(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, skipinitialspace=True, strict=True))
    assert [row[0] for row in rows[1:]] == [name, "b", "c"]
    assert [row[1] for row in rows[1:]] == ["x", name, "z"]
    pd = pytest.importorskip("pandas")
    assert pd.read_csv(tmp_path / "t.csv", keep_default_na=False)["path"].tolist()[1:] == ["b", "c"]


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_a_reason_is_one_line(table, tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    table._replace(errors=["", "", "bad\n\x1b[2Jreason"]).write(path)
    if suffix == ".csv":
        assert path.read_text(encoding="utf-8").splitlines()[-1].endswith("bad\\n\\x1b[2Jreason")
    else:
        with np.load(path) as arrays:
            assert arrays["errors"][2] == "bad\\n\\x1b[2Jreason"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_stop_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def write():
        with atomic_path(path) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_good_end_replaces_the_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with atomic_path(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_found_out_early(tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        check_writable(tmp_path / "no" / "t.csv")


def test_a_good_end_writes_to_where_a_link_leads(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "out.csv"
    link.symlink_to(tmp_path / "there" / "real.csv")
    with atomic_path(link) as part:
        part.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "real.csv").read_text() == "new"


def test_a_name_may_be_as_long_as_names_are(tmp_path):
    path = tmp_path / ("x" * 251 + ".csv")
    check_writable(path)
    with atomic_path(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"


def test_a_file_that_is_there_is_not_touched_by_the_check(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")
    check_writable(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _folder(tmp_path):
    (tmp_path / "t.csv").mkdir()
    return tmp_path / "t.csv"


def _fifo(tmp_path):
    os.mkfifo(tmp_path / "t.csv")
    return tmp_path / "t.csv"


def _device(tmp_path):
    (tmp_path / "t.csv").symlink_to("/dev/full")
    return tmp_path / "t.csv"


def _too_long(tmp_path):
    return tmp_path / ("x" * 300 + ".csv")


def _loop(tmp_path):
    (tmp_path / "t.csv").symlink_to(tmp_path / "t.csv")
    return tmp_path / "t.csv"


def _below_a_file(tmp_path):
    (tmp_path / "file").touch()
    return tmp_path / "file" / "t.csv"


def _no_files_here(tmp_path):
    return Path("/proc/t.csv")  # a file system on which nobody makes files, root included


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_folder, "can't be written: it is a folder"),
        (_fifo, "can't be written: it is no regular file"),
        (_device, "can't be written: it is no regular file"),
        (_too_long, "can't be written: File name too long"),
        (_loop, "can't be written: Too many levels of symbolic links"),
        (_below_a_file, "there is no folder .*file; make it first"),
        (_no_files_here, "can't be written: "),
    ],
)
def test_what_can_not_be_written_is_found_out_early(tmp_path, make, reason):
    path = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match=reason) as caught:
        check_writable(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert ".part" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def _full(self, data):
    raise OSError(errno.ENOSPC, "No space left on device", str(self))


def test_a_full_disk_is_found_out_early(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", _full)
    with pytest.raises(OSError, match=r"t\.csv: can't be written: No space left") as caught:
        check_writable(tmp_path / "t.csv")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_work_is_kept_where_writing_fails_after_all(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    path = tmp_path / "gone" / "t.csv"

    def write(path):
        with atomic_path(path) as part:
            part.write_text("work")

    with pytest.raises(
        FileNotFoundError, match=r"t\.csv: can't be written: .*; it is kept as "
    ) as e:
        write_or_keep(path, write)
    (kept,) = (tmp_path / "elsewhere").rglob("*.csv")
    assert str(e.value).endswith(str(kept))
    assert kept.read_text() == "work"


def test_where_nothing_can_be_written_the_first_error_counts(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))

    def write(path):
        raise OSError("disk full")

    with pytest.raises(OSError, match="^disk full$"):
        write_or_keep(tmp_path / "t.csv", write)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
@pytest.mark.parametrize("genres", [["", "", ""], ["a", "b,", "c\n"]])
def test_a_growing_table_is_that_which_is_written_at_once(suffix, genres, tmp_path):
    paths, names = ["1.mp3", " 2.mp3", '3".mp3'], ["x", "y"]
    values, reasons = np.array([[0.1, 1e-300], [np.nan] * 2, [-3.0, np.inf]]), ["", "bad\nfile", ""]
    TrackTable(paths, genres, names, values, reasons).write(tmp_path / f"once{suffix}")
    with growing_table(tmp_path / f"grown{suffix}", paths, genres, names) as append:
        for row, reason in zip(values, reasons, strict=True):
            append(None if reason else row, reason)
    once, grown = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("once", "grown"))
    assert once == grown
    assert len(list(tmp_path.iterdir())) == 2


def test_rows_are_in_the_file_as_soon_as_they_are_appended(tmp_path):
    (tmp_path / "t.csv").write_text("old")
    with growing_table(tmp_path / "t.csv", ["a", "b"], ["", ""], ["x"]) as append:
        (part,) = set(tmp_path.iterdir()) - {tmp_path / "t.csv"}
        assert part.read_text() == "path,x,error\n"
        append(np.array([1.5]), "")
        assert part.read_text() == "path,x,error\na,1.5,\n"
        assert (tmp_path / "t.csv").read_text() == "old"
        append(None, "broken")
    assert (tmp_path / "t.csv").read_text() == "path,x,error\na,1.5,\nb,nan,broken\n"


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_a_table_that_breaks_off_leaves_what_was_there(suffix, tmp_path):
    path = tmp_path / f"t{suffix}"
    path.write_text("old")

    def break_off():
        with growing_table(path, ["a", "b"], ["", ""], ["x"]) as append:
            append(np.array([1.5]), "")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_whole_rows_are_kept_where_the_disk_gets_full(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    path, opened = tmp_path / "here" / "t.csv", Path.open

    def full(self, mode="r", **kwargs):
        file = opened(self, mode, **kwargs)
        if mode == "ab" and file.tell() > 20:
            file.write(b"ha")
            file.close()
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return file

    message = r"t\.csv: can't be written: No space left on device; its first 2 rows are kept as "

    def fill():
        with growing_table(path, list("abc"), [""] * 3, ["x"]) as append:
            append(np.array([1.5]), "")
            append(np.array([2.5]), "")
            monkeypatch.setattr(Path, "open", full)
            append(np.array([3.5]), "")

    with pytest.raises(OSError, match=message) as caught:
        fill()
    monkeypatch.undo()
    (kept,) = (tmp_path / "elsewhere").rglob("t.csv")
    assert str(caught.value).endswith(str(kept))
    assert kept.read_text() == "path,x,error\na,1.5,\nb,2.5,\n"
    assert list((tmp_path / "here").iterdir()) == []


def test_folders_are_made(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_in_the_way_of_a_folder(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="can't be made: .*file is no folder"):
        make_folder(tmp_path / name)


def test_parquet_without_pandas_names_the_extra(tmp_path, monkeypatch):
    real = builtins.__import__

    def no_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError("No module named 'pandas'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pandas)
    with pytest.raises(ImportError, match=r"genrekit\[table\]"):
        check_writable(tmp_path / "t.parquet")
    check_writable(tmp_path / "t.csv")


def test_text_table_aligns():
    text = text_table(["name", "n"], [["a", "1"], ["longer", "10"]], right=["n"])
    assert text.splitlines() == [
        "name     n",
        "------  --",
        "a        1",
        "longer  10",
    ]


def test_text_table_without_rows():
    assert text_table(["a", "b"], []) == "a  b\n-  -"


def test_text_table_is_safe_to_print():
    text = text_table(["name"], [["\x1b[2J\nevil.wav"]])
    assert text.splitlines()[2:] == [r"\x1b[2J\nevil.wav"]
