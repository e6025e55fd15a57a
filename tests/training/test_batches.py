"""Batches, and what is done to those that a network learns from."""

import numpy as np
import pytest

from genrekit.training import TrainSettings
from genrekit.training._batches import TrainBatches, ValidBatches, augment, split_evenly

from ._material import N_ROWS, PATCH, make_segments


def _epoch(number=1, segments=None, **settings):
    """All batches of an epoch."""
    how = TrainSettings(**{"batch_size": 8, **settings})
    return list(TrainBatches(segments or make_segments(), how, lambda: number))


def _same(first, second):
    return all(
        np.array_equal(a[0][0], b[0][0]) and np.array_equal(a[1], b[1])
        for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [(10, 4, [4, 3, 3]), (8, 4, [4, 4]), (5, 2, [3, 2]), (9, 8, [5, 4]), (3, 1, [3]), (1, 4, [2])],
)
def test_batches_are_of_nearly_one_size_and_none_has_a_single_segment(n, size, sizes):
    batches = split_evenly(np.arange(n), size)
    assert [len(batch) for batch in batches] == sizes
    assert sorted({*np.concatenate(batches)}) == list(range(n))


@pytest.mark.parametrize("random_crop", [True, False])
def test_an_epoch_depends_on_the_seed_and_its_number_only(random_crop):
    how = {
        "random_crop": random_crop, "gain": 0.1, "freq_mask": 2, "time_mask": 3, "mixup": 0.4,
    }  # fmt: skip
    first = _epoch(3, **how)
    np.random.seed(0)  # noqa: NPY002  # what others draw is nothing to us
    _epoch(2, **how)
    assert _same(first, _epoch(3, **how))
    assert not _same(first, _epoch(4, **how))
    assert not _same(first, _epoch(3, seed=1, **how))


def test_without_augmentation_an_epoch_has_every_segment_once():
    segments = make_segments()
    found = np.concatenate([batch[0][0] for batch in _epoch(random_crop=False)])
    (wanted,) = segments.gather(segments.train)
    order = np.lexsort(found.reshape(len(found), -1).T)
    again = np.lexsort(wanted.reshape(len(wanted), -1).T)
    np.testing.assert_array_equal(found[order], wanted[again])
    assert not np.array_equal(found, wanted)


def test_segments_and_goals_stay_together():
    for inputs, goals in _epoch():
        # The genre is heard in one row: 2 × its number.
        heard = inputs[0].mean(axis=2)[:, [0, 2, 4]].argmax(axis=1)
        assert np.mean(heard == goals.argmax(axis=1)) > 0.8


def test_crops_are_others_each_epoch_and_as_many_as_there_are_segments():
    first, second = _epoch(1), _epoch(2)
    assert sum(len(goals) for _, goals in first) == 27
    grid = make_segments().gather(make_segments().train)[0]
    found = np.concatenate([batch[0][0] for batch in first + second])
    on_grid = [any(np.array_equal(one, other) for other in grid) for one in found]
    assert np.mean(on_grid) < 0.3
    assert len({one.tobytes() for one in found}) > 45


def test_validation_is_as_it_is_and_in_order():
    segments = make_segments()
    batches = list(ValidBatches(segments, 4))
    assert [len(goals) for _, goals in batches] == [4, 4, 1]
    found = np.concatenate([batch[0][0] for batch in batches])
    np.testing.assert_array_equal(found, segments.gather(segments.valid)[0])


def _augmented(batch, goals=None, seed=0, **settings):
    """A batch that has been changed, and its goals."""
    changed = [array.copy() for array in batch]
    goals = np.eye(len(batch[0]), dtype=np.float32) if goals is None else goals.copy()
    augment(changed, goals, TrainSettings(**settings), np.random.default_rng(seed))
    assert all(array.dtype == np.float32 for array in (*changed, goals))
    return changed, goals


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    shapes = [(200, N_ROWS, PATCH), (200, 30), (200, 3, 5)]
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def test_gain_is_one_offset_for_all_rows_and_a_factor_for_samples(batch):
    (mel, y, other), _ = _augmented(batch, gain=0.5)
    offsets = mel - batch[0]
    np.testing.assert_allclose(
        offsets, np.broadcast_to(offsets[:, :1, :1], offsets.shape), atol=1e-6
    )
    assert 0.4 < offsets[:, 0, 0].std() < 0.6
    np.testing.assert_allclose((other - batch[2])[:, 0, 0], offsets[:, 0, 0], atol=1e-6)
    np.testing.assert_allclose(y, batch[1] * 10 ** offsets[:, 0, :1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "axis", "most"), [("freq_mask", 1, 3), ("time_mask", 2, 6)])
def test_a_mask_sets_one_stretch_to_the_mean(batch, name, axis, most):
    (mel, y, other), _ = _augmented(batch, **{name: most})
    np.testing.assert_array_equal(y, batch[1])
    for changed, was in ((mel, batch[0]), (other, batch[2])):
        masked = (changed == 0).all(axis=3 - axis)
        assert np.array_equal(
            changed != was, np.broadcast_to(np.expand_dims(masked, 3 - axis), was.shape)
        )
        widths = masked.sum(axis=1)
        assert set(widths) == set(range(min(most, was.shape[axis]) + 1))
        # One stretch: masked places go up and down once at most.
        assert np.all(
            np.abs(np.diff(np.pad(masked, ((0, 0), (1, 1))).astype(int))).sum(axis=1) <= 2
        )
        assert masked.any(axis=0).all()


def test_mixup_mixes_all_inputs_and_goals_by_one_share(batch):
    (mel, y, other), goals = _augmented(batch, mixup=0.5)
    share = np.diag(goals)[np.diag(goals) < 1][0]
    partner = np.array(
        [np.argmax(np.where(np.arange(200) == i, 0, row)) for i, row in enumerate(goals)]
    )
    alone = np.isclose(np.diag(goals), 1)
    partner[alone] = np.flatnonzero(alone)
    assert sorted(partner) == list(range(200))
    for changed, was in zip((mel, y, other), batch, strict=True):
        np.testing.assert_allclose(changed, share * was + (1 - share) * was[partner], atol=1e-5)
    np.testing.assert_allclose(goals.sum(axis=1), 1, rtol=1e-6)
    shares = [_augmented(batch, mixup=0.5, seed=seed)[1].max(axis=1).min() for seed in range(9)]
    assert len(set(shares)) == 9


def test_nothing_is_changed_unless_it_is_asked_for(batch):
    changed, goals = _augmented(batch)
    assert all(np.array_equal(a, b) for a, b in zip(changed, batch, strict=True))
    assert np.array_equal(goals, np.eye(200))
