"""Features of the waveform itself: energy and zero crossings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.spectra import Spectra, check_arguments

__all__ = ["rms", "zero_crossing_rate"]


def rms(spectra: Spectra) -> NDArray[Any]:
    r"""Root-mean-square energy of each frame: how loud it is.

    .. math:: \mathrm{RMS}_t = \sqrt{\tfrac{1}{N} \sum_n y_{t,n}^2}

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Energy, in the unit of the samples (full scale is 1).

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, rms
    >>> float(rms(Spectra(np.full(22050, 0.5)))[0, 10])
    0.5
    """
    check_arguments(spectra)
    return np.sqrt(spectra.get("mean_square"))


def zero_crossing_rate(spectra: Spectra) -> NDArray[Any]:
    r"""Share of samples in each frame whose sign differs from the sample before.

    .. math:: Z_t = \tfrac{1}{N} \sum_n
        \left[\operatorname{sgn} y_{t,n} \ne \operatorname{sgn} y_{t,n-1}\right]

    High for noise and consonants, low for bass. Values within 1e-10 of zero count as positive,
    and padding never crosses, as in ``librosa.feature.zero_crossing_rate``.

    Parameters
    ----------
    spectra : Spectra
        The track.

    Returns
    -------
    ndarray of shape (1, n_frames)
        Rate, between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.features import Spectra, zero_crossing_rate
    >>> y = np.tile([1.0, -1.0], 11025)
    >>> float(zero_crossing_rate(Spectra(y))[0, 10].round(2))
    1.0
    """
    check_arguments(spectra)
    return spectra.get("crossings").copy()
