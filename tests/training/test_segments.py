"""Which segments of which tracks a network learns from."""

import numpy as np
import pytest

from genrekit.networks import rows_inputs
from genrekit.shards import FrameStore
from genrekit.training import Segments

from ._material import N_ROWS, PATCH, make_segments, tracks


def _two_inputs(lengths=((100, 1000), (60, 600), (30, 300)), patches=(20, 200)):
    """Tracks whose frames say where they are: the number of the frame, in both inputs."""
    store = FrameStore(["slow", "fast"])
    for slow, fast in lengths:
        store.add({"slow": np.arange(slow)[np.newaxis], "fast": np.arange(fast) / 10})
    starts = [np.array([[0, 0], [10, 100]])] * len(lengths)
    slow, fast = patches
    return Segments(store, starts, [0, 1, 0], patches={"fast": fast, "slow": slow}, n_classes=2)


def test_parts_are_made_by_track_and_standardised_by_the_training_part():
    frames, targets = tracks()
    segments = make_segments()
    assert segments.shapes == [(N_ROWS, PATCH)]
    assert sorted(set(segments.train.tracks)) == list(range(9))
    assert sorted(set(segments.valid.tracks)) == [9, 10, 11]
    np.testing.assert_allclose(segments.mean[0], frames[:9].mean(axis=(0, 2)))
    np.testing.assert_allclose(segments.scale[0], frames[:9].std(axis=(0, 2)))
    (batch,) = segments.gather(segments.valid)
    wanted = frames[9:].reshape(3, N_ROWS, 3, PATCH).swapaxes(1, 2).reshape(9, N_ROWS, PATCH)
    wanted = (wanted - segments.mean[0][:, np.newaxis]) / segments.scale[0][:, np.newaxis]
    np.testing.assert_allclose(batch, wanted, atol=3e-3)
    assert segments.targets.tolist() == targets.tolist()


def test_a_track_without_segments_counts_nowhere():
    frames, targets = tracks(n=4)
    frames[3] += 1000
    store = FrameStore(["mel"])
    for matrix in frames:
        store.add({"mel": matrix})
    starts = [np.array([[0]])] * 3 + [np.empty((0, 1), dtype=int)]
    segments = Segments(store, starts, targets, patches={"mel": PATCH}, n_classes=3)
    assert segments.train.tracks.tolist() == [0, 1, 2]
    np.testing.assert_allclose(segments.mean[0], frames[:3].mean(axis=(0, 2)))


def test_drawn_segments_come_from_anywhere_and_from_one_place_in_all_inputs():
    segments = _two_inputs()
    assert segments.shapes == [(1, 20), (200,)]
    rng = np.random.default_rng(0)
    drawn = [segments.drawn(rng) for _ in range(300)]
    assert all(chosen.tracks.tolist() == [0, 0, 1, 1, 2, 2] for chosen in drawn)
    starts = np.stack([chosen.starts for chosen in drawn])
    assert np.all(starts >= 0)
    for track, last in enumerate((80, 40, 10)):
        slow = starts[:, 2 * track : 2 * track + 2, 0]
        assert set(slow.ravel()) == set(range(last + 1))
    # Half a frame of the slow input is five of the fast one.
    assert np.abs(starts[..., 0] * 10 - starts[..., 1]).max() <= 5.5
    slow, fast = segments.gather(drawn[0])
    first = np.round(slow[:, 0, 0] * segments.scale[0] + segments.mean[0])
    np.testing.assert_array_equal(first, drawn[0].starts[:, 0])
    assert fast.shape == (6, 200)


def test_a_track_shorter_than_a_segment_is_drawn_from_its_beginning():
    segments = _two_inputs(lengths=((15, 150), (60, 600), (20, 200)))
    drawn = segments.drawn(np.random.default_rng(0))
    assert drawn.starts[[0, 1, 4, 5]].tolist() == [[0, 0]] * 4


def test_goals_are_smoothed_and_weighted_by_track():
    weights = np.arange(12.0)
    segments = make_segments(weights=weights)
    assert segments.weights[segments.train.tracks].mean() == pytest.approx(1)
    assert segments.weights[segments.valid.tracks].mean() == pytest.approx(1)
    goals = segments.goals(np.array([4, 8]), 0.3)
    np.testing.assert_allclose(goals, np.array([[0.1, 0.8, 0.1], [0.2, 0.2, 1.6]]), rtol=1e-6)
    plain = make_segments().goals(np.array([0, 1]))
    assert plain.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert plain.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_valid": 12}, "all tracks are for validation"),
        ({"weights": [1, 2]}, "weights must have one entry for each of the 12 tracks"),
        ({"weights": np.full(12, -1)}, "not negative"),
        ({"weights": np.zeros(12)}, "weights of the tracks to learn from are all 0"),
        ({"weights": np.full(12, np.inf)}, "finite"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        make_segments(**change)


def test_what_is_not_of_as_many_tracks_or_of_a_known_genre_is_refused():
    store = make_segments().store
    starts = [np.array([[0]])] * 12
    with pytest.raises(ValueError, match="targets must be numbers from 0 to 1"):
        Segments(store, starts, np.arange(12) % 3, patches={"mel": 5}, n_classes=2)
    with pytest.raises(ValueError, match="12 tracks, 12 targets, starts of 11 tracks"):
        Segments(store, [np.array([[0]])] * 11, np.zeros(12), patches={"mel": 5}, n_classes=1)


def test_the_fingerprint_knows_all_that_is_learned_from():
    same = make_segments().fingerprint()
    assert same == make_segments().fingerprint()
    weights = np.ones(12)
    weights[3] = 2
    others = [
        make_segments(seed=1),
        make_segments(n_valid=2),
        make_segments(weights=weights),
        make_segments(patches={"mel": PATCH - 1}),
        make_segments(unscaled=["mel"]),
    ]
    targets = make_segments()
    targets.targets = targets.targets[::-1].copy()
    found = {each.fingerprint() for each in (*others, targets)}
    assert len(found | {same}) == 7


def test_segments_are_cut_as_the_model_card_cuts_them():
    frames = np.random.default_rng(0).normal(-40, 10, (20, 100))
    (entry,), _ = rows_inputs("mfcc", segment_duration=1.4)
    times = np.arange(0, 3.5, 0.5)  # some end beyond the track, and some begin there
    store = FrameStore(["mfcc"])
    store.add({"mfcc": frames})
    starts = [entry.starts(times, 100)[:, np.newaxis]]
    segments = Segments(store, starts, [0], patches={"mfcc": entry.patch}, n_classes=1)
    entry = entry.scaled(segments.mean[0], segments.scale[0])
    (found,) = segments.gather(segments.train)
    np.testing.assert_allclose(found, entry.cut(frames, times), atol=3e-3)


def test_inputs_that_are_not_to_be_scaled_are_not():
    segments = make_segments(unscaled=["mel"])
    assert (segments.mean[0].tolist(), segments.scale[0].tolist()) == ([0] * N_ROWS, [1] * N_ROWS)
    frames, _ = tracks()
    (found,) = segments.gather(segments.valid)
    np.testing.assert_allclose(found[0], frames[9, :, :PATCH], atol=0.03)
