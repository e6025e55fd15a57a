"""Mel-frequency cepstral coefficients and their deltas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import check_parameters, dct_basis, kernels
from genrekit.spectra import Spectra, as_floats, check_arguments, log_mel_blocks

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
    r"""Mel-frequency cepstral coefficients: the timbre, by an orthonormal DCT-II of log mel power.

    .. math:: c_{t,i} = \sqrt{\tfrac{2}{M}} \sum_{m=0}^{M-1}
        10 \log_{10} M_{t,m} \, \cos\left(\tfrac{\pi i}{M} \left(m + \tfrac{1}{2}\right)\right)

    for i > 0, of the M bands of `mel_spectrogram`; the first coefficient has the factor
    :math:`\sqrt{1/M}`, and follows the level.

    Parameters
    ----------
    spectra : Spectra
        The track.
    n_mfcc : int, default=20
        Number of coefficients, at most `n_mels`.
    n_mels : int, default=128
        Number of mel bands.
    fmin : float, default=0.0
        Lower edge of the lowest band, Hz.
    fmax : float, optional
        Upper edge of the highest band, Hz; None means sr / 2.
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
        For a parameter that is out of range, or `n_mfcc` above `n_mels`.

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
    mel: dict[str, Any] = {"n_mels": n_mels, "fmin": fmin, "fmax": fmax}
    check_arguments(
        spectra, n_mfcc=n_mfcc, lifter=lifter, deltas=deltas, width=width, top_db=top_db, **mel
    )
    basis = dct_basis(n_mfcc, n_mels) * _lifter_weights(n_mfcc, lifter)
    basis = basis.astype(spectra.frontend.dtype)
    start, stop = np.zeros(n_mfcc, np.int64), np.full(n_mfcc, n_mels, np.int64)
    coefficients = np.empty((n_mfcc, spectra.count_frames("mel", **mel)), basis.dtype)
    done = 0
    for block in log_mel_blocks(spectra, top_db, **mel):
        coefficients[:, done : done + block.shape[1]] = kernels.project(basis, start, stop, block)
        done += block.shape[1]
    if not deltas:
        return coefficients
    orders = [delta(coefficients, order=order, width=width) for order in range(1, deltas + 1)]
    return np.concatenate([coefficients, *orders])


def _lifter_weights(n_mfcc: int, lifter: float) -> NDArray[np.float64]:
    """Column of weights that raise the higher coefficients."""
    if lifter == 0:
        return np.ones((n_mfcc, 1))
    return 1 + (lifter / 2) * np.sin(np.pi * np.arange(1, n_mfcc + 1) / lifter)[:, np.newaxis]


def delta(frames: NDArray[Any], *, order: int = 1, width: int = 9) -> NDArray[Any]:
    """Time derivative of each row: the slope (or curvature) of a polynomial fitted around it.

    A Savitzky-Golay filter of polynomial order `order`, of which the derivative of that order is
    taken; at the ends the fit to the first and the last `width` frames is evaluated. Equal to
    ``librosa.feature.delta``.

    Parameters
    ----------
    frames : ndarray of shape (n_rows, n_frames)
        Values by frame.
    order : int, default=1
        First, second, … derivative.
    width : int, default=9
        Frames of the fit, odd, at least 3, above `order`. Shrinks to the largest odd number of
        frames that there are; where that is not above `order`, or under 3, the derivative is 0.

    Returns
    -------
    ndarray of shape (n_rows, n_frames)
        The derivative, per frame (per frame squared, …); float64 unless `frames` are float32.

    Raises
    ------
    ValueError
        If `frames` are no finite numbers in two dimensions, `order` is below 1, or `width` is
        even or below 3 or not above `order`.

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
    frames = as_floats("frames", frames, ndim=2)
    check_parameters(order=order, width=width)
    if width <= order:
        raise ValueError(f"width={width} is not above order={order}: a fit needs more frames")
    n_frames = frames.shape[1]
    width = min(width, n_frames - 1 + n_frames % 2)
    if width < 3 or width <= order:
        return np.zeros_like(frames)
    reach = width // 2
    weights = _derivative_weights(reach, order)
    around = np.lib.stride_tricks.sliding_window_view(frames, width, axis=1)
    inner = np.zeros(around.shape[:2])
    for i, weight in enumerate(weights):
        inner += weight * around[:, :, i]
    # The fitted polynomial's highest derivative is constant: at the ends it is its neighbour's.
    return np.pad(inner, ((0, 0), (reach, reach)), mode="edge").astype(frames.dtype)


def _derivative_weights(reach: int, order: int) -> NDArray[np.float64]:
    """What takes the derivative of order `order` of the polynomial of that order.

    The highest coefficient of a least-squares fit is the projection onto the polynomial that is
    orthogonal to all lower ones. From each of those and the one before it follows the next.
    """
    offsets = np.arange(-reach, reach + 1, dtype=np.float64)
    before, basis = np.ones_like(offsets), offsets
    for _ in range(1, order):
        share = np.sum(basis**2) / np.sum(before**2)
        before, basis = basis, offsets * basis - share * before
    return math.factorial(order) * basis / np.sum(basis**2)
