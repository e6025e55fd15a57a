"""The kernels as plain loops, compiled. What each does: see the twins.

Loops run over lanes (see `genrekit.dsp._lanes`): sixteen frames at a time go through all bins, so
that running sums stay in registers and no sum changes its order. `fastmath` stays off, so sums are
reproducible. Samples are finite when they come here: minima and maxima would swallow a NaN. All
release the GIL.
"""

from __future__ import annotations

import math

import numpy as np

from genrekit.dsp._compiling import helper, kernel
from genrekit.dsp._fft_numba import power_spectra as power_spectra
from genrekit.dsp._kernels_numpy import __all__ as __all__
from genrekit.dsp._lanes import (
    WIDTH,
    below,
    count_less,
    exponent,
    less,
    load,
    mantissa,
    maximum,
    minimum,
    spread,
    store,
    widen,
)

# Partial sums of this many terms stay in the input's precision; their sum is float64. Exact
# enough for 1e-6, and twice as fast as float64 throughout.
_CHUNK = 32


# --- sums over bins -----------------------------------------------------------------------------


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
    view = array.view()
    view.flags.writeable = False
    return view


@kernel
def _project(weights, start, stop, spectrum):
    n_rows = weights.shape[0]
    n_frames = spectrum.shape[1]
    spectrum = _wide(spectrum)
    out = np.empty((n_rows, spectrum.shape[1]), spectrum.dtype)
    fours = _count_fours(start, stop)
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, spectrum.shape[1] - WIDTH)
        for row in range(0, fours, 4):
            _project_four(weights, row, start[row], stop[row], spectrum, t, out)
        for row in range(fours, n_rows):
            total = spread(0.0)
            for first in range(start[row], stop[row], _CHUNK):
                last = min(first + _CHUNK, stop[row])
                total += widen(_weighted_sum(weights, row, spectrum, first, last, t))
            store(out, row, t, total)
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
def _weighted_sum(weights, row, spectrum, first, last, t):
    """Bins `first` to `last` times their weights."""
    k = first + 1
    total = load(spectrum, first, t) * weights[row, first]
    # By fours: four products and two sums at a time don't wait for each other.
    while k + 4 <= last:
        a = load(spectrum, k, t) * weights[row, k]
        b = load(spectrum, k + 1, t) * weights[row, k + 1]
        c = load(spectrum, k + 2, t) * weights[row, k + 2]
        d = load(spectrum, k + 3, t) * weights[row, k + 3]
        total += (a + b) + (c + d)
        k += 4
    while k < last:
        total += load(spectrum, k, t) * weights[row, k]
        k += 1
    return total


@kernel
def spectral_moments(magnitude, frequencies):
    n_bins, n_frames = magnitude.shape
    magnitude = _wide(magnitude)
    out = np.empty((3, magnitude.shape[1]), magnitude.dtype)
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, magnitude.shape[1] - WIDTH)
        total, weighted, scatter = spread(0.0), spread(0.0), spread(0.0)
        for k in range(n_bins):
            value = widen(load(magnitude, k, t))
            total += value
            weighted += value * frequencies[k]
        safe = total + less(total, 2.2250738585072014e-308)  # not 0, which would divide
        centroid = weighted / safe
        for k in range(n_bins):
            deviation = centroid - frequencies[k]
            scatter += deviation * deviation * widen(load(magnitude, k, t))
        store(out, 0, t, total)
        store(out, 1, t, centroid)
        store(out, 2, t, scatter / safe)
    return out[:, :n_frames]


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


@kernel
def log_sums(power, amin):
    n_bins, n_frames = power.shape
    power = _wide(power)
    out = np.empty((2, power.shape[1]), power.dtype)
    logs = np.empty((1, WIDTH), np.float64)
    floor = spread(np.float64(power.dtype.type(amin)))
    for frame in range(0, n_frames, WIDTH):
        t = min(frame, power.shape[1] - WIDTH)
        # The product of all values as a number between 1 and 2 and a power of two, taken apart
        # before it can leave the range of float64: one logarithm for all of them.
        total, product, twos = spread(0.0), spread(1.0), spread(0.0)
        for low in range(0, n_bins, 4):
            for k in range(low, min(low + 4, n_bins)):
                value = maximum(widen(load(power, k, t)), floor)
                total += value
                product *= value
            twos += exponent(product)
            product = mantissa(product)
        store(logs, 0, 0, product)
        for lane in range(WIDTH):
            logs[0, lane] = math.log(logs[0, lane])
        store(out, 0, t, (load(logs, 0, 0) + twos * math.log(2.0)) / float(n_bins))
        store(out, 1, t, total / float(n_bins))
    return out[:, :n_frames]


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


