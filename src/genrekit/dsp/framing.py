"""From a stream of samples to blocks of frames: padding, framing, windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp._shared import shared
from genrekit.dsp.parameters import check_parameters

__all__ = [
    "BLOCK_FRAMES",
    "Framer",
    "SignalBlock",
    "check_samples",
    "frame_count",
    "stft_window",
]

# Frames handled at once. More of them make for fewer calls, each of which lets go of the
# interpreter's lock and has to get it back from the other threads; fewer of them fit the
# second-level cache better. Measured from 48 to 256 in one thread and in two.
BLOCK_FRAMES = 144


class SignalBlock(NamedTuple):
    """A block of the padded signal, which holds whole frames.

    Attributes
    ----------
    signal : ndarray of shape (n,)
        The samples.
    n_frames : int
        Frames in it.
    first, last : int
        Samples ``first`` to ``last`` (exclusive) come from the track; the rest is padding.
    """

    signal: NDArray[np.floating]
    n_frames: int
    first: int
    last: int


def frame_count(n_samples: int, n_fft: int, hop_length: int, center: bool = True) -> int:
    """Number of frames of a track.

    Parameters
    ----------
    n_samples : int
        Length of the track, at least 1.
    n_fft, hop_length : int
        Length of a frame and distance between frames, samples.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``.

    Returns
    -------
    int
        At least 1: a track shorter than a frame is padded with zeros to one.

    Examples
    --------
    >>> from genrekit.dsp import frame_count
    >>> frame_count(661500, 2048, 512), frame_count(10, 2048, 512)
    (1292, 1)
    """
    check_parameters(n_samples=n_samples, n_fft=n_fft, hop_length=hop_length, center=center)
    padded = n_samples + (2 * (n_fft // 2) if center else 0)
    return max(1, 1 + (padded - n_fft) // hop_length)


@shared
def stft_window(window: str | tuple[Any, ...], win_length: int, n_fft: int) -> NDArray[np.float64]:
    """Periodic window, padded with zeros on both sides to the length of the FFT.

    Parameters
    ----------
    window : str or tuple
        Name of the window, with its parameters if it has any, as in ``scipy.signal.get_window``.
    win_length, n_fft : int
        Length of the window and of the result, samples.

    Returns
    -------
    ndarray of shape (n_fft,)
        The window, float64, read-only.

    Raises
    ------
    ValueError
        For a window that scipy.signal can't make, or a length out of range.

    Examples
    --------
    >>> from genrekit.dsp import stft_window
    >>> stft_window("hann", 4, 8).tolist()
    [0.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0]
    """
    check_parameters(window=window, win_length=win_length, n_fft=n_fft)
    if window == "hann" and win_length > 1:
        # Spelled out because scipy.signal takes most of a second to import.
        shape = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, win_length + 1)[:-1])
    else:
        from scipy.signal import get_window

        try:
            shape = get_window(window, win_length)
        except Exception as error:
            raise ValueError(f"window={window!r} can't be made by scipy.signal: {error}") from error
        if not np.isfinite(shape).all():
            raise ValueError(f"window={window!r} is not finite")
    left = (n_fft - win_length) // 2
    return np.pad(shape, (left, n_fft - win_length - left))


def check_samples(samples: Any) -> None:
    """Refuse what can't be samples of one channel.

    Parameters
    ----------
    samples : ndarray of shape (n,)
        What was given.

    Raises
    ------
    ValueError
        If it is no array, holds no floats, or has not one dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.dsp.framing import check_samples
    >>> check_samples(np.zeros(3, np.int16))
    Traceback (most recent call last):
    ValueError: samples are int16; divide integers by their full scale ...
    """
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "fiu":
        raise ValueError(f"can't be read as audio: {type(samples).__name__}")
    if samples.dtype.kind != "f":
        raise ValueError(
            f"samples are {samples.dtype}; divide integers by their full scale (32768 for int16) "
            "to get floats between -1 and 1"
        )
    if samples.ndim != 1:
        raise ValueError(f"has {samples.ndim} dimensions, expected 1")


class Framer:
    """Cuts a stream of samples into blocks of at most ``BLOCK_FRAMES`` frames.

    Only what the next frames need is kept, so a track of any length can pass through.

    Parameters
    ----------
    n_fft, hop_length : int
        Length of a frame and distance between frames, samples.
    pad : int
        Samples of padding at each end.
    pad_mode : {"constant", "reflect", "edge", "symmetric"}
        How, as in ``numpy.pad``.
    dtype : str
        Type the samples are converted to.
    """

    def __init__(self, n_fft: int, hop_length: int, pad: int, pad_mode: str, dtype: str) -> None:
        self.n_fft, self.hop_length = n_fft, hop_length
        self.pad, self.pad_mode = pad, pad_mode
        self.buffer = np.empty(0, dtype=dtype)
        self.position = 0  # of the buffer's first sample in the padded signal
        self.n_samples = 0
        self.edge = np.empty(0, dtype=dtype)  # the head while it is gathered, then the tail
        self.started = False

    def push(self, samples: NDArray[Any]) -> Iterator[SignalBlock]:
        """Take in samples; yield the blocks that are complete."""
        samples = np.asarray(samples, dtype=self.buffer.dtype)
        self.n_samples += len(samples)
        if not self.started:
            if len(self.edge):
                samples = np.concatenate([self.edge, samples])
            self.edge = samples
            if len(samples) <= self.pad:
                return
            self.started = True
            self.buffer = _pad(samples, self.pad, 0, self.pad_mode)
        else:
            self.buffer = np.concatenate([self.buffer, samples])
        keep = self.pad + 1
        known = samples if len(samples) >= keep else np.concatenate([self.edge, samples])
        self.edge = known[-keep:]
        span = self.n_fft + (BLOCK_FRAMES - 1) * self.hop_length
        while len(self.buffer) >= span:
            yield self._block(span, BLOCK_FRAMES)

    def finish(self) -> Iterator[SignalBlock]:
        """End of the stream: pad, and yield the frames that are left."""
        if self.started:
            padded = _pad(self.edge, 0, self.pad, self.pad_mode)
            self.buffer = np.concatenate([self.buffer, padded[len(self.edge) :]])
        else:
            # Too short to take its ends apart: numpy reflects it as often as it must.
            self.buffer = _pad(self.edge, self.pad, self.pad, self.pad_mode)
        missing = self.n_fft - len(self.buffer)
        if self.position == 0 and missing > 0:
            self.buffer = np.pad(self.buffer, (0, missing))
        while len(self.buffer) >= self.n_fft:
            left = 1 + (len(self.buffer) - self.n_fft) // self.hop_length
            n_frames = min(left, BLOCK_FRAMES)
            yield self._block(self.n_fft + (n_frames - 1) * self.hop_length, n_frames)

    def _block(self, span: int, n_frames: int) -> SignalBlock:
        """Cut the next frames off the buffer."""
        signal = self.buffer[:span]
        first = min(max(self.pad - self.position, 0), span)
        last = min(self.pad + self.n_samples - self.position, span)
        step = n_frames * self.hop_length
        self.buffer = self.buffer[step:]
        self.position += step
        return SignalBlock(signal, n_frames, first, last)


def _pad(samples: NDArray[Any], before: int, after: int, mode: str) -> NDArray[Any]:
    """``numpy.pad``, which is slow at putting zeros before a long array."""
    if mode == "constant":
        ends = np.zeros(before, samples.dtype), np.zeros(after, samples.dtype)
        return np.concatenate([ends[0], samples, ends[1]])
    return np.pad(samples, (before, after), mode=mode)  # type: ignore[call-overload]
