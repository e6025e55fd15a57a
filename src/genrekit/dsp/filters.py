"""Filter tables: mel, chroma, DCT and the bands of spectral contrast, as librosa defines them.

Tables are rounded to float32, as librosa's are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_number
from genrekit.dsp._shared import shared
from genrekit.dsp.parameters import check_parameters
from genrekit.exceptions import warn_caller

__all__ = [
    "chroma_filters",
    "contrast_bands",
    "dct_basis",
    "fft_frequencies",
    "fft_tables",
    "mel_filters",
]

# Slaney's mel scale: linear below 1 kHz, logarithmic above.
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def fft_frequencies(sr: float, n_fft: int) -> NDArray[np.float64]:
    """Centre frequencies of the bins of a real FFT.

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    n_fft : int
        Length of the FFT, samples.

    Returns
    -------
    ndarray of shape (1 + n_fft // 2,)
        Frequencies, Hz.

    Examples
    --------
    >>> from genrekit.dsp.filters import fft_frequencies
    >>> fft_frequencies(8000, 8)
    array([   0., 1000., 2000., 3000., 4000.])
    """
    check_parameters(sr=sr, n_fft=n_fft)
    return np.fft.rfftfreq(n_fft, 1.0 / sr).astype(np.float64)


@shared
def fft_tables(n_fft: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What an FFT of real samples by fours needs, the length being a power of two.

    Parameters
    ----------
    n_fft : int
        Length of the FFT, samples.

    Returns
    -------
    order : ndarray of shape (n_fft // 2,)
        Which pair of samples stands in each row before the first pass.
    twiddles : ndarray of shape (n_fft, 2)
        Cosine and minus sine of each n_fft-th of a circle; both are read-only.

    Raises
    ------
    ValueError
        If `n_fft` is no power of two above 1.

    Examples
    --------
    >>> from genrekit.dsp.filters import fft_tables
    >>> fft_tables(16)[0].tolist()
    [0, 4, 1, 5, 2, 6, 3, 7]
    """
    check_parameters(n_fft=n_fft)
    if n_fft & (n_fft - 1):
        raise ValueError(f"n_fft must be a power of two here, not {n_fft!r}")
    order = np.zeros(1, np.int64)
    while len(order) < n_fft // 2:
        # Passes go by fours; if the length takes one by two, it is the first.
        radix = 2 if len(order) == 1 and (n_fft // 2).bit_length() % 2 == 0 else 4
        order = np.add.outer(np.arange(radix), radix * order).ravel()
    angle = 2.0 * np.pi * np.arange(n_fft) / n_fft
    return order, np.column_stack([np.cos(angle), -np.sin(angle)])


def mel_filters(
    sr: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    mel_scale: str = "slaney",
) -> NDArray[np.float32]:
    """Triangular filters, evenly spaced on a mel scale.

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    n_fft : int
        Length of the FFT, samples.
    n_mels : int, default=128
        Number of filters.
    fmin : float, default=0.0
        Lower edge of the lowest filter, Hz.
    fmax : float, optional
        Upper edge of the highest filter, Hz; None means sr / 2.
    mel_scale : {"slaney", "htk"}, default="slaney"
        Slaney's, triangles over Hz, each of unit area: equal to ``librosa.filters.mel``. Or HTK's,
        triangles over mel, each of height 1 and without the bin of 0 Hz: equal to
        ``tf.signal.linear_to_mel_weight_matrix``.

    Returns
    -------
    ndarray of shape (n_mels, 1 + n_fft // 2)
        Weights, float32.

    Raises
    ------
    ValueError
        If `n_mels` is no integer above 0, or `fmin` and `fmax` are not 0 ≤ fmin < fmax.

    References
    ----------
    Slaney, M. "Auditory Toolbox: Version 2." Technical Report 1998-010, Interval Research, 1998.

    Young, S. et al. "The HTK Book." Cambridge University, 2006, section 5.4.

    Examples
    --------
    >>> from genrekit.dsp import mel_filters
    >>> mel_filters(22050, 2048, n_mels=40).shape
    (40, 1025)
    """
    check_parameters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, mel_scale=mel_scale)
    top = sr / 2 if fmax is None else float(fmax)
    if fmin >= top:
        raise ValueError(f"fmin must lie between 0 and fmax ({top:g} Hz), not {fmin!r}")
    frequencies = fft_frequencies(sr, n_fft)
    if mel_scale == "htk":
        edges = np.linspace(_hz_to_htk(fmin), _hz_to_htk(top), n_mels + 2)
        weights = _triangles(edges, _hz_to_htk(frequencies))
        weights[:, 0] = 0
    else:
        edges = _mel_to_hz(np.linspace(_hz_to_mel(fmin), _hz_to_mel(top), n_mels + 2))
        # Rounded before and after scaling: librosa's order, and so librosa's bits.
        weights = _triangles(edges, frequencies)
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, np.newaxis]
    _warn_of_empty(weights, edges, n_fft)
    return weights


