"""A table on disk is read as far as it is asked for, and learned from."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import joblib
import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genrekit import extract, make_tracks, read_rows
from genrekit.shards._folder import write_listing
from genrekit.shards._identity import make_schema
from genrekit.shards._parquet import text_column, write_whole

pa = pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")

N_ROWS, N_COLUMNS = 5000, 200


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    root = tmp_path_factory.mktemp("music")
    made = make_tracks(4, root=root, genres=["drone", "noise-beat"], sr=8000, duration=0.5)
    broken = root / "broken.wav"
    broken.write_bytes(b"RIFF")
    return [*made.paths[:3], str(broken), *made.paths[3:]], [*made.target[:3], "", *made.target[3:]]


@pytest.fixture(scope="module")
def folder(music, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    with pytest.warns(UserWarning, match="1 of 9"):
        extract(music[0], ["rms", "spectral_centroid"], output=folder, shard_size=4)
    return folder


def write_folder(folder, shards, tracks):
    """A folder of rows: of each shard the paths and the values, and the tracks of the last call."""
    names = [f"f{i}" for i in range(shards[0][1].shape[1])]
    schema = make_schema(names, {"format": 1, "version": "0", "key": "made"})
    for number, (paths, values) in enumerate(shards):
        n = len(paths)
        labels = [paths, [0] * n, [0] * n, [1.0] * n, [""] * n, [""] * n]
        columns = zip([*labels, *values.T], schema.types, strict=True)
        arrays = [pa.array(column, kind) for column, kind in columns]
        table = pa.Table.from_arrays(arrays, schema=schema)
        write_whole(folder / f"rows-{number:06d}.parquet", table)
    write_listing(folder, text_column(tracks), schema.metadata)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A table of 8 MB in shards of 500 rows."""
    folder = tmp_path_factory.mktemp("large")
    values = np.random.default_rng(0).standard_normal((N_ROWS, N_COLUMNS))
    paths = [f"{i}.wav" for i in range(N_ROWS)]
    parts = [slice(start, start + 500) for start in range(0, N_ROWS, 500)]
    write_folder(folder, [(paths[part], values[part]) for part in parts], paths)
    return folder, values


def test_rows_are_read_when_they_are_asked_for(folder, music):
    table = read_rows(str(folder))
    paths, target = music
    assert (len(table), table.shape, table.ndim) == (9, (9, 4), 2)
    assert "9 tracks and 4 features" in repr(table)
    assert table.paths == paths
    X = table.X
    assert X.dtype == np.float64
    assert np.isnan(X[3]).all()
    assert [(error.index, error.path) for error in table.errors] == [(3, paths[3])]
    np.testing.assert_array_equal(np.asarray(table), X)
    np.testing.assert_array_equal(table.to_numpy("float32"), X.astype(np.float32))
    np.testing.assert_array_equal(table[2], X[2])
    np.testing.assert_array_equal(table[-1], X[-1])
    some = table[[7, 0, 3, 7]]
    assert some.paths == [paths[i] for i in (7, 0, 3, 7)]
    assert [error.index for error in some.errors] == [2]
    np.testing.assert_array_equal(some.to_numpy(), X[[7, 0, 3, 7]])
    np.testing.assert_array_equal(table[1:6:2].to_numpy(), X[1:6:2])
    good = table.without_errors()
    assert good.paths == [*paths[:3], *paths[4:]]
    assert not good.errors
    np.testing.assert_array_equal(good.to_numpy(), np.delete(X, 3, axis=0))
    assert table[:0].to_numpy().shape == (0, 4)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 9, 100])
def test_batches_follow_each_other(folder, size):
    table = read_rows(folder)
    batches = list(table.batches(size))
    assert [len(X) for _, X in batches] == [tracks.stop - tracks.start for tracks, _ in batches]
    np.testing.assert_array_equal(np.concatenate([X for _, X in batches]), table.to_numpy())
    assert [i for tracks, _ in batches for i in range(9)[tracks]] == list(range(9))


