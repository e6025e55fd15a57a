"""Batches are as long as suits what is left and how many work."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.engine import Batches

CLIP = 720_000  # bytes of 30 seconds of MP3


def run(sizes, n_workers, seconds, limit=10**6):
    """All batches, of tracks that take so long each, and how long each batch takes."""
    batches, found = Batches(sizes, limit), []
    while len(batches):
        batch = batches.take(n_workers)
        found.append((batch, sum(seconds[place] for place in batch)))
        batches.learn(*found[-1])
    return found


@pytest.mark.parametrize("n_workers", [1, 2, 100])
@pytest.mark.parametrize("pace", [0.001, 0.07, 100.0])
def test_each_track_is_in_one_batch(n_workers, pace):
    found = run([CLIP] * 1000, n_workers, [pace] * 1000)
    assert [place for batch, _ in found for place in batch] == list(range(1000))
    assert all(len(batch) for batch, _ in found)


@pytest.mark.parametrize("n_workers", [2, 32, 1000])
def test_many_tracks_take_as_long_as_keeps_the_scheduler_idle(n_workers):
    pace = 0.2  # not what is guessed
    found = run([CLIP] * 10**6, n_workers, [pace] * 10**6)
    lengths = [seconds for _, seconds in found]
    # What is learned counts from the second batch on, and there are short ones at the end.
    assert np.median(lengths[1:]) == pytest.approx(max(30, 0.045 * n_workers), rel=0.1)
    assert min(lengths[1:-1]) > 0.045 * n_workers * 0.9
    assert sum(lengths[-n_workers:]) < 2 * n_workers * max(lengths)


def test_few_tracks_are_shared_out():
    lengths = [seconds for _, seconds in run([CLIP] * 400, 2, [0.07] * 400)]
    assert max(lengths) < 400 * 0.07 / 3
    assert lengths[-1] <= 0.6
    assert 8 < len(lengths) < 25


def test_bytes_tell_long_tracks_from_short_ones():
    sizes = [CLIP] * 500 + [100 * CLIP] * 500
    found = run(sizes, 1, [size * 1e-8 for size in sizes])
    lengths = {len(batch): seconds for batch, seconds in found[1:]}
    assert max(lengths.values()) < 31
    assert lengths[max(lengths)] == pytest.approx(lengths[42], rel=0.1)
    assert max(lengths) > 400


def test_a_batch_has_no_more_tracks_than_it_may():
    found = run([0] * 2500, 1, [0.0] * 2500, limit=1000)
    assert max(len(batch) for batch, _ in found) == 1000
    assert sum(len(batch) for batch, _ in found) == 2500