def _triangles(edges: NDArray[np.float64], bins: NDArray[np.float64]) -> NDArray[np.float32]:
    """Triangles of height 1, each from an edge to the one after the next."""
    widths = np.diff(edges)
    ramps = np.subtract.outer(edges, bins)
    rising = -ramps[:-2] / widths[:-1, np.newaxis]
    falling = ramps[2:] / widths[1:, np.newaxis]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _warn_of_empty(weights: NDArray[np.float32], edges: NDArray[np.float64], n_fft: int) -> None:
    """Say that filters are too narrow to hold a bin."""
    n_mels = len(weights)
    empty = int(np.sum((edges[:-2] > 0) & (weights.max(axis=1) == 0)))
    if empty:
        message = (
            f"{empty} of {n_mels} mel filters fall between the bins of an FFT of {n_fft} samples "
            "and stay 0: use fewer n_mels or a larger n_fft"
        )
        warn_caller(message)


def _hz_to_mel(frequency: float) -> float:
    """Frequency in Hz to Slaney's mel."""
    if frequency < _BREAK_HZ:
        return frequency / _HZ_PER_MEL
    return _BREAK_MEL + float(np.log(frequency / _BREAK_HZ)) / _LOG_STEP


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel to frequency in Hz."""
    high = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL))
    return np.where(mels >= _BREAK_MEL, high, _HZ_PER_MEL * mels)


def _hz_to_htk(frequency: Any) -> Any:
    """Frequency in Hz to HTK's mel."""
    return 1127.0 * np.log1p(np.asarray(frequency, np.float64) / 700.0)


