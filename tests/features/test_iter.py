"""Rows as a stream: in order, none collected, failures among them."""

from __future__ import annotations

import time

import joblib
import numpy as np
import pytest

import genrekit
from genrekit import AudioDecodeWarning, AudioFeatures, extract, iter_rows, make_tracks
from genrekit.audio import Decoded

FEATURES = ["rms", "spectral_centroid"]


class Counting:
    """A decoder that notes how many files were read."""

    def __init__(self):
        self.read = 0

    def __call__(self, source, *, offset, duration):
        self.read += 1
        return Decoded(8000, iter([np.full((800, 1), 0.1, np.float32)]))


@pytest.fixture
def many(tmp_path):
    """A thousand names of one small file."""
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return [path] * 1000


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    root = tmp_path_factory.mktemp("rows")
    made = make_tracks(2, root=root, genres=["drone", "pluck"], sr=8000, duration=0.3)
    (root / "broken.wav").write_bytes(b"RIFF")
    return [*made.paths[:2], str(root / "broken.wav"), *made.paths[2:]]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_rows_are_those_of_the_table(paths, n_jobs):
    with pytest.warns(AudioDecodeWarning):
        table, names, errors = vars(extract(paths, FEATURES, on_error="nan")).values()
    rows = iter_rows(paths, FEATURES, n_jobs=n_jobs)
    assert (rows.names, rows.n_tracks) == (names, 5)
    found = list(rows)
    assert [row.index for row in found] == [0, 1, 2, 3, 4]
    assert [row.error for row in found if row.error] == errors
    assert [row.values is None for row in found] == [False, False, True, False, False]
    assert np.isnan(found[2].seconds)
    for row in found:
        if row.error is None:
            np.testing.assert_array_equal(row.values, table[row.index])
            assert row.seconds == pytest.approx(0.3)
    assert list(rows) == []


def test_tracks_are_read_when_their_rows_are_asked_for(many):
    decoder = Counting()
    rows = iter_rows(many, ["rms"], decoder=decoder)
    assert decoder.read == 0
    assert [next(rows).index for _ in range(3)] == [0, 1, 2]
    assert decoder.read <= 4
    rows.close()
    assert list(rows) == []
    assert decoder.read <= 4


def test_threads_do_not_run_away_from_whoever_takes_the_rows(many):
    decoder = Counting()
    rows = iter_rows(many, ["rms"], decoder=decoder, n_jobs=2)
    for _ in range(3):
        next(rows)
    last = -1
    while last != decoder.read:  # until they rest
        last = decoder.read
        time.sleep(0.3)
    assert decoder.read < 150
    assert [row.index for row in rows] == list(range(3, 1000))
    assert decoder.read == 1000


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_more_tracks_than_wait(backend, monkeypatch):
    monkeypatch.setattr("genrekit.engine._workers._WAITING", 3)
    monkeypatch.setattr("genrekit.engine._workers._BATCH", 7)
    tracks = [np.full(400, i / 50, np.float32) for i in range(40)]
    with joblib.parallel_config(backend):
        rows = list(iter_rows(tracks, ["rms"], n_jobs=2))
    np.testing.assert_array_equal(
        [row.values for row in rows], AudioFeatures(["rms"]).fit_transform(tracks)
    )


def test_rows_go_into_the_cache(paths, tmp_path):
    decoder = Counting()
    decoder.cache_key = "counting"
    told = {"memory": tmp_path, "decoder": decoder}
    first = [row.values for row in iter_rows(paths[:2], FEATURES, **told)]
    assert decoder.read == 2
    again = [row.values for row in iter_rows(paths[:2], FEATURES, **told)]
    assert decoder.read == 2
    np.testing.assert_array_equal(again, first)


def test_what_is_to_be_known_of_a_track():
    (row,) = iter_rows([np.zeros(44100)], ["rms"])
    assert "silent" in row.remark.text
    (row,) = iter_rows([np.full(44100, 0.1)], ["rms"])
    assert not row.remark.text


def test_wrong_arguments_are_told_at_once():
    with pytest.raises(ValueError, match="unknown feature"):
        iter_rows([np.ones(10)], ["nonsense"])
    with pytest.raises(ValueError, match="the list of tracks is empty"):
        iter_rows([])
    with pytest.raises(ValueError, match="hop_length"):
        iter_rows([np.ones(10)], hop_length=0)


def test_errors_of_the_parameters_are_no_bad_tracks():
    rows = genrekit.iter_rows([np.ones(10)], ["rms"], decoder="none")
    with pytest.raises(TypeError, match="decoder must be a callable"):
        next(rows)
