"""``genrekit evaluate``, by what it prints, writes and returns."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import wavfile
from sklearn.utils import Bunch

from genrekit import cross_validate_genres
from genrekit._evaluate import find_tracks, run_evaluate
from genrekit.audio._soundfile import decode
from genrekit.cli import main
from genrekit.datasets import DATASETS, load_folder, make_tracks
from genrekit.models import GenreClassifier

FEW = "rms,spectral_centroid,zero_crossing_rate"
HOW = ["--features", FEW, "--model", "knn"]


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Ten short tracks of each of two genres."""
    root = tmp_path_factory.mktemp("music")
    make_tracks(10, root=root, genres=["drone", "noise-beat"], sr=8000, duration=0.5)
    return root


@pytest.fixture
def albums(music, tmp_path):
    """The same tracks, two to an album."""
    for i, path in enumerate(sorted(music.rglob("*.wav"))):
        album = tmp_path / "albums" / path.parent.name / f"album{i // 2}"
        album.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, album)
    return tmp_path / "albums"


@pytest.fixture
def gtzan(tmp_path):
    """GTZAN in miniature: five clips to train on and three to test, of two genres."""
    root = tmp_path / "genres_original"
    made = make_tracks(8, genres=["drone", "noise-beat"], sr=8000, duration=0.5)
    numbers = {
        "blues": [29, 30, 31, 32, 33, 12, 13, 14],
        "rock": [0, 1, 2, 3, 4, 10, 11, 12],
    }
    waveforms = iter(made.waveforms)
    for genre in numbers:
        (root / genre).mkdir(parents=True)
        for number in numbers[genre]:
            wavfile.write(root / genre / f"{genre}.{number:05d}.wav", 8000, next(waveforms))
    return tmp_path


def test_prints_the_cross_validation_of_a_folder(music, capsys):
    assert main(["evaluate", str(music), *HOW]) == 0
    out = capsys.readouterr().out
    tracks = load_folder(music)
    classifier = GenreClassifier("knn", FEW.split(","), random_state=0)
    report = cross_validate_genres(
        classifier, tracks.paths, tracks.target, groups=tracks.groups, random_state=0
    )
    assert out.splitlines()[:2] == str(report).splitlines()[:2]
    assert "in 5 folds" in out
    assert "tracks of one artist may be on both sides of a split" in out


