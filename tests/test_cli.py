"""The command line, by what it prints, writes and returns."""

from __future__ import annotations

import csv
import json
import os
import runpy
import subprocess
import sys
import warnings

import numpy as np
import pytest

import genrekit
from genrekit import cli
from genrekit._text import from_name
from genrekit.cli import main
from genrekit.datasets import DATASETS, make_tracks
from genrekit.exceptions import AudioDecodeWarning, TrackError
from genrekit.features import FEATURES, SETS

FEATURE_NAMES = "rms,spectral_centroid,zero_crossing_rate"


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Nine short tracks of three genres."""
    root = tmp_path_factory.mktemp("music")
    make_tracks(3, root=root, genres=["drone", "noise-beat", "pluck"], sr=8000, duration=1.0)
    return root


@pytest.fixture(scope="module")
def model(music):
    """A saved classifier."""
    path = music.parent / "model.skops"
    arguments = ["train", str(music), "-o", str(path), "--features", FEATURE_NAMES]
    assert main([*arguments, "--model", "knn"]) == 0
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.wav"
    path.write_bytes(b"<!doctype html><p>not found</p>")
    return path


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def extract(*arguments):
    return main(["extract", *map(str, arguments), "--features", FEATURE_NAMES])


def test_runs_as_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["genrekit", "--version"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("genrekit", run_name="__main__")
    assert not stop.value.code
    assert genrekit.__version__ in capsys.readouterr().out


def test_extract_writes_a_row_a_file(music, tmp_path, capsys):
    assert extract(music, "-o", tmp_path / "t.csv") == 0
    rows = read_csv(tmp_path / "t.csv")
    assert [row["genre"] for row in rows] == sorted(["drone", "noise-beat", "pluck"] * 3)
    assert all(row["error"] == "" for row in rows)
    found = genrekit.extract([row["path"] for row in rows], FEATURE_NAMES.split(","))
    assert list(rows[0]) == ["path", "genre", *found.names, "error"]
    values = [[float(row[name]) for name in found.names] for row in rows]
    np.testing.assert_array_equal(values, found.table)
    out, err = capsys.readouterr()
    assert "9 of 9 files, 6 features" in out
    assert err == ""


def test_extract_twice_gives_the_same_bytes(music, tmp_path):
    extract(music, "-o", tmp_path / "one.csv")
    extract(music, "-o", tmp_path / "two.csv", "--n-jobs", 2, "--memory", tmp_path / "cache")
    extract(music, "-o", tmp_path / "three.csv", "--memory", tmp_path / "cache")
    one, two, three = ((tmp_path / f"{n}.csv").read_bytes() for n in ("one", "two", "three"))
    assert one == two == three


def test_extract_passes_on_how_to_read(music, tmp_path):
    file = sorted(music.rglob("*.wav"))[0]
    options = ["--sr", 4000, "--offset", 0.25, "--duration", 0.5]
    assert extract(file, "-o", tmp_path / "t.csv", *options) == 0
    found = genrekit.extract([file], ["rms"], sr=4000, offset=0.25, duration=0.5)
    (row,) = read_csv(tmp_path / "t.csv")
    assert "genre" not in row
    assert float(row["rms_mean"]) == found.table[0, 0]


def test_extract_to_npz(music, tmp_path):
    assert extract(music, "-o", tmp_path / "t.npz") == 0
    with np.load(tmp_path / "t.npz") as arrays:
        assert arrays["table"].shape == (9, 6)


def test_extract_goes_on_after_a_bad_file(music, bad, tmp_path, capsys):
    good = sorted(music.rglob("*.wav"))[0]
    missing = tmp_path / "missing.wav"
    assert extract(bad, good, missing, "-o", tmp_path / "t.csv") == 3
    rows = read_csv(tmp_path / "t.csv")
    assert rows[0]["rms_mean"] == "nan"
    assert "HTML" in rows[0]["error"]
    assert rows[1]["error"] == ""
    assert rows[2]["error"]
    err = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in err] == [str(bad), str(missing)]


def test_extract_of_a_folder_without_audio(tmp_path, capsys):
    assert extract(tmp_path, "-o", tmp_path / "t.csv") == 1
    assert "no audio files" in capsys.readouterr().err
    assert not (tmp_path / "t.csv").exists()


def test_extract_of_an_unknown_feature(music, tmp_path, capsys):
    output = str(tmp_path / "t.csv")
    assert main(["extract", str(music), "-o", output, "--features", "rmss"]) == 1
    assert "did you mean 'rms'" in capsys.readouterr().err


def test_extract_to_a_folder_that_is_not_there(music, tmp_path, capsys):
    assert extract(music, "-o", tmp_path / "no" / "t.csv") == 1
    assert "make it first" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
def test_extract_finds_out_first_that_its_output_is_a_folder(suffix, music, tmp_path, capsys):
    (tmp_path / f"t{suffix}").mkdir()
    assert extract(music / "no such file", "-o", tmp_path / f"t{suffix}") == 1
    err = capsys.readouterr().err
    assert err == f"genrekit: error: {tmp_path / f't{suffix}'}: can't be written: it is a folder\n"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_nothing_is_read_where_the_output_is_a_folder(command, tmp_path, capsys):
    output = tmp_path / ("m.skops" if command == "train" else "page.html")
    output.mkdir()
    option = "-o" if command == "train" else "--report"
    assert main([command, str(tmp_path / "no music"), option, str(output)]) == 1
    assert capsys.readouterr().err.endswith(f"{output}: can't be written: it is a folder\n")


def test_demo_finds_out_first_that_it_can_not_write(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["demo", "--output", str(tmp_path / "file")]) == 1
    assert "file is no folder" in capsys.readouterr().err
    (tmp_path / "out" / "model.skops").mkdir(parents=True)
    assert main(["demo", "--output", str(tmp_path / "out")]) == 1
    assert "model.skops: can't be written: it is a folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.skops"]


def test_a_table_is_kept_where_writing_fails_after_all(music, tmp_path, capsys, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", str(source))

    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setattr("os.replace", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    assert extract(music, "-o", tmp_path / "t.csv") == 1
    (kept,) = (tmp_path / "elsewhere").rglob("t.csv")
    said = f"{tmp_path / 't.csv'}: can't be written: No space left on device; it is kept as {kept}"
    assert capsys.readouterr().err == f"genrekit: error: {said}\n"
    assert len(read_csv(kept)) == 9


def _library(root, *folders, sr=8000):
    """Two short tracks in each folder."""
    made = make_tracks(2 * len(folders), root=root / "made", genres=["drone"], sr=sr, duration=0.3)
    for i, path in enumerate(made.paths):
        place = root / "library" / folders[i // 2]
        place.mkdir(parents=True, exist_ok=True)
        os.rename(path, place / f"{i}.wav")
    return root / "library"


@pytest.mark.parametrize(
    ("folders", "option", "genres"),
    [
        (["rock", "jazz"], [], ["jazz", "jazz", "rock", "rock"]),
        (["rock", "jazz"], ["--no-genres"], None),
        (["Ada/First", "Ada/Second", "Bo/Third"], [], None),
        (["Ada/First", "Bo/Third"], ["--genres"], ["Ada", "Ada", "Bo", "Bo"]),
        (["rock", "jazz/Ada"], [], None),
        (["rock", "."], [], None),
        (["rock", "."], ["--genres"], ["", "", "rock", "rock"]),
        (["rock"], [], None),
    ],
)
def test_a_genre_column_where_the_folders_or_the_user_say_so(folders, option, genres, tmp_path):
    library = _library(tmp_path, *folders)
    assert extract(library, "-o", tmp_path / "t.csv", *option) == 0
    rows = read_csv(tmp_path / "t.csv")
    assert [row.get("genre") for row in rows] == (genres or [None] * len(rows))


def test_single_files_in_folders_are_no_genres(music, tmp_path):
    for name in ("Ada - First", "Bo - Second", "Cy - Third"):
        (tmp_path / "m" / name).mkdir(parents=True)
        (tmp_path / "m" / name / "1.wav").write_bytes(next(music.rglob("*.wav")).read_bytes())
    assert extract(tmp_path / "m", "-o", tmp_path / "t.csv") == 0
    assert "genre" not in read_csv(tmp_path / "t.csv")[0]


def test_genres_that_are_asked_for_and_not_there(music, tmp_path, capsys):
    assert extract(music / "drone", "-o", tmp_path / "t.csv", "--genres") == 1
    assert "--genres: none of the files lies in a sub-folder" in capsys.readouterr().err


ODD = (
    b"\x1b[31mred\x1b[0m.wav", b"new\nline.wav", b"caf\xe9.wav", "\u202egpj.wav".encode(),
    b"=1+1.wav", b"'-q.wav", b" edge .wav", b"%E9.wav", b"cr\r.wav", b"x" * 250 + b".wav",
)  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory, music):
    """Tracks of two genres with odd names."""
    root = tmp_path_factory.mktemp("odd")
    files = sorted(music.rglob("*.wav"))
    for i, name in enumerate(ODD):
        folder = root / ("=jazz" if i % 2 else "-rock")
        folder.mkdir(exist_ok=True)
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(files[i % len(files)].read_bytes() + bytes(i))  # all different
    return root


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_odd_names_go_through_a_table_and_back(odd, tmp_path, suffix, capsys):
    pd = pytest.importorskip("pandas")
    assert extract(odd, "-o", tmp_path / f"t{suffix}") == 0
    assert capsys.readouterr().err == ""
    read = pd.read_csv if suffix == ".csv" else pd.read_parquet
    assert len(read(tmp_path / f"t{suffix}")) == len(ODD)
    if suffix == ".csv":
        found, folder = genrekit.load_csv(tmp_path / "t.csv"), genrekit.load_folder(odd)
        assert found.paths == folder.paths
        assert found.target.tolist() == folder.target.tolist()
        assert main(["train", str(tmp_path / "t.csv"), "-o", str(tmp_path / "m.skops"),
                     "--features", "rms", "--model", "knn"]) == 0  # fmt: skip


def test_odd_names_are_spelled_out_for_people(model, odd, capsys):
    files = sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(odd) for name in names
    )
    assert main(["predict", str(model), *files]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2 + len(ODD)
    assert all(character.isprintable() for character in out.replace("\n", ""))
    for shown in (r"\x1b[31mred\x1b[0m.wav", r"new\nline.wav", r"caf\xe9.wav", r"\u202egpj.wav"):
        assert shown in out
    assert err == ""


def test_odd_names_in_json_can_be_read_back(model, odd, capsys):
    assert main(["predict", str(model), str(odd), "--json"]) == 0
    found = [item["file"] for item in json.loads(capsys.readouterr().out)]
    assert [from_name(name) for name in found] == genrekit.load_folder(odd).paths
    assert sum("caf%E9.wav" in name for name in found) == 1


def test_genres_that_are_no_utf8_in_json(music, tmp_path, capsys):
    for genre, name in (("drone", b"ra\xef"), ("pluck", b"jazz")):
        os.makedirs(folder := os.path.join(os.fsencode(tmp_path / "m"), name))
        for path in (music / genre).iterdir():
            with open(os.path.join(folder, os.fsencode(path.name)), "wb") as file:
                file.write(path.read_bytes())
    options = ["--features", "rms,zero_crossing_rate", "--model", "knn"]
    assert main(["train", str(tmp_path / "m"), "-o", str(tmp_path / "m.skops"), *options]) == 0
    assert r"(jazz, ra\xef)" in capsys.readouterr().out
    arguments = ["predict", str(tmp_path / "m.skops"), str(music), "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert {top["genre"] for item in found for top in item["top"]} == {"jazz", "ra%EF"}
    page = tmp_path / "page.html"
    assert (
        main(["evaluate", str(tmp_path / "m"), *options, "--folds", "3", "--report", str(page)])
        == 0
    )
    assert r"ra\xef" in page.read_text(encoding="utf-8")


def test_odd_names_in_failures_and_errors(model, tmp_path, capsys):
    evil = str(tmp_path / "\x1b[2J\nevil.wav")
    assert main(["predict", str(model), evil]) == 3
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert len(err.splitlines()) == 1
    assert r"\x1b[2J\nevil.wav: there is no such file" in err
    assert main(["train", evil, "-o", str(tmp_path / "m.skops")]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert len(err.splitlines()) == 1
    with pytest.raises(SystemExit):
        main(["extract", "a.wav", "-o", evil])
    assert "\x1b" not in capsys.readouterr().err


def test_the_reason_is_short_in_tables_and_long_beside_them(model, tmp_path, capsys):
    bad = tmp_path / "bad.flac"
    bad.write_bytes(b"fLaC" + bytes(100))
    short = "no decoder could read it; it looks like a FLAC file"
    assert extract(bad, "-o", tmp_path / "t.csv") == 3
    assert read_csv(tmp_path / "t.csv")[0]["error"] == short
    assert f"{bad}: {short}; tried soundfile (" in capsys.readouterr().err
    assert main(["predict", str(model), str(bad), "--json"]) == 3
    out, err = capsys.readouterr()
    assert json.loads(out)[0]["error"] == short
    assert "; tried soundfile (" in err
    assert main(["predict", str(model), str(bad)]) == 3
    out, err = capsys.readouterr()
    assert out.rstrip().endswith(short)
    assert "; tried soundfile (" in err


def test_files_of_other_kinds_are_counted(music, tmp_path, capsys):
    library = _library(tmp_path, "a")
    for name in ("cover.jpg", "b.jpg", "film.mp4", "notes"):
        (library / "a" / name).write_text("x")
    assert extract(library, "-o", tmp_path / "t.csv") == 0
    err = capsys.readouterr().err
    assert "4 files of other kinds were passed over: 2 .jpg, 1 .mp4, 1 without an ending" in err
    assert ".mp4 may hold sound: name such files" in err


def test_ctrl_c_leaves_no_half_written_file(music, tmp_path, capsys, monkeypatch):
    real = sys.modules["genrekit._tables"]._GrowingCsv._write
    grown = []

    def stopped(file, line):
        real(file, line)
        grown.extend(path.stat().st_size for path in tmp_path.iterdir())
        if len(grown) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("genrekit._tables._GrowingCsv._write", stopped)
    assert extract(music, "-o", tmp_path / "t.csv") == 130
    assert grown == sorted(set(grown))  # row by row
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == "genrekit: stopped\n"


def test_train_says_what_it_did(music, tmp_path, capsys):
    output = tmp_path / "m.skops"
    arguments = ["train", str(music), "-o", str(output), "--features", "rms", "--model", "knn"]
    assert main(arguments) == 0
    assert "knn fitted on 9 tracks (drone, noise-beat, pluck)" in capsys.readouterr().out
    loaded = genrekit.load(output)
    assert loaded.classes_.tolist() == ["drone", "noise-beat", "pluck"]
    assert loaded.features == "rms"


def test_train_stops_at_a_bad_file_or_leaves_it_out(tmp_path, capsys):
    make_tracks(3, root=tmp_path / "m", genres=["drone", "pluck"], sr=8000, duration=0.5)
    (tmp_path / "m" / "pluck" / "z.wav").write_bytes(b"")
    arguments = ["train", str(tmp_path / "m"), "-o", str(tmp_path / "m.skops")]
    arguments += ["--features", "rms", "--model", "svm"]
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert "z.wav" in err
    assert "; --on-error nan goes on without such files" in err
    assert not (tmp_path / "m.skops").exists()
    assert main([*arguments, "--on-error", "nan"]) == 3
    out, err = capsys.readouterr()
    assert "fitted on 6 tracks" in out
    assert "z.wav" in err
    assert (tmp_path / "m.skops").exists()


def test_train_on_a_table(music, tmp_path, capsys):
    table = tmp_path / "tracks.csv"
    rows = [f"{path},{path.parent.name}" for path in sorted(music.rglob("*.wav"))[:6]]
    table.write_text("\n".join(["path,genre", *rows]))
    arguments = ["-o", str(tmp_path / "m.skops"), "--features", "rms", "--model", "logreg"]
    assert main(["train", str(table), *arguments]) == 0
    assert "logreg fitted on 6 tracks (drone, noise-beat)" in capsys.readouterr().out
    table.write_text("\n".join(["path,genre", *rows, "gone.wav,drone"]))
    assert main(["train", str(table), *arguments]) == 1
    assert "gone.wav; --on-error nan goes on without them" in capsys.readouterr().err
    assert main(["train", str(table), *arguments, "--on-error", "nan"]) == 0
    out, err = capsys.readouterr()
    assert "logreg fitted on 6 tracks" in out
    assert "1 of 7 files are missing" in err


def test_train_behind_the_network(music, tmp_path, capsys):
    output = tmp_path / "m.skops"
    assert main(["train", str(music), "-o", str(output), "--model", "embedding"]) == 0
    out, err = capsys.readouterr()
    assert "embedding fitted on 9 tracks" in out
    assert "is now" not in err
    loaded = genrekit.load(output)
    assert type(loaded) is genrekit.PretrainedCNNClassifier
    assert main(["predict", str(output), str(music)]) == 0


def test_the_old_word_for_the_network_is_understood(music, tmp_path, capsys):
    output = tmp_path / "m.skops"
    assert main(["train", str(music), "-o", str(output), "--model", "cnn"]) == 0
    out, err = capsys.readouterr()
    assert "embedding fitted on 9 tracks" in out
    assert err.startswith("genrekit: warning: --model cnn is now --model embedding\n")


@pytest.mark.parametrize("features", ["cnn", "embedding", "msd-musicnn", "mfcc,cnn"])
def test_train_says_how_to_choose_a_network(features, music, tmp_path, capsys):
    arguments = ["train", str(music), "-o", str(tmp_path / "m.skops")]
    assert main([*arguments, "--features", features]) == 1
    assert "use --model embedding" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--features", "mfcc"], ["--sr", "8000"]])
def test_train_behind_the_network_takes_no_other_features(option, music, tmp_path, capsys):
    arguments = ["train", str(music), "-o", str(tmp_path / "m.skops"), "--model", "embedding"]
    assert main([*arguments, *option]) == 1
    assert f"leave out {option[0]}" in capsys.readouterr().err


def test_train_explains_the_layout(tmp_path, capsys):
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "m.skops")]) == 1
    assert "one sub-folder a genre" in capsys.readouterr().err


def test_predict_prints_a_line_a_file(model, music, capsys):
    assert main(["predict", str(model), str(music)]) == 0
    out, err = capsys.readouterr()
    header, _, *lines = out.splitlines()
    assert header.split() == ["file", "genre", "probability", "then", "note", "error"]
    assert len(lines) == 9
    files = sorted(map(str, music.rglob("*.wav")))
    expected = genrekit.load(model).predict(files)
    assert [line.split()[:2] for line in lines] == [
        [file, genre] for file, genre in zip(files, expected, strict=True)
    ]
    assert err == ""


def test_predict_as_json(model, music, bad, capsys):
    good = sorted(music.rglob("*.wav"))[0]
    assert main(["predict", str(model), str(bad), str(good), "--json", "--top-k", "2"]) == 3
    out, err = capsys.readouterr()
    first, second = json.loads(out)
    assert first["file"] == str(bad)
    assert (first["genre"], first["probability"], first["top"]) == (None, None, [])
    assert "HTML" in first["error"]
    probabilities = genrekit.load(model).predict_proba([good])[0]
    assert second["probability"] == pytest.approx(probabilities.max())
    assert [entry["genre"] for entry in second["top"]][0] == second["genre"]
    assert len(second["top"]) == 2
    assert second["error"] is None
    assert str(bad) in err


def test_predict_names_bad_files_in_the_table(model, bad, capsys):
    assert main(["predict", str(model), str(bad), "--top-k", "1"]) == 3
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith(str(bad))
    assert "HTML" in line


def test_predict_without_training(music, capsys):
    assert main(["predict", str(music), "--json", "--top-k", "10"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 9
    clf = genrekit.GenreClassifier.from_pretrained()
    assert {item["genre"] for item in found[0]["top"]} <= set(clf.classes_)
    assert len(found[0]["top"]) == 10
    novelty = clf.novelty([item["file"] for item in found])
    assert [item["novelty"] for item in found] == pytest.approx(novelty.tolist())


def test_predict_says_what_is_novel(model, music, bad, capsys):
    assert main(["predict", str(music), str(bad), "--reject-novel", "0"]) == 3
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["file", "genre", "probability", "novelty"]
    assert {line.split()[1] for line in lines[1:10]} == {"unknown"}
    assert all(0 <= float(line.split()[2]) <= 1 for line in lines[1:10])
    assert "HTML" in lines[10]
    assert main(["predict", str(music), str(bad), "--json", "--reject-novel", "1"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found[-1]["novelty"] is None
    assert "unknown" not in {item["genre"] for item in found}
    assert main(["predict", str(model), str(music), "--reject-novel", "0.9"]) == 1
    assert "--reject-novel takes a model over the embedding" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["msd-genres", "saved"])
def test_predict_with_a_named_model(name, model, music, capsys):
    chosen = str(model) if name == "saved" else name
    assert main(["predict", "--model", chosen, str(music)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_predict_with_another_kind_of_model(tmp_path, capsys):
    from sklearn.linear_model import LogisticRegression

    path = tmp_path / "other.skops"
    genrekit.save(LogisticRegression().fit([[0.0], [1.0]], ["a", "b"]), path)
    assert main(["predict", str(path), "x.wav"]) == 1
    assert "holds a LogisticRegression" in capsys.readouterr().err


def test_predict_by_segments(tmp_path, music, bad, capsys):
    tracks = genrekit.load_folder(music)
    X = tracks.paths
    inner = genrekit.make_knn_pipeline(["rms", "zero_crossing_rate"])
    clf = genrekit.SegmentClassifier(inner, segment_duration=0.2)
    path = tmp_path / "segments.skops"
    genrekit.save(clf.fit(X, tracks.target), path)
    assert main(["predict", str(path), X[0], str(bad)]) == 3
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[2:]] == [X[0], str(bad)]
    assert err.count(str(bad)) == 1


def test_predict_without_the_model(tmp_path, capsys):
    assert main(["predict", str(tmp_path / "no.skops"), "x.wav"]) == 1
    said = f"there is no file {str(tmp_path / 'no.skops')!r}, and no pretrained model of that name"
    assert f"{said}: known are: 'genres', 'gtzan10', 'msd-genres'" in capsys.readouterr().err
    assert main(["predict", "--model", "gtzan11", "x.wav"]) == 1
    assert "did you mean 'gtzan10'?" in capsys.readouterr().err
    assert main(["predict", "--model", str(tmp_path), "x.wav"]) == 1
    assert f"{tmp_path} is a folder, and no pretrained model" in capsys.readouterr().err


def test_predict_says_unknown(model, music, capsys):
    arguments = ["predict", str(model), str(music), "--top-k", "2"]
    assert main([*arguments, "--json"]) == 0
    certain = [item["probability"] for item in json.loads(capsys.readouterr().out)]
    limit = sorted(certain)[4]
    assert main([*arguments, "--json", "--reject-below", str(limit)]) == 0
    found = json.loads(capsys.readouterr().out)
    clf = genrekit.load(model).set_params(reject_below=limit)
    assert [item["genre"] for item in found] == clf.predict(sorted(music.rglob("*.wav"))).tolist()
    assert [item["probability"] is None for item in found] == [p < limit for p in certain]
    assert [item["top"][0]["probability"] for item in found] == certain
    assert main([*arguments, "--reject-below", "1"]) == 0
    words = capsys.readouterr().out.splitlines()[-1].split()
    assert words[1] == "unknown"
    assert len(words) == 6  # both genres, with their probabilities


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(FileNotFoundError):
        main(["train", str(tmp_path / "no"), "-o", str(tmp_path / "m.skops"), "--debug"])


def test_info_lists_versions_and_every_feature(capsys):
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first_words = [line.split()[0] for line in lines if line]
    assert f"genrekit      {genrekit.__version__}" in lines
    assert {"kernels", "numpy", "soundfile"} <= set(first_words)
    assert set(FEATURES) | set(DATASETS) <= set(first_words)
    columns = {line.split()[0]: line.split()[1] for line in lines if line}
    assert (columns["gtzan57"], columns["fma518"]) == ("57", "518")
    assert columns["standard"] == str(len(genrekit.extract([np.ones(22050)]).names))


def test_models_lists_classifiers_and_networks(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first_words = [line.split()[0] for line in lines if line]
    assert {"genres", "gtzan10", "msd-genres", "msd-musicnn"} <= set(first_words)
    assert lines[2].endswith("metal, pop, reggae, rock, soul")


@pytest.mark.parametrize("folder", ["/home/me/.cache/numba", None])
def test_info_compiles_the_kernels_of_every_feature(capsys, monkeypatch, folder):
    from genrekit import _info

    described = []
    monkeypatch.setattr(
        _info, "extract", lambda tracks, features, **given: described.append((features, given))
    )
    monkeypatch.setattr(_info, "FLAVOUR", "numba")
    monkeypatch.setattr(_info, "cache_folder", lambda: folder)
    assert main(["info", "--compile"]) == 0
    assert (folder or "NUMBA_CACHE_DIR") in capsys.readouterr().out
    assert {given["dtype"] for _, given in described} == {"float32", "float64"}
    named = [name for features, _ in described if isinstance(features, list) for name in features]
    assert set(named) == set(FEATURES)
    assert [features for features, _ in described if isinstance(features, str)] == [*SETS, *SETS]


def test_info_compiles_nothing_without_numba(capsys, monkeypatch):
    monkeypatch.setattr("genrekit._info.FLAVOUR", "numpy")
    monkeypatch.setattr("genrekit._info.extract", None)
    assert main(["info", "--compile"]) == 0
    assert "there is nothing to compile" in capsys.readouterr().out


def test_info_says_what_is_not_installed(capsys, monkeypatch):
    monkeypatch.setattr("genrekit._info._PACKAGES", ["no-such-package"])
    assert main(["info"]) == 0
    assert "no-such-package  not installed" in capsys.readouterr().out


def test_demo_passes_its_arguments_on(monkeypatch):
    calls = []
    monkeypatch.setattr(
        "genrekit._demo.run_demo", lambda *args, **kwargs: calls.append((args, kwargs))
    )
    assert main(["demo", "--music", "m", "--output", "o", "--n-jobs", "2"]) == 0
    assert calls == [(("m", "o"), {"n_jobs": 2, "random_state": 0, "verbose": 0})]


def test_a_program_that_is_stopped_waits_for_no_thread(monkeypatch):
    def leave(code):
        raise InterruptedError(code)

    monkeypatch.setattr(cli, "main", lambda: 130)
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(InterruptedError, match="130"):
        cli.run()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["conquer"],
        ["extract", "a.wav"],
        ["extract", "a.wav", "-o", "t.xlsx"],
        ["train", "m", "-o", "m.skops", "--model", "tree"],
        ["train", "m", "-o", "m.skops", "--model", "svm", "--network", "cnn"],
        ["train", "m", "-o", "m.skops", "--network", "cnnn"],
        ["train", "m", "-o", "m.skops", "--network", "image"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--inputs", "mell"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--inputs"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--features", "mfcc"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--epochs", "0"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--segment", "-1"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--segment", "inf"],
        ["train", "m", "-o", "m.skops", "--network", "cnn", "--mixup", "some"],
        ["train", "m", "-o", "m.skops", "--inputs", "mel"],
        ["evaluate", "m", "--checkpoint", "c", "--network", "cnn"],
        ["evaluate", "m", "--freq-mask", "3"],
        ["train", "m", "-o", "m.pkl"],
        ["predict", "m.skops", "a.wav", "--reject-below", "1.5"],
        ["predict", "m.skops", "a.wav", "--reject-below", "half"],
        ["predict", "m.skops"],
        ["predict", "m.skops", "a.wav", "--top-k", "0"],
        ["predict", "a.wav", "--n-jobs", "0"],
        ["predict", "a.wav", "--n-jobs", "all"],
    ],
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: genrekit" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"genrekit {genrekit.__version__}\n"


def test_warnings_are_one_line_and_do_not_stop_the_command(monkeypatch, capsys):
    def warn(args):
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
        return 0

    monkeypatch.setitem(sys.modules["genrekit.cli"]._COMMANDS, "info", warn)
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["info"]) == 0
    assert capsys.readouterr().err == "genrekit: warning: mind the gap\n"
    assert warnings.showwarning is before


def test_other_warnings_pass_while_failures_are_collected(monkeypatch, model, bad, capsys):
    def answer(self, X):
        warnings.warn("model is old", UserWarning, stacklevel=1)
        return real(self, X)

    real = genrekit.GenreClassifier._answer
    monkeypatch.setattr(genrekit.GenreClassifier, "_answer", answer)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["predict", str(model), str(bad)]) == 3
    err = capsys.readouterr().err
    assert "genrekit: warning: model is old\n" in err
    assert err.count(str(bad)) == 1


def test_warnings_and_failures_are_told_when_all_ends_in_an_error(
    bad, tmp_path, monkeypatch, capsys
):
    def extract_and_fail(paths, *args, **kwargs):
        warnings.warn("mind the gap", UserWarning, stacklevel=1)
        failed = AudioDecodeWarning("1 of 1", [TrackError(0, "x.wav", "it is empty")])
        warnings.warn(failed, stacklevel=1)
        raise RuntimeError("then it broke")

    monkeypatch.setattr("genrekit.features.iter_rows", extract_and_fail)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert extract(bad, "-o", tmp_path / "t.csv") == 1
    assert capsys.readouterr().err.splitlines() == [
        "genrekit: warning: mind the gap",
        "genrekit: x.wav: it is empty",
        "genrekit: error: then it broke",
    ]


def test_a_warning_is_told_when_it_comes(music, tmp_path, monkeypatch, capsys):
    told = []

    def extract_slowly(*args, **kwargs):
        warnings.warn("this may take a while", UserWarning, stacklevel=1)
        told.append(capsys.readouterr().err)
        return real(*args, **kwargs)

    real = genrekit.iter_rows
    monkeypatch.setattr("genrekit.features.iter_rows", extract_slowly)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert extract(music, "-o", tmp_path / "t.csv") == 0
    assert told == ["genrekit: warning: this may take a while\n"]


def test_a_closed_pipe_is_no_traceback(music):
    arguments = [sys.executable, "-m", "genrekit.cli", "info"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    _, err = process.communicate()
    assert process.returncode == 1
    assert err == ""


def test_closed_streams_are_no_place_to_write_into(music, tmp_path):
    table = tmp_path / "t.csv"
    arguments = ["extract", str(music), "-o", str(table), "--features", "rms"]
    without = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    done = subprocess.run([*without, sys.executable, "-m", "genrekit", *arguments])
    assert done.returncode == 0
    assert len(read_csv(table)) == 9


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", b"a/b\xff"), "a/b\\xff: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (FileNotFoundError("x: no such folder"), "x: no such folder"),
        (KeyError(), "KeyError"),
    ],
)
def test_errors_of_the_system_are_said_in_words(error, said, monkeypatch, capsys):
    def fail(args):
        raise error

    monkeypatch.setitem(cli._COMMANDS, "info", fail)
    assert main(["info"]) == 1
    assert capsys.readouterr().err == f"genrekit: error: {said}\n"


def test_a_file_that_looks_like_an_option(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-x.mp3").write_bytes(b"")
    with pytest.raises(SystemExit):
        main(["tags", "a.mp3", "-x.mp3"])
    err = capsys.readouterr().err
    assert "usage: genrekit tags" in err
    assert f"arguments: -x.mp3; to name a file that begins so, write .{os.sep}-x.mp3" in err
    with pytest.raises(SystemExit):
        main(["tags", "a.mp3", "--jsn"])
    assert capsys.readouterr().err.endswith("unrecognized arguments: --jsn\n")


def test_help_extract_predict_and_tags_load_no_scikit_learn(music, tmp_path):
    first = next(music.rglob("*.wav"))
    code = (
        "import sys; from genrekit.cli import main\n"
        "try: main(['extract', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'sklearn', 'librosa', 'numba', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        f"files = [{str(music)!r}, '-o', {str(tmp_path / 't.csv')!r}]\n"
        "main(['extract', *files, '--features', 'rms'])\n"
        "assert 'sklearn' not in sys.modules, 'extract loads scikit-learn'\n"
        f"assert main(['predict', {str(first)!r}]) == main(['tags', {str(first)!r}]) == 0\n"
        "heavy = {'sklearn', 'scipy.stats', 'librosa', 'pandas', 'matplotlib', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_as_a_program(music):
    arguments = [sys.executable, "-m", "genrekit.cli", "extract"]
    done = subprocess.run([*arguments, "no-such.mp3"], capture_output=True, text=True)
    assert done.returncode == 2
    done = subprocess.run([*arguments[:3], "info"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "genrekit" in done.stdout
