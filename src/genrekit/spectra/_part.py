"""What the engine can run over tracks: the protocol `Part`."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import Request
from genrekit.spectra._frontend import Frontend
from genrekit.spectra._spectra import Spectra

__all__ = ["Part", "is_part"]


class Part(Protocol):
    """What `AudioFeatures` and `extract` can run beside others in one pass over a track."""

    def frontend(self, inherited: Frontend) -> Frontend:
        """The front end it reads through, given the one around it."""

    def requests(self) -> tuple[Request, ...]:
        """What it reads of `Spectra`."""

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """Everything worth keeping of one track, (n_rows, n_values): what a cache holds."""

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The columns that are wanted, from `describe`."""

    def columns(self, name: str) -> list[str]:
        """Their names, when the part goes by `name`."""

    def key(self) -> tuple[Any, ...]:
        """What `describe` depends on beside the track and the front end."""


def is_part(entry: Any) -> bool:
    """Whether it is a `Part`; asking the protocol itself takes a hundred times longer."""
    return hasattr(entry, "describe") and hasattr(entry, "columns") and not isinstance(entry, type)
