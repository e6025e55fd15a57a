"""How good is it: cross-validation by track, reports with intervals, pictures."""

from __future__ import annotations

from genrekit.evaluation._cross_validate import cross_validate_genres
from genrekit.evaluation._pca import PCADisplay
from genrekit.evaluation._report import GenreReport, compare_table, wilson_interval

__all__ = [
    "GenreReport",
    "PCADisplay",
    "compare_table",
    "cross_validate_genres",
    "wilson_interval",
]
