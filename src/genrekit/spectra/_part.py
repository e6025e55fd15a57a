"""What the engine can run over tracks: the protocol `Part`."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import Request
from genrekit.spectra._frontend import Frontend
from genrekit.spectra._spectra import Spectra

__all__ = ["Part", "lacking"]


@runtime_checkable
class Part(Protocol):
    """What `AudioFeatures` and `extract` can run beside others in one pass over a track.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import extract
    >>> from genrekit.features import WAVEFORM, Part
    >>> class Peak:
    ...     def frontend(self, inherited):
    ...         return inherited
    ...     def requests(self):
    ...         return (WAVEFORM,)
    ...     def frames(self, spectra):
    ...         return np.abs(spectra.waveform)[np.newaxis]
    ...     def describe(self, spectra):
    ...         return self.frames(spectra).max(axis=1, keepdims=True).astype(np.float64)
    ...     def row(self, description):
    ...         return description.ravel()
    ...     def columns(self, name):
    ...         return [name]
    ...     def key(self):
    ...         return ("peak", 1)
    >>> isinstance(Peak(), Part)
    True
    >>> extract([np.array([0.5, -0.75])], [Peak(), "rms"]).names
    ['peak', 'rms_mean', 'rms_std']
    """

    def frontend(self, inherited: Frontend) -> Frontend:
        """The front end it reads through, given the one around it."""

    def requests(self) -> tuple[Request, ...]:
        """What it reads of `Spectra`."""

    def frames(self, spectra: Spectra) -> NDArray[Any]:
        """Values by frame, (n_rows, n_frames): what ``extract(pooled=False)`` gives."""

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """Everything worth keeping of one track, (n_rows, n_values): what a cache holds."""

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The columns that are wanted, from `describe`."""

    def columns(self, name: str) -> list[str]:
        """Their names, when the part goes by `name`."""

    def key(self) -> tuple[Any, ...]:
        """What `describe` and `frames` depend on beside track and front end, in plain values."""


_METHODS = tuple(name for name in vars(Part) if name[0] != "_")


def lacking(entry: Any) -> list[str] | None:
    """The methods that what is meant as a `Part` lacks; None for what is meant as something else.

    Parameters
    ----------
    entry : object
        What a user passed as a feature.

    Returns
    -------
    list of str or None
        Empty for a part.
    """
    if isinstance(entry, type):
        return None
    if isinstance(entry, Part):
        return []
    missing = [name for name in _METHODS if not callable(getattr(entry, name, None))]
    # One method may be there by chance: tables of pandas have a `describe` of their own.
    return missing if len(missing) < len(_METHODS) - 1 else None
