"""The kernels as plain loops, compiled at the foot of the file. What each does: see the twins.

Loops run over frames innermost, so that they vectorise without changing the order of any sum:
`fastmath` stays off, sums are reproducible and NaN stays NaN. All release the GIL.
"""

from __future__ import annotations

import math
import tempfile

import numba
import numpy as np

from genrekit.dsp._kernels_numpy import __all__ as __all__

# Partial sums of this many terms stay in the input's precision; their sum is float64. Exact
# enough for 1e-6, and twice as fast as float64 throughout.
_CHUNK = 32
# Columns handled at once when a spectrum is wider than a block, so that they stay in cache.
_TILE = 64


def frame_signal(signal, window, hop_length, n_frames):
    n_fft = window.shape[0]
    out = np.empty((n_frames, n_fft), signal.dtype)
    for t in range(n_frames):
        offset = t * hop_length
        for i in range(n_fft):
            out[t, i] = signal[offset + i] * window[i]
    return out


def power_spectrum(stft):
    n_frames, n_bins = stft.shape
    out = np.empty((n_bins, n_frames), stft.real.dtype)
    # Tiles of 16 bins: a line of the input is used up while it is in cache.
    for low in range(0, n_bins, 16):
        high = min(low + 16, n_bins)
        for t in range(n_frames):
            for k in range(low, high):
                value = stft[t, k]
                out[k, t] = value.real * value.real + value.imag * value.imag
    return out


def project(weights, start, stop, spectrum):
    n_rows = weights.shape[0]
    n_frames = spectrum.shape[1]
    out = np.empty((n_rows, n_frames), spectrum.dtype)
    total = np.empty(_TILE, np.float64)
    part = np.empty(_TILE, spectrum.dtype)
    for left in range(0, n_frames, _TILE):
        width = min(_TILE, n_frames - left)
        for row in range(n_rows):
            total[:] = 0.0
            for low in range(start[row], stop[row], _CHUNK):
                part[:] = 0.0
                for k in range(low, min(low + _CHUNK, stop[row])):
                    weight = weights[row, k]
                    for t in range(width):
                        part[t] += weight * spectrum[k, left + t]
                for t in range(width):
                    total[t] += part[t]
            for t in range(width):
                out[row, left + t] = total[t]
    return out


def spectral_moments(magnitude, frequencies):
    n_bins, n_frames = magnitude.shape
    out = np.empty((3, n_frames), magnitude.dtype)
    total = np.zeros(n_frames, np.float64)
    centroid = np.zeros(n_frames, np.float64)
    spread = np.zeros(n_frames, np.float64)
    for k in range(n_bins):
        for t in range(n_frames):
            total[t] += magnitude[k, t]
            centroid[t] += frequencies[k] * magnitude[k, t]
    for t in range(n_frames):
        out[0, t] = total[t]
        if not total[t] > 0.0:
            total[t] = 1.0
        centroid[t] /= total[t]
    for k in range(n_bins):
        for t in range(n_frames):
            deviation = frequencies[k] - centroid[t]
            spread[t] += deviation * deviation * magnitude[k, t]
    for t in range(n_frames):
        out[1, t] = centroid[t]
        out[2, t] = spread[t] / total[t]
    return out


def rolloff_bin(magnitude, roll_percent):
    n_bins, n_frames = magnitude.shape
    out = np.zeros((1, n_frames), magnitude.dtype)
    threshold = np.zeros(n_frames, np.float64)
    for k in range(n_bins):
        for t in range(n_frames):
            threshold[t] += magnitude[k, t]
    running = np.zeros(n_frames, np.float64)
    for t in range(n_frames):
        threshold[t] *= roll_percent
    for k in range(n_bins):
        for t in range(n_frames):
            running[t] += magnitude[k, t]
            if running[t] < threshold[t]:
                out[0, t] += 1.0
    return out


def band_extremes(magnitude, start, stop, count):
    n_bands = start.shape[0]
    n_frames = magnitude.shape[1]
    out = np.empty((2 * n_bands, n_frames), magnitude.dtype)
    largest = 1
    for band in range(n_bands):
        largest = max(largest, count[band])
    lowest = np.empty((largest, n_frames), magnitude.dtype)
    highest = np.empty((largest, n_frames), magnitude.dtype)
    carry = np.empty(n_frames, magnitude.dtype)
    for band in range(n_bands):
        kept = count[band]
        lowest[:kept] = np.inf
        highest[:kept] = -np.inf
        for k in range(start[band], stop[band]):
            _insert_smallest(lowest, kept, magnitude[k], carry)
            _insert_largest(highest, kept, magnitude[k], carry)
        _mean_rows(lowest, kept, out[band])
        _mean_rows(highest, kept, out[n_bands + band])
    return out


def _insert_smallest(kept_rows, kept, values, carry):
    """Push a row of values through `kept` sorted rows, all frames at once."""
    n_frames = values.shape[0]
    for t in range(n_frames):
        carry[t] = values[t]
    for i in range(kept):
        for t in range(n_frames):
            held = kept_rows[i, t]
            value = carry[t]
            kept_rows[i, t] = min(held, value)
            carry[t] = max(held, value)