@helper
def _sum(values, lanes):
    """All lanes in one number; `lanes` is room for them."""
    store(lanes, 0, 0, values)
    total = lanes[0, 0]
    for lane in range(1, WIDTH):
        total += lanes[0, lane]
    return total


# --- of the signal ------------------------------------------------------------------------------


@kernel
def mean_square(signal, n_fft, hop_length, n_frames):
    out = np.empty((1, n_frames), signal.dtype)
    row, lanes = signal.reshape(1, len(signal)), np.empty((1, WIDTH), np.float64)
    # Frames overlap: each piece of a common length is summed once.
    length = math.gcd(n_fft, hop_length)
    per_frame, per_hop = n_fft // length, hop_length // length
    pieces = np.empty((n_frames - 1) * per_hop + per_frame, np.float64)
    for i in range(pieces.shape[0]):
        pieces[i] = _energy(row, i * length, (i + 1) * length, lanes)
    for t in range(n_frames):
        total = 0.0
        for i in range(t * per_hop, t * per_hop + per_frame):
            total += pieces[i]
        out[0, t] = total / n_fft
    return out


@helper
def _energy(row, start, stop, lanes):
    """Sum of squares of the samples `start` to `stop`; `lanes` is room for partial ones."""
    whole = stop - (stop - start) % (2 * WIDTH)
    first, second = spread(0.0), spread(0.0)  # two sums, which don't wait for each other
    for i in range(start, whole, 2 * WIDTH):
        a, b = widen(load(row, 0, i)), widen(load(row, 0, i + WIDTH))
        first += a * a
        second += b * b
    energy = _sum(first + second, lanes)
    for i in range(whole, stop):
        energy += np.float64(row[0, i]) * np.float64(row[0, i])
    return energy


@kernel
def zero_crossings(signal, n_fft, hop_length, n_frames, first, last):
    out = np.empty((1, n_frames), signal.dtype)
    row = signal.reshape(1, len(signal))
    length = math.gcd(n_fft, hop_length)
    per_frame, per_hop = n_fft // length, hop_length // length
    pieces = np.empty((n_frames - 1) * per_hop + per_frame, np.int64)
    for i in range(pieces.shape[0]):
        low, high = max(i * length, first + 1), min((i + 1) * length, last)
        pieces[i] = _crossings(row, low, high)
    for t in range(n_frames):
        crossings = 0
        for i in range(t * per_hop, t * per_hop + per_frame):
            crossings += pieces[i]
        # The frame's first sample has no sample before it.
        edge = t * hop_length
        if first < edge < last:
            crossings -= _crossings(row, edge, edge + 1)
        out[0, t] = crossings / n_fft
    return out


@helper
def _crossings(row, start, stop):
    """How many samples from `start` to `stop` have another sign than the one before."""
    limit = row.dtype.type(-1e-10)
    count = 0
    i = start
    while i + WIDTH <= stop:
        now, before = less(load(row, 0, i), limit), less(load(row, 0, i - 1), limit)
        count += count_less(now, before) + count_less(before, now)
        i += WIDTH
    while i < stop:
        count += (row[0, i] < limit) != (row[0, i - 1] < limit)
        i += 1
    return count


# --- over frames --------------------------------------------------------------------------------


