"""One track through one front end: what every feature and every network reads."""

from __future__ import annotations

from genrekit.spectra._decibel import log_mel_blocks, power_to_db
from genrekit.spectra._frontend import WAVEFORM, Frontend
from genrekit.spectra._part import Part, lacking
from genrekit.spectra._pooling import DEFAULT_STATS, STATS, as_floats, check_stats, pool, select
from genrekit.spectra._spectra import Spectra, check_arguments, check_finite

__all__ = [
    "DEFAULT_STATS",
    "STATS",
    "WAVEFORM",
    "Frontend",
    "Part",
    "Spectra",
    "as_floats",
    "check_arguments",
    "check_finite",
    "check_stats",
    "lacking",
    "log_mel_blocks",
    "pool",
    "power_to_db",
    "select",
]
