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


def frame_signal(signal, window, hop_length, out):
    n_fft, n_frames = out.shape
    if n_fft % hop_length:
        for i in range(n_fft):
            for t in range(n_frames):
                out[i, t] = signal[t * hop_length + i] * window[i]
        return out
    # Frames are made of whole hops: turned once, each serves all the frames it stands in.
    per_frame = n_fft // hop_length
    hops = np.empty((hop_length, n_frames + per_frame - 1), signal.dtype)
    for piece in range(hops.shape[1]):
        samples = signal[piece * hop_length : (piece + 1) * hop_length]
        for i in range(hop_length):
            hops[i, piece] = samples[i]
    for piece in range(per_frame):
        for i in range(hop_length):
            row = piece * hop_length + i
            weight = window[row]
            for t in range(n_frames):
                out[row, t] = hops[i, piece + t] * weight
    return out


def power_spectrum(stft, out):
    n_bins, n_frames = stft.shape
    for k in range(n_bins):
        for t in range(n_frames):
            value = stft[k, t]
            square = value.real * value.real + value.imag * value.imag
            out[0, k, t] = square
            out[1, k, t] = math.sqrt(square)
    return out


def project(weights, start, stop, spectrum):
    n_rows, n_bins = weights.shape
    n_frames = spectrum.shape[1]
    out = np.empty((n_rows, n_frames), spectrum.dtype)
    total = np.zeros((n_rows, n_frames), np.float64)
    part = np.empty(n_frames, spectrum.dtype)
    # Chunks of bins outside, filters inside: a chunk stays near while all filters read it.
    for low in range(0, n_bins, _CHUNK):
        for row in range(n_rows):
            first, last = max(low, start[row]), min(low + _CHUNK, stop[row])
            if first < last:
                _add_chunk(total[row], part, weights[row], first, last, spectrum)
    for row in range(n_rows):
        for t in range(n_frames):
            out[row, t] = total[row, t]
    return out


def _add_chunk(total, part, weights, first, last, spectrum):
    """Add the weighted bins `first` to `last` to the sums of all frames."""
    n_frames = part.shape[0]
    part[:] = 0.0
    k = first
    # Four bins at a time, so that the running sums are fetched and stored four times less.
    while k + 4 <= last:
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for t in range(n_frames):
            part[t] += (w0 * spectrum[k, t] + w1 * spectrum[k + 1, t]) + (
                w2 * spectrum[k + 2, t] + w3 * spectrum[k + 3, t]
            )
        k += 4
    while k < last:
        weight = weights[k]
        for t in range(n_frames):
            part[t] += weight * spectrum[k, t]
        k += 1
    for t in range(n_frames):
        total[t] += part[t]


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
    # Frames overlap: each piece of a common length is summed once.
    length = math.gcd(n_fft, hop_length)
    per_frame, per_hop = n_fft // length, hop_length // length
    pieces = np.empty((n_frames - 1) * per_hop + per_frame, np.float64)
    for i in range(pieces.shape[0]):
        pieces[i] = _energy(signal[i * length : (i + 1) * length])
    for t in range(n_frames):
        total = 0.0
        for i in range(t * per_hop, t * per_hop + per_frame):
            total += pieces[i]
        out[0, t] = total / n_fft
    return out


def _energy(samples):
    """Sum of squares in eight running sums, which the processor can add side by side."""
    sums = np.zeros(8, np.float64)
    n = samples.shape[0]
    whole = n - n % 8
    for i in range(0, whole, 8):
        for j in range(8):
            value = np.float64(samples[i + j])
            sums[j] += value * value
    for i in range(whole, n):
        value = np.float64(samples[i])
        sums[0] += value * value
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))


def zero_crossings(signal, n_fft, hop_length, n_frames, first, last):
    out = np.empty((1, n_frames), signal.dtype)
    length = math.gcd(n_fft, hop_length)
    per_frame, per_hop = n_fft // length, hop_length // length
    pieces = np.empty((n_frames - 1) * per_hop + per_frame, np.int64)
    for i in range(pieces.shape[0]):
        low, high = max(i * length, first + 1), min((i + 1) * length, last)
        pieces[i] = _crossings(signal[low - 1 : high]) if high > low else 0
    for t in range(n_frames):
        crossings = 0
        for i in range(t * per_hop, t * per_hop + per_frame):
            crossings += pieces[i]
        # The frame's first sample has no sample before it.
        edge = t * hop_length
        if first < edge < last:
            crossings -= _crossings(signal[edge - 1 : edge + 1])
        out[0, t] = crossings / n_fft
    return out


def _crossings(samples):
    """Sign changes from each sample to the next."""
    count = np.int32(0)
    for i in range(1, samples.shape[0]):
        count += np.int32((samples[i] < -1e-10) != (samples[i - 1] < -1e-10))
    return count


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


def medians(rows):
    out = np.empty(rows.shape[0], np.float64)
    for row in range(rows.shape[0]):
        out[row] = np.median(rows[row])
    return out


def _compile(function):
    """Compile with an on-disk cache, in a temporary folder where the usual ones are read-only."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        numba.config.CACHE_DIR = tempfile.mkdtemp(prefix="genrekit-numba-")
        return numba.njit(cache=True, nogil=True)(function)


_HELPERS = (
    "_add_chunk",
    "_crossings",
    "_energy",
    "_insert_largest",
    "_insert_smallest",
    "_mean_rows",
    "_sum_of_logs",
)
for _name in (*_HELPERS, *__all__):
    globals()[_name] = _compile(globals()[_name])
