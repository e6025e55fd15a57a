"""Features of harmony: pitch classes and tonal centroids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import chroma_filters, kernels
from genrekit.spectra import Spectra, check_arguments

__all__ = ["chroma", "tonnetz"]


def chroma(spectra: Spectra, *, n_chroma: int = 12, tuning: float | None = 0.0) -> NDArray[Any]:
    r"""Energy of the pitch classes, each frame scaled to a maximum of 1.

    .. math:: C_{t,p} = \frac{E_{t,p}}{\max_q E_{t,q}}, \quad E_{t,p} = \sum_k w_{p,k} |X_{t,k}|^2

    where :math:`w_p` are bells around the notes of pitch class p in all octaves.

    Parameters
    ----------
    spectra : Spectra
        The track.
    n_chroma : int, default=12
        Pitch classes an octave, from C upwards.
    tuning : float or None, default=0.0
        Deviation from A440 in fractions of a pitch class; None estimates it from the track,
        which keeps the whole spectrogram in memory.

    Returns
    -------
    ndarray of shape (n_chroma, n_frames)
        Energy, between 0 and 1; 0 for silence.

    References
    ----------
    Ellis, D. "Chroma feature analysis and synthesis", 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, chroma
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> int(chroma(Spectra(y))[:, 20].argmax())  # A
    9
    """
    check_arguments(spectra, n_chroma=n_chroma, tuning=tuning)
    if tuning is None:
        return _scale_to_maximum(_tuned_energy(spectra, n_chroma))
    blocks = spectra.blocks("chroma", n_chroma=n_chroma, tuning=tuning)
    return np.concatenate([_scale_to_maximum(block) for block in blocks], axis=1)


def chroma_needs(params: Mapping[str, Any]) -> Sequence[str]:
    """Chroma energies, or the spectrogram while the tuning is not known."""
    return ("power",) if params["tuning"] is None else ("chroma",)


def tonnetz(spectra: Spectra) -> NDArray[Any]:
    r"""Tonal centroids: the pitch classes on the circles of fifths, minor and major thirds.

    .. math:: T_t = \frac{1}{\sum_p C_{t,p}} \sum_p C_{t,p} \left(
        \sin\tfrac{7\pi p}{6}, \cos\tfrac{7\pi p}{6}, \sin\tfrac{3\pi p}{2}, \cos\tfrac{3\pi p}{2},
        \tfrac{1}{2}\sin\tfrac{2\pi p}{3}, \tfrac{1}{2}\cos\tfrac{2\pi p}{3} \right)

    of the twelve pitch classes of `chroma`.

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (6, n_frames)
        Coordinates: fifths, minor thirds, major thirds, two each; 0 for silence.

    References
    ----------
    Harte, C., Sandler, M., Gasser, M. "Detecting harmonic change in musical audio." ACM Workshop
    on Audio and Music Computing Multimedia, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, tonnetz
    >>> tonnetz(Spectra(np.ones(22050))).shape
    (6, 44)
    """
    check_arguments(spectra)
    # Angles of the pitch classes on the three circles; the second of each pair is a cosine.
    angle = np.outer(np.repeat([7 / 6, 3 / 2, 2 / 3], 2), np.arange(12))
    angle[::2] -= 0.5
    radius = np.array([1.0, 1.0, 1.0, 1.0, 0.5, 0.5])[:, np.newaxis]
    weights = (radius * np.cos(np.pi * angle)).astype(spectra.frontend.dtype)
    start, stop = np.zeros(6, np.int64), np.full(6, 12, np.int64)
    blocks = map(_scale_to_maximum, spectra.blocks("chroma"))
    shares = (_scale(block, block.sum(axis=0, dtype=block.dtype)) for block in blocks)
    return np.concatenate([kernels.project(weights, start, stop, s) for s in shares], axis=1)


def _tuned_energy(spectra: Spectra, n_chroma: int) -> NDArray[Any]:
    """Chroma energies with the tuning that librosa estimates."""
    import librosa

    frontend, power = spectra.frontend, spectra.get("power")
    tuning = librosa.estimate_tuning(S=power, sr=frontend.sr, bins_per_octave=n_chroma)
    weights = chroma_filters(frontend.sr, frontend.n_fft, n_chroma, float(tuning))
    whole = np.full(n_chroma, weights.shape[1], np.int64)
    return kernels.project(weights, np.zeros(n_chroma, np.int64), whole, power)


def _scale_to_maximum(energy: NDArray[Any]) -> NDArray[Any]:
    """Each frame over its largest value."""
    return _scale(energy, energy.max(axis=0))


def _scale(columns: NDArray[Any], size: NDArray[Any]) -> NDArray[Any]:
    """Columns over their size; those of no size stay as they are."""
    tiny = np.finfo(columns.dtype).tiny
    return columns / np.where(size < tiny, size.dtype.type(1), size)