def _insert_largest(kept_rows, kept, values, carry):
    n_frames = values.shape[0]
    for t in range(n_frames):
        carry[t] = values[t]
    for i in range(kept):
        for t in range(n_frames):
            held = kept_rows[i, t]
            value = carry[t]
            kept_rows[i, t] = max(held, value)
            carry[t] = min(held, value)


def _mean_rows(rows, n_rows, out):
    for t in range(out.shape[0]):
        total = 0.0
        for i in range(n_rows):
            total += rows[i, t]
        out[t] = total / n_rows


def log_sums(power, amin):
    n_bins, n_frames = power.shape
    out = np.empty((2, n_frames), power.dtype)
    floor = power.dtype.type(amin)
    logs = np.zeros(n_frames, np.float64)
    total = np.zeros(n_frames, np.float64)
    product = np.ones(n_frames, np.float64)
    # The product of 16 powers of music stays within float64: one log for 16 bins.
    for low in range(0, n_bins, 16):
        product[:] = 1.0
        for k in range(low, min(low + 16, n_bins)):
            for t in range(n_frames):
                value = max(power[k, t], floor)
                product[t] *= value
                total[t] += value
        for t in range(n_frames):
            if 1e-300 < product[t] < 1e300:
                logs[t] += math.log(product[t])
            else:
                logs[t] += _sum_of_logs(power[low : low + 16, t], floor)
    for t in range(n_frames):
        out[0, t] = logs[t] / n_bins
        out[1, t] = total[t] / n_bins
    return out


def _sum_of_logs(values, floor):
    """One log a value, where their product leaves the range of float64."""
    total = 0.0
    for i in range(values.shape[0]):
        total += math.log(max(values[i], floor))
    return total


def spectral_change(magnitude, previous):
    n_bins, n_frames = magnitude.shape
    out = np.empty((1, n_frames), magnitude.dtype)
    scale = np.zeros(n_frames + 1, np.float64)
    change = np.zeros(n_frames, np.float64)
    for k in range(n_bins):
        scale[0] += previous[k]
        for t in range(n_frames):
            scale[t + 1] += magnitude[k, t]
    for t in range(n_frames + 1):
        scale[t] = 1.0 / scale[t] if scale[t] > 0.0 else 1.0
    for k in range(n_bins):
        first = magnitude[k, 0] * scale[1] - previous[k] * scale[0]
        change[0] += first * first
        for t in range(1, n_frames):
            step = magnitude[k, t] * scale[t + 1] - magnitude[k, t - 1] * scale[t]
            change[t] += step * step
    for t in range(n_frames):
        out[0, t] = change[t]
    return out


def mean_square(signal, n_fft, hop_length, n_frames):
    out = np.empty((1, n_frames), signal.dtype)
    for t in range(n_frames):
        offset = t * hop_length
        total = 0.0
        for i in range(offset, offset + n_fft):
            total += np.float64(signal[i]) * np.float64(signal[i])
        out[0, t] = total / n_fft
    return out


def zero_crossings(signal, n_fft, hop_length, n_frames, first, last):
    out = np.empty((1, n_frames), signal.dtype)
    for t in range(n_frames):
        offset = t * hop_length
        crossings = 0
        for i in range(max(offset, first) + 1, min(offset + n_fft, last)):
            if (signal[i] < -1e-10) != (signal[i - 1] < -1e-10):
                crossings += 1
        out[0, t] = crossings / n_fft
    return out


def central_moments(rows):
    n_rows, n_frames = rows.shape
    out = np.empty((n_rows, 6), np.float64)
    for row in range(n_rows):
        total, low, high = 0.0, np.inf, -np.inf
        for t in range(n_frames):
            value = np.float64(rows[row, t])
            total += value
            low = min(low, value)
            high = max(high, value)
        mean = low if low == high else total / n_frames
        m2 = m3 = m4 = 0.0
        for t in range(n_frames):
            deviation = rows[row, t] - mean
            square = deviation * deviation
            m2 += square
            m3 += square * deviation
            m4 += square * square
        m2 /= n_frames
        m3 /= n_frames
        m4 /= n_frames
        noise = (1e-12 * max(abs(low), abs(high))) ** 2 + 2.2250738585072014e-308
        varies = m2 > noise
        out[row, 0] = mean
        out[row, 1] = m2
        out[row, 2] = m3 / m2**1.5 if varies else 0.0
        out[row, 3] = m4 / (m2 * m2) - 3.0 if varies else 0.0
        out[row, 4] = low
        out[row, 5] = high
    return out


def _compile(function):
    """Compile with an on-disk cache, in a temporary folder where the usual ones are read-only."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        numba.config.CACHE_DIR = tempfile.mkdtemp(prefix="genrekit-numba-")
        return numba.njit(cache=True, nogil=True)(function)


for _name in ("_insert_smallest", "_insert_largest", "_mean_rows", "_sum_of_logs", *__all__):
    globals()[_name] = _compile(globals()[_name])
