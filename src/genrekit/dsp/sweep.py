"""One pass over a track: every requested intermediate, each computed once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from genrekit.dsp.framing import Framer, SignalBlock, check_samples, stft_window
from genrekit.dsp.intermediates import Block, Grid, Request, Workspace, computation
from genrekit.dsp.parameters import check_parameters

__all__ = ["Sweep"]


# Workspaces between two tracks, by length of the FFT and precision. Taking from a list and adding
# to it are atomic, so threads never share one.
_SPARE: dict[tuple[int, str], list[Workspace]] = {}


class Sweep:
    """Feeds blocks of frames to the computations that were requested.

    Samples are pushed in as they are decoded; neither they nor the spectrogram are kept.

    Parameters
    ----------
    requests : iterable of Request
        What to compute, see ``make_request``.
    sr : float
        Sampling rate, Hz.
    n_fft : int, default=2048
        Length of the FFT, samples.
    hop_length : int, default=512
        Distance between frames, samples.
    win_length : int, optional
        Length of the window, samples; None means `n_fft`.
    window : str, default="hann"
        Window of the STFT.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``.
    pad_mode : str, default="constant"
        How the ends are padded then.
    pad : int, optional
        Samples of padding at each end; None means ``n_fft // 2`` if `center`, else none.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the spectra; the FFT runs in float64 either way.

    Raises
    ------
    ValueError
        For a parameter out of range, the front end's or a request's.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.dsp import Sweep, make_request
    >>> rms = make_request("mean_square")
    >>> sweep = Sweep([rms], sr=22050)
    >>> sweep.push(np.ones(5000))
    >>> [block.shape for block in sweep.finish()[rms]]
    [(1, 10)]
    """

    def __init__(
        self,
        requests: Iterable[Request],
        *,
        sr: float,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: str = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        pad: int | None = None,
        dtype: str = "float32",
    ) -> None:
        check_parameters(
            sr=sr,
            n_fft=n_fft,
            hop_length=hop_length,
            win_length=win_length,
            center=center,
            pad_mode=pad_mode,
            pad=pad,
            dtype=dtype,
        )
        self._grid = Grid(float(sr), int(n_fft), int(hop_length))
        if pad is None:
            pad = n_fft // 2 if center else 0
        self._framer = Framer(n_fft, hop_length, pad, pad_mode, dtype)
        self._window = stft_window(window, win_length or n_fft, n_fft)
        self._computations = {
            request: computation(self._grid, request[0], **dict(request[1])) for request in requests
        }
        self._blocks: dict[Request, list[NDArray[Any]]] = {r: [] for r in self._computations}
        # A fresh one costs as much as ten short features; each thread soon has its own to reuse.
        self._spare = _SPARE.setdefault((n_fft, dtype), [])
        try:
            self._workspace = self._spare.pop()
        except IndexError:
            self._workspace = Workspace(n_fft, dtype)
        self._previous: NDArray[Any] | None = None

    def push(self, samples: NDArray[Any]) -> None:
        """Take in the next samples.

        Parameters
        ----------
        samples : ndarray of shape (n,)
            Mono samples at `sr`.

        Raises
        ------
        ValueError
            If they are no floats, or not in one dimension.
        """
        check_samples(samples)
        for frames in self._framer.push(samples):
            self._compute(frames)

    def finish(self) -> dict[Request, list[NDArray[Any]]]:
        """End of the track.

        Returns
        -------
        dict
            Request to a list of ndarrays of shape (n_rows, n_frames of the block), in order.
        """
        for frames in self._framer.finish():
            self._compute(frames)
        self._spare.append(self._workspace)
        return self._blocks

    def _compute(self, frames: SignalBlock) -> None:
        """Run every computation on one block."""
        block = Block(frames, self._grid, self._window, self._workspace, self._previous)
        values = block.compute(self._computations.values())
        for blocks, value in zip(self._blocks.values(), values, strict=True):
            blocks.append(value)
        self._previous = block.last
