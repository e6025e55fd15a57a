"""Batches of segments, and what is done to those that a network learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from genrekit.training._segments import Chosen, Segments
from genrekit.training._settings import TrainSettings

__all__ = ["TrainBatches", "ValidBatches", "split_evenly"]

# The segments of each input, and the goals.
Batch = tuple[list[NDArray[np.float32]], NDArray[np.float32]]


class TrainBatches:
    """The batches of the epoch that begins, which depend on the seed and its number only."""

    def __init__(
        self, segments: Segments, settings: TrainSettings, epoch: Callable[[], int]
    ) -> None:
        self.segments, self.settings, self.epoch = segments, settings, epoch

    def __len__(self) -> int:
        return len(split_evenly(self.segments.train.tracks, self.settings.batch_size))

    def __iter__(self) -> Iterator[Batch]:
        settings, segments = self.settings, self.segments
        rng = np.random.default_rng([settings.seed, self.epoch()])
        chosen = segments.drawn(rng) if settings.random_crop else segments.train
        order = rng.permutation(len(chosen.tracks))
        for rows in split_evenly(order, settings.batch_size):
            batch = segments.gather(chosen.pick(rows))
            goals = segments.goals(chosen.tracks[rows], settings.label_smoothing)
            augment(batch, goals, settings, rng)
            yield batch, goals


class ValidBatches:
    """The validation segments in batches, in order, as they are."""

    def __init__(self, segments: Segments, batch_size: int) -> None:
        self.segments, self.batch_size = segments, batch_size

    def __iter__(self) -> Iterator[Batch]:
        chosen, size = self.segments.valid, self.batch_size
        for start in range(0, len(chosen.tracks), size):
            some = Chosen(*(array[start : start + size] for array in chosen))
            yield self.segments.gather(some), self.segments.goals(some.tracks)


def split_evenly(order: NDArray[np.intp], size: int) -> list[NDArray[np.intp]]:
    """Numbers in batches of nearly equal size, none of which has a single one."""
    # Batch normalisation can't learn from a single segment, which has no deviation. If there is no
    # other, it comes twice.
    count = min(-(-len(order) // size), len(order) // 2)
    return np.array_split(np.resize(order, max(len(order), 2)), max(count, 1))


def augment(
    batch: list[NDArray[np.float32]],
    goals: NDArray[np.float32],
    settings: TrainSettings,
    rng: np.random.Generator,
) -> None:
    """Change the segments of each input, and the goals, in place as the settings say."""
    if settings.gain:
        _change_gain(batch, settings.gain * rng.standard_normal(len(goals)))
    for axis, width in ((0, settings.freq_mask), (1, settings.time_mask)):
        if width:
            for segments in batch:
                _mask(segments, axis, width, rng)
    if settings.mixup:
        share = rng.beta(settings.mixup, settings.mixup)
        other = rng.permutation(len(goals))
        for array in (*batch, goals):
            others = array[other] * np.float32(1 - share)
            array *= np.float32(share)
            array += others


def _change_gain(batch: list[NDArray[np.float32]], gains: NDArray[np.float64]) -> None:
    """Make segments louder or softer, by the same in all inputs."""
    for segments in batch:
        if segments.ndim == 3:
            segments += gains.astype(np.float32)[:, np.newaxis, np.newaxis]
        else:
            segments *= (10**gains).astype(np.float32)[:, np.newaxis]


def _mask(segments: NDArray[np.float32], axis: int, most: int, rng: np.random.Generator) -> None:
    """Set a band of rows, or a stretch of frames, of each segment to 0."""
    if segments.ndim != 3:
        return
    length = segments.shape[1 + axis]
    widths = rng.integers(min(most, length), size=len(segments), endpoint=True)
    begins = rng.integers(length - widths, endpoint=True)
    for segment, begin, width in zip(segments, begins, widths, strict=True):
        segment.swapaxes(0, axis)[begin : begin + width] = 0
