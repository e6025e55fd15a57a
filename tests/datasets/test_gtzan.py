"""The GTZAN clips in the layouts that circulate, and the table of their features."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest

from genrekit.datasets import GTZAN_GENRES, load_gtzan, load_gtzan_features
from genrekit.exceptions import GenrekitWarning

from .conftest import CLIPS

HEADER = "filename,length,tempo,mfcc1_mean,label\n"


@pytest.mark.parametrize(
    ("place", "ending"),
    [
        ("genres/", ".au"),
        ("Data/genres_original/", ".wav"),
        ("genres_original/", ".wav"),
        ("", ".flac"),
    ],
)
def test_layouts(make_gtzan, make_files, place, ending):
    root = make_gtzan(place, ending)
    make_files("Data/images_original/blues/blues00000.png", "Data/features_30_sec.csv")
    with pytest.warns(GenrekitWarning) as seen:
        clips = load_gtzan(root)
    assert [str(w.message) for w in seen] == [
        f"{root}: left out: known to be bad: jazz.00054 (corrupt); keep_bad=True keeps them"
    ]
    assert len(clips.paths) == 999
    assert clips.paths[0] == str(root / f"{place}blues/blues.00000{ending}")
    assert clips.target_names == list(GTZAN_GENRES)
    assert Counter(clips.split) == {"train": 442, "valid": 197, "test": 290, None: 70}
    artists = dict(zip(clips.clips, clips.groups, strict=True))
    assert artists["blues.00000"] == artists["blues.00001"] == "John Lee Hooker"
    assert artists["classical.00059"] == "classical.00059"  # one of those nobody is known of
    assert Counter(name in artists for name in clips.groups) == {False: 919, True: 80}
    assert "jazz: 99" in clips.DESCR
    assert "fault-filtered" in clips.DESCR


def test_bad_clips_on_request_and_no_split(make_gtzan, recwarn):
    clips = load_gtzan(make_gtzan("", ".wav"), keep_bad=True, split=None)
    assert len(clips.paths) == 1000
    assert "jazz.00054" in clips.clips
    assert clips.split is None
    assert not recwarn


def test_split_of_single_clips(make_gtzan):
    root = make_gtzan("", ".wav", ["classical.00042", "blues.00029", "disco.00002", "blues.00012"])
    with pytest.warns(GenrekitWarning, match="996 of 1,000 files are missing: blues.00000, "):
        clips = load_gtzan(root, as_frame=True)
    assert dict(zip(clips.clips, clips.split, strict=True)) == {
        "classical.00042": None,
        "blues.00012": "test",
        "blues.00029": "train",
        "disco.00002": "valid",
    }
    assert clips.frame.columns.tolist() == ["path", "genre", "group", "split"]


def test_groups_are_recordings_on_request(make_gtzan):
    root = make_gtzan("", ".wav", ["blues.00000", "blues.00001"])
    with pytest.warns(GenrekitWarning, match="998 of 1,000 files are missing"):
        assert load_gtzan(root, groups="recording").groups.tolist() == [0, 1]
    with pytest.raises(ValueError, match="unknown groups 'album'"):
        load_gtzan(root, groups="album")


def test_no_artist_stands_in_two_parts_of_the_split(make_gtzan, recwarn):
    clips = load_gtzan(make_gtzan("", ".wav"), keep_bad=True)
    parts = {name: {s for s in clips.split[clips.groups == name] if s} for name in clips.groups}
    assert max(map(len, parts.values())) == 1


def test_missing_clips_are_an_error_on_request(make_gtzan):
    root = make_gtzan("", ".wav", CLIPS[1:])
    with pytest.raises(FileNotFoundError, match=r"1 of 1,000 files are missing: blues\.00000;"):
        load_gtzan(root, on_missing="raise")


def test_what_is_not_gtzan_is_left_out_with_the_same_warning(make_gtzan, make_files):
    root = make_gtzan("genres/", ".wav", CLIPS[1:])
    make_files(
        "genres/kpop/kpop.00000.wav",
        "genres/blues/notes.txt",
        "genres/blues/.hidden.wav",
        "genres/blues/song.mp3",
        "genres/jazz/blues.00000.wav",
        "genres/rock/rock.00001.au",
        "elsewhere/pop.00000.wav",
    )
    (root / "genres/blues/blues.00000.wav").symlink_to(root / "elsewhere/pop.00000.wav")
    with pytest.warns(GenrekitWarning) as seen:
        clips = load_gtzan(root)
    (message,) = (str(w.message) for w in seen)
    assert "1 of 1,000 files are missing: blues.00000;" in message
    assert "known to be bad" in message
    assert "1 link that leads out of the folder (first: " in message
    assert (
        "4 files that are not GTZAN's: blues/song.mp3, jazz/blues.00000.wav, "
        "kpop/kpop.00000.wav, rock/rock.00001." in message
    )
    assert len(clips.paths) == 998


def test_identical_clips_share_a_group(make_gtzan):
    root = make_gtzan("", ".wav", ["disco.00002", "pop.00015"])
    (root / "pop/pop.00015.wav").write_bytes((root / "disco/disco.00002.wav").read_bytes())
    with pytest.warns(GenrekitWarning) as seen:
        assert len(set(load_gtzan(root).groups)) == 1
    assert "1 recording stands in more than one genre: " in str(seen[-1].message)


def test_links_to_clips_elsewhere_are_counted(make_files):
    root = make_files("store/blues.00000.wav", "music/blues/readme.txt") / "music"
    (root / "blues/blues.00000.wav").symlink_to(root.parent / "store/blues.00000.wav")
    with pytest.raises(FileNotFoundError, match="passed over: 1 link that leads out"):
        load_gtzan(root)


@pytest.mark.parametrize("files", [[], ["blues/readme.txt"], ["a.wav"], ["kpop/kpop.00000.wav"]])
def test_no_clip_at_all(make_files, files):
    with pytest.raises(FileNotFoundError, match=r"1,000 of 1,000 .*expected blues/blues.00000.wav"):
        load_gtzan(make_files(*files))


def test_wrong_roots_and_splits(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_gtzan(tmp_path / "none")
    with pytest.raises(ValueError, match="unknown split 'fault_filterd': did you mean"):
        load_gtzan(tmp_path, split="fault_filterd")


def test_an_unreadable_folder_is_an_error(make_gtzan, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied", str(path))

    root = make_gtzan("", ".wav", CLIPS[:1])
    monkeypatch.setattr("os.scandir", deny)
    with pytest.raises(PermissionError):
        load_gtzan(root)


def test_real_clips(data_dir):
    with pytest.warns(GenrekitWarning, match="930 of 1,000 files are missing"):
        clips = load_gtzan(data_dir / "gtzan_clips")
    assert len(clips.paths) == 70
    assert Counter(clips.split) == {"train": 28, "valid": 34, "test": 4, None: 4}


# --- the table of features --------------------------------------------------------------------


@pytest.fixture
def make_table(tmp_path):
    """Write a table."""

    def make(text):
        path = tmp_path / "features.csv"
        path.write_text(text)
        return path

    return make


def test_table_of_clips(make_table):
    table = make_table(
        HEADER + "disco.00038.wav,661794,123.0,-1,disco\n"
        "jazz.00054.wav,661794,99.0,-2,jazz\nrock.00040.wav,661794,80.5,-3,rock\n"
    )
    with pytest.warns(
        GenrekitWarning, match=r"features.csv: left out: known to be bad: jazz\.00054"
    ):
        clips = load_gtzan_features(table, as_frame=True)
    np.testing.assert_array_equal(clips.data, [[123.0, -1.0], [80.5, -3.0]])
    assert clips.feature_names == ["tempo", "mfcc1_mean"] == clips.data.columns.tolist()
    assert clips.clips == ["disco.00038", "rock.00040"]
    assert clips.target.tolist() == ["disco", "rock"]
    assert clips.groups.tolist() == ["Gloria Gaynor", "Led Zeppelin"]
    assert clips.split.tolist()[0] is None
    assert clips.frame.columns.tolist() == ["tempo", "mfcc1_mean", "genre", "group", "split"]
    assert "Rows: 2" in clips.DESCR


def test_segments_of_a_clip_share_a_group(make_table, recwarn):
    table = make_table(
        HEADER + "blues.00029.0.wav,1,1,1,blues\nblues.00029.1.wav,1,2,2,blues\n"
        "jazz.00054.9.wav,1,3,3,jazz\n"
    )
    assert load_gtzan_features(table, keep_bad=True, split=None).split is None
    clips = load_gtzan_features(table, keep_bad=True, split=None)
    assert len(set(clips.groups[:2])) == 1 < len(set(clips.groups))
    clips = load_gtzan_features(table, keep_bad=True, groups="clip")
    assert clips.groups.tolist() == [0, 0, 1]
    assert not recwarn


def test_table_as_X_and_y(make_table):
    table = make_table(HEADER + "blues.00000.wav,1,1,1,blues\nrock.00000.wav,1,2,2,rock\n")
    X, y = load_gtzan_features(table, return_X_y=True)
    assert X.shape == (2, 2)
    X, y = load_gtzan_features(table, return_X_y=True, as_frame=True)
    assert X.columns.tolist() == ["tempo", "mfcc1_mean"]
    assert y.tolist() == ["blues", "rock"]


@pytest.mark.parametrize(
    "text", ["path,genre\na.wav,rock\n", HEADER, "clip,tempo\nblues.00000,120\n", ""]
)
def test_another_table(make_table, text):
    with pytest.raises(ValueError, match="not the table of GTZAN features"):
        load_gtzan_features(make_table(text))


@pytest.mark.parametrize(
    ("row", "reason"),
    [("rock.00000.wav,1,2", "3 cells instead of 5"), ("rock.00000.wav,1,x,2,rock", "float: 'x'")],
)
def test_a_damaged_row_is_named(make_table, row, reason):
    table = make_table(HEADER + "blues.00000.wav,1,1,1,blues\n\n" + row)
    with pytest.raises(ValueError, match=rf"features\.csv: the row of 'rock.00000.wav'.*{reason}"):
        load_gtzan_features(table)


def test_no_such_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv: no such file; expected the CSV file"):
        load_gtzan_features(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match=r": is a folder; expected .*features_30_sec\.csv"):
        load_gtzan_features(tmp_path)


def test_published_table(data_dir):
    table = data_dir / "gtzan_features_30s.csv"
    clips = load_gtzan_features(table, keep_bad=True)
    assert clips.data.shape == (1000, 57)
    assert Counter(clips.split) == {"train": 443, "valid": 197, "test": 290, None: 70}
    with table.open(newline="") as file:
        first = next(csv.DictReader(file))
    assert clips.data[0, clips.feature_names.index("tempo")] == float(first["tempo"])
