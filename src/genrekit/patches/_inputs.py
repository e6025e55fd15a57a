"""What networks hear: patches of a log-mel spectrogram, or of the waveform itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_integer, check_number, check_rate
from genrekit.dsp import Request, check_parameters, make_request, stft_window
from genrekit.patches._patches import iter_patches
from genrekit.spectra import WAVEFORM, Frontend, Spectra

__all__ = [
    "MOST_FFT",
    "MOST_HZ",
    "MOST_MELS",
    "MOST_VALUES",
    "MelInput",
    "NetworkInput",
    "WaveformInput",
    "check_most",
]

# Power by which a quiet track is raised at the most, 40 dB: beyond lies noise.
_MOST = 1e4

# What a card may ask for, far beyond what there is. It is a file from elsewhere, and each of these
# is memory and time. Hz: what bats are recorded at, twice over. Values in a patch: 256 MB of them.
MOST_HZ = 1e6
MOST_FFT = 1 << 16
MOST_MELS = 1 << 10
MOST_VALUES = 1 << 26
# Above it the power of a loud frame is more than 32-bit floats hold.
_MOST_GAIN = 1e12


@dataclass(frozen=True, kw_only=True)
class NetworkInput(ABC):
    """What all kinds of input have.

    Parameters
    ----------
    sr : float
        Sampling rate that the network was trained at, Hz: every track is resampled to it.
    patch : int
        How much the network hears at once: frames, or samples of a raw waveform.
    """

    kind: ClassVar[str] = ""
    sr: float
    patch: int

    def __post_init__(self) -> None:
        check_rate("sr", self.sr)
        check_most("sr", self.sr, MOST_HZ)
        check_integer("patch", self.patch, minimum=1, maximum=MOST_VALUES)

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one patch."""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of one patch of each input of the network, which has one."""
        return [self.shape]

    @property
    @abstractmethod
    def per_second(self) -> float:
        """Frames, or samples, a second."""

    @property
    def length(self) -> float:
        """How long a patch is, seconds."""
        return self.patch / self.per_second

    def hop(self, seconds: float) -> float:
        """A distance in seconds, rounded down to what the network counts in."""
        return self.steps(seconds) / self.per_second

    def frontend(self, **heard: Any) -> Frontend:
        """The front end that a track goes through, given what of it is heard."""
        return Frontend(sr=self.sr, **heard)

    @abstractmethod
    def requests(self) -> tuple[Request, ...]:
        """What is read of `Spectra`."""

    @abstractmethod
    def steps(self, seconds: float) -> int:
        """How many frames, or samples, fit into a time: at least 1."""

    @abstractmethod
    def count(self, spectra: Spectra) -> int:
        """How many frames, or samples, a track has: at least 1."""

    @abstractmethod
    def blocks(self, spectra: Spectra) -> Iterator[NDArray[np.float32]]:
        """The track, which patches are cut from, block after block of frames or samples."""

    def cut(self, spectra: Spectra, starts: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        """Patches of a track of the shape `shape`, which begin at these frames or samples."""
        yield from iter_patches(self.blocks(spectra), starts, self.patch)


@dataclass(frozen=True, kw_only=True)
class WaveformInput(NetworkInput):
    """Raw samples: patches of shape (patch,).

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    patch : int
        Samples in a patch.

    Examples
    --------
    >>> from genrekit.networks import WaveformInput
    >>> WaveformInput(sr=16000, patch=16000).steps(0.5)
    8000
    """

    kind: ClassVar[str] = "waveform"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one patch."""
        return (self.patch,)

    @property
    def per_second(self) -> float:
        """Samples a second."""
        return self.sr

    def requests(self) -> tuple[Request, ...]:
        """What is read of `Spectra`."""
        return (WAVEFORM,)

    def steps(self, seconds: float) -> int:
        """How many samples fit into a time, rounded to the nearest."""
        return max(1, round(seconds * self.sr))

    def count(self, spectra: Spectra) -> int:
        """How many samples a track has."""
        return len(spectra.waveform)

    def blocks(self, spectra: Spectra) -> Iterator[NDArray[np.float32]]:
        """All of the track in one block, of shape (n_samples,)."""
        yield spectra.waveform.astype(np.float32, copy=False)


