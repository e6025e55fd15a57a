"""Genres of a library in a table that a run goes on with, whatever ended the one before."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import genrekit
from genrekit import _genre_part, _predict_library
from genrekit._genre_part import open_part
from genrekit._genre_rows import Asked, GenreRow
from genrekit.cli import main
from genrekit.datasets import make_tracks

FORMATS = (".csv", ".json", ".parquet")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A saved classifier."""
    root = tmp_path_factory.mktemp("training")
    make_tracks(3, root=root / "music", genres=["drone", "noise-beat"], sr=8000, duration=1.0)
    path = root / "model.skops"
    arguments = [
        "train",
        str(root / "music"),
        "-o",
        str(path),
        "--features",
        "rms,zero_crossing_rate",
    ]
    assert main([*arguments, "--model", "knn"]) == 0
    return path


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Five short sounds, relative to where we are."""
    monkeypatch.chdir(tmp_path)
    folder = Path("library")
    folder.mkdir()
    for i in range(5):
        sound(folder / f"{i}.wav", i)
    return folder


def sound(path, seed, seconds=0.3):
    n = int(8000 * seconds)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, n)
    soundfile.write(path, np.cumsum(noise) / n if seed % 2 else noise, 8000)


def predict(model, *arguments):
    return main(["predict", *map(str, [model, *arguments])])


def read(path):
    if path.endswith(".csv"):
        with open(path, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.endswith(".json"):
        return json.loads(Path(path).read_text())
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")
    return pd.read_parquet(path).astype(object).replace(np.nan, None).to_dict("records")


@pytest.fixture
def heard(monkeypatch):
    """The files that were heard, as they come."""
    files, ask = [], _predict_library.top_genres_of

    def note(model, track, k):
        files.append(str(track))
        return ask(model, track, k)

    monkeypatch.setattr(_predict_library, "top_genres_of", note)
    return files


def test_what_is_printed_is_written(model, library, capsys):
    sound(library / "bad.wav", 0)
    (library / "bad.wav").write_text("<!doctype html>" * 50)
    assert predict(model, library, "--json", "--top-k", 2) == 3
    printed = json.loads(capsys.readouterr().out)
    tables = []
    for ending in FORMATS:
        assert predict(model, library, "--top-k", 2, "-o", f"t{ending}", "--n-jobs", 2) == 3
        out, err = capsys.readouterr()
        assert out == f"5 of 6 files: t{ending}\n"
        assert "6 files in " in err
        assert "0 files were there already; 1 error: once it is no audio file" in err
        tables.append(read(f"t{ending}"))
    for row, *same, before in zip(*tables, printed, strict=True):
        assert [row["path"], row["genre"], row["reason"]] == [
            before["file"],
            before["genre"] or "",
            before["error"] or "",
        ]
        ranked = [row[f"genre_{i}"] for i in (1, 2)]
        assert ranked == [one["genre"] for one in before["top"]] or ["", ""]
        for other in same:
            assert list(other) == list(row)
            assert {name: "" if cell is None else str(cell) for name, cell in other.items()} == row
    assert sorted(map(str, Path().iterdir())) == [
        "library",
        *(f"t{end}" for end in sorted(FORMATS)),
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_table_is_brought_up_to_date(ending, model, library, heard, capsys):
    table = f"library/t{ending}"  # in the folder that is walked
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")
    assert predict(model, library, "-o", table) == 0
    before = Path(table).read_bytes()
    heard.clear()
    assert predict(model, library, "-o", table) == 0
    assert "5 files were there already" in capsys.readouterr().err
    assert (heard, Path(table).read_bytes()) == ([], before)

    sound(library / "1.wav", 11, 0.4)
    sound(library / "00.wav", 12)
    (library / "2.wav").unlink()
    assert predict(model, library, "-o", table) == 0
    assert heard == ["library/00.wav", "library/1.wav"]
    assert (
        "rows of files that are not among these, which stay: 1, of which 1 are no longer there; "
        "the first: library/2.wav" in capsys.readouterr().err
    )
    expected = [f"library/{name}.wav" for name in ("0", "00", "1", "3", "4", "2")]
    assert [row["path"] for row in read(table)] == expected


def test_what_could_not_be_read_and_is_gone_leaves_the_table(model, library, capsys):
    bad, moved = library / "bad.wav", Path("bad.wav")
    bad.write_bytes(b"<html>")
    assert predict(model, library, "misspelled", "-o", "t.csv") == 3
    assert len(read("t.csv")) == 7
    bad.rename(moved)
    assert predict(model, library, moved, "-o", "t.csv") == 3
    assert "which stay" not in capsys.readouterr().err
    assert [row["path"] for row in read("t.csv")][5:] == ["bad.wav"]
    assert predict(model, library, library, "-o", "t.csv") == 0
    out, err = capsys.readouterr()
    assert out == "5 of 5 files: t.csv\n"  # a file that is named twice is one
    assert "which stay: 1, of which 0 are no longer there" in err


def test_a_summary_names_the_most_frequent_reasons(model, library, capsys):
    for i in range(5):
        header = (library / f"{i}.wav").read_bytes()[:44]
        (library / f"{i}.wav").write_bytes(header + bytes(400 * (i + 1)))
        (library / f"{i}.mp3").write_bytes(b"<html>" * 9)
    (library / "x.flac").write_bytes(b"")
    assert predict(model, library, "-o", "t.csv") == 3
    (summary,) = [line for line in capsys.readouterr().err.splitlines() if " errors: " in line]
    assert "11 errors: 5 times it is no audio file; it looks like an HTML page" in summary
    assert summary.count("truncated: ") == 4
    assert summary.endswith("twice something else")


_KILLED = """
import os, signal, sys
from genrekit import _genre_part
from genrekit.cli import main
write, left = _genre_part.Part.append, [int(sys.argv[1])]
def append(part, row):
    if not left[0]:
        os.write(part._file.fileno(), b'{"path": "torn')
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    write(part, row)
_genre_part.Part.append = append
main(sys.argv[2:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal on this system")
def test_a_run_that_was_killed_goes_on(model, library, heard):
    n = random.randrange(1, 5)
    arguments = [str(n), "predict", str(model), "library", "-o", "t.csv", "--n-jobs", "2"]
    ours = {"PYTHONPATH": str(Path(genrekit.__file__).parents[1])}
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, *arguments], env=os.environ | ours, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not Path("t.csv").exists()
    first, *lines = Path("t.csv.part").read_bytes().split(b"\n")
    assert json.loads(first)["model"] == "model.skops"
    finished = [json.loads(line)["path"] for line in lines[:n]]
    assert lines[n:] == [b'{"path": "torn']
    assert predict(model, library, "-o", "t.csv") == 0
    assert sorted(heard + finished) == [f"library/{i}.wav" for i in range(5)]
    assert predict(model, library, "-o", "whole.csv") == 0
    assert Path("t.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert not Path("t.csv.part").exists()


def test_a_run_that_was_killed_at_its_first_row(model, library):
    Path("t.csv.part").write_bytes(b'{"genrekit": "')
    assert predict(model, library, "-o", "t.csv") == 0
    assert len(read("t.csv")) == 5


def test_a_library_that_is_not_on_this_disk(model, library, heard, capsys):
    fsspec = pytest.importorskip("fsspec", reason="fsspec is in the extra remote")
    store = fsspec.filesystem("memory")
    for path in library.iterdir():
        store.pipe(f"/predicted/{path.name}", path.read_bytes())
    try:
        assert predict(model, "memory://predicted", "-o", "t.csv") == 0
        assert [row["path"] for row in read("t.csv")] == heard
        heard.clear()
        store.pipe("/predicted/1.wav", (library / "2.wav").read_bytes())
        assert predict(model, "memory://predicted", "-o", "t.csv") == 0
        assert heard == ["memory://predicted/1.wav"]
        assert predict(model, library, "-o", "t.csv") == 0
        assert "which stay: 5, of which 0 are no longer there" in capsys.readouterr().err
    finally:
        store.rm("/predicted", recursive=True)


def test_ctrl_c_writes_what_there_is(model, library, heard, monkeypatch, capsys):
    ask = _predict_library.top_genres_of

    def stop(*arguments):
        if len(heard) == 2:
            raise KeyboardInterrupt
        return ask(*arguments)

    monkeypatch.setattr(_predict_library, "top_genres_of", stop)
    assert predict(model, library, "-o", "t.csv") == 130
    assert "2 files in" in capsys.readouterr().err
    assert len(read("t.csv")) == 2
    assert not Path("t.csv.part").exists()
    monkeypatch.setattr(_predict_library, "top_genres_of", ask)
    assert predict(model, library, "-o", "t.csv") == 0
    assert (len(heard), len(read("t.csv"))) == (5, 5)


def test_ctrl_c_keeps_what_waits_for_a_row_before_it(model, library, heard, monkeypatch):
    ask = _predict_library.top_genres_of

    def stop(model, track, k):
        if not track.endswith("0.wav"):
            return ask(model, track, k)
        while len(heard) < 4 or len(Path("t.csv.part").read_bytes().splitlines()) < 5:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(_predict_library, "top_genres_of", stop)
    assert predict(model, library, "-o", "t.csv", "--n-jobs", 2) == 130
    assert [row["path"] for row in read("t.csv")] == [f"library/{i}.wav" for i in range(1, 5)]


def test_a_full_disk_costs_no_row(model, library, heard, monkeypatch, capsys):
    write = os.write

    def fill(descriptor, data):
        if len(heard) == 3:
            write(descriptor, data[:5])
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(_genre_part.os, "write", fill)
    assert predict(model, library, "-o", "t.csv") == 1
    assert "t.csv.part: can't be written: No space left on device; the" in capsys.readouterr().err
    assert len(Path("t.csv.part").read_bytes().splitlines()) == 3
    monkeypatch.setattr(_genre_part.os, "write", write)
    assert predict(model, library, "-o", "t.csv") == 0
    assert "2 files were there already" in capsys.readouterr().err


def test_no_room_for_the_table_costs_no_row(model, library, heard, monkeypatch, capsys):
    replace = os.replace

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert predict(model, library, "-o", "t.csv") == 1
    assert "t.csv: can't be written: No space left on device; its rows" in capsys.readouterr().err
    monkeypatch.setattr(os, "replace", replace)
    heard.clear()
    assert predict(model, library, "-o", "t.csv") == 0
    assert (heard, len(read("t.csv"))) == ([], 5)


def test_why_a_file_has_no_genre(library, capsys):
    for path in library.iterdir():
        path.unlink()
    sound(library / "novel.wav", 0, 4.0)
    sound(library / "short.wav", 0, 0.5)
    soundfile.write(library / "silent.wav", np.zeros(32000), 8000)
    (library / "bad.wav").write_text("<!doctype html>" * 50)
    reasons = {"bad": "it is no audio file", "novel": "", "short": "under 1 s", "silent": "silent"}
    for options, reason in (
        ([], ""),
        (["--reject-novel", "0.01"], "novel"),
        (["--reject-below", "1"], "uncertain"),
    ):
        assert main(["predict", "library", "-o", "t.csv", *options]) == 3
        rows = {Path(row["path"]).stem: row for row in read("t.csv")}
        expected = {**reasons, "novel": reason}
        assert {name: rows[name]["reason"].partition(";")[0] for name in rows} == expected
        assert [rows[name]["genre"] for name in ("bad", "silent", "short")] == [
            "",
            *["unknown"] * 2,
        ]
        assert (rows["novel"]["genre"] == "unknown") == bool(reason)
        assert float(rows["novel"]["probability_1"]) > 0
    # All but the bad one were heard once, for what is decided on them is not what was heard.
    assert "1 files in" in capsys.readouterr().err.rpartition("2 of 3 tracks hold too little")[2]


@pytest.mark.parametrize("ending", [".csv", ".csv.part"])
def test_other_models_do_not_mix(ending, model, library, tmp_path, heard, capsys):
    with open_part(Path("t.csv"), Asked.of(str(model), 2)) as part:
        part.append(GenreRow("a.wav", 1, 2, [("drone", 1.0)]))
    if ending == ".csv":
        assert predict(model, library, "-o", "t.csv") == 0
    found = Path(f"t{ending}").read_bytes()
    another = tmp_path / "another.skops"
    another.write_bytes(model.read_bytes())
    for arguments, said in (
        (
            [another, library],
            "holds answers of model.skops, and these would be of another.skops; write",
        ),
        (
            [model, library, "--top-k", "1"],
            "holds 2 genres of each file, and these would be 1; write",
        ),
    ):
        assert predict(*arguments, "-o", "t.csv") == 1
        assert f"t{ending} {said} into another file" in capsys.readouterr().err
    trained = another.rename(tmp_path / "model.skops")
    assert predict(trained, library, "-o", "t.csv") == 0  # it is the same, wherever it is
    Path(f"t{ending}").write_bytes(found)
    assert (
        main(["train", str(model.parent / "music"), "-o", str(trained), "--features", "rms"]) == 0
    )
    assert predict(trained, library, "-o", "t.csv") == 1
    assert "answers of another version of model.skops, or of genrekit" in capsys.readouterr().err
    assert Path(f"t{ending}").read_bytes() == found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "path,genre\na.wav,rock\n"),
        ("t.csv", "\xff"),
        ("t.csv", ""),
        ("t.json", ""),
        ("t.json", '{"path": 1}'),
        ("t.json", "[]"),
        ("t.json", "[1]"),
        ("t.parquet", "PAR1"),
    ],
)
def test_a_table_of_somebody_else_is_not_written_over(name, content, model, library, capsys):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")
    Path(name).write_text(content, "latin-1")
    assert predict(model, library, "-o", name) == 1
    err = capsys.readouterr().err
    assert f"{name}: no table that `genrekit predict -o` wrote" in err
    assert ("(it is empty)" in err) == (not content)
    assert Path(name).read_text("latin-1") == content