def test_writes_a_page(music, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert main(["evaluate", str(music), *HOW, "--folds", "2", "--report", str(page)]) == 0
    out = capsys.readouterr().out
    assert "in 2 folds" in out
    assert str(page) in out
    text = page.read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert "noise-beat" in text
    assert "Map of the tracks" in text
    assert "one a track: tracks of one artist or album may stand on both sides" in text


def test_a_page_of_one_feature_has_no_map(music, tmp_path, capsys):
    page = tmp_path / "report.html"
    how = ["--features", "tempo", "--model", "knn", "--folds", "2", "--report", str(page)]
    assert main(["evaluate", str(music), *how]) == 0
    assert "Map of the tracks" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("memory", [None, "cache"])
def test_each_track_is_read_once(memory, music, tmp_path, monkeypatch):
    calls = []

    def decoder(source, *, offset, duration):
        calls.append(source)
        return decode(source, offset=offset, duration=duration)

    decoder.cache_key = "as decode"
    memory = memory and tmp_path / memory
    classifier = GenreClassifier("knn", FEW.split(","), decoder=decoder, memory=memory)
    tracks = load_folder(music)
    run_evaluate(classifier, tracks, folds=2, report=tmp_path / "report.html", random_state=0)
    assert sorted(calls) == sorted(tracks.paths)
    assert classifier.memory == memory


def test_a_page_into_a_folder_that_is_not_there(music, tmp_path, capsys):
    page = tmp_path / "no" / "report.html"
    assert main(["evaluate", str(music), *HOW, "--report", str(page)]) == 1
    assert "make it first" in capsys.readouterr().err


def test_groups_by_folder(albums, capsys):
    assert main(["evaluate", str(albums), *HOW, "--groups", "folder"]) == 0
    out = capsys.readouterr().out
    assert "corrected for 10 groups" in out
    assert "of one artist" not in out
    tracks = find_tracks(albums, groups="folder")
    assert tracks.groups.tolist() == np.repeat(np.arange(10), 2).tolist()


def test_groups_of_a_table(music, tmp_path, capsys):
    table = tmp_path / "tracks.csv"
    paths = sorted(music.rglob("*.wav"))
    rows = [f"{path},{path.parent.name},artist{i // 2}" for i, path in enumerate(paths)]
    table.write_text("\n".join(["path,genre,artist", *rows]))
    assert main(["evaluate", str(table), *HOW, "--groups", "artist"]) == 0
    assert "corrected for 10 groups" in capsys.readouterr().out
    assert main(["evaluate", str(table), *HOW, "--groups", "folder", "--folds", "2"]) == 1
    assert "all tracks of a genre lie in one folder" in capsys.readouterr().err
    table.write_text("\n".join(["path,genre,artist", *rows, f"{paths[0]},other,x"]))
    assert main(["evaluate", str(table), *HOW, "--groups", "artist"]) == 1
    assert "genre 'other' has 1 artist, and 5 folds need at least 5" in capsys.readouterr().err


def test_too_few_tracks_of_a_genre(music, capsys):
    assert main(["evaluate", str(music), *HOW, "--folds", "11"]) == 1
    err = capsys.readouterr().err
    assert "genre 'drone' has 10 tracks, and 11 folds need at least 11" in err
    assert "move its folder away" in err
    assert "use --folds 10" in err


def test_evaluates_behind_the_network(music, tmp_path, capsys):
    page = tmp_path / "report.html"
    how = ["--model", "embedding", "--folds", "2", "--report", str(page)]
    assert main(["evaluate", str(music), *how]) == 0
    assert "of 20 tracks in 2 folds" in capsys.readouterr().out
    assert "PretrainedCNNClassifier" in page.read_text(encoding="utf-8")


def test_a_column_of_no_table(music, capsys):
    assert main(["evaluate", str(music), *HOW, "--groups", "artist"]) == 1
    assert "'folder' keeps the files of a folder together" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*left out")
def test_a_data_set_on_its_published_split(gtzan, capsys):
    arguments = ["evaluate", "--dataset", "gtzan", "--root", str(gtzan), *HOW]
    tracks = find_tracks(gtzan, dataset="gtzan")
    assert [int(np.sum(tracks.split == part)) for part in ("train", "test")] == [10, 6]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "of 6 tracks on one split" in out
    assert "of one artist" not in out
    assert main([*arguments, "--folds", "2"]) == 0
    assert f"of {len(tracks.paths)} tracks in 2 folds" in capsys.readouterr().out


def test_a_split_without_its_test(music):
    tracks = load_folder(music)
    tracks.split = np.array(["train"] * 20, dtype=object)
    with pytest.raises(ValueError, match="20 training and 0 test tracks.*--folds"):
        run_evaluate(GenreClassifier("knn", FEW.split(",")), tracks)


def test_fma_gets_its_subset(monkeypatch, tmp_path):
    calls = []
    row = replace(DATASETS["fma"], loader=lambda *args: calls.append(args) or Bunch())
    monkeypatch.setitem(DATASETS, "fma", row)
    assert find_tracks(tmp_path, dataset="fma", subset="medium").unit == "artist"
    assert find_tracks(tmp_path, dataset="fma").unit == "artist"
    assert calls == [(tmp_path, "medium"), (tmp_path,)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dataset", "gtzan", "--root", "m"], "--subset small: gtzan has no subsets"),
        (["m"], "--subset small: only a data set has subsets"),
    ],
)
def test_a_subset_of_what_has_none(arguments, said, capsys):
    assert main(["evaluate", *arguments, "--subset", "small"]) == 1
    assert said in capsys.readouterr().err


def test_a_bad_file_counts_as_wrong_and_is_named_once(albums, capsys):
    bad = albums / "drone" / "album0" / "bad.wav"
    bad.write_bytes(b"<!doctype html><p>not found</p>")
    assert main(["evaluate", str(albums), *HOW]) == 1
    capsys.readouterr()
    assert main(["evaluate", str(albums), *HOW, "--on-error", "nan"]) == 3
    out, err = capsys.readouterr()
    assert "of 21 tracks" in out
    assert "1 without a prediction" in out
    assert [line for line in err.splitlines() if "bad.wav" in line] == [
        line for line in err.splitlines() if line.startswith(f"genrekit: {bad}: ")
    ]
    assert err.count(str(bad)) == 1


def test_the_page_says_why_a_file_could_not_be_decoded(albums, tmp_path, capsys):
    (albums / "drone" / "album0" / "bad.wav").write_bytes(b"<!doctype html><p>not found</p>")
    page = tmp_path / "report.html"
    assert main(["evaluate", str(albums), *HOW, "--on-error", "nan", "--report", str(page)]) == 3
    text = page.read_text(encoding="utf-8")
    after = text[text.index("<h2>Not decoded") :]
    assert "drone/album0/bad.wav" in after
    assert "it looks like an HTML page" in after


def test_copies_are_kept_together(albums, capsys):
    first = sorted(albums.rglob("*.wav"))[0]
    shutil.copy(first, albums / "drone" / "album3" / "copy.wav")
    assert main(["evaluate", str(albums), *HOW]) == 0
    out, err = capsys.readouterr()
    assert "corrected for 20 groups" in out
    assert "identical copy" not in err


@pytest.mark.parametrize("arguments", [["--dataset", "gtzan", "m"], ["--root", "m"]])
def test_a_data_set_needs_both(arguments, capsys):
    assert main(["evaluate", *arguments]) == 1
    assert "--dataset and --root go together" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["m", "--root", "n"],
        ["--dataset", "x", "--root", "m"],
        ["--dataset", "fma", "--root", "m", "--subset", "tiny"],
        ["m", "--report", "r.pdf"],
        ["m", "--folds", "1"],
    ],
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", *arguments])
    assert stop.value.code == 2
    assert "usage: genrekit" in capsys.readouterr().err
