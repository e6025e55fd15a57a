"""The table of intermediates: what a sweep can compute from a block of frames.

Each row of ``INTERMEDIATES`` names one quantity that is local to a frame, the parameters it
depends on, the tables it needs (built once a sweep), and the kernel that fills it. A feature
says which intermediates it reads; the sweep computes the union, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import filters, kernels
from genrekit.dsp._shared import kept
from genrekit.dsp.framing import BLOCK_FRAMES, SignalBlock
from genrekit.dsp.parameters import check_parameters

__all__ = [
    "INTERMEDIATES",
    "Block",
    "Grid",
    "Intermediate",
    "Request",
    "Workspace",
    "computation",
    "make_request",
]

Array = NDArray[Any]
# Name of an intermediate and its parameters, hashable.
Request = tuple[str, tuple[tuple[str, Any], ...]]
# The function of an intermediate, and what it needs beside the block.
Computation = tuple[Callable[..., Array], tuple[Any, ...]]


class Grid(NamedTuple):
    """Where bins and frames lie.

    Attributes
    ----------
    sr : float
        Sampling rate, Hz.
    n_fft, hop_length : int
        Length of the FFT and distance between frames, samples.
    """

    sr: float
    n_fft: int
    hop_length: int


# Larger than what a block of frames or of samples takes, up to an `n_fft` of 8192, and small beside
# what Python itself takes.
_KEPT_BYTES = 1 << 23


class Workspace:
    """Memory that every block of a track writes its spectra to.

    Fresh arrays of this size would go back to the system after each block and be asked for, page
    by page, for the next: a quarter of the whole time.

    Parameters
    ----------
    n_fft : int
        Length of the FFT, samples.
    dtype : str
        Precision.
    """

    def __init__(self, n_fft: int, dtype: str) -> None:
        # glibc returns blocks to the system that are larger than any freed before, and asks for
        # them again, page by page. One large block, never touched, teaches it to keep ours.
        np.empty(_KEPT_BYTES, np.uint8)
        self._n_bins = 1 + n_fft // 2
        # Begins where a line of the processor's cache does, so that no sixteen frames lie in two.
        n_bytes = 2 * BLOCK_FRAMES * self._n_bins * np.dtype(dtype).itemsize
        memory = np.empty(n_bytes + 64, np.uint8)
        first = -memory.ctypes.data % 64
        self._spectra = memory[first : first + n_bytes].view(dtype)

    def spectra(self, n_frames: int) -> Array:
        """For squared magnitudes and magnitudes, (2, n_bins, n_frames)."""
        return self._spectra[: 2 * n_frames * self._n_bins].reshape(2, self._n_bins, n_frames)


@dataclass
class Block:
    """One block of frames and its spectra, computed when first read.

    Attributes
    ----------
    frames : SignalBlock
        The samples they are cut from.
    grid : Grid
        Where bins and frames lie.
    window : ndarray of shape (n_fft,)
        Window of the STFT.
    workspace : Workspace
        Where the spectra go: they hold until the next block.
    previous : ndarray of shape (n_bins,) or None
        Magnitude of the frame before the first; None at the start of a track.
    """

    frames: SignalBlock
    grid: Grid
    window: Array
    workspace: Workspace
    previous: Array | None = None
    _spectra: Array | None = None

    def compute(self, computations: Iterable[Computation]) -> list[Array]:
        """What each of them makes of the block."""
        return [compute(self, *tables) for compute, tables in computations]

    # Not functools.cached_property: before Python 3.12 its lock is one for all blocks, and threads
    # would wait for each other's spectra.
    @property
    def spectra(self) -> Array:
        """Squared magnitude and magnitude, (2, n_bins, n_frames)."""
        if self._spectra is None:
            signal, n_frames, _, _ = self.frames
            out = self.workspace.spectra(n_frames)
            self._spectra = kernels.power_spectra(signal, self.window, self.grid.hop_length, out)
        return self._spectra

    @property
    def power(self) -> Array:
        """Squared magnitude, (n_bins, n_frames)."""
        return self.spectra[0]

    @property
    def magnitude(self) -> Array:
        """Magnitude, (n_bins, n_frames)."""
        return self.spectra[1]

    @property
    def last(self) -> Array | None:
        """Magnitude of the last frame, if anything read the spectra."""
        return None if self._spectra is None else self._spectra[1, :, -1].copy()

    @property
    def before_first(self) -> Array:
        """Magnitude of the frame before the first; the first frame of a track follows itself."""
        return self.magnitude[:, 0].copy() if self.previous is None else self.previous


@dataclass(frozen=True)
class Intermediate:
    """One row of the table.

    Attributes
    ----------
    compute : callable
        ``compute(block, *tables) -> ndarray of shape (n_rows, n_frames)``.
    tables : callable
        ``tables(grid, **params) -> tuple`` of what `compute` needs beside the block.
    params : mapping
        Parameters it depends on, with their defaults.
    """

    compute: Callable[..., Array]
    tables: Callable[..., tuple[Any, ...]] = lambda grid: ()
    params: Mapping[str, Any] = field(default_factory=dict)


def make_request(name: str, params: Mapping[str, Any] | None = None) -> Request:
    """Name an intermediate and its parameters.

    Parameters
    ----------
    name : str
        A key of ``INTERMEDIATES``.
    params : mapping, optional
        Parameters by name. Those that the intermediate does not have are passed over, and those
        not given take its defaults, so that a feature can hand on all of its own.

    Returns
    -------
    tuple
        A hashable value: equal requests are computed once.

    Examples
    --------
    >>> from genrekit.dsp import make_request
    >>> make_request("mel", {"n_mels": 40, "fmin": 20.0, "n_mfcc": 13})
    ('mel', (('n_mels', 40), ('fmin', 20.0), ('fmax', None), ('mel_scale', 'slaney'), ...
    """
    given = params or {}
    known = INTERMEDIATES[name].params
    return name, tuple((key, _plain(given.get(key, default))) for key, default in known.items())


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's: tables made of float32 are others, under the same key."""
    return value.item() if isinstance(value, np.generic) else value


def _mel_tables(
    grid: Grid, n_mels: int, fmin: float, fmax: float | None, mel_scale: str, power: int
) -> tuple[Any, ...]:
    """Mel filters, where each begins and ends, and what is summed."""
    weights = filters.mel_filters(grid.sr, grid.n_fft, n_mels, fmin, fmax, mel_scale)
    filled = weights > 0
    start = filled.argmax(axis=1)
    stop = np.where(filled.any(axis=1), weights.shape[1] - filled[:, ::-1].argmax(axis=1), start)
    return weights, start.astype(np.int64), stop.astype(np.int64), power


def _mel(block: Block, weights: Array, start: Array, stop: Array, power: int) -> Array:
    """Bands of power, or of magnitude."""
    return kernels.project(weights, start, stop, block.power if power == 2 else block.magnitude)


def _chroma_tables(grid: Grid, n_chroma: int, tuning: float) -> tuple[Array, ...]:
    """Chroma filters; they span all bins."""
    weights = filters.chroma_filters(grid.sr, grid.n_fft, n_chroma, tuning)
    return weights, np.zeros(n_chroma, np.int64), np.full(n_chroma, weights.shape[1], np.int64)


def _mean_square(block: Block) -> Array:
    """Mean of the squared samples of each frame, before the window."""
    signal, n_frames, _, _ = block.frames
    return kernels.mean_square(signal, block.grid.n_fft, block.grid.hop_length, n_frames)


def _crossings(block: Block) -> Array:
    """Share of sign changes in each frame."""
    signal, n_frames, first, last = block.frames
    grid = block.grid
    return kernels.zero_crossings(signal, grid.n_fft, grid.hop_length, n_frames, first, last)


INTERMEDIATES: dict[str, Intermediate] = {
    "power": Intermediate(lambda block: block.power.copy()),
    "mel": Intermediate(
        _mel,
        _mel_tables,
        {"n_mels": 128, "fmin": 0.0, "fmax": None, "mel_scale": "slaney", "power": 2},
    ),
    "chroma": Intermediate(
        lambda block, *tables: kernels.project(*tables, block.power),
        _chroma_tables,
        {"n_chroma": 12, "tuning": 0.0},
    ),
    "moments": Intermediate(
        lambda block, frequencies: kernels.spectral_moments(block.magnitude, frequencies),
        lambda grid: (filters.fft_frequencies(grid.sr, grid.n_fft),),
    ),
    "rolloff": Intermediate(
        lambda block, share: kernels.rolloff_bin(block.magnitude, share),
        lambda grid, roll_percent: (float(roll_percent),),
        {"roll_percent": 0.85},
    ),
    "extremes": Intermediate(
        lambda block, *bands: kernels.band_extremes(block.magnitude, *bands),
        lambda grid, n_bands, fmin, quantile: filters.contrast_bands(
            grid.sr, grid.n_fft, n_bands, fmin, quantile
        ),
        {"n_bands": 6, "fmin": 200.0, "quantile": 0.02},
    ),
    "log_sums": Intermediate(
        lambda block, amin: kernels.log_sums(block.power, amin),
        lambda grid, amin: (float(amin),),
        {"amin": 1e-10},
    ),
    "change": Intermediate(
        lambda block: kernels.spectral_change(block.magnitude, block.before_first)
    ),
    "mean_square": Intermediate(_mean_square),
    "crossings": Intermediate(_crossings),
}


@kept
def computation(grid: Grid, name: str, **params: Any) -> Computation:
    """How an intermediate is computed, with its tables made.

    Parameters
    ----------
    grid : Grid
        Where bins and frames lie.
    name : str
        A key of ``INTERMEDIATES``.
    **params
        Its parameters.

    Returns
    -------
    tuple of (callable, tuple)
        A function, and what it needs beside the block.

    Raises
    ------
    ValueError
        For a parameter out of range.
    """
    check_parameters(**params)
    intermediate = INTERMEDIATES[name]
    return intermediate.compute, intermediate.tables(grid, **params)