@dataclass(frozen=True, kw_only=True)
class MelInput(NetworkInput):
    """Mel spectrogram, logarithmic if that is asked for: patches of shape (patch, n_mels).

    Parameters
    ----------
    sr : float
        Sampling rate, Hz.
    patch : int
        Frames in a patch.
    n_fft : int
        Length of the FFT, samples.
    hop_length : int
        Distance between frames, samples.
    n_mels : int
        Number of mel bands.
    fmin : float, default=0.0
        Lower edge of the lowest band, Hz.
    fmax : float, optional
        Upper edge of the highest band, Hz; None means sr / 2.
    mel_scale : {"slaney", "htk"}, default="slaney"
        Filters, see ``genrekit.dsp.mel_filters``.
    power : {2, 1}, default=2
        What they sum: power, or magnitude.
    gain : float, optional
        The network gets ``log10(1 + gain * sum)``.
    log_offset : float, optional
        Instead, the network gets ``log(sum + log_offset)``. Without either it gets the sums
        themselves, as one does that begins with a logarithm of its own.
    quiet_level : float, optional
        A track of a lower level than this (root mean square, full scale being 1) was recorded
        too quietly for the network to know its like. None leaves all as they are.
    usual_level : float, default=0.1
        What such a track is raised to, by 40 dB at the most.
    win_length : int, optional
        Length of the window, samples; None means `n_fft`.
    window : str, default="hann"
        Window of the STFT.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``.
    pad_mode : str, default="constant"
        How the ends are padded then.
    pad : int, optional
        Samples of padding at each end; None means ``n_fft // 2`` if `center`, else none. See
        `Frontend` for frames as TensorFlow cuts them.

    Examples
    --------
    >>> from genrekit.networks import get_card
    >>> get_card("msd-musicnn").input.shape
    (187, 96)
    """

    kind: ClassVar[str] = "mel"
    n_fft: int
    hop_length: int
    n_mels: int
    fmin: float = 0.0
    fmax: float | None = None
    mel_scale: str = "slaney"
    power: int = 2
    gain: float | None = None
    log_offset: float | None = None
    quiet_level: float | None = None
    usual_level: float = 0.1
    win_length: int | None = None
    window: str = "hann"
    center: bool = True
    pad_mode: str = "constant"
    pad: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_fft", self.n_fft, minimum=2, maximum=MOST_FFT)
        check_integer("n_mels", self.n_mels, minimum=1, maximum=MOST_MELS)
        if self.patch * self.n_mels > MOST_VALUES:
            raise ValueError(f"a patch of {self.patch} frames of {self.n_mels} bands is too large")
        self._check_bands()
        self._check_levels()
        if not isinstance(self.center, bool):
            raise ValueError(f"center must be true or false, not {self.center!r}")
        self.frontend()  # it checks what it takes
        stft_window(self.window, self.win_length or self.n_fft, self.n_fft)

    def _check_bands(self) -> None:
        """Bands begin below half the rate."""
        check_parameters(mel_scale=self.mel_scale, power=self.power)
        check_number("fmin", self.fmin, minimum=0)
        check_most("fmin", self.fmin, self.sr / 2)
        if self.fmax is not None:
            check_number("fmax", self.fmax, above=self.fmin)
            check_most("fmax", self.fmax, MOST_HZ)

    def _check_levels(self) -> None:
        """Full scale is a level of 1."""
        if self.gain is not None and self.log_offset is not None:
            raise ValueError("gain and log_offset are two ways to take a logarithm: give one")
        limits = {"usual_level": 1.0, "quiet_level": 1.0, "gain": _MOST_GAIN, "log_offset": 1.0}
        for name, most in limits.items():
            value = getattr(self, name)
            if value is not None or name == "usual_level":
                check_number(name, value, above=0)
                check_most(name, value, most)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one patch."""
        return self.patch, self.n_mels

    @property
    def per_second(self) -> float:
        """Frames a second."""
        return self.sr / self.hop_length

    @property
    def length(self) -> float:
        """How long a patch is, seconds: what its last frame has beyond its hop counts as well."""
        beyond = self.n_fft - 2 * self.frontend().padding - self.hop_length
        return super().length + max(0, beyond) / self.sr

    def frontend(self, **heard: Any) -> Frontend:
        """The front end that a track goes through, as the network was trained with."""
        return Frontend(
            sr=self.sr,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            win_length=self.win_length,
            window=self.window,
            center=self.center,
            pad_mode=self.pad_mode,
            pad=self.pad,
            **heard,
        )

    def requests(self) -> tuple[Request, ...]:
        """What is read of `Spectra`."""
        mel = make_request("mel", self._mel())
        return (mel,) if self.quiet_level is None else (mel, make_request("mean_square"))

    def steps(self, seconds: float) -> int:
        """How many frames fit into a time."""
        # Of centred frames as librosa.time_to_frames counts with n_fft, by which networks of this
        # kind were fed: 61 frames for a second at 62.5 frames a second and n_fft = 512.
        counted = seconds * self.sr - (self.n_fft // 2 if self.center else 0)
        return max(1, int(round(counted, 6) // self.hop_length))

    def count(self, spectra: Spectra) -> int:
        """How many frames a track has."""
        return spectra.count_frames("mel", **self._mel())

    def blocks(self, spectra: Spectra) -> Iterator[NDArray[np.float32]]:
        """Sums over bands, of shape (n_frames of the block, n_mels)."""
        for block in spectra.blocks("mel", **self._mel()):
            yield block.T

    def cut(self, spectra: Spectra, starts: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        """Patches of a track, their level raised and their logarithm taken where that is due."""
        lift = self._lift(spectra)
        return (self._levelled(patch, lift) for patch in super().cut(spectra, starts))

    def frames(self, spectra: Spectra) -> NDArray[np.float32]:
        """All of a track as its patches hear it, (n_frames, n_mels)."""
        power = np.concatenate(list(self.blocks(spectra)))
        return self._levelled(power, self._lift(spectra))

    def _levelled(self, power: NDArray[np.float32], lift: float) -> NDArray[np.float32]:
        """Sums raised, or their logarithm."""
        if self.gain is not None:
            return np.log10(1 + np.float32(self.gain * lift) * power)
        raised = power * np.float32(lift)
        return raised if self.log_offset is None else np.log(raised + np.float32(self.log_offset))

    def _lift(self, spectra: Spectra) -> float:
        """By how much what bands sum of a track is raised, 1 or more."""
        if self.quiet_level is None:
            return 1.0
        power = float(np.mean(spectra.get("mean_square"), dtype=np.float64))
        if power == 0 or power >= self.quiet_level**2:
            return 1.0
        lift = min(self.usual_level**2 / power, _MOST)
        return lift if self.power == 2 else float(np.sqrt(lift))

    def _mel(self) -> dict[str, Any]:
        """Parameters of the intermediate."""
        names = ("n_mels", "fmin", "fmax", "mel_scale", "power")
        return {name: getattr(self, name) for name in names}


def check_most(name: str, value: float, most: float) -> None:
    """Refuse a number that is too great."""
    if value > most:
        raise ValueError(f"{name} must be a number of at most {most:g}, not {value!r}")
