"""The kernels as loops, compiled: those over bins here. What each does: see the twins.

Frames are innermost, so that no sum changes its order and a compiler makes vectors of them by
itself. Where much is held at once, loops run over lanes (see `genrekit.dsp._lanes`): sixteen frames
go through all bins, and what is held stays in registers. `fastmath` stays off, so sums are
reproducible. Samples are finite when they come here: minima and maxima would swallow a NaN. All
release the GIL. Nothing is written for whole arrays: it would take long to compile.
"""

from __future__ import annotations

import math

import numpy as np

from genrekit.dsp._compiling import helper, kernel
from genrekit.dsp._fft_numba import power_spectra as power_spectra
from genrekit.dsp._kernels_numpy import __all__ as __all__
from genrekit.dsp._lanes import (
    WIDTH,
    count_less,
    less,
    load,
    maximum,
    minimum,
    spread,
    store,
    widen,
)
from genrekit.dsp._rows_numba import central_moments as central_moments
from genrekit.dsp._rows_numba import mean_square as mean_square
from genrekit.dsp._rows_numba import medians as medians
from genrekit.dsp._rows_numba import zero_crossings as zero_crossings

# Partial sums of this many terms stay in the input's precision; their sum is float64. Exact
# enough for 1e-6, and twice as fast as float64 throughout.
_CHUNK = 32


@helper
def _wide(spectrum):
    """At least WIDTH frames, the new ones silent."""
    n_bins, n_frames = spectrum.shape
    if n_frames >= WIDTH:
        return spectrum
    wide = np.zeros((n_bins, WIDTH), spectrum.dtype)
    for k in range(n_bins):
        for t in range(n_frames):
            wide[k, t] = spectrum[k, t]
    return wide


def project(weights, start, stop, spectrum):
    # Tables are shared, and so read-only, or not: each kind would be compiled on its own.
    return _project(*map(_read_only, (weights, start, stop, spectrum)))


