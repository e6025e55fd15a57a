"""What gives a trained network the rows of one of its inputs: entries of a card, as data."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from genrekit._docstrings import parameters_of
from genrekit._validation import check_choice, check_integer, check_number, check_rate
from genrekit.dsp import stft_window
from genrekit.features import FEATURES, FeaturePart
from genrekit.patches._inputs import (
    MOST_FFT,
    MOST_HZ,
    MOST_MELS,
    MOST_VALUES,
    MelInput,
    check_most,
)
from genrekit.spectra import Frontend

__all__ = [
    "ROWS",
    "EmbeddingRows",
    "FeatureRows",
    "FrameRows",
    "NetworkRows",
    "RowsInput",
    "WaveformRows",
    "columns_in",
]

# What a card may ask for, far beyond what there is; see `MelInput`. Values a second: those of a
# waveform at the highest rate, twice over. Means and scales: within what 32-bit floats hold.
_MOST_A_SECOND = 1 << 21
_MOST_ROWS = 1 << 12
_MOST_LEVEL = 1e18
_LEAST_SCALE = 1e-30
_LONGEST = 200
_LONGEST_PLACE = 4096
_FRONTEND = ("sr", "n_fft", "hop_length", "win_length", "window", "center", "pad_mode", "dtype")
_SIZES = ("n_mels", "n_mfcc", "n_chroma", "n_bands")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def columns_in(seconds: Any, per_second: float) -> Any:
    """How many columns lie in a time, or where a time lies among them: rounded down."""
    # What is a whole number but for rounding counts as one.
    return np.floor(np.asarray(seconds, np.float64) * per_second + 1e-9).astype(np.intp)


@dataclass(frozen=True, kw_only=True)
class RowsInput(ABC):
    """One input of a trained network: rows over time, standardised, in patches.

    Parameters
    ----------
    name : str
        Name of the input in the ONNX file: letters, digits and "_".
    patch : int
        Columns that the network hears at once.
    mean : sequence of float
        What is taken off each row.
    scale : sequence of float
        What each row is divided by then.

    Examples
    --------
    >>> from genrekit.patches import FrameRows
    >>> heard = FrameRows(name="picture", patch=128, mean=(0.0,) * 64, scale=(1.0,) * 64)
    >>> heard.n_rows, heard.patch
    (64, 128)
    """

    rows: ClassVar[str] = ""
    name: str
    patch: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name[: _LONGEST + 1]):
            raise ValueError(f"name must be of letters, digits and '_', not {self.name!r:.80}")
        if len(self.name) > _LONGEST:
            raise ValueError(f"name must have at most {_LONGEST} letters, not {len(self.name)}")
        self._check_source()
        self._check_levels()
        check_integer("patch", self.patch, minimum=1, maximum=MOST_VALUES)
        if self.patch * self.n_rows > MOST_VALUES:
            raise ValueError(f"a patch of {self.patch} columns of {self.n_rows} rows is too large")
        if self.per_second * self.n_rows > _MOST_A_SECOND:
            raise ValueError(f"{self.name}: {self.per_second:g} columns a second are too many")

    if TYPE_CHECKING:  # in some kinds a field, which would take a property for its default

        @property
        def sr(self) -> float:
            """Sampling rate at which tracks are heard, Hz."""

        @property
        def per_second(self) -> float:
            """Columns a second."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.mean)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one patch."""
        return self.n_rows, self.patch

    @abstractmethod
    def _check_source(self) -> None:
        """What the rows are made of can be meant."""

    def _expected_rows(self) -> int | None:
        """How many rows come of that, where it is known from the card alone."""
        return None

    def _check_levels(self) -> None:
        """One mean and one scale a row, all within bounds."""
        for name, least in (("mean", -_MOST_LEVEL), ("scale", _LEAST_SCALE)):
            values = getattr(self, name)
            if not isinstance(values, (tuple, list)) or not 1 <= len(values) <= _MOST_ROWS:
                raise ValueError(f"{name} must be a list of 1 to {_MOST_ROWS} numbers, one a row")
            for i, value in enumerate(values):
                check_number(f"{name}[{i}]", value, minimum=least, maximum=_MOST_LEVEL)
            object.__setattr__(self, name, tuple(map(float, values)))
        expected = len(self.mean) if self._expected_rows() is None else self._expected_rows()
        for name in ("mean", "scale"):
            if len(getattr(self, name)) != expected:
                raise ValueError(
                    f"{name} must hold one number for each of the {expected} rows of "
                    f"{self.name!r}, not {len(getattr(self, name))}"
                )

    def scaled(self, mean: Sequence[float], scale: Sequence[float]) -> Self:
        """A copy with the means and scales that were learnt, one of each a row."""
        return replace(self, mean=tuple(map(float, mean)), scale=tuple(map(float, scale)))

    def starts(self, times: NDArray[np.float64], n_columns: int) -> NDArray[np.intp]:
        """The columns where segments start, rounded down, and at most the last one."""
        return np.minimum(columns_in(times, self.per_second), n_columns - 1)

    def cut(self, frames: NDArray[Any], times: NDArray[np.float64]) -> NDArray[np.float32]:
        """Patches of a track, standardised, (n_segments, ...); `times` say where they start."""
        if np.ndim(frames) == len(self.shape) == 1:
            frames = frames[np.newaxis]
        if np.ndim(frames) != 2 or len(frames) != self.n_rows or not frames.shape[1]:
            raise ValueError(
                f"the input {self.name!r} takes frames of shape ({self.n_rows}, n), n being 1 or "
                f"more, not {np.shape(frames)}"
            )
        mean = np.array(self.mean, np.float32)[:, np.newaxis]
        factor = np.reciprocal(np.array(self.scale, np.float64)).astype(np.float32)[:, np.newaxis]
        patches = np.empty((len(times), self.n_rows, self.patch), np.float32)
        for patch, start in zip(patches, self.starts(times, frames.shape[1]), strict=True):
            found = frames[:, start : start + self.patch]
            if found.shape[1] < self.patch:
                found = found[:, np.arange(self.patch) % found.shape[1]]
            np.subtract(found, mean, out=patch, casting="same_kind")
            patch *= factor
        return patches.reshape(len(times), *self.shape)


