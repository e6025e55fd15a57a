"""The kernels in use: numba's, or numpy's where numba can't be imported.

``GENREKIT_KERNELS=numpy`` in the environment asks for numpy's. ``FLAVOUR`` says which ran; the
two agree to 1e-6 of the maximum, not to the bit.
"""

from __future__ import annotations

import os

from genrekit.dsp import _kernels_numpy
from genrekit.exceptions import warn_caller

__all__ = ["FLAVOUR", *_kernels_numpy.__all__]


def _choose() -> tuple[str, object]:
    """Flavour and module, numba's unless it is unwanted or can't be imported."""
    if os.environ.get("GENREKIT_KERNELS") == "numpy":
        return "numpy", _kernels_numpy
    try:
        from genrekit.dsp import _kernels_numba
    except ImportError as error:
        message = f"numba can't be imported ({error}): the slower numpy kernels run instead"
        warn_caller(message)
        return "numpy", _kernels_numpy
    return "numba", _kernels_numba


FLAVOUR, _module = _choose()
band_extremes = _module.band_extremes  # type: ignore[attr-defined]
central_moments = _module.central_moments  # type: ignore[attr-defined]
log_sums = _module.log_sums  # type: ignore[attr-defined]
mean_square = _module.mean_square  # type: ignore[attr-defined]
medians = _module.medians  # type: ignore[attr-defined]
power_spectra = _module.power_spectra  # type: ignore[attr-defined]
project = _module.project  # type: ignore[attr-defined]
rolloff_bin = _module.rolloff_bin  # type: ignore[attr-defined]
spectral_change = _module.spectral_change  # type: ignore[attr-defined]
spectral_moments = _module.spectral_moments  # type: ignore[attr-defined]
zero_crossings = _module.zero_crossings  # type: ignore[attr-defined]