def test_a_part_of_something_else(model, library, capsys):
    Path("t.csv.part").write_text('{"format": 99}\n')
    assert predict(model, library, "-o", "t.csv") == 1
    assert "t.csv.part: not of this genrekit" in capsys.readouterr().err


def test_a_table_that_a_spreadsheet_saved(model, library, heard):
    assert predict(model, library, "-o", "t.csv") == 0
    before = Path("t.csv").read_bytes()
    saved = '"' + before.decode().replace(",", '","').replace("\n", '"\r\n"').rstrip('"')
    Path("t.csv").write_bytes(b"\xef\xbb\xbf" + saved.encode())
    heard.clear()
    assert predict(model, library, "-o", "t.csv") == 0
    assert (heard, Path("t.csv").read_bytes()) == ([], before)


def test_two_runs_at_once(model, library, capsys):
    asked = Asked.of(str(model), 2)
    with open_part(Path("t.csv"), asked):
        assert predict(model, library, "-o", "t.csv") == 1
        assert "t.csv: another run writes it: wait until it has ended" in capsys.readouterr().err
    assert predict(model, library, "-o", "t.csv") == 0


def test_strange_names(model, library, heard):
    names = ["a,b.wav", 'q"q.wav', "n\nl.wav", "=1.wav", "50%80.wav", os.fsdecode(b"\xe9.wav")]
    for name in names:
        (library / name).write_bytes((library / "0.wav").read_bytes())
    for ending in (".csv", ".json"):
        assert predict(model, library, "-o", f"t{ending}") == 0
        heard.clear()
        assert predict(model, library, "-o", f"t{ending}") == 0
        assert (heard, len(read(f"t{ending}"))) == ([], 11)


