"""Mel-frequency cepstral coefficients and their deltas."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer
from genrekit.dsp import dct_basis, kernels
from genrekit.features._decibel import log_mel_tiles
from genrekit.features._spectra import Spectra

__all__ = ["delta", "mfcc"]


def mfcc(
    spectra: Spectra,
    *,
    n_mfcc: int = 20,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    top_db: float | None = 80.0,
    lifter: float = 0.0,
    deltas: int = 0,
    width: int = 9,
) -> NDArray[Any]:
    """Mel-frequency cepstral coefficients: the timbre, by an orthonormal DCT-II of log mel power.

    Parameters
    ----------
    spectra : Spectra
        The track.
    n_mfcc : int, default=20
        Number of coefficients, at most `n_mels`.
    n_mels : int, default=128
        Number of mel bands.
    fmin, fmax : float, default=0.0, None
        Edges of the lowest and the highest band, Hz; ``fmax=None`` means sr / 2.
    top_db : float or None, default=80.0
        Mel values this far below the track's maximum are raised to it.
    lifter : float, default=0.0
        Sinusoidal liftering; 0 means none.
    deltas : {0, 1, 2}, default=0
        How many orders of time derivatives follow the coefficients.
    width : int, default=9
        Frames a derivative is fitted over, odd, at least 3; see `delta`.

    Returns
    -------
    ndarray of shape (n_mfcc * (1 + deltas), n_frames)
        Coefficients, then their first and second derivatives.

    Raises
    ------
    ValueError
        If `n_mfcc` is not between 1 and `n_mels`, `lifter` is negative, or `deltas` is not 0, 1
        or 2.

    References
    ----------
    Davis, S., Mermelstein, P. "Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences." IEEE Transactions on ASSP 28(4), 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, mfcc
    >>> mfcc(Spectra(np.ones(22050)), n_mfcc=13, deltas=1).shape
    (26, 44)
    """
    check_integer("n_mfcc", n_mfcc, minimum=1)
    check_integer("n_mels", n_mels, minimum=1)
    if n_mfcc > n_mels:
        raise ValueError(f"n_mfcc must lie between 1 and n_mels={n_mels}, not {n_mfcc!r}")
    if deltas not in (0, 1, 2):
        raise ValueError(f"deltas must be 0, 1 or 2, not {deltas!r}")
    basis = dct_basis(n_mfcc, n_mels) * _lifter_weights(n_mfcc, lifter)
    basis = basis.astype(spectra.frontend.dtype)
    start, stop = np.zeros(n_mfcc, np.int64), np.full(n_mfcc, n_mels, np.int64)
    mel: dict[str, Any] = {"n_mels": n_mels, "fmin": fmin, "fmax": fmax}
    coefficients = np.empty((n_mfcc, spectra.count_frames("mel", **mel)), basis.dtype)
    done = 0
    for tile in log_mel_tiles(spectra, top_db, **mel):
        coefficients[:, done : done + tile.shape[1]] = kernels.project(basis, start, stop, tile)
        done += tile.shape[1]
    if not deltas:
        return coefficients
    orders = [delta(coefficients, order=order, width=width) for order in range(1, deltas + 1)]
    return np.concatenate([coefficients, *orders])


def _lifter_weights(n_mfcc: int, lifter: float) -> NDArray[np.float64]:
    """Column of weights that raise the higher coefficients."""
    if lifter < 0:
        raise ValueError(f"lifter must be at least 0, not {lifter!r}")
    if lifter == 0:
        return np.ones((n_mfcc, 1))
    return 1 + (lifter / 2) * np.sin(np.pi * np.arange(1, n_mfcc + 1) / lifter)[:, np.newaxis]


def delta(frames: NDArray[Any], *, order: int = 1, width: int = 9) -> NDArray[Any]:
    """Time derivative of each row: the slope (or curvature) of a polynomial fitted around it.

    A Savitzky-Golay filter of polynomial order `order`; at the ends the fit to the first and the
    last `width` frames is evaluated. Equal to ``librosa.feature.delta``.

    Parameters
    ----------
    frames : ndarray of shape (n_rows, n_frames)
        Values by frame.
    order : {1, 2}, default=1
        First or second derivative.
    width : int, default=9
        Frames of the fit, odd, at least 3. Shrinks to the largest odd number of frames that
        there are; under 3 frames the derivative is 0.

    Returns
    -------
    ndarray of shape (n_rows, n_frames)
        The derivative, per frame (per frame squared).

    Raises
    ------
    ValueError
        If `width` is even or below 3.

    References
    ----------
    Savitzky, A., Golay, M. "Smoothing and differentiation of data by simplified least squares
    procedures." Analytical Chemistry 36(8), 1964.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import delta
    >>> delta(3.0 * np.arange(12.0)[np.newaxis])[0, :3].tolist()
    [3.0, 3.0, 3.0]
    """
    if width < 3 or width % 2 == 0:
        raise ValueError(f"width must be an odd number of at least 3, not {width!r}")
    n_frames = frames.shape[1]
    width = min(width, n_frames - 1 + n_frames % 2)
    if width < 3:
        return np.zeros_like(frames)
    reach = width // 2
    offsets = np.arange(-reach, reach + 1, dtype=np.float64)
    basis = offsets if order == 1 else offsets**2 - np.mean(offsets**2)
    weights = order * basis / np.sum(basis**2)
    windows = np.lib.stride_tricks.sliding_window_view(frames, width, axis=1)
    inner = np.zeros(windows.shape[:2])
    for i, weight in enumerate(weights):
        inner += weight * windows[:, :, i]
    # The fitted polynomial's highest derivative is constant: at the ends it is its neighbour's.
    return np.pad(inner, ((0, 0), (reach, reach)), mode="edge").astype(frames.dtype)