def chroma_filters(
    sr: float, n_fft: int, n_chroma: int = 12, tuning: float = 0.0
) -> NDArray[np.float32]:
    """Weights that fold the bins of an FFT onto pitch classes, from C upwards.

    A Gaussian around each pitch class, normalised for each bin, then weighted by octave with a
    Gaussian centred on A440's octave (2 octaves wide).

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    n_fft : int
        Length of the FFT, samples.
    n_chroma : int, default=12
        Pitch classes an octave.
    tuning : float, default=0.0
        Deviation from A440 in fractions of a pitch class.

    Returns
    -------
    ndarray of shape (n_chroma, 1 + n_fft // 2)
        Weights, float32. Equal to ``librosa.filters.chroma``.

    Raises
    ------
    ValueError
        If `n_chroma` is no integer above 0, or `tuning` not between -1 and 1.

    References
    ----------
    Ellis, D. "Chroma feature analysis and synthesis", 2007.

    Examples
    --------
    >>> from genrekit.dsp import chroma_filters
    >>> weights = chroma_filters(22050, 4096)
    >>> int(weights[:, round(440 * 4096 / 22050)].argmax())  # A is the tenth pitch class
    9
    """
    check_parameters(sr=sr, n_fft=n_fft, n_chroma=n_chroma)
    check_number("tuning", tuning, minimum=-1, maximum=1)
    frequencies = np.linspace(0, sr, n_fft, endpoint=False)[1:]
    reference = 440.0 * 2.0 ** (tuning / n_chroma) / 16
    pitch = n_chroma * np.log2(frequencies / reference)
    # Bin 0 has no pitch: it is put an octave and a half below the first bin.
    pitch = np.concatenate(([pitch[0] - 1.5 * n_chroma], pitch))
    width = np.concatenate((np.maximum(np.diff(pitch), 1.0), [1.0]))
    half = np.round(n_chroma / 2)
    distance = np.subtract.outer(pitch, np.arange(n_chroma, dtype=float)).T
    distance = np.remainder(distance + half + 10 * n_chroma, n_chroma) - half
    weights = np.exp(-0.5 * (2 * distance / width) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0))
    weights *= np.exp(-0.5 * ((pitch / n_chroma - 5.0) / 2.0) ** 2)
    weights = np.roll(weights, -3 * (n_chroma // 12), axis=0)
    return np.ascontiguousarray(weights[:, : 1 + n_fft // 2], dtype=np.float32)


@shared
def dct_basis(n_rows: int, n_columns: int) -> NDArray[np.float64]:
    """First rows of the orthonormal DCT-II.

    Parameters
    ----------
    n_rows : int
        Number of coefficients.
    n_columns : int
        Length of the transformed vectors.

    Returns
    -------
    ndarray of shape (n_rows, n_columns)
        The basis, read-only: ``basis @ x`` equals ``scipy.fft.dct(x, norm="ortho")[:n_rows]``.

    Examples
    --------
    >>> from genrekit.dsp import dct_basis
    >>> dct_basis(2, 4).round(3)
    array([[ 0.5  ,  0.5  ,  0.5  ,  0.5  ],
           [ 0.653,  0.271, -0.271, -0.653]])
    """
    check_parameters(n_rows=n_rows, n_columns=n_columns)
    angle = np.pi / n_columns * np.outer(np.arange(n_rows), np.arange(n_columns) + 0.5)
    basis = np.sqrt(2.0 / n_columns) * np.cos(angle)
    basis[0] /= np.sqrt(2.0)
    return basis


@shared
def contrast_bands(
    sr: float, n_fft: int, n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Octave bands of spectral contrast, as ranges of bins.

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    n_fft : int
        Length of the FFT, samples.
    n_bands : int, default=6
        Octaves above `fmin`; one more band lies below it.
    fmin : float, default=200.0
        Upper edge of the lowest band, Hz.
    quantile : float, default=0.02
        Share of the bins of a band that make its peak and its valley.

    Returns
    -------
    start, stop, count : ndarray of shape (n_bands + 1,)
        First bin, bin after the last, and bins that make the peak and the valley; read-only.

    Raises
    ------
    ValueError
        If `n_bands` is no integer above 0, or a band lies above sr / 2 or holds no bin.

    Examples
    --------
    >>> from genrekit.dsp.filters import contrast_bands
    >>> start, stop, count = contrast_bands(22050, 2048)
    >>> stop.tolist()
    [18, 37, 74, 148, 297, 594, 1025]
    """
    check_parameters(sr=sr, n_fft=n_fft, n_bands=n_bands, quantile=quantile)
    check_number("fmin", fmin, above=0)  # of which the other edges are multiples
    frequencies = fft_frequencies(sr, n_fft)
    if fmin * 2.0 ** (n_bands - 1) >= sr / 2:
        raise ValueError(
            f"n_bands={n_bands} octaves above fmin={fmin:g} Hz reach over sr / 2 = {sr / 2:g} Hz: "
            "use fewer n_bands or a higher sr"
        )
    edges = np.concatenate(([0.0], fmin * 2.0 ** np.arange(n_bands + 1)))
    inside = [np.flatnonzero((frequencies >= a) & (frequencies <= b)) for a, b in _pairs(edges)]
    if any(len(bins) == 0 for bins in inside):
        raise ValueError(
            f"n_fft={n_fft} is too short for bands from fmin={fmin:g} Hz: use a larger one"
        )
    # A band above the first starts one bin early; all but the last then lose their last bin,
    # which still counts for the quantile. This is librosa's reading of the paper.
    start = np.array([bins[0] - (band > 0) for band, bins in enumerate(inside)])
    stop = np.array([bins[-1] for bins in inside])
    stop[-1] = len(frequencies)
    size = np.append(stop[:-1] + 1, stop[-1]) - start
    if np.any(stop <= start):
        raise ValueError(
            f"n_fft={n_fft} is too short for bands from fmin={fmin:g} Hz: use a larger one"
        )
    count = np.minimum(np.maximum(np.rint(quantile * size), 1).astype(np.int64), stop - start)
    return start.astype(np.int64), stop.astype(np.int64), count


def _pairs(edges: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Neighbouring edges."""
    return list(zip(edges[:-1], edges[1:], strict=True))