@pytest.mark.parametrize("part", [3, 10_000])
@pytest.mark.parametrize("seed", range(4))
def test_rows_are_found_by_their_paths(tmp_path, monkeypatch, seed, part):
    monkeypatch.setattr("genrekit.shards._parquet._PART", part)
    rng = np.random.default_rng(seed)
    names = ["", "a", "a ", "A", "é", "e\u0301", "long/" * 20, "z"]  # some differ in little
    shards, newest = [], {}
    for number in range(4):
        paths = rng.choice(names[:-1], rng.integers(0, 6)).tolist()
        values = number * 10 + np.arange(len(paths), dtype=float)
        newest = {**newest, **dict(zip(paths, values, strict=True))}
        shards.append((paths, values[:, None]))
    tracks = rng.choice(names[1:], 7).tolist()
    write_folder(tmp_path, shards, tracks)
    known = [track for track in tracks if track in newest]
    others = sorted(set(newest) - set(tracks), key=newest.get)
    with pytest.warns(UserWarning, match=f"{len(tracks) - len(known)} tracks have no row yet"):
        table = read_rows(tmp_path)
    assert table.paths == [*known, *others]
    assert table.to_numpy()[:, 0].tolist() == [newest[path] for path in table.paths]
    assert table.n_missing == len(tracks) - len(known)


def test_wrong_questions(folder):
    table = read_rows(folder)
    with pytest.raises(ValueError, match="size must be an integer of at least 1"):
        next(table.batches(0))
    with pytest.raises(ValueError, match="unknown dtype 'int64'"):
        table.to_numpy("int64")
    with pytest.raises(IndexError, match="indexed by rows"):
        table[:, 0]
    with pytest.raises(IndexError):
        table[9]


def test_folders_without_rows(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        read_rows(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="there are no rows in it"):
        read_rows(tmp_path)


def test_a_table_that_was_written_anew_since(music, tmp_path):
    paths = music[0][:3]
    extract(paths, ["rms"], output=tmp_path)
    table = read_rows(tmp_path)
    os.utime(paths[1])
    extract(paths, ["rms"], output=tmp_path)
    with pytest.raises(RuntimeError, match="was written anew since it was opened"):
        table.to_numpy()
    assert np.isfinite(read_rows(tmp_path).to_numpy()).all()


def test_scikit_learn_takes_it_for_an_array(folder, music):
    good = read_rows(folder).without_errors()
    y = [genre for genre in music[1] if genre]
    pipeline = make_pipeline(StandardScaler(), SVC())
    found = cross_val_predict(pipeline, good, y, cv=2)
    assert found.tolist() == cross_val_predict(pipeline, good.to_numpy(), y, cv=2).tolist()
    search = GridSearchCV(pipeline, {"svc__C": [0.1, 1.0]}, cv=2).fit(good, y)
    assert search.predict(good).tolist() == search.predict(good.to_numpy()).tolist()
    learner = SGDClassifier(random_state=0)
    for tracks, X in good.batches(3):
        learner.partial_fit(X, y[tracks], classes=sorted(set(y)))
    assert learner.n_features_in_ == 4


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_folds_side_by_side(folder, music, backend):
    good = read_rows(folder).without_errors()
    y = [genre for genre in music[1] if genre]
    with joblib.parallel_config(backend, n_jobs=2):
        found = cross_val_predict(SVC(), good, y, cv=4)
    assert found.tolist() == cross_val_predict(SVC(), good.to_numpy(), y, cv=4).tolist()


def peak(work):
    """Bytes that numpy and Python take at most while something runs."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_an_array_takes_hardly_more_than_itself(large):
    folder, values = large
    table = read_rows(folder)
    np.testing.assert_array_equal(table.to_numpy(), values)
    assert peak(table.to_numpy) < 1.6 * values.nbytes  # the table, and some shards
    assert peak(lambda: [None for _ in table.batches(100)]) < 0.6 * values.nbytes
    assert peak(lambda: read_rows(folder)) < 0.2 * values.nbytes
    order = np.random.default_rng(1).permutation(N_ROWS)
    np.testing.assert_array_equal(table[order].to_numpy(), values[order])


OPEN = """
import sys
from genrekit import read_rows
import pyarrow as pa

table = read_rows(sys.argv[1])
pools = pa.default_memory_pool(), pa.system_memory_pool()
assert table.shape == (60_000, 1)
print(sum(pool.max_memory() for pool in pools) / sum(pool.bytes_allocated() for pool in pools))
"""


def test_opening_takes_not_much_more_than_it_gives(tmp_path):
    paths = [f"/music/of a library/{i:09d}.wav" for i in range(60_000)]
    values = np.zeros((len(paths), 1))
    parts = [slice(start, start + 6000) for start in range(0, len(paths), 6000)]
    write_folder(tmp_path, [(paths[part], values[part]) for part in parts], paths)
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    assert float(told) < 2.8  # with tables of hashes it was 3.1
