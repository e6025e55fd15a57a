"""The FMA data set, on a miniature in the published layout."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from genrekit import AudioFeatures, extract
from genrekit.datasets import FMA_12_GENRES, load_fma, load_fma_features
from genrekit.exceptions import GenrekitWarning

from .conftest import TRACKS

pytestmark = pytest.mark.filterwarnings("ignore:.*known to be bad")


def numbers(tracks):
    """The ids of the tracks loaded."""
    return tracks.track_ids.tolist()


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("small", [2, 5, 10, 140, 144]),
        ("medium", [2, 5, 10, 140, 144, 150, 152]),
        ("large", [2, 5, 10, 140, 144, 150, 152]),  # 200 has no top genre
        ("full", [2, 5, 10, 140, 144, 150, 152]),
    ],
)
def test_each_subset_holds_the_one_before_it(make_fma, subset, expected):
    root = make_fma("fma_metadata", f"fma_{subset}")
    tracks = load_fma(root, subset)
    assert numbers(tracks) == expected
    assert tracks.paths[-1].startswith(str(root / f"fma_{subset}"))
    assert len(tracks.paths) == len(expected)


def test_everything_of_a_track(make_fma):
    root = make_fma("fma_metadata", "fma_small")
    tracks = load_fma(root, as_frame=True)
    assert tracks.paths[0] == str(root / "fma_small/000/000002.mp3")
    assert tracks.target.tolist() == ["Hip-Hop", "Hip-Hop", "Pop", "Folk", "Rock"]
    assert tracks.target_names == ["Folk", "Hip-Hop", "Pop", "Rock"]
    assert tracks.groups.tolist() == [1, 1, 6, 54, 60]
    assert tracks.split.tolist() == ["train", "train", "valid", "test", "train"]
    assert tracks.genre_tree["Hardcore"] == "Punk"
    assert tracks.genre_tree["Rock"] is None
    assert tracks.frame.columns.tolist() == ["path", "genre", "group", "split"]
    assert "Hip-Hop: 2" in tracks.DESCR


def test_sub_genres_through_the_tree(make_fma):
    root = make_fma("fma_metadata", "fma_large")
    tracks = load_fma(root, "large", label="genres_all", as_frame=True)
    assert tracks.target_names == [
        "Electronic", "Folk", "Hardcore", "Hip-Hop", "Pop", "Punk", "Rock",
    ]  # fmt: skip
    assert tracks.target.shape == (8, 7)
    genres = dict(zip(numbers(tracks), tracks.frame["genre"], strict=True))
    assert genres[200] == ("Electronic", "Hardcore", "Punk", "Rock")
    assert genres[144] == ("Punk", "Rock")
    assert "Rock: 3" in tracks.DESCR


def test_genres_of_a_track_are_the_published_ones(make_fma):
    """What the tree gives is the column genres_all, of which the miniature has no use."""
    root = make_fma("fma_metadata", "fma_large")
    tracks = load_fma(root, "large", label="genres_all", genres=["Punk", "Electronic"])
    assert numbers(tracks) == [144, 152, 200]
    assert tracks.target_names == ["Electronic", "Punk"]
    assert tracks.target.tolist() == [[0, 1], [1, 0], [1, 1]]


def test_class_subsets(make_fma):
    root = make_fma("fma_metadata", "fma_medium")
    assert numbers(load_fma(root, "medium", genres=["Rock", "Hip-Hop"])) == [2, 5, 144, 150]
    X, y = load_fma(root, "medium", genres=("Pop", "Folk"), return_X_y=True)
    assert len(X) == 2
    assert y.tolist() == ["Pop", "Folk"]


def test_genres_may_be_any_iterable(make_fma):
    root = make_fma("fma_metadata", "fma_medium")
    tracks = load_fma(root, "medium", genres=iter(["Rock", "Hip-Hop"]), label="genres_all")
    assert tracks.target_names == ["Hip-Hop", "Rock"]
    assert tracks.target.sum(axis=0).tolist() == [2, 2]


@pytest.mark.filterwarnings("ignore:.*files are missing")
@pytest.mark.parametrize("label", ["genre_top", "genres_all"])
def test_columns_do_not_depend_on_the_clips_that_are_there(make_fma, label):
    root = make_fma("fma_metadata", "fma_small")
    names = load_fma(root, label=label).target_names
    (root / "fma_small/000/000010.mp3").unlink()  # the only one of Pop
    tracks = load_fma(root, label=label)
    assert "Pop" in names
    assert tracks.target_names == names


def test_twelve_genres():
    assert len(set(FMA_12_GENRES)) == 12
    assert list(FMA_12_GENRES) == sorted(FMA_12_GENRES)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"subset": "tiny"}, ValueError, "unknown subset 'tiny'"),
        ({"label": "genre"}, ValueError, "unknown label 'genre': did you mean"),
        ({"genres": ["Rok", "Pop"]}, ValueError, "unknown genre 'Rok': did you mean 'Rock'"),
        ({"genres": ["Punk", "Pop"]}, ValueError, "'Punk' is a sub-genre .of 'Rock'.*genres_all"),
        ({"genres": ["Rock"]}, ValueError, "only one genre, 'Rock'"),
        ({"genres": []}, ValueError, "genres is empty"),
        ({"genres": "Rock"}, TypeError, "wrap it in a list"),
        ({"genres": ["Electronic"]}, ValueError, "no tracks of Electronic in the subset 'small'"),
        ({"on_missing": "skip"}, ValueError, "unknown on_missing"),
    ],
)
def test_what_will_not_do(make_fma, options, error, message):
    root = make_fma("fma_metadata", "fma_small")
    with pytest.raises(error, match=message):
        load_fma(root, **options)


def test_known_bad_tracks_are_left_out_with_one_warning(make_fma, recwarn):
    root = make_fma("fma_metadata", "fma_small")
    with pytest.warns(GenrekitWarning, match="left out: known to be bad: 098565; keep_bad") as seen:
        load_fma(root)
    assert len(seen) == 1
    recwarn.clear()
    assert 98565 in numbers(load_fma(root, keep_bad=True))
    assert not recwarn


def test_missing_clips(make_fma):
    root = make_fma("fma_metadata", "fma_small")
    (root / "fma_small/000/000005.mp3").unlink()
    with pytest.warns(GenrekitWarning, match=r"1 of 5 files are missing: 000005\.mp3; known"):
        assert numbers(load_fma(root)) == [2, 10, 140, 144]
    with pytest.raises(
        FileNotFoundError, match=r"000005\.mp3; genrekit.datasets.fetch_fma\('small'"
    ):
        load_fma(root, on_missing="raise")
    shutil.rmtree(root / "fma_small/000")
    with pytest.raises(FileNotFoundError, match="5 of 5 files are missing"):
        load_fma(root)
    shutil.rmtree(root / "fma_small")
    with pytest.raises(FileNotFoundError, match="no folder fma_small or fma_medium or fma_large"):
        load_fma(root)


def test_clips_of_a_larger_archive_will_do(make_fma):
    root = make_fma("fma_metadata", "fma_large")
    assert numbers(load_fma(root, "small")) == [2, 5, 10, 140, 144]
    with pytest.raises(FileNotFoundError, match="no folder fma_full"):
        load_fma(root, "full")


def test_what_lies_beside_the_clips(make_fma, make_files):
    root = make_fma("fma_metadata", "fma_small")
    (root / "fma_small/000/000005.mp3").rename(root / "outside.mp3")
    (root / "fma_small/000/000005.mp3").symlink_to(root / "outside.mp3")
    make_files(
        "fma_small/000/._000002.mp3", "fma_small/000/cover.jpg", "fma_small/999/999999.mp3",
        "fma_small/song.mp3",
    )  # fmt: skip
    with pytest.warns(GenrekitWarning, match=r"1 of 5 files are missing: 000005\.mp3"):
        assert numbers(load_fma(root)) == [2, 10, 140, 144]


def test_the_folder_of_the_clips_may_be_a_link(make_fma, tmp_path):
    root = make_fma("fma_metadata", "fma_small")
    (root / "fma_small").rename(root / "big disk")
    (root / "fma_small").symlink_to(root / "big disk")
    assert len(load_fma(root).paths) == 5


def test_an_unreadable_folder_is_an_error(make_fma, monkeypatch):
    root = make_fma("fma_metadata", "fma_small")

    def deny(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", deny)
    with pytest.raises(PermissionError):
        load_fma(root)


def test_metadata_that_are_not_there(tmp_path, make_fma):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_fma(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"no genres.csv .*fetch_fma\('metadata'"):
        load_fma(tmp_path)
    root = make_fma("fma_metadata", "fma_small")
    for path in list((root / "fma_metadata").iterdir()):
        path.rename(root / path.name)  # unpacked without its folder
    assert len(load_fma(root).paths) == 5


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tracks.csv", "track_id,genre\n2,Rock\n"),
        ("tracks.csv", ""),
        ("genres.csv", "id,name\n1,Rock\n"),
        ("features.csv", "a,b\n1,2\n"),
        ("features.csv", ""),
    ],
)
def test_other_tables_under_these_names(make_fma, name, text):
    root = make_fma("fma_metadata")
    (root / "fma_metadata" / name).write_text(text)
    with pytest.raises(ValueError, match=f"not the {name} of "):
        load_fma_features(root)


def test_a_damaged_row_is_named(make_fma):
    root = make_fma("fma_metadata", "fma_small")
    path = root / "fma_metadata" / "tracks.csv"
    path.write_text(path.read_text().replace("training", "traning-set", 1))
    with pytest.raises(ValueError, match=r"tracks.csv, line 6: .*traning-set"):
        load_fma(root)


def test_features(make_fma):
    root = make_fma("fma_metadata")
    tracks = load_fma_features(root)
    assert tracks.data.shape == (7, 518)
    assert numbers(tracks) == [2, 5, 10, 140, 144, 150, 152]
    np.testing.assert_allclose(tracks.data[:, 3], tracks.track_ids + 0.003)
    assert tracks.target.tolist()[-2:] == ["Rock", "Electronic"]
    assert tracks.split.tolist()[-1] == "test"
    assert load_fma_features(root, keep_bad=True).data.shape == (8, 518)
    small = load_fma_features(root, "small", as_frame=True)
    frame = small.frame
    assert small.data.columns.tolist() == small.feature_names == tracks.feature_names
    assert small.data.equals(load_fma_features(root, "small", as_frame=True, return_X_y=True)[0])
    assert frame.shape == (5, 521)
    assert frame.columns[[0, -1]].tolist() == ["chroma_cens_kurtosis_01", "split"]
    X, y = load_fma_features(root, return_X_y=True)
    assert X.shape[0] == len(y) == 7


def test_columns_are_those_of_our_own_features(make_fma):
    tracks = load_fma_features(make_fma("fma_metadata"))
    assert tracks.feature_names == AudioFeatures("fma518").get_feature_names_out().tolist()


def test_tracks_without_features(make_fma):
    root = make_fma("fma_metadata")
    path = root / "fma_metadata" / "features.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], *lines[6:]]))
    with pytest.warns(GenrekitWarning, match="2 tracks without features: 2, 5"):
        assert numbers(load_fma_features(root)) == [10, 140, 144, 150, 152]
    path.write_text("\n".join(lines[:4]))
    with pytest.raises(ValueError, match="none of the 7 tracks"):
        load_fma_features(root)


def test_a_damaged_table_of_features_is_named(make_fma):
    root = make_fma("fma_metadata")
    path = root / "fma_metadata" / "features.csv"
    path.write_text(path.read_text()[:-2000])  # a copy that was interrupted
    with pytest.raises(ValueError, match=r"features\.csv: the row of track \d+ or one before it"):
        load_fma_features(root, keep_bad=True)


def test_real_clips(data_dir, make_fma):
    """The clips of the miniature's tracks are at hand, and decode."""
    root = make_fma("fma_metadata")
    (root / "fma_small" / "000").mkdir(parents=True)
    for number, subset, *_ in TRACKS:
        path = data_dir / "fma_clips" / f"{number:06d}.mp3"
        if subset == "small" and path.is_file():
            shutil.copy(path, root / "fma_small" / "000")
    with pytest.warns(GenrekitWarning, match=r"1 of 5 files are missing: 000144\.mp3"):
        tracks = load_fma(root)
    assert tracks.target.tolist() == ["Hip-Hop", "Hip-Hop", "Pop", "Folk"]
    result = extract(tracks.paths, ["rms"], duration=2)
    assert (result.table[:, 0] > 0).all()


@pytest.mark.parametrize("name", ["tracks.csv", "genres.csv", "features.csv"])
@pytest.mark.parametrize("content", [b"caf\xe9,\xff\n" * 9, b"\xff\xfea\0,\0b\0\n\0", b""])
def test_metadata_that_are_no_tables_are_named(make_fma, name, content):
    root = make_fma("fma_metadata")
    (root / "fma_metadata" / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"fma_metadata/{name}"):
        load_fma_features(root, "small")