@parameters_of(Frontend)
@parameters_of(RowsInput)
@dataclass(frozen=True, kw_only=True)
class FeatureRows(RowsInput):
    """Rows of a feature, frame by frame.

    Parameters
    ----------
    ... : see `RowsInput`
        And what the rows are.
    feature : str
        A name of ``genrekit.features.FEATURES``.
    params : mapping, default={}
        Its parameters; those left out keep their defaults.
    """

    rows: ClassVar[str] = "feature"
    feature: str
    params: Mapping[str, Any] = field(default_factory=dict)
    sr: float = 22050
    n_fft: int = 2048
    hop_length: int = 512
    win_length: int | None = None
    window: Any = "hann"
    center: bool = True
    pad_mode: str = "constant"
    dtype: str = "float32"

    @property
    def per_second(self) -> float:
        """Frames a second."""
        return self.sr / self.hop_length

    @property
    def part(self) -> FeaturePart:
        """What computes it, through the front end that the card names."""
        overrides = {name: getattr(self, name) for name in _FRONTEND}
        return FeaturePart(FEATURES[self.feature], self.params, None, overrides)

    def _check_source(self) -> None:
        check_choice("feature", self.feature, FEATURES)
        if FEATURES[self.feature].whole_clip:
            raise ValueError(f"{self.feature} has one value a track: there is no time in it")
        check_rate("sr", self.sr)
        check_most("sr", self.sr, MOST_HZ)
        check_integer("n_fft", self.n_fft, minimum=2, maximum=MOST_FFT)
        if not isinstance(self.params, Mapping):
            raise ValueError(f"params must be an object, not {self.params!r:.80}")
        try:
            part = self.part
            part.frontend(Frontend())  # it checks what it takes
        except TypeError as error:  # a parameter that the feature has not
            raise ValueError(f"params: {error}") from error
        for name in _SIZES:
            check_most(name, part.settings.get(name, 0), MOST_MELS)
        for name in ("fmin", "fmax"):
            check_most(name, part.settings.get(name) or 0, MOST_HZ)
        stft_window(self.window, self.win_length or self.n_fft, self.n_fft)

    def _expected_rows(self) -> int:
        return len(FEATURES[self.feature].rows_of(self.part.settings))


