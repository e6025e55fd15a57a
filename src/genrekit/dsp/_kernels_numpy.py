"""The kernels in plain numpy: what the compiled ones are held to, and what runs without numba.

Spectra are frequency-major: shape (n_bins, n_frames), frames innermost. Sums over bins run in
float64 whatever the input, so that the two flavours agree to 1e-6 of the maximum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "band_extremes",
    "central_moments",
    "log_sums",
    "mean_square",
    "medians",
    "power_spectra",
    "project",
    "rolloff_bin",
    "spectral_change",
    "spectral_moments",
    "zero_crossings",
]

Array = NDArray[np.floating]

# Values that the median copies at once.
_SORTED_AT_ONCE = 1 << 16


def power_spectra(signal: Array, window: Array, hop_length: int, out: Array) -> Array:
    """Squared magnitude and magnitude of windowed frames, into `out` (2, n_bins, n_frames)."""
    import scipy.fft  # a seventh of a second, which the compiled kernel saves

    frames = _frames(signal, len(window), hop_length, out.shape[2])
    # In float64 whatever the precision of the spectra, as in librosa: the noise of a float32 FFT
    # fills nearly empty bins, which flatness and the valleys of bands read.
    stft = scipy.fft.rfft(frames.T * window[:, np.newaxis], axis=0)
    power = stft.real**2 + stft.imag**2
    out[0] = power
    out[1] = np.sqrt(power)
    return out


def project(
    weights: Array, start: NDArray[np.int64], stop: NDArray[np.int64], spectrum: Array
) -> Array:
    """Weighted sums over bins, one row a filter; `start` and `stop` bound its non-zero weights.

    Not a matrix product: BLAS changes its order of summation with the number of threads.
    """
    out = np.zeros((len(weights), spectrum.shape[1]), dtype=spectrum.dtype)
    for row, (first, last) in enumerate(zip(start, stop, strict=True)):
        terms = weights[row, first:last, np.newaxis].astype(np.float64) * spectrum[first:last]
        out[row] = terms.sum(axis=0)
    return out


def spectral_moments(magnitude: Array, frequencies: Array) -> Array:
    """Rows: sum of magnitudes, centroid, second moment about the centroid over the sum."""
    wide = magnitude.astype(np.float64)
    column = frequencies[:, np.newaxis]
    total = wide.sum(axis=0)
    safe = np.where(total > 0.0, total, 1.0)
    centroid = (column * wide).sum(axis=0) / safe
    spread = ((column - centroid) ** 2 * wide).sum(axis=0) / safe
    return np.stack([total, centroid, spread]).astype(magnitude.dtype)


def rolloff_bin(magnitude: Array, roll_percent: float) -> Array:
    """First bin at which the running sum of magnitudes reaches a share of the whole, (1, n)."""
    running = np.cumsum(magnitude, axis=0, dtype=np.float64)
    below = running < roll_percent * running[-1]
    return below.sum(axis=0, keepdims=True).astype(magnitude.dtype)


def band_extremes(
    magnitude: Array,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    count: NDArray[np.int64],
) -> Array:
    """Mean of the `count` smallest (first rows) and largest (last rows) bins of each band."""
    n_bands = len(start)
    out = np.empty((2 * n_bands, magnitude.shape[1]), dtype=magnitude.dtype)
    for band in range(n_bands):
        ordered = np.sort(magnitude[start[band] : stop[band]], axis=0)
        out[band] = ordered[: count[band]].mean(axis=0, dtype=np.float64)
        out[n_bands + band] = ordered[-count[band] :].mean(axis=0, dtype=np.float64)
    return out


def log_sums(power: Array, amin: float) -> Array:
    """Rows: mean of the logarithm and mean of the power, both of powers raised to `amin`."""
    floored = np.maximum(power, power.dtype.type(amin)).astype(np.float64)
    means = np.stack([np.log(floored).mean(axis=0), floored.mean(axis=0)])
    return means.astype(power.dtype)


def spectral_change(magnitude: Array, previous: Array) -> Array:
    """Squared distance of each unit-sum spectrum from the one before it, (1, n)."""
    joined = np.column_stack([previous, magnitude]).astype(np.float64)
    total = joined.sum(axis=0)
    shape = joined / np.where(total > 0.0, total, 1.0)
    change = (np.diff(shape, axis=1) ** 2).sum(axis=0, keepdims=True)
    return change.astype(magnitude.dtype)


def mean_square(signal: Array, n_fft: int, hop_length: int, n_frames: int) -> Array:
    """Mean of the squared samples of each frame, (1, n_frames)."""
    frames = _frames(signal, n_fft, hop_length, n_frames).astype(np.float64)
    return (frames**2).mean(axis=1)[np.newaxis].astype(signal.dtype)


def zero_crossings(
    signal: Array, n_fft: int, hop_length: int, n_frames: int, first: int, last: int
) -> Array:
    """Share of samples in each frame whose sign differs from the sample before, (1, n_frames).

    Only samples `first` to `last` (exclusive) are real; padding around them never crosses.
    Values within 1e-10 of zero count as positive, as in librosa.
    """
    negative = signal < -1e-10
    crossing = np.zeros(len(signal))
    crossing[first + 1 : last] = negative[first + 1 : last] != negative[first : max(last - 1, 0)]
    frames = _frames(crossing, n_fft, hop_length, n_frames)[:, 1:]
    return (frames.sum(axis=1) / n_fft)[np.newaxis].astype(signal.dtype)


def central_moments(rows: Array) -> NDArray[np.float64]:
    """Mean, variance, skewness, excess kurtosis, min and max of each row, (n_rows, 6).

    A constant row has variance, skewness and kurtosis 0 exactly.
    """
    wide = rows.astype(np.float64)
    low, high = wide.min(axis=1), wide.max(axis=1)
    mean = np.where(low == high, low, wide.mean(axis=1))
    deviation = wide - mean[:, np.newaxis]
    m2, m3, m4 = ((deviation**power).mean(axis=1) for power in (2, 3, 4))
    # Below this the spread is rounding noise of the mean, and its shape means nothing.
    noise = (1e-12 * np.maximum(np.abs(low), np.abs(high))) ** 2 + np.finfo(np.float64).tiny
    safe = np.where(m2 > noise, m2, 1.0)
    skew = np.where(m2 > noise, m3 / safe**1.5, 0.0)
    kurtosis = np.where(m2 > noise, m4 / safe**2 - 3.0, 0.0)
    return np.stack([mean, m2, skew, kurtosis, low, high], axis=1)


def medians(rows: Array) -> NDArray[np.float64]:
    """Median of each row, (n_rows,); some at a time, so that what is copied stays small."""
    step = max(1, _SORTED_AT_ONCE // max(1, rows.shape[1]))
    parts = (rows[start : start + step] for start in range(0, len(rows), step))
    found = [np.median(part.astype(np.float64), axis=1) for part in parts]
    return np.concatenate([np.empty(0), *found])


def _frames(signal: Array, n_fft: int, hop_length: int, n_frames: int) -> Array:
    """Overlapping frames as a view, (n_frames, n_fft)."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, n_fft)
    return windows[::hop_length][:n_frames]
