"""Shell of what only the set "fma518" holds; see ``genrekit.features._fma``."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["FMAStatistics"]


@dataclass(kw_only=True, eq=False, repr=False)
class FMAStatistics(AudioTransformer):
    """All 518 statistics of the FMA table."""