def _read_only(array):
    """The same memory, which can't be written to."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


@kernel
def _project(weights, start, stop, spectrum):
    n_rows, n_frames = weights.shape[0], spectrum.shape[1]
    spectrum = _wide(spectrum)
    width = spectrum.shape[1]
    out = np.empty((n_rows, width), spectrum.dtype)
    fours = _count_fours(start, stop)
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, width - WIDTH)
        for row in range(0, fours, 4):
            _project_four(weights, row, start[row], stop[row], spectrum, t, out)
    part, total = np.empty(width, spectrum.dtype), np.empty(width, np.float64)
    for row in range(fours, n_rows):
        _weighted_sum(weights[row], start[row], stop[row], spectrum, part, total)
        for t in range(width):
            out[row, t] = total[t]
    return out[:, :n_frames]


@helper
def _count_fours(start, stop):
    """The first rows that read the same bins by fours: those are taken four at a time."""
    for row in range(0, start.shape[0] - 3, 4):
        for other in range(row + 1, row + 4):
            if start[other] != start[row] or stop[other] != stop[row]:
                return row
    return start.shape[0] // 4 * 4


@helper
def _project_four(weights, row, start, stop, spectrum, t, out):
    """Four rows at once: what is loaded serves all of them."""
    a, b, c, d = spread(0.0), spread(0.0), spread(0.0), spread(0.0)
    for first in range(start, stop, _CHUNK):
        values = load(spectrum, first, t)
        e, f = values * weights[row, first], values * weights[row + 1, first]
        g, h = values * weights[row + 2, first], values * weights[row + 3, first]
        for k in range(first + 1, min(first + _CHUNK, stop)):
            values = load(spectrum, k, t)
            e += values * weights[row, k]
            f += values * weights[row + 1, k]
            g += values * weights[row + 2, k]
            h += values * weights[row + 3, k]
        a += widen(e)
        b += widen(f)
        c += widen(g)
        d += widen(h)
    store(out, row, t, a)
    store(out, row + 1, t, b)
    store(out, row + 2, t, c)
    store(out, row + 3, t, d)


@helper
def _weighted_sum(weights, start, stop, spectrum, part, total):
    """Bins `start` to `stop` times their weights, into `total`; `part` is room for partial sums."""
    for t in range(total.shape[0]):
        total[t] = 0.0
    for first in range(start, stop, _CHUNK):
        for t in range(total.shape[0]):
            part[t] = weights[first] * spectrum[first, t]
        for k in range(first + 1, min(first + _CHUNK, stop)):
            for t in range(total.shape[0]):
                part[t] += weights[k] * spectrum[k, t]
        for t in range(total.shape[0]):
            total[t] += part[t]


@kernel
def spectral_moments(magnitude, frequencies):
    n_bins, n_frames = magnitude.shape
    total, centroid, scatter = np.zeros(n_frames), np.zeros(n_frames), np.zeros(n_frames)
    fours = n_bins - n_bins % 4  # bins taken four at a time: sums are fetched and kept less often
    for k in range(0, fours, 4):
        e, f, g, h = frequencies[k], frequencies[k + 1], frequencies[k + 2], frequencies[k + 3]
        for t in range(n_frames):
            a, b = np.float64(magnitude[k, t]), np.float64(magnitude[k + 1, t])
            c, d = np.float64(magnitude[k + 2, t]), np.float64(magnitude[k + 3, t])
            total[t] = total[t] + a + b + c + d
            centroid[t] = centroid[t] + a * e + b * f + c * g + d * h
    for k in range(fours, n_bins):
        for t in range(n_frames):
            value = np.float64(magnitude[k, t])
            total[t] += value
            centroid[t] += value * frequencies[k]
    out = np.empty((3, n_frames), magnitude.dtype)
    for t in range(n_frames):
        out[0, t] = total[t]
        if total[t] == 0.0:
            total[t] = 1.0
        centroid[t] /= total[t]
    for k in range(0, fours, 4):
        e, f, g, h = frequencies[k], frequencies[k + 1], frequencies[k + 2], frequencies[k + 3]
        for t in range(n_frames):
            a, b, c, d = e - centroid[t], f - centroid[t], g - centroid[t], h - centroid[t]
            low = scatter[t] + a * a * magnitude[k, t] + b * b * magnitude[k + 1, t]
            scatter[t] = low + c * c * magnitude[k + 2, t] + d * d * magnitude[k + 3, t]
    for k in range(fours, n_bins):
        for t in range(n_frames):
            deviation = frequencies[k] - centroid[t]
            scatter[t] += deviation * deviation * magnitude[k, t]
    for t in range(n_frames):
        out[1, t] = centroid[t]
        out[2, t] = scatter[t] / total[t]
    return out


@kernel
def rolloff_bin(magnitude, roll_percent):
    n_bins, n_frames = magnitude.shape
    magnitude = _wide(magnitude)
    out = np.empty((1, magnitude.shape[1]), magnitude.dtype)
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, magnitude.shape[1] - WIDTH)
        total, running, passed = spread(0.0), spread(0.0), spread(0.0)
        for k in range(n_bins):
            total += widen(load(magnitude, k, t))
        threshold = total * roll_percent
        for k in range(n_bins):
            running += widen(load(magnitude, k, t))
            passed += less(running, threshold)
        store(out, 0, t, passed)
    return out[:, :n_frames]


@kernel
def band_extremes(magnitude, start, stop, count):
    n_bands = start.shape[0]
    n_frames = magnitude.shape[1]
    magnitude = _wide(magnitude)
    out = np.empty((2 * n_bands, magnitude.shape[1]), magnitude.dtype)
    largest = 1
    for band in range(n_bands):
        largest = max(largest, count[band])
    lowest = np.empty((largest, WIDTH), magnitude.dtype)
    highest = np.empty((largest, WIDTH), magnitude.dtype)
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, magnitude.shape[1] - WIDTH)
        for band in range(n_bands):
            kept = count[band]
            for i in range(kept):
                store(lowest, i, 0, spread(np.inf))
                store(highest, i, 0, spread(-np.inf))
            _collect(magnitude, start[band], stop[band], t, lowest, highest, kept)
            store(out, band, t, _mean(lowest, kept))
            store(out, n_bands + band, t, _mean(highest, kept))
    return out[:, :n_frames]


@helper
def _collect(magnitude, first, last, t, lowest, highest, kept):
    """The `kept` lowest and highest of the bins `first` to `last`, in order."""
    k = first
    while k + 4 <= last:
        a, b = _order(load(magnitude, k, t), load(magnitude, k + 1, t))
        c, d = _order(load(magnitude, k + 2, t), load(magnitude, k + 3, t))
        a, c = _order(a, c)
        b, d = _order(b, d)
        b, c = _order(b, c)
        if count_less(a, load(lowest, kept - 1, 0)):
            _insert_lowest(lowest, kept, a, b, c, d)
        if count_less(load(highest, kept - 1, 0), d):
            _insert_highest(highest, kept, a, b, c, d)
        k += 4
    while k < last:
        a = b = load(magnitude, k, t)
        for i in range(kept):
            low, a = _order(load(lowest, i, 0), a)
            store(lowest, i, 0, low)
            b, high = _order(load(highest, i, 0), b)
            store(highest, i, 0, high)
        k += 1


@helper
def _order(first, second):
    """The smaller and the larger."""
    return minimum(first, second), maximum(first, second)


@helper
def _insert_lowest(lowest, kept, a, b, c, d):
    """Push four values in order through the lowest: what they displace goes on with them."""
    for i in range(kept):
        low, a = _order(load(lowest, i, 0), a)
        store(lowest, i, 0, low)
        a, b = _order(a, b)
        b, c = _order(b, c)
        c, d = _order(c, d)


@helper
def _insert_highest(highest, kept, a, b, c, d):
    """Push four values in order through the highest."""
    for i in range(kept):
        d, high = _order(load(highest, i, 0), d)
        store(highest, i, 0, high)
        c, d = _order(c, d)
        b, c = _order(b, c)
        a, b = _order(a, b)


@helper
def _mean(rows, n_rows):
    """Mean of the first rows, in float64."""
    total = spread(0.0)
    for i in range(n_rows):
        total += widen(load(rows, i, 0))
    return total / float(n_rows)


def log_sums(power, amin):
    product = np.ones(power.shape[1])
    return _log_sums(power, power.dtype.type(amin), product, product.view(np.int64))


@kernel
def _log_sums(power, floor, product, bits):
    # The product of all values as a number between 1 and 2 and a power of two, taken apart
    # before it can leave the range of float64: one logarithm for all of them. `product` and
    # `bits` are the same memory.
    n_bins, n_frames = power.shape
    total, twos = np.zeros(n_frames), np.zeros(n_frames)
    fours = n_bins - n_bins % 4
    for k in range(0, fours, 4):
        for t in range(n_frames):
            a, b = np.float64(max(power[k, t], floor)), np.float64(max(power[k + 1, t], floor))
            c, d = np.float64(max(power[k + 2, t], floor)), np.float64(max(power[k + 3, t], floor))
            total[t] = total[t] + a + b + c + d
            product[t] = product[t] * a * b * c * d
        for t in range(n_frames):
            twos[t] += (bits[t] >> 52) - 1023
            bits[t] = bits[t] & ((1 << 52) - 1) | 1023 << 52
    for k in range(fours, n_bins):
        for t in range(n_frames):
            value = np.float64(max(power[k, t], floor))
            total[t] += value
            product[t] *= value
    out = np.empty((2, n_frames), power.dtype)
    for t in range(n_frames):
        out[0, t] = (math.log(product[t]) + twos[t] * math.log(2.0)) / n_bins
        out[1, t] = total[t] / n_bins
    return out


@kernel
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