def test_a_model_that_can_not_answer_is_no_matter_of_files(model, library, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("no coefficients")

    monkeypatch.setattr(_predict_library, "top_genres_of", fail)
    assert predict(model, library, "-o", "t.csv") == 1
    assert "no coefficients" in capsys.readouterr().err


def test_progress_as_json(model, library, monkeypatch, capsys):
    monkeypatch.setattr(_predict_library, "_TOLD", 0.0)
    assert predict(model, library, "-o", "t.csv", "--log-json") == 0
    told = list(map(json.loads, capsys.readouterr().err.splitlines()))
    assert [one["event"] for one in told] == [*["rows"] * 5, "end"]
    assert [one["done"] for one in told] == [1, 2, 3, 4, 5, 5]
    assert told[0]["left_seconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "t.txt"], "must end in .csv or .parquet or .json"),
        (["-o", "t.json", "--json"], "--json: not allowed with -o"),
        (["--log-json"], "--log-json: goes with -o"),
    ],
)
def test_wrong_usage(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["predict", "a.wav", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_what_can_not_be_written_is_said_first(model, library, heard, capsys):
    assert predict(model, library, "-o", "no/t.csv") == 1
    assert "there is no folder" in capsys.readouterr().err
    Path("t.csv").mkdir()
    assert predict(model, library, "-o", "t.csv") == 1
    assert "it is a folder" in capsys.readouterr().err
    assert predict(model, library, "-o", "u.csv", "--reject-novel", "0.5") == 1
    assert "--reject-novel takes a model over the embedding" in capsys.readouterr().err
    assert heard == []
