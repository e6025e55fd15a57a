"""Features of the shape of a spectrum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.spectra import Spectra, check_arguments, power_to_db

__all__ = [
    "mel_spectrogram",
    "spectral_bandwidth",
    "spectral_centroid",
    "spectral_contrast",
    "spectral_flatness",
    "spectral_flux",
    "spectral_rolloff",
]


def mel_spectrogram(
    spectra: Spectra,
    *,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    db: bool = False,
    top_db: float | None = 80.0,
) -> NDArray[Any]:
    r"""Power in mel bands (Slaney's scale, filters of unit area).

    .. math:: M_{t,m} = \sum_k w_{m,k} |X_{t,k}|^2

    where :math:`w_m` are triangles that overlap by half, as wide as the ear tells frequencies
    apart.

    Parameters
    ----------
    spectra : Spectra
        The track.
    n_mels : int, default=128
        Number of bands.
    fmin : float, default=0.0
        Lower edge of the lowest band, Hz.
    fmax : float, optional
        Upper edge of the highest band, Hz; None means sr / 2.
    db : bool, default=False
        Whether to give decibels (10 log10 of the power) instead of power.
    top_db : float or None, default=80.0
        With `db`, values this far below the track's maximum are raised to it.

    Returns
    -------
    ndarray of shape (n_mels, n_frames)
        Power or decibels.

    References
    ----------
    Slaney, M. "Auditory Toolbox: Version 2." Technical Report 1998-010, Interval Research, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, mel_spectrogram
    >>> mel_spectrogram(Spectra(np.ones(22050)), n_mels=40).shape
    (40, 44)
    """
    check_arguments(spectra, n_mels=n_mels, fmin=fmin, fmax=fmax, db=db, top_db=top_db)
    mel = spectra.get("mel", n_mels=n_mels, fmin=fmin, fmax=fmax)
    return power_to_db(mel, top_db) if db else mel.copy()


def spectral_centroid(spectra: Spectra) -> NDArray[Any]:
    r"""Centre of gravity of the magnitude spectrum: how bright a sound is.

    .. math:: c_t = \frac{\sum_k f_k |X_{t,k}|}{\sum_k |X_{t,k}|}

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Frequency, Hz; 0 for silence.

    References
    ----------
    Klapuri, A., Davy, M. *Signal Processing Methods for Music Transcription*, ch. 5. Springer,
    2007.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_centroid
    >>> y = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> float(spectral_centroid(Spectra(y))[0, 20].round(0))
    440.0
    """
    check_arguments(spectra)
    return spectra.get("moments")[1:2].copy()


def spectral_bandwidth(spectra: Spectra) -> NDArray[Any]:
    r"""Spread of the magnitude spectrum around its centroid.

    .. math:: b_t = \sqrt{\frac{\sum_k (f_k - c_t)^2 |X_{t,k}|}{\sum_k |X_{t,k}|}}

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Frequency, Hz; 0 for silence.

    References
    ----------
    Klapuri, A., Davy, M. *Signal Processing Methods for Music Transcription*, ch. 5. Springer,
    2007.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_bandwidth
    >>> float(spectral_bandwidth(Spectra(np.zeros(22050)))[0, 20])
    0.0
    """
    check_arguments(spectra)
    return np.sqrt(spectra.get("moments")[2:3])


def spectral_rolloff(spectra: Spectra, *, roll_percent: float = 0.85) -> NDArray[Any]:
    r"""Frequency below which a share of the magnitude lies.

    .. math:: f_{r_t}, \quad
        r_t = \min\left\{k : \sum_{j \le k} |X_{t,j}| \ge p \sum_j |X_{t,j}|\right\}

    Parameters
    ----------
    spectra : Spectra
        The track.
    roll_percent : float, default=0.85
        The share, between 0 and 1.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Centre frequency of the bin where the share is reached, Hz.

    Raises
    ------
    ValueError
        If `roll_percent` is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_rolloff
    >>> noise = np.random.default_rng(0).standard_normal(22050)
    >>> bool(abs(spectral_rolloff(Spectra(noise)).mean() / 11025 - 0.85) < 0.02)
    True
    """
    check_arguments(spectra, roll_percent=roll_percent)
    frontend = spectra.frontend
    return spectra.get("rolloff", roll_percent=roll_percent) * (frontend.sr / frontend.n_fft)


def spectral_contrast(
    spectra: Spectra, *, n_bands: int = 6, fmin: float = 200.0, quantile: float = 0.02
) -> NDArray[Any]:
    r"""Difference between the peaks and the valleys of octave bands.

    .. math:: D_{t,b} = 10 \log_{10} P_{t,b} - 10 \log_{10} V_{t,b}

    where P and V are the means of the largest and of the smallest magnitudes :math:`|X_{t,k}|` of
    band b, a share `quantile` of them each.

    Parameters
    ----------
    spectra : Spectra
        The track.
    n_bands : int, default=6
        Octaves above `fmin`; one more band lies below it.
    fmin : float, default=200.0
        Upper edge of the lowest band, Hz.
    quantile : float, default=0.02
        Share of the bins of a band that make its peak and its valley.

    Returns
    -------
    ndarray of shape (n_bands + 1, n_frames)
        Contrast, dB.

    Raises
    ------
    ValueError
        If the bands reach over sr / 2 or hold no bin.

    References
    ----------
    Jiang, D.-N., Lu, L., Zhang, H.-J., Tao, J.-H., Cai, L.-H. "Music type classification by
    spectral contrast feature." ICME, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_contrast
    >>> spectral_contrast(Spectra(np.ones(22050))).shape
    (7, 44)
    """
    bands: dict[str, Any] = {"n_bands": n_bands, "fmin": fmin, "quantile": quantile}
    check_arguments(spectra, **bands)
    # Valleys stand in the first rows, peaks in the last; each has its own maximum.
    halves = [slice(None, n_bands + 1), slice(n_bands + 1, None)]
    tops = [
        max(block[half].max() for block in spectra.blocks("extremes", **bands)) for half in halves
    ]
    differences = []
    for block in spectra.blocks("extremes", **bands):
        valley, peak = (
            power_to_db(block[half], 80.0, top) for half, top in zip(halves, tops, strict=True)
        )
        differences.append(peak - valley)
    return np.concatenate(differences, axis=1)


def spectral_flatness(spectra: Spectra, *, amin: float = 1e-10) -> NDArray[Any]:
    r"""Geometric over arithmetic mean of the power: 1 for white noise, near 0 for a tone.

    .. math:: \frac{\exp\left(\frac{1}{K} \sum_k \ln |X_{t,k}|^2\right)}
        {\frac{1}{K} \sum_k |X_{t,k}|^2}

    Parameters
    ----------
    spectra : Spectra
        The track.
    amin : float, default=1e-10
        Powers below it are raised to it.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Flatness, between 0 and 1; silence is flat.

    References
    ----------
    Dubnov, S. "Generalization of spectral flatness measure for non-Gaussian linear processes."
    IEEE Signal Processing Letters 11, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_flatness
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> bool(spectral_flatness(Spectra(tone))[0, 20] < 0.01)
    True
    """
    check_arguments(spectra, amin=amin)
    mean_log, mean = spectra.get("log_sums", amin=amin)
    return (np.exp(mean_log) / mean)[np.newaxis]


def spectral_flux(spectra: Spectra) -> NDArray[Any]:
    r"""Squared distance between the normalised spectra of successive frames: how fast it changes.

    .. math:: F_t = \sum_k \left(\frac{|X_{t,k}|}{\sum_j |X_{t,j}|}
        - \frac{|X_{t-1,k}|}{\sum_j |X_{t-1,j}|}\right)^2

    Normalised, so that it does not depend on the level. The first frame has flux 0.

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Flux, between 0 and 2.

    References
    ----------
    Tzanetakis, G., Cook, P. "Musical genre classification of audio signals." IEEE Transactions
    on Speech and Audio Processing 10(5), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, spectral_flux
    >>> float(spectral_flux(Spectra(np.zeros(22050))).max())
    0.0
    """
    check_arguments(spectra)
    return spectra.get("change").copy()
