"""Groups and copies on both sides of a split."""

from __future__ import annotations

import io
import os

import numpy as np
import pytest
import soundfile
from scipy.sparse import csr_matrix
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from genrekit.evaluation import check_leakage
from genrekit.exceptions import LeakageWarning

HALVES = [(np.arange(4), np.arange(4, 8))]


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(size=(8, 3))


def quiet(X, cv=HALVES, **labels):
    """What is found, with the warning that must come with it or must not."""
    if expected := labels.pop("leaks", True):
        with pytest.warns(LeakageWarning) as caught:
            report = check_leakage(X, cv, **labels)
        assert caught[0].filename == __file__
        assert str(caught[0].message) == str(report)
    else:
        report = check_leakage(X, cv, **labels)
    assert bool(report) == expected
    return report


def found(report):
    return [(leak.fold, leak.index, leak.reason) for leak in report.leaks]


@pytest.mark.filterwarnings("error")
def test_no_leak(table):
    report = quiet(table, groups=np.arange(8), leaks=False)
    assert report.n_tested == 4
    assert report.share == 0
    assert "no leak" in str(report)


def test_a_group_on_both_sides(table):
    report = quiet(table, groups=list("aabbbcdd"))
    assert found(report) == [(0, 4, "group")]
    assert report.leaks[0].train == "row 2"
    assert "row 4 (training has row 2, both of b)" in str(report)
    assert "StratifiedGroupKFold" in str(report)
    assert report.share == 0.25


def test_identical_rows(table):
    table[6] = table[1]
    report = quiet(table)
    assert found(report) == [(0, 6, "content")]
    assert "row 6 (training has row 1); leave copies out" in str(report)


def test_copies_on_one_side_do_not_leak(table):
    table[7] = table[6]
    table[1] = table[0]
    quiet(table, leaks=False)


def test_rows_with_nan_are_like_no_other(table):
    table[[0, 5]] = np.nan
    quiet(table, leaks=False)


def test_one_test_that_leaks_twice_is_one_test(table):
    table[6] = table[1]
    report = quiet(table, groups=[0, 1, 2, 3, 4, 5, 1, 7])
    assert (report.count("group"), report.count("content")) == (1, 1)
    assert report.share == 0.25


def test_only_the_first_examples_are_named(table):
    report = quiet(np.zeros((8, 3)))
    assert "row 6" in str(report)
    assert "row 7" not in str(report)
    assert ", ...;" in str(report)


def test_a_table_with_names(table):
    pd = pytest.importorskip("pandas")
    table[6] = table[1]
    report = quiet(pd.DataFrame(table, index=list("abcdefgh")))
    assert (report.leaks[0].test, report.leaks[0].train) == ("row g", "row b")
    frame = report.to_frame()
    assert frame["reason"].tolist() == ["content"]


def test_sparse(table):
    table[6] = table[1]
    assert found(quiet(csr_matrix(table))) == [(0, 6, "content")]


def test_folds_of_a_number(table):
    quiet(table, 2, leaks=False)
    report = quiet(table, 4, y=["a", "b"] * 4, groups=[0, 0, 1, 1, 2, 2, 3, 3], leaks=False)
    assert report.n_tested == 8


@pytest.mark.parametrize("cv", [KFold(4, shuffle=True, random_state=0), StratifiedKFold(4)])
@pytest.mark.filterwarnings("error::UserWarning:sklearn")
def test_a_splitter_that_knows_no_groups(table, cv):
    report = quiet(table, cv, y=["a", "b"] * 4, groups=np.arange(8) % 4 // 2)
    assert report.count("group") == 8


def test_a_splitter_that_does(table):
    report = quiet(table, GroupKFold(2), groups=np.arange(8) // 4, leaks=False)
    assert report.n_tested == 8


def test_masks(table):
    mask = np.arange(8) < 4
    assert quiet(table, [(mask, ~mask)], groups=list("aabbbcdd")).share == 0.25


def test_an_index_that_is_not_there(table):
    with pytest.raises(ValueError, match="index 8.*8 tracks"):
        check_leakage(table, [([0, 1], [2, 8])])


def test_groups_of_another_length(table):
    with pytest.raises(ValueError, match="8 tracks and groups 2"):
        check_leakage(table, HALVES, groups=[1, 2])


def test_files_of_the_same_content(tmp_path):
    paths = [tmp_path / f"{i}.wav" for i in range(6)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]) * 100)
    paths[4].write_bytes(paths[0].read_bytes())
    os.link(paths[1], tmp_path / "hard.wav")
    (tmp_path / "soft.wav").symlink_to(paths[2])
    X = [*paths, tmp_path / "hard.wav", str(tmp_path / "soft.wav"), "gone.wav", "lost.wav"]
    report = quiet(X, [([0, 1, 2, 3, 8], [4, 5, 6, 7, 9])])
    assert [(leak.index, os.path.basename(leak.train)) for leak in report.leaks] == [
        (4, "0.wav"), (6, "1.wav"), (7, "2.wav"),
    ]  # fmt: skip
    assert str(paths[4]) in str(report)


def test_a_path_that_stands_twice_and_a_column_of_paths():
    X = np.array([["a.wav"], ["b.wav"], ["a.wav"], ["c.wav"]], dtype=object)
    report = quiet(X, [([0, 1], [2, 3])])
    assert [(leak.test, leak.train) for leak in report.leaks] == [("a.wav", "a.wav")]


def test_waveforms_pairs_bytes_and_file_objects():
    noise = np.random.default_rng(0).normal(size=100)
    X = [
        noise, (noise, 22050), b"sound", io.BytesIO(b"other"), noise.copy(), (noise.copy(), 22050),
        bytearray(b"sound"), io.BytesIO(b"other"), noise[:50], (noise, 8000), b"more",
        noise.astype("float32"),
    ]  # fmt: skip
    report = quiet(X, [(range(4), range(4, 12))])
    assert [leak.index for leak in report.leaks] == [4, 5, 6, 7]
    assert X[3].tell() == 0


def test_lists_of_numbers():
    report = quiet([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]], [([0, 1], [2])])
    assert report.leaks[0].test == "track 2"


def test_copies_under_other_tags_are_heard(tmp_path):
    """FLAC of the same samples, and a file that can't be decoded, which is like no other."""
    rng = np.random.default_rng(0)
    paths = []
    for i in range(8):
        paths.append(tmp_path / f"{i}.wav")
        soundfile.write(paths[-1], rng.integers(-999, 999, 400, dtype=np.int16), 8000)
    samples, sr = soundfile.read(paths[0], dtype="int16")
    paths[5] = tmp_path / "5.flac"
    soundfile.write(paths[5], samples, sr)
    paths[6].write_bytes(b"<!doctype html>")
    paths[7].write_bytes(b"<!doctype htm>")
    quiet(paths, leaks=False)
    assert found(quiet(paths, decode=True, n_jobs=2)) == [(0, 5, "content")]
    contents = [path.read_bytes() for path in paths]
    assert found(quiet(contents, decode=True)) == [(0, 5, "content")]


def test_a_splitter_by_genre_asks_for_the_genres():
    X, y = np.arange(8.0)[:, np.newaxis], ["jazz", "rock"] * 4
    assert not check_leakage(X, StratifiedKFold(2), y=y)
    with pytest.raises(ValueError, match="pass y"):
        check_leakage(X, StratifiedKFold(2))
