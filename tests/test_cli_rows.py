"""``genrekit extract`` into a folder of rows."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

import genrekit
from genrekit.cli import main
from genrekit.datasets import make_tracks

pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Five short tracks, and a file that is none."""
    root = tmp_path_factory.mktemp("music")
    make_tracks(5, root=root, genres=["drone"], sr=8000, duration=1.0)
    (root / "bad.wav").write_bytes(b"<!doctype html><p>not found</p>")
    return root


def extract(*arguments):
    return main(["extract", *map(str, arguments), "--features", "rms,tempo"])


def test_rows_go_into_a_folder(music, tmp_path, capsys):
    assert extract(music, "-o", f"{tmp_path}/rows/") == 3
    out, err = capsys.readouterr()
    assert out == f"5 of 6 files, 3 features: {tmp_path / 'rows'}{os.sep}\n"
    summary, *failed = err.splitlines()
    assert "6 files in " in summary
    assert "hours of audio" in summary
    assert "0 files were there already; 1 error: once it is no audio file" in summary
    assert len(failed) == 1
    assert "bad.wav" in failed[0]
    table = genrekit.read_rows(tmp_path / "rows")
    with pytest.warns(genrekit.AudioDecodeWarning):
        whole = genrekit.extract(table.paths, ["rms", "tempo"], on_error="nan")
    np.testing.assert_array_equal(table.to_numpy(), whole.table)


def test_the_same_command_goes_on(music, tmp_path, capsys):
    (tmp_path / "rows").mkdir()
    extract(music / "drone", "-o", tmp_path / "rows")  # a folder that is there needs no slash
    capsys.readouterr()
    assert extract(music, "-o", tmp_path / "rows", "--n-jobs", 2) == 3
    assert "1 files in" in capsys.readouterr().err
    assert len(genrekit.read_rows(tmp_path / "rows")) == 6


def test_progress_as_json(music, tmp_path, capsys):
    assert extract(music / "drone", "-o", f"{tmp_path}/r/", "--shard-size", 2, "--log-json") == 0
    told = list(map(json.loads, capsys.readouterr().err.splitlines()))
    assert [one["event"] for one in told] == ["shard", "shard", "shard", "end"]
    assert [one["done"] for one in told] == [2, 4, 5, 5]
    assert told[-1]["audio_hours"] == pytest.approx(5 / 3600, abs=1e-4)
    assert told[-1]["times_real_time"] > 0


def test_rows_of_other_parameters(music, tmp_path, capsys):
    extract(music / "drone", "-o", f"{tmp_path}/r/")
    assert extract(music / "drone", "-o", f"{tmp_path}/r/", "--sr", 8000) == 1
    assert "sr=22050, and these would be of sr=8000: write into another" in capsys.readouterr().err


def test_genres_are_in_the_paths(music, tmp_path, capsys):
    assert extract(music, "-o", f"{tmp_path}/r/", "--genres") == 1
    assert "--genres: a folder of rows has none" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "t.csv", "--log-json"], "--log-json: needs a folder, such as -o rows/"),
        (["-o", "t.csv", "--shard-size", "3"], "--shard-size: needs a folder"),
        (["-o", "rows/", "--shard-size", "0"], "not a whole number of 1 or more"),
        (["-o", "t.csv/"], "a folder must not be called like a file"),
        (["-o", "no-such-folder"], "must end in .csv or .parquet or .npz"),
    ],
)
def test_wrong_usage(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["extract", "a.wav", *arguments])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
