"""How a file becomes spectra (`Frontend`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genrekit._validation import check_number
from genrekit.dsp import Request, Sweep, check_parameters

__all__ = ["Frontend", "WAVEFORM"]

# Asks for the whole track's samples beside (or instead of) intermediates of frames.
WAVEFORM: Request = ("waveform", ())


@dataclass(frozen=True, kw_only=True)
class Frontend:
    """How a file becomes spectra: everything that stands before the first feature.

    Parameters
    ----------
    sr : float, default=22050
        Sampling rate, Hz; files are resampled to it.
    n_fft : int, default=2048
        Length of a frame and of its FFT, samples.
    hop_length : int, default=512
        Distance between frames, samples.
    win_length : int, optional
        Length of the window, samples; None means `n_fft`.
    window : str, default="hann"
        Window of the STFT.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``.
    pad_mode : {"constant", "reflect", "edge", "symmetric"}, default="constant"
        How the ends are padded then.
    pad : int, optional
        Samples of padding at each end; None means ``n_fft // 2`` if `center`, else none.
        With ``center=False``, ``(n_fft - win_length) // 2`` lets the first window begin where the
        track does, as TensorFlow's frames do.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the spectra; the FFT and the statistics run in float64 either way.
    offset : float, default=0.0
        Where to begin in each track, seconds.
    duration : float, optional
        How much of each track to read, seconds; None means all.
    array_sr : float, optional
        Sampling rate that bare arrays have, Hz; None means `sr`. Files and ``(y, sr)`` pairs
        bring their own.
    native : bool, default=False
        Whether each track is read at its own rate instead of `sr`.

    Examples
    --------
    >>> from genrekit.features import Frontend
    >>> Frontend(sr=16000, n_fft=512, hop_length=256).frames_per_second
    62.5
    """

    sr: float = 22050
    n_fft: int = 2048
    hop_length: int = 512
    win_length: int | None = None
    window: str = "hann"
    center: bool = True
    pad_mode: str = "constant"
    pad: int | None = None
    dtype: str = "float32"
    offset: float = 0.0
    duration: float | None = None
    array_sr: float | None = None
    native: bool = False

    def __post_init__(self) -> None:
        check_parameters(**self._grid())
        check_number("offset", self.offset, minimum=0)
        if self.duration is not None:
            check_number("duration", self.duration, above=0)
        if self.array_sr is not None:
            check_number("array_sr", self.array_sr, above=0)
        for name, value in vars(self).items():
            if isinstance(
                value, np.generic
            ):  # float32, in which all that follows would be reckoned
                object.__setattr__(self, name, value.item())

    @property
    def rates(self) -> tuple[float, float]:
        """Sampling rate, and that of bare arrays, Hz."""
        return self.sr, self.sr if self.array_sr is None else self.array_sr

    @property
    def frames_per_second(self) -> float:
        """Frame rate, Hz."""
        return self.sr / self.hop_length

    @property
    def padding(self) -> int:
        """Samples of padding at each end."""
        if self.pad is not None:
            return self.pad
        return self.n_fft // 2 if self.center else 0

    def sweep(self, requests: Iterable[Request]) -> Sweep:
        """A pass over one track that computes `requests`."""
        return Sweep(requests, **self._grid())

    def _grid(self) -> dict[str, Any]:
        """What a sweep depends on."""
        return {
            "sr": self.sr,
            "n_fft": self.n_fft,
            "hop_length": self.hop_length,
            "win_length": self.win_length,
            "window": self.window,
            "center": self.center,
            "pad_mode": self.pad_mode,
            "pad": self.pad,
            "dtype": self.dtype,
        }
