"""The demonstration, on few and short tracks."""

from __future__ import annotations

import csv
import shutil
import sys

import pytest

import genrekit
from genrekit import _demo
from genrekit.datasets import make_tracks

pytestmark = pytest.mark.filterwarnings("ignore:the smallest genre has tracks")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Synthesise less, compute three features instead of twelve, compare two kinds of model."""
    monkeypatch.setattr(_demo, "make_tracks", _fewer_tracks)
    monkeypatch.setattr(_demo, "_FEATURES", ["rms", "spectral_centroid", "zero_crossing_rate"])
    monkeypatch.delitem(_demo._MODELS, "random forest")


def _fewer_tracks(n_per_genre, **options):
    """Make five of each of three."""
    genres = ["drone", "noise-beat", "pluck"]
    return make_tracks(n_per_genre // 3, genres=genres, duration=0.7, **options)


def test_without_music(tmp_path, capsys):
    output = tmp_path / "out"
    reports = _demo.run_demo(output=output).reports
    text = capsys.readouterr().out
    assert "SYNTHETIC" in text
    assert "These tracks are not music" in text
    assert "15 tracks" in text
    assert "in 5 folds" in text
    assert "genrekit demo --music FOLDER" in text
    assert list(reports) == ["SVM", "nearest neighbours"]
    assert all(len(report.y_true) == 15 for report in reports.values())
    assert all(report.baseline == pytest.approx(1 / 3) for report in reports.values())
    with (output / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["model"] for row in rows] == ["SVM", "nearest neighbours", "most frequent genre"]
    assert float(rows[0]["accuracy"]) == reports["SVM"].accuracy
    assert f"{reports['SVM'].accuracy:.3f}" in text
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


def test_the_page_ends_with_single_tracks(tmp_path):
    _demo.run_demo(output=tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>Synthetic tracks, not music: " in page
    assert "nearest neighbours</td>" in page
    asked = page[page.index("<h2>Asked about single tracks") :]
    assert asked.count("<code>") >= 3
    assert any(genre in asked for genre in ("classical", "disco", "hiphop"))  # of the pretrained
    assert "These tracks are not music" in asked


def test_twice_is_the_same(tmp_path):
    first, second = (_demo.run_demo(output=tmp_path).reports["SVM"] for _ in range(2))
    assert first.y_pred.tolist() == second.y_pred.tolist()


def test_held_out_tracks_were_not_learned_from(tmp_path, capsys, monkeypatch):
    fitted = []

    class Spy(genrekit.GenreClassifier):
        def fit(self, X, y, **fit_params):
            fitted[:] = X
            return super().fit(X, y, **fit_params)

    monkeypatch.setattr(_demo, "GenreClassifier", Spy)
    monkeypatch.setattr(_demo, "save", lambda model, path: None)
    _demo.run_demo(output=tmp_path)
    own, pretrained = capsys.readouterr().out.split("about those:")[1].split("same tracks:")
    new = [line.split()[0] for line in own.splitlines() if ".wav " in line]
    assert [name.split("/")[0] for name in new] == ["drone", "noise-beat", "pluck"]
    assert all(name in pretrained for name in new)
    assert len(fitted) == 12
    assert not [path for path in fitted if path.endswith(tuple(new))]


def test_with_music_bad_files_and_rare_genres(tmp_path, capsys):
    music = tmp_path / "music"
    make_tracks(12, root=music, genres=["drone"], duration=0.5)
    make_tracks(3, root=music, genres=["noise-beat"], duration=0.5)
    make_tracks(1, root=music, genres=["pluck"], duration=0.5)
    for copy in ("a.wav", "b.wav"):  # recordings that are there twice stay on one side
        shutil.copy(sorted((music / "pluck").iterdir())[0], music / "pluck" / copy)
    page = music / "drone" / "page.wav"
    page.write_bytes(b"<!doctype html><p>not found</p>")
    reports = _demo.run_demo(music, tmp_path / "out").reports
    text = capsys.readouterr().out
    assert "SYNTHETIC" not in text
    assert "not music" not in text
    assert "1 of them could not be read" in text
    assert f"{page}: " in text
    assert "'pluck' has one readable recording and is left out" in text
    assert "in 3 folds" in text
    assert f"genrekit predict {tmp_path / 'out' / 'model.skops'}" in text
    report = reports["nearest neighbours"]
    assert report.classes.tolist() == ["drone", "noise-beat"]
    assert report.baseline == 12 / 15
    assert "music: " in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


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