@parameters_of(RowsInput)
@dataclass(frozen=True, kw_only=True)
class EmbeddingRows(RowsInput):
    """What another network answers, patch by patch: a row a unit.

    Parameters
    ----------
    ... : see `RowsInput`
        A column is an answer.
    model : str
        The other network: a name of ``genrekit.networks.list_models()``, or the path of its card.
    sha256 : str
        SHA-256 of its file. With another one nothing is computed.
    output : str
        Which of its outputs.
    patch_hop : float
        Distance between its patches, seconds, rounded down to what it counts in.
    sr : float
        Sampling rate that it hears at, Hz.
    per_second : float
        Its answers a second, as they follow from `patch_hop`.
    """

    rows: ClassVar[str] = "embedding"
    model: str
    sha256: str
    output: str
    patch_hop: float
    sr: float
    per_second: float

    def _check_source(self) -> None:
        for name in ("model", "output"):
            value = getattr(self, name)
            if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PLACE:
                raise ValueError(f"{name} must be a text, not {value!r:.80}")
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 must be 64 digits 0-9, a-f, not {self.sha256!r:.80}")
        check_number("patch_hop", self.patch_hop, above=0)
        check_rate("sr", self.sr)
        check_most("sr", self.sr, MOST_HZ)
        check_number("per_second", self.per_second, above=0, maximum=self.sr)


@parameters_of(RowsInput)
@dataclass(frozen=True, kw_only=True)
class WaveformRows(RowsInput):
    """The waveform itself: one row, of which patches have the shape (patch,).

    Parameters
    ----------
    ... : see `RowsInput`
        A column is a sample.
    sr : float
        Sampling rate, Hz.
    """

    rows: ClassVar[str] = "waveform"
    sr: float

    @property
    def per_second(self) -> float:
        """Samples a second."""
        return self.sr

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one patch."""
        return (self.patch,)

    def _check_source(self) -> None:
        check_rate("sr", self.sr)
        check_most("sr", self.sr, MOST_HZ)

    def _expected_rows(self) -> int:
        return 1


@parameters_of(RowsInput)
@dataclass(frozen=True, kw_only=True)
class NetworkRows(RowsInput):
    """The frames that another network's patches are cut from: what fine-tuning it hears.

    Parameters
    ----------
    ... : see `RowsInput`
        And what the rows are.
    heard : MelInput
        The ``input`` of the other network's card; its own `patch` does not count.
    """

    rows: ClassVar[str] = "network"
    heard: MelInput

    @property
    def sr(self) -> float:
        """Sampling rate, Hz."""
        return self.heard.sr

    @property
    def per_second(self) -> float:
        """Frames a second."""
        return self.heard.per_second

    def _check_source(self) -> None:
        if not isinstance(self.heard, MelInput):
            raise ValueError(f"heard must be a mel spectrogram's, not {self.heard!r:.80}")

    def _expected_rows(self) -> int:
        return self.heard.n_mels


@parameters_of(RowsInput)
@dataclass(frozen=True, kw_only=True)
class FrameRows(RowsInput):
    """Frames that the user brings; time is counted in columns.

    Parameters
    ----------
    ... : see `RowsInput`
        And what the rows are.
    """

    rows: ClassVar[str] = "frames"

    @property
    def sr(self) -> float:
        """One column for each unit of time."""
        return 1.0

    @property
    def per_second(self) -> float:
        """One column for each unit of time."""
        return 1.0

    def _check_source(self) -> None:
        """There is nothing to look at."""


ROWS: dict[str, type[RowsInput]] = {
    cls.rows: cls for cls in (FeatureRows, EmbeddingRows, WaveformRows, NetworkRows, FrameRows)
}
"""What a card may name as the source of rows."""
