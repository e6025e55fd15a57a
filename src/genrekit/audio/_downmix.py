"""From channels to one, and what that leaves of them: how loud a track is, is judged here only.

Averaging channels in opposite phase leaves silence of what is loud on each. Such a track is told by
its energies, known at its end only, and read once more by its first channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOWNMIX_RULE", "Downmix", "Remark", "hearings", "mean_of_channels"]

# Of the channels' mean energy, what their average has at the least unless they cancel each other.
_LEAST = 1e-4
# Below this RMS, dB of full scale, a track is silent.
_SILENT = -70.0
# Below this length, seconds, it is too short to be judged.
_SHORT = 1.0
# What remarks depend on beside the samples.
DOWNMIX_RULE = (_LEAST, _SILENT, _SHORT)

# Products that a BLAS adds up in one go: not so many that it would use threads, which differ by a
# rounding error from machine to machine.
_CHUNK = 8192


class Remark(IntFlag):
    """What is to be known of a track beside its features."""

    SILENT = 1
    SHORT = 2
    FIRST_CHANNEL = 4

    @property
    def text(self) -> str:
        """The same in words; empty where there is nothing to say."""
        said = {
            Remark.SILENT: "silent",
            Remark.SHORT: f"under {_SHORT:g} s",
            Remark.FIRST_CHANNEL: "channels in opposite phase, the first is heard",
        }
        return "; ".join(text for remark, text in said.items() if remark in self)


class Downmix:
    """Makes one channel of those of a track, block by block, and adds up what it had and has left.

    Parameters
    ----------
    channel : int, optional
        Which channel to take; None means their average.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.audio._downmix import Downmix
    >>> left = np.sin(np.arange(9000, dtype=np.float32))
    >>> downmix = Downmix()
    >>> float(abs(downmix(np.column_stack([left, -left]), 8000)).max()), downmix.cancels
    (0.0, True)
    """

    def __init__(self, channel: int | None = None) -> None:
        self.channel = channel
        self.n_frames, self.sr = 0, 1.0
        self.left = self.had = 0.0

    def __call__(self, block: Any, sr: float) -> NDArray[np.float32]:
        """One channel of a block of shape (n_frames, n_channels) at a rate."""
        block = _checked(block)
        mono = _mean(block) if self.channel is None else np.ascontiguousarray(block[:, 0])
        self.note(mono, block, sr)
        return mono

    def note(self, mono: NDArray[Any], channels: NDArray[Any], sr: float) -> None:
        """Take in what became of the samples of some channels.

        Parameters
        ----------
        mono : ndarray of shape (n_frames,)
            What is heard of them.
        channels : ndarray of n_frames * n_channels values
            All of them.
        sr : float
            Their rate, Hz.
        """
        left = _energy(mono)
        n_channels = channels.size // max(len(mono), 1)
        # Channels within full scale don't cancel where so much is left of them: to add up all of
        # theirs would cost more than the rest of this.
        quiet = left < _LEAST * len(mono)
        self.left += left
        self.had += _energy(channels) / n_channels if quiet and n_channels > 1 else left
        self.n_frames, self.sr = self.n_frames + len(mono), float(sr)

    @property
    def cancels(self) -> bool:
        """Whether the channels cancel each other in their average."""
        return self.channel is None and self.left < _LEAST * self.had

    @property
    def remark(self) -> Remark:
        """What is to be said of the track; nothing if nothing was noted."""
        remark = Remark(0) if self.channel is None else Remark.FIRST_CHANNEL
        if self.left < 10 ** (_SILENT / 10) * self.n_frames:
            remark |= Remark.SILENT
        if 0 < self.n_frames < _SHORT * self.sr:
            remark |= Remark.SHORT
        return remark

    def take(self, other: Downmix) -> None:
        """Be as another that has heard the track.

        Parameters
        ----------
        other : Downmix
            The other.
        """
        vars(self).update(vars(other))

    @property
    def numbers(self) -> NDArray[np.float64]:
        """What `remark` is made of, for a cache."""
        return np.array([self.n_frames, self.sr, self.left, self.had])

    def recall(self, numbers: NDArray[np.float64]) -> None:
        """Be as one that had these numbers.

        Parameters
        ----------
        numbers : ndarray of shape (4,)
            From a cache.
        """
        n_frames, self.sr, self.left, self.had = map(float, numbers)
        self.n_frames = int(n_frames)


def hearings() -> Iterator[Downmix]:
    """What a track is read through: its channels' mean, then the first if they cancel each other.

    Yields
    ------
    Downmix
        All of the track is read through it before the next one is asked for; the last one's is what
        is heard.
    """
    downmix = Downmix()
    yield downmix
    if downmix.cancels:
        yield Downmix(channel=0)


def _energy(samples: NDArray[Any]) -> float:
    """Sum of squares."""
    flat = samples.ravel(order="K")
    if flat.itemsize < 4:
        flat = flat.astype(np.float32)
    n_whole = len(flat) // _CHUNK * _CHUNK
    rows, rest = flat[:n_whole].reshape(-1, 1, _CHUNK), flat[n_whole:]
    with np.errstate(over="ignore"):  # what comes of it is no sum that is under anything
        # Products of a row and a column each: one call for all dot products.
        return float((rows @ rows.transpose(0, 2, 1)).sum(dtype=np.float64) + np.dot(rest, rest))


def mean_of_channels(block: Any) -> NDArray[np.float32]:
    """Mean over the channels of what a decoder yields.

    Parameters
    ----------
    block : ndarray of shape (n_frames, n_channels)
        Samples.

    Returns
    -------
    ndarray of shape (n_frames,), float32
        Their mean.
    """
    return _mean(_checked(block))


def _checked(block: Any) -> NDArray[np.float32]:
    """What a decoder yields, in single precision."""
    if getattr(block, "ndim", None) != 2 or not block.shape[1]:
        shape = getattr(block, "shape", type(block).__name__)
        raise TypeError(f"a decoder must yield arrays (n_frames, n_channels), this one: {shape}")
    return block.astype(np.float32, copy=False)


def _mean(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Column by column: several times faster than ``block.mean(axis=1)``."""
    if block.shape[1] == 1:
        return block[:, 0]
    mono = block[:, 0] + block[:, 1]
    if block.shape[1] == 2:  # exactly a division by two, and faster
        mono *= np.float32(0.5)
        return mono
    for channel in range(2, block.shape[1]):
        mono += block[:, channel]
    mono /= np.float32(block.shape[1])
    return mono
