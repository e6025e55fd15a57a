"""Tables as text and as files."""

from __future__ import annotations

import builtins
import csv
import math

import numpy as np
import pytest

from genrekit._tables import TABLE_SUFFIXES, TrackTable, atomic_path, check_writable, text_table


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
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    table._replace(paths=[name, "b", "c"]).write(tmp_path / "t.csv")
    assert b"caf\xe9.wav" in (tmp_path / "t.csv").read_bytes()


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
