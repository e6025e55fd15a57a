"""Frames of many tracks on disk."""

import gc
import os

import numpy as np
import pytest

from genrekit.shards import FrameStore


def _gathered(store, name, track, start, length):
    """A segment in its own unit."""
    some = np.array([track]), np.array([start])
    return store.gather(name, *some, length, np.float64(0), np.float64(1))[0]


@pytest.mark.parametrize(
    ("centre", "deviation"),
    [(-40, 20), (-500, 0.1), (1e-5, 1e-6), (0, 1e30), (1e4, 1e4), (0, 1e-30)],
)
def test_nothing_that_matters_is_lost_whatever_the_unit(centre, deviation):
    rng = np.random.default_rng(0)
    frames = centre + deviation * rng.standard_normal((3, 50))
    # The first track says nothing of what is to come.
    with FrameStore(["x"]) as store:
        for matrix in (np.full((3, 7), centre), frames):
            store.add({"x": matrix})
        found = _gathered(store, "x", 1, 10, 20)
        still = _gathered(store, "x", 0, 0, 7)
    exact = frames[:, 10:30]
    off = np.abs(found - exact)
    # What float16 loses of the deviation, and what float32 loses of the number itself.
    assert np.all(off <= 2.0**-11 * np.abs(exact - centre) + 1e-3 * deviation + 1e-7 * abs(centre))
    np.testing.assert_allclose(still, centre, rtol=1e-7)


def test_one_loud_frame_leaves_the_quiet_ones_their_place():
    frames = np.full((1, 100), 1e-4) * np.random.default_rng(0).random(100)
    frames[0, 50] = 1.0
    with FrameStore(["x"]) as store:
        store.add({"x": frames})
        found = _gathered(store, "x", 0, 0, 100)
    centre = frames.mean()
    assert np.all(np.abs(found - frames) <= 2.0**-11 * np.abs(frames - centre) + 1e-9)


def test_segments_are_standardised_by_the_chosen_tracks():
    rng = np.random.default_rng(0)
    frames = [rng.normal(level, 5, (4, 30 + level)) for level in (0, 20, 50)]
    for matrix in frames:
        matrix[3] = 0.1  # a constant row, whose mean is off by rounding
    with FrameStore(["x"]) as store:
        for matrix in frames:
            store.add({"x": matrix})
        mean, scale = store.moments("x", np.array([0, 2]))
        every = np.concatenate([frames[0], frames[2]], axis=1)
        np.testing.assert_allclose(mean, every.mean(axis=1))
        np.testing.assert_allclose(scale[:3], every.std(axis=1)[:3])
        assert scale[3] == 1
        found = store.gather("x", np.array([2, 0]), np.array([5, 1]), 9, mean, scale)
    assert found.dtype == np.float32
    wanted = [frames[2][:, 5:14], frames[0][:, 1:10]]
    wanted = (np.stack(wanted) - mean[:, np.newaxis]) / scale[:, np.newaxis]
    np.testing.assert_allclose(found, wanted, atol=3e-3)


def test_what_ends_beyond_its_track_is_repeated_until_it_is_full():
    with FrameStore(["x"]) as store:
        store.add({"x": np.arange(10.0)[np.newaxis]})
        store.add({"x": np.full((1, 3), 50.0)})
        found = _gathered(store, "x", 0, 7, 15)[0]
        np.testing.assert_allclose(found, 7 + np.arange(15) % 3, atol=1e-2)


def test_several_inputs_and_samples_of_several_lengths():
    rng = np.random.default_rng(0)
    given = [{"y": rng.random(n), "mel": rng.random((2, n // 10))} for n in (100, 3_000_000)]
    with FrameStore(["mel", "y"]) as store:
        for frames in given:
            store.add(frames)
        assert (store.n_rows("mel"), store.n_rows("y"), store.n_tracks) == (2, None, 2)
        assert store.n_frames("y").tolist() == [100, 3_000_000]
        found = _gathered(store, "y", 1, 2_900_000, 500)
        np.testing.assert_allclose(found, given[1]["y"][2_900_000:2_900_500], atol=3e-4)
        assert _gathered(store, "mel", 0, 2, 3).shape == (2, 3)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 0)), "shape"),
        (np.zeros((1, 2, 3)), "shape"),
        (np.full((2, 3), np.nan), "finite"),
        (np.zeros((3, 5)), "3 rows, where the tracks before have 2"),
        (np.zeros(2), "1 rows"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_rest_stands(frames, message):
    with FrameStore(["a", "b"]) as store:
        good = {"a": np.ones((2, 5)), "b": np.ones((2, 5))}
        store.add(good)
        with pytest.raises(ValueError, match=f"'b'.*{message}"):
            store.add({"a": np.ones((2, 5)), "b": frames})
        store.add(good)
        assert store.n_tracks == 2
        assert store.n_frames("a").tolist() == store.n_frames("b").tolist() == [5, 5]


def test_nothing_lies_in_the_folder_when_it_is_closed_or_forgotten(tmp_path):
    folder = tmp_path / "new"
    store = FrameStore(["x"], folder)
    store.add({"x": np.random.default_rng(0).random((2, 1000))})
    assert _gathered(store, "x", 0, 0, 10).shape == (2, 10)
    store.close()
    store.close()
    forgotten = FrameStore(["x"], folder)
    forgotten.add({"x": np.ones((2, 3))})
    del forgotten
    gc.collect()
    assert os.listdir(folder) == []


def test_a_full_disk_is_told_with_the_way_out(tmp_path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = FrameStore(["x"], tmp_path, n_tracks=100)
    frames = np.random.default_rng(0).random((10, 5000))
    store.add({"x": frames})
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, limits[1]))
        with pytest.raises(OSError, match="about 10.0 MB are needed.*memory=.*TMPDIR") as raised:
            store.add({"x": frames})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(tmp_path) in str(raised.value)
    assert os.listdir(tmp_path) == []


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with FrameStore(["x"], "~/frames") as store:
        assert store.folder == str(tmp_path / "frames")


def test_a_folder_that_can_not_be_one_is_told_with_the_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file.*can be made there.*memory=.*TMPDIR"):
        FrameStore(["x"], tmp_path / "file")
