"""Kernels along a signal or along rows, compiled: sixteen successive values at a time.

A sum whose terms wait for each other takes four times as long, and a compiler must not part it by
itself, for that would change its value.
"""

from __future__ import annotations

import math

import numpy as np

from genrekit.dsp._compiling import helper, kernel
from genrekit.dsp._lanes import (
    WIDTH,
    below,
    count_less,
    less,
    load,
    maximum,
    minimum,
    spread,
    store,
    widen,
)

__all__ = ["central_moments", "mean_square", "medians", "zero_crossings"]


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
    # Frames overlap: each share of a common length is summed once.
    length = math.gcd(n_fft, hop_length)
    per_frame, per_hop = n_fft // length, hop_length // length
    shares = np.empty((n_frames - 1) * per_hop + per_frame, np.float64)
    for i in range(shares.shape[0]):
        shares[i] = _energy(row, i * length, (i + 1) * length, lanes)
    for t in range(n_frames):
        total = 0.0
        for i in range(t * per_hop, t * per_hop + per_frame):
            total += shares[i]
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
    shares = np.empty((n_frames - 1) * per_hop + per_frame, np.int64)
    for i in range(shares.shape[0]):
        low, high = max(i * length, first + 1), min((i + 1) * length, last)
        shares[i] = _crossings(row, low, high)
    for t in range(n_frames):
        crossings = 0
        for i in range(t * per_hop, t * per_hop + per_frame):
            crossings += shares[i]
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
