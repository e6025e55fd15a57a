"""The third kind of input: rows over time, one or more, as networks trained here hear them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genrekit._json import as_mapping, as_tuples, check_fields
from genrekit._validation import check_choice, check_number
from genrekit.engine import segment_starts
from genrekit.patches._inputs import MOST_VALUES, MelInput, WaveformInput
from genrekit.patches._rows import ROWS, FrameRows, RowsInput, columns_in

__all__ = ["INPUTS", "FeaturesInput", "parse_input"]

_MOST_INPUTS = 16
# A day: what is cut into segments of more than that is no music.
_MOST_SECONDS = 86400.0


@dataclass(frozen=True, kw_only=True)
class FeaturesInput:
    """Rows over time, standardised: one input or several, which hear the same segment.

    Parameters
    ----------
    segment_duration : float or None
        Length of a segment, seconds; None for frames that the user brings, where lengths count
        columns.
    inputs : sequence of RowsInput
        One for each input of the ONNX graph, in its order.

    See Also
    --------
    rows_inputs : Makes entries from the names of features.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import FeaturesInput, rows_inputs
    >>> entries, _ = rows_inputs(["mfcc", "rms"], segment_duration=3.0)
    >>> heard = FeaturesInput(segment_duration=3.0, inputs=entries)
    >>> heard.shapes
    [(20, 129), (1, 129)]
    >>> heard.times(7.8).tolist()
    [0.0, 3.0]
    >>> frames = {"mfcc": np.zeros((20, 336)), "rms": np.zeros((1, 336))}
    >>> [patches.shape for patches in heard.cut(frames, heard.times(7.8))]
    [(2, 20, 129), (2, 1, 129)]
    """

    kind: ClassVar[str] = "features"
    segment_duration: float | None
    inputs: tuple[RowsInput, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, (tuple, list)) or not 1 <= len(self.inputs) <= _MOST_INPUTS:
            raise ValueError(f"inputs must be a list of 1 to {_MOST_INPUTS} entries")
        object.__setattr__(self, "inputs", tuple(self.inputs))
        for entry in self.inputs:
            if not isinstance(entry, RowsInput):
                raise ValueError(f"an entry of inputs must be rows, not {entry!r:.80}")
        names = [entry.name for entry in self.inputs]
        if len(set(names)) < len(names):
            raise ValueError(f"two inputs have the same name: {', '.join(names)}")
        if sum(entry.patch * entry.n_rows for entry in self.inputs) > MOST_VALUES:
            raise ValueError("the patches of a segment are too large together")
        self._check_duration()

    def _check_duration(self) -> None:
        """Seconds, unless the user brings the frames, and then there is one input."""
        brought = any(isinstance(entry, FrameRows) for entry in self.inputs)
        if brought and len(self.inputs) > 1:
            raise ValueError("frames that the user brings are one input and have none beside them")
        if brought != (self.segment_duration is None):
            raise ValueError(
                "segment_duration must be a number of seconds, or null for the frames that the "
                f"user brings, not {self.segment_duration!r:.80}"
            )
        if self.segment_duration is not None:
            check_number("segment_duration", self.segment_duration, above=0, maximum=_MOST_SECONDS)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shape of one patch of each input."""
        return [entry.shape for entry in self.inputs]

    @property
    def shape(self) -> Any:
        """Shape of one patch; with several inputs a tuple of such."""
        return tuple(self.shapes) if len(self.inputs) > 1 else self.shapes[0]

    @property
    def sr(self) -> float:
        """Sampling rate of the first input, in whose samples lengths are counted, Hz."""
        return self.inputs[0].sr

    @property
    def length(self) -> float:
        """Length of a segment: seconds, or columns of frames that the user brings."""
        return self.inputs[0].patch if self.segment_duration is None else self.segment_duration

    def scaled(self, levels: Mapping[str, tuple[Any, Any]]) -> FeaturesInput:
        """A copy with learnt means and scales, by the name of the input."""
        inputs = [entry.scaled(*levels[entry.name]) for entry in self.inputs]
        return replace(self, inputs=tuple(inputs))

    def times(
        self, seconds: float, segment_hop: float | None = None, pad: float = 0.1
    ) -> NDArray[np.float64]:
        """Where the segments of a track start, one at least, as `SegmentClassifier` cuts them."""
        if segment_hop is not None:
            check_number("segment_hop", segment_hop, above=0)
        check_number("pad", pad, minimum=0, maximum=1)
        sr = self.sr
        length = max(1, round(self.length * sr))
        hop = length if segment_hop is None else max(1, round(segment_hop * sr))
        return np.array(segment_starts(max(1, round(seconds * sr)), length, hop, pad)) / sr

    def hop(self, seconds: float) -> float:
        """A distance in seconds, rounded down to what the first input counts in."""
        per_second = self.inputs[0].per_second
        return max(1, int(columns_in(seconds, per_second))) / per_second

    def cut(self, frames: Mapping[str, NDArray[Any]], times: NDArray[np.float64]) -> Any:
        """Patches of a track, standardised, (n_segments, ...): of several inputs a tuple."""
        patches = tuple(entry.cut(frames[entry.name], times) for entry in self.inputs)
        return patches if len(patches) > 1 else patches[0]

    def patch(self, frames: Mapping[str, NDArray[Any]], time: float) -> Any:
        """The patch that starts at a time, of the shape `shape`: of several inputs a tuple."""
        cut = self.cut(frames, np.array([time]))
        return tuple(one[0] for one in cut) if isinstance(cut, tuple) else cut[0]


INPUTS: dict[str, type[MelInput] | type[WaveformInput] | type[FeaturesInput]] = {
    cls.kind: cls for cls in (MelInput, WaveformInput, FeaturesInput)
}
"""The kinds of input that a card may name."""


def parse_input(content: Any, where: str = "input") -> Any:
    """What a network hears, from the JSON of its card."""
    options = dict(as_mapping(where, content))
    kind = options.pop("kind", None)
    check_choice(f"kind of {where}", kind, INPUTS)
    check_fields(options, INPUTS[kind], f"{where}: ")
    if INPUTS[kind] is FeaturesInput:
        options["inputs"] = _parse_entries(options["inputs"])
    return INPUTS[kind](**options)


def _parse_entries(content: Any) -> tuple[RowsInput, ...]:
    """The entries of a features input."""
    if not isinstance(content, list):
        raise ValueError(f"inputs must be a list of entries, not {content!r:.80}")
    return tuple(_parse_entry(f"inputs[{i}]", entry) for i, entry in enumerate(content))


def _parse_entry(where: str, content: Any) -> RowsInput:
    """One entry; a fault in it is told with its place."""
    options = dict(as_mapping(where, content))
    kind = options.pop("rows", None)
    check_choice(f"rows in {where}", kind, ROWS)
    check_fields(options, ROWS[kind], f"{where}: ")
    try:
        if "heard" in options:
            options["heard"] = _parse_heard(options["heard"])
        return ROWS[kind](**{name: as_tuples(value) for name, value in options.items()})
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error


def _parse_heard(content: Any) -> Any:
    """The mel spectrogram of another network: no further entries, so that none nests."""
    check_choice("kind of heard", as_mapping("heard", content).get("kind"), [MelInput.kind])
    return parse_input(content, "heard")
