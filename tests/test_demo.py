"""The demonstration, on few and short tracks."""

from __future__ import annotations

import csv
import functools
import sys

import pytest

import genrekit
from genrekit import _demo
from genrekit.datasets import make_tracks


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Synthesise less, compute three features instead of twelve, compare two kinds of model."""
    monkeypatch.setattr(_demo, "make_tracks", _fewer_tracks)
    for name in ("extract", "GenreClassifier"):
        monkeypatch.setattr(_demo, name, _with_few_features(getattr(_demo, name)))
    models = {name: _with_few_features(_demo._MODELS[name], 0) for name in ("svm", "knn")}
    monkeypatch.setattr(_demo, "_MODELS", models)


def _fewer_tracks(n_per_genre, **options):
    """Make five of each of three."""
    genres = ["drone", "noise-beat", "pluck"]
    return make_tracks(n_per_genre // 3, genres=genres, duration=0.7, **options)


def _with_few_features(function, position=1):
    """Replace the named set in a call."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        assert args[position] == "standard"
        few = ["rms", "spectral_centroid", "zero_crossing_rate"]
        return function(*args[:position], few, *args[position + 1 :], **kwargs)

    return call


def test_without_music(tmp_path, capsys):
    output = tmp_path / "out"
    reports = _demo.run_demo(output=output)
    text = capsys.readouterr().out
    assert "SYNTHETIC" in text
    assert "15 tracks" in text
    assert "in 5 folds" in text
    assert "genrekit demo --music FOLDER" in text
    assert list(reports) == ["svm", "knn"]
    assert all(len(report.y_true) == 15 for report in reports.values())
    assert all(report.baseline == pytest.approx(1 / 3) for report in reports.values())
    with (output / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["svm", "knn", "most_frequent"]
    assert float(rows[0]["accuracy"]) == reports["svm"].accuracy
    assert f"{reports['svm'].accuracy:.3f}" in text
    assert str(output / "model.skops") in text
    model = genrekit.load(output / "model.skops")
    assert model.classes_.tolist() == ["drone", "noise-beat", "pluck"]


def test_pictures_are_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    _demo.run_demo(output=tmp_path)
    text = capsys.readouterr().out
    for name in ("confusion_matrix.png", "pca.png"):
        assert str(tmp_path / name) in text
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_twice_is_the_same(tmp_path):
    first, second = (_demo.run_demo(output=tmp_path)["svm"] for _ in range(2))
    assert first.y_pred.tolist() == second.y_pred.tolist()


def test_held_out_tracks_were_not_learned_from(tmp_path, capsys, monkeypatch):
    fitted = []

    class Spy(genrekit.GenreClassifier):
        def fit(self, X, y):
            fitted.extend(X)
            return super().fit(X, y)

    monkeypatch.setattr(_demo, "GenreClassifier", _with_few_features(Spy))
    monkeypatch.setattr(_demo, "save", lambda model, path: None)
    _demo.run_demo(output=tmp_path)
    shown = capsys.readouterr().out.split("about those:")[1]
    new = [line.split()[0] for line in shown.splitlines() if ".wav " in line]
    assert [name.split("/")[0] for name in new] == ["drone", "noise-beat", "pluck"]
    assert len(fitted) == 12
    assert not [path for path in fitted if path.endswith(tuple(new))]


def test_with_music_bad_files_and_rare_genres(tmp_path, capsys):
    music = tmp_path / "music"
    make_tracks(12, root=music, genres=["drone"], duration=0.5)
    make_tracks(3, root=music, genres=["noise-beat"], duration=0.5)
    make_tracks(1, root=music, genres=["pluck"], duration=0.5)
    page = music / "drone" / "page.wav"
    page.write_bytes(b"<!doctype html><p>not found</p>")
    reports = _demo.run_demo(music, tmp_path / "out")
    text = capsys.readouterr().out
    assert "SYNTHETIC" not in text
    assert "1 of them could not be read" in text
    assert f"{page}: " in text
    assert "'pluck' has one readable file and is left out" in text
    assert "in 3 folds" in text
    assert f"genrekit predict {tmp_path / 'out' / 'model.skops'}" in text
    assert reports["knn"].classes.tolist() == ["drone", "noise-beat"]
    assert reports["knn"].baseline == 12 / 15


@pytest.mark.parametrize(("n", "genres"), [(2, ["drone", "pluck"]), (1, ["drone", "pluck"])])
def test_too_little_music(tmp_path, n, genres):
    make_tracks(n, root=tmp_path / "music", genres=genres, duration=0.2)
    with pytest.raises(ValueError, match="15 readable files in two or more genres.*add files"):
        _demo.run_demo(tmp_path / "music", tmp_path / "out")


def test_without_matplotlib(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    _demo.run_demo(output=tmp_path)
    text = capsys.readouterr().out
    assert "genrekit[plot]" in text
    assert "pca.png" not in text
    assert (tmp_path / "model.skops").is_file()
