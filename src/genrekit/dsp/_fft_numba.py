"""From a signal to the power of its frames, compiled: a real FFT of sixteen frames at a time.

Frames stand side by side in lanes, so that every step of the transform is the same for all of them
and nothing need be turned round before or after. A real FFT of n samples is a complex one of n / 2
(the even samples as real parts, the odd ones as imaginary) and a step that takes the two apart. The
complex one goes by fours (radix 4, decimation in time), in place, in float64.
"""

from __future__ import annotations

import threading

import numpy as np

from genrekit.dsp import _kernels_numpy
from genrekit.dsp._compiling import helper, kernel
from genrekit.dsp._lanes import WIDTH, load, root, store, widen
from genrekit.dsp._shared import kept
from genrekit.dsp.filters import fft_tables

__all__ = ["power_spectra"]

# Rows of an FFT that are worked on together: they fit the first-level cache.
_NEAR = 64


def power_spectra(signal, window, hop_length, out):
    n_fft = len(window)
    if n_fft < 4 or n_fft & (n_fft - 1):
        return _kernels_numpy.power_spectra(signal, window, hop_length, out)
    if out.shape[2] < WIDTH:
        wide = np.empty((2, out.shape[1], WIDTH), out.dtype)
        out[:] = power_spectra(signal, window, hop_length, wide)[:, :, : out.shape[2]]
        return out
    samples, places, twiddles = _tables(n_fft, hop_length, out.shape[2])
    work = _room.rows(n_fft // 2)
    _power_spectra(signal, window[samples], hop_length, samples, places, twiddles, work, out)
    return out


class _Room(threading.local):
    """Where each thread transforms one group of frames, for the length that it had last."""

    work = np.empty((0, 2 * WIDTH))

    def rows(self, half):
        """A row a complex number: WIDTH real parts, then as many imaginary ones."""
        if len(self.work) != half:
            self.work = _aligned(half, 2 * WIDTH)
        return self.work


_room = _Room()


def _aligned(n_rows, n_columns):
    """An array of float64 whose lanes lie within one line of the cache each."""
    memory = np.empty(n_rows * n_columns + 8, np.float64)
    first = (-memory.ctypes.data % 64) // 8
    return memory[first : first + n_rows * n_columns].reshape(n_rows, n_columns)


@kept
def _tables(n_fft, hop_length, n_frames):
    """Which sample of a frame stands where in the transform, and in the turned hops; twiddles."""
    order, twiddles = fft_tables(n_fft)
    samples = np.column_stack([2 * order, 2 * order + 1]).ravel()
    hop, sample = np.divmod(samples, hop_length)
    return samples, sample * (n_frames + n_fft // hop_length) + hop, twiddles


@kernel
def _power_spectra(signal, weights, hop_length, samples, places, twiddles, work, out):
    n_frames, half = out.shape[2], samples.shape[0] // 2
    n_hops = samples.shape[0] // hop_length
    whole = samples.shape[0] == n_hops * hop_length
    hops = _turn_hops(signal, hop_length, n_frames + n_hops)
    near = min(_NEAR * _first_radix(half), half)
    zero, one = np.int64(0), np.int64(1)  # what takes a literal is compiled for that one alone
    for start in range(0, n_frames, WIDTH):
        t = min(start, n_frames - WIDTH)
        # What is near is finished as far as it goes before what is further on is touched.
        for first in range(0, half, near):
            own = slice(2 * first, 2 * (first + near))
            if whole:
                _pack_hops(hops, t, places[own], weights[own], work, first)
            else:
                _pack_frames(signal, hop_length, t, samples[own], weights[own], work, first)
            _passes(work, twiddles, first, near, one)
        _passes(work, twiddles, zero, half, near)
        _unpack_power(work, twiddles, out[0], out[1], t)


@helper
def _turn_hops(signal, hop_length, n_hops):
    """The hops of a signal side by side, zeros beyond its end, as one row: places are flat."""
    hops = np.zeros((1, hop_length * n_hops), signal.dtype)
    for hop in range(min(n_hops, signal.shape[0] // hop_length)):
        samples = signal[hop * hop_length : (hop + 1) * hop_length]
        for i in range(hop_length):
            hops[0, i * n_hops + hop] = samples[i]
    return hops


@helper
def _pack_hops(hops, t, places, weights, work, row):
    """Windowed frames from `t` on, even samples as real parts and odd as imaginary ones."""
    for i in range(places.shape[0]):
        values = widen(load(hops, 0, places[i] + t))
        store(work, row + i // 2, i % 2 * WIDTH, values * weights[i])


@helper
def _pack_frames(signal, hop_length, t, samples, weights, work, row):
    """The same for frames that are not made of whole hops."""
    for i in range(samples.shape[0]):
        for lane in range(WIDTH):
            at = (t + lane) * hop_length + samples[i]
            value = signal[at] if at < signal.shape[0] else 0.0
            work[row + i // 2, i % 2 * WIDTH + lane] = value * weights[i]


@helper
def _passes(work, twiddles, first, n_rows, size):
    """From transforms of `size` rows to one of `n_rows`, beginning at row `first`, in place."""
    if size == 1 and _first_radix(n_rows) == 2:
        for row in range(first, first + n_rows, 2):
            _butterfly2(work, row)
        size = 2
    while size < n_rows:
        step = twiddles.shape[0] // (4 * size)
        for block in range(first, first + n_rows, 4 * size):
            for j in range(size):
                _butterfly4(work, block + j, size, twiddles, j * step)
        size *= 4


@helper
def _first_radix(n):
    """2 if a power of two is not one of four, whose passes all go by fours; else 1."""
    power = 1
    while power < n:
        power *= 4
    return 1 if power == n else 2


@helper
def _butterfly2(work, row):
    """Two rows to their sum and difference."""
    for part in range(0, 2 * WIDTH, WIDTH):
        a, b = load(work, row, part), load(work, row + 1, part)
        store(work, row, part, a + b)
        store(work, row + 1, part, a - b)


@helper
def _butterfly4(work, row, size, twiddles, k):
    """Four rows, `size` apart, to the sums of a transform of four; `k` is that of the twiddle."""
    i1, i2, i3 = row + size, row + 2 * size, row + 3 * size
    ar, ai = load(work, row, 0), load(work, row, WIDTH)
    br, bi = _times(work, i1, twiddles[k, 0], twiddles[k, 1])
    cr, ci = _times(work, i2, twiddles[2 * k, 0], twiddles[2 * k, 1])
    dr, di = _times(work, i3, twiddles[3 * k, 0], twiddles[3 * k, 1])
    er, ei, fr, fi = ar + cr, ai + ci, ar - cr, ai - ci
    gr, gi, hr, hi = br + dr, bi + di, br - dr, bi - di
    store(work, row, 0, er + gr)
    store(work, row, WIDTH, ei + gi)
    store(work, i1, 0, fr + hi)
    store(work, i1, WIDTH, fi - hr)
    store(work, i2, 0, er - gr)
    store(work, i2, WIDTH, ei - gi)
    store(work, i3, 0, fr - hi)
    store(work, i3, WIDTH, fi + hr)


@helper
def _times(work, row, real, imaginary):
    """A row times a complex number."""
    r, i = load(work, row, 0), load(work, row, WIDTH)
    return r * real - i * imaginary, r * imaginary + i * real


@helper
def _unpack_power(work, twiddles, power, magnitude, t):
    """From the transform of packed samples to squared magnitude and magnitude of real ones."""
    half = work.shape[0]
    r, i = load(work, 0, 0), load(work, 0, WIDTH)
    _store_power(power, magnitude, np.int64(0), t, (r + i) * (r + i))
    _store_power(power, magnitude, half, t, (r - i) * (r - i))
    for k in range(1, half // 2 + 1):
        ar, ai = load(work, k, 0), load(work, k, WIDTH)
        br, bi = load(work, half - k, 0), load(work, half - k, WIDTH)
        # Transforms of the even samples, and of the odd ones turned by the twiddle.
        er, ei = (ar + br) * 0.5, (ai - bi) * 0.5
        gr, gi = (ai + bi) * 0.5, (br - ar) * 0.5
        wr, wi = twiddles[k, 0], twiddles[k, 1]
        hr, hi = gr * wr - gi * wi, gr * wi + gi * wr
        r, i = er + hr, ei + hi
        _store_power(power, magnitude, k, t, r * r + i * i)
        r, i = er - hr, ei - hi
        _store_power(power, magnitude, half - k, t, r * r + i * i)


@helper
def _store_power(power, magnitude, k, t, square):
    store(power, k, t, square)
    store(magnitude, k, t, root(load(power, k, t)))
