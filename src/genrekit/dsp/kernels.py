"""The kernels in use: numba's, or numpy's where numba can't be used.

``GENREKIT_KERNELS=numpy`` in the environment asks for numpy's. ``FLAVOUR`` says which ran; the
two agree to 1e-6 of the maximum, not to the bit.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from genrekit.dsp import _kernels_numpy
from genrekit.exceptions import warn_caller

__all__ = ["FLAVOUR", "cache_folder", *_kernels_numpy.__all__]


def _choose() -> tuple[str, Any]:
    """Flavour and module, numba's unless it is unwanted or can't be used."""
    wanted = os.environ.get("GENREKIT_KERNELS") or "numba"
    if wanted not in ("numba", "numpy"):
        raise ValueError(
            f"the environment variable GENREKIT_KERNELS must be 'numba' or 'numpy', not {wanted!r}"
        )
    if wanted == "numpy":
        return "numpy", _kernels_numpy
    try:
        from genrekit.dsp import _kernels_numba

        # All features but the tempo need this one. Where it can be compiled, others can.
        _kernels_numba.central_moments(np.zeros((1, 16), np.float32))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        warn_caller(f"numba can't be used ({reason}): the slower numpy kernels run instead")
        return "numpy", _kernels_numpy
    return "numba", _kernels_numba


def cache_folder() -> str | None:
    """Folder in which compiled kernels are kept for the next start.

    Returns
    -------
    str or None
        Its path; None where nothing is compiled, or no folder can be written.

    Examples
    --------
    >>> from genrekit.dsp import kernels
    >>> kernels.FLAVOUR == "numba" or kernels.cache_folder() is None
    True
    """
    if FLAVOUR == "numpy":
        return None
    from genrekit.dsp._compiling import lasting_folder

    return lasting_folder(_module.rolloff_bin)


FLAVOUR, _module = _choose()
band_extremes = _module.band_extremes
central_moments = _module.central_moments
log_sums = _module.log_sums
mean_square = _module.mean_square
medians = _module.medians
power_spectra = _module.power_spectra
project = _module.project
rolloff_bin = _module.rolloff_bin
spectral_change = _module.spectral_change
spectral_moments = _module.spectral_moments
zero_crossings = _module.zero_crossings