@kernel
def central_moments(rows):
    n_rows, n_frames = rows.shape
    whole = n_frames - n_frames % WIDTH
    out = np.empty((n_rows, 6), np.float64)
    lanes = np.empty((1, WIDTH), np.float64)
    for row in range(n_rows):
        low, high = _extremes(rows, row, lanes)
        sums = spread(0.0)
        for t in range(0, whole, WIDTH):
            sums += widen(load(rows, row, t))
        total = _sum(sums, lanes)
        for t in range(whole, n_frames):
            total += rows[row, t]
        mean = low if low == high else total / n_frames
        squares, cubes, fourths = spread(0.0), spread(0.0), spread(0.0)
        for t in range(0, whole, WIDTH):
            deviations = widen(load(rows, row, t)) - mean
            square = deviations * deviations
            squares += square
            cubes += square * deviations
            fourths += square * square
        m2, m3, m4 = _sum(squares, lanes), _sum(cubes, lanes), _sum(fourths, lanes)
        for t in range(whole, n_frames):
            deviation = rows[row, t] - mean
            m2 += deviation * deviation
            m3 += deviation * deviation * deviation
            m4 += deviation * deviation * deviation * deviation
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


@helper
def _extremes(rows, row, lanes):
    """The smallest and the largest value of a row, float64."""
    n_frames = rows.shape[1]
    whole = n_frames - n_frames % WIDTH
    low = high = np.float64(rows[row, 0])
    if whole:
        lowest = highest = load(rows, row, 0)
        for t in range(WIDTH, whole, WIDTH):
            values = load(rows, row, t)
            lowest, highest = minimum(lowest, values), maximum(highest, values)
        store(lanes, 0, 0, lowest)
        for lane in range(WIDTH):
            low = min(low, lanes[0, lane])
        store(lanes, 0, 0, highest)
        for lane in range(WIDTH):
            high = max(high, lanes[0, lane])
    for t in range(whole, n_frames):
        low = min(low, rows[row, t])
        high = max(high, rows[row, t])
    return low, high


def medians(rows):
    value = np.empty(1, rows.dtype)
    return _medians(rows, value, value.view(f"i{value.itemsize}"))


@kernel
def _medians(rows, value, bits):
    n_rows, n_frames = rows.shape
    out = np.empty(n_rows, np.float64)
    lanes = np.empty((1, WIDTH), np.float64)
    for row in range(n_rows):
        high = _ranked(rows, row, n_frames // 2, value, bits, lanes)
        low = high
        if n_frames % 2 == 0 and _count(rows, row, high) == n_frames // 2:
            low = _before(rows, row, high, lanes)
        out[row] = (np.float64(low) + np.float64(high)) / 2.0
    return out


@helper
def _ranked(rows, row, rank, value, bits, lanes):
    """The value with `rank` others before it, by halving the range in which it must lie.

    The range is one of bits, read as an integer: so read, floats keep their order, but for the
    negative ones, whose bits are turned round. `value` and `bits` are the same memory.
    """
    lowest, highest = _extremes(rows, row, lanes)
    value[0] = lowest
    low = _turn(bits)
    value[0] = highest
    high = _turn(bits)
    while low < high:
        # Rounded up: the largest value that at most `rank` others are below.
        middle = (low >> 1) + (high >> 1) + ((low | high) & 1)
        bits[0] = middle
        bits[0] = _turn(bits)
        if _count(rows, row, value[0]) <= rank:
            low = middle
        else:
            high = middle - 1
    bits[0] = low
    bits[0] = _turn(bits)
    return value[0]


@helper
def _turn(bits):
    """Bits of a float as an integer of the same order, and back."""
    largest = (1 << (8 * bits.itemsize - 1)) - 1
    return np.int64(bits[0]) if bits[0] >= 0 else np.int64(bits[0]) ^ largest


@helper
def _count(rows, row, limit):
    """How many values of a row are below a limit."""
    n_frames = rows.shape[1]
    whole = n_frames - n_frames % WIDTH
    count = 0
    for t in range(0, whole, WIDTH):
        count += count_less(load(rows, row, t), limit)
    for t in range(whole, n_frames):
        count += rows[row, t] < limit
    return count


@helper
def _before(rows, row, limit, lanes):
    """The largest of the values below a limit."""
    n_frames = rows.shape[1]
    whole = n_frames - n_frames % WIDTH
    largest = -np.inf
    if whole:
        values = below(load(rows, row, 0), limit)
        for t in range(WIDTH, whole, WIDTH):
            values = maximum(values, below(load(rows, row, t), limit))
        store(lanes, 0, 0, values)
        for lane in range(WIDTH):
            largest = max(largest, lanes[0, lane])
    for t in range(whole, n_frames):
        if rows[row, t] < limit:
            largest = max(largest, rows[row, t])
    return largest
