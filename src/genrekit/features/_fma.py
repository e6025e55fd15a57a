"""The 518 features of the table that is published with the Free Music Archive data set.

Eleven features of 74 rows, seven statistics each, as the script ``features.py`` of the data set
computed them with the librosa of 2017. Three things in it are not what their names suggest, and
are kept, for a model trained on the table must find them in new files:

- Chroma (of the STFT), centroid, bandwidth, contrast and roll-off were called without a sampling
  rate, so the spectra of 44.1 kHz tracks were read as of 22,050 Hz: everything is taken for an
  octave deeper than it is, and frequencies come out at half of what they are.
- ``rmse`` is the root mean square over the bins of the spectrogram, not over samples.
- The kurtosis of a constant row is -3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import make_request
from genrekit.exceptions import AudioDecodeError
from genrekit.features.cepstral import mfcc
from genrekit.features.chroma import chroma
from genrekit.features.spectral import (
    spectral_bandwidth,
    spectral_centroid,
    spectral_contrast,
    spectral_rolloff,
)
from genrekit.features.temporal import zero_crossing_rate
from genrekit.spectra import STATS, Spectra, pool

__all__ = ["fma_columns", "fma_statistics"]

# Feature → rows, in the order of the columns: that of the alphabet, as is that of the statistics.
_ROWS = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
_STATISTICS = ("kurtosis", "max", "mean", "median", "min", "skew", "std")
_ASSUMED_SR = 22050  # librosa's default, which the script left in place
_READ = ("power", "moments", "rolloff", "extremes", "crossings")
_OCTAVES = 7


def fma_columns(params: Mapping[str, Any]) -> list[str]:
    """Names of the columns: those of the table's header, its three rows joined."""
    return [
        f"{name}_{statistic}_{row + 1:02d}"
        for name, n_rows in _ROWS.items()
        for statistic in _STATISTICS
        for row in range(n_rows)
    ]


def fma_statistics(spectra: Spectra) -> NDArray[Any]:
    """All 518 values of a track, (518, 1)."""
    frames = dict(_frames(spectra))
    values = np.concatenate([_statistics(frames[name]) for name in _ROWS])
    return values[:, np.newaxis]


def _statistics(frames: NDArray[Any]) -> NDArray[np.float64]:
    """The seven statistics of each row, one statistic after the other."""
    columns = dict(zip(STATS, pool(frames).T, strict=True))
    # SciPy subtracted the 3 of a Gaussian from the 0 that stands for 0 / 0 as well.
    columns["kurtosis"] = np.where(columns["var"] == 0, -3.0, columns["kurtosis"])
    return np.concatenate([columns[statistic] for statistic in _STATISTICS])


def _frames(spectra: Spectra) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each feature by frame."""
    frontend = replace(spectra.frontend, sr=_ASSUMED_SR, array_sr=None)
    misread = Spectra(spectra.waveform, frontend, [make_request(name, {}) for name in _READ])
    yield "chroma_stft", chroma(misread, tuning=None)
    yield "rmse", np.sqrt(misread.get("power").mean(axis=0, keepdims=True))
    yield "spectral_bandwidth", spectral_bandwidth(misread)
    yield "spectral_centroid", spectral_centroid(misread)
    yield "spectral_contrast", spectral_contrast(misread)
    yield "spectral_rolloff", spectral_rolloff(misread)
    yield "zcr", zero_crossing_rate(misread)
    yield "mfcc", mfcc(spectra)
    yield from _constant_q(spectra)


def _constant_q(spectra: Spectra) -> Iterator[tuple[str, NDArray[Any]]]:
    """What is made of a constant-Q transform, by librosa."""
    import librosa

    y, sr, hop_length = spectra.waveform, spectra.frontend.sr, spectra.frontend.hop_length
    # Seven octaves down, a shorter track has not one sample left: silence follows it.
    y = librosa.util.fix_length(y, size=max(len(y), int(sr)))
    grid: dict[str, Any] = {"hop_length": hop_length, "pad_mode": spectra.frontend.pad_mode}
    try:
        cqt = np.abs(librosa.cqt(y, sr=sr, n_bins=12 * _OCTAVES, tuning=None, **grid))
    except librosa.ParameterError as error:
        reason = f"its rate of {sr:g} Hz is too low for {_OCTAVES} octaves of constant-Q transform"
        raise AudioDecodeError("<waveform>", reason) from error
    bins: dict[str, Any] = {"C": cqt, "n_octaves": _OCTAVES, "bins_per_octave": 12}
    cens = librosa.feature.chroma_cens(**bins)
    yield "chroma_cqt", librosa.feature.chroma_cqt(**bins)
    yield "chroma_cens", cens
    yield "tonnetz", librosa.feature.tonnetz(chroma=cens)
