"""From a card to what computes it of tracks: parts that give the frames of inputs, and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.dsp import Request
from genrekit.engine import Plan
from genrekit.networks._card import ModelCard
from genrekit.networks._network import answer_patches, open_network
from genrekit.networks._registry import get_card
from genrekit.networks._segments import answer_times
from genrekit.patches import (
    EmbeddingRows,
    FeatureRows,
    FeaturesInput,
    MelInput,
    NetworkRows,
    Patches,
    RowsInput,
    WaveformInput,
    WaveformRows,
    patch_starts,
)
from genrekit.spectra import WAVEFORM, Frontend, Part, Spectra, pool

__all__ = ["Listener", "make_plan", "part_of"]


def make_plan(heard: FeaturesInput, frontend: Frontend | None = None) -> Plan:
    """What gives the frames of a card's inputs, with one decode of each track.

    Parameters
    ----------
    heard : FeaturesInput
        The ``input`` of the card.
    frontend : Frontend, optional
        Of which `offset`, `duration` and the rate of bare arrays count; None means
        ``Frontend()``.

    Returns
    -------
    Plan
        A part for each input, under its name.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.networks import FeaturesInput, make_plan, rows_inputs
    >>> entries, _ = rows_inputs(["mfcc", "waveform"], segment_duration=1.0)
    >>> plan = make_plan(FeaturesInput(segment_duration=1.0, inputs=entries))
    >>> {name: frames.shape for name, frames in plan.frames(np.zeros(22050)).values.items()}
    {'mfcc': (20, 44), 'waveform': (1, 22050)}
    """
    inherited = Frontend() if frontend is None else frontend
    named = [(entry.name, part_of(entry)) for entry in heard.inputs]
    return Plan.of(named, replace(inherited, array_sr=inherited.rates[1]))


def _excerpt(inherited: Frontend) -> dict[str, Any]:
    """What of a track is heard, as the front end around says, and at which rate bare arrays are."""
    return {
        "offset": inherited.offset,
        "duration": inherited.duration,
        "array_sr": inherited.rates[1],
    }


def part_of(entry: RowsInput) -> Part:
    """What gives the rows of one input."""
    if isinstance(entry, FeatureRows):
        return entry.part
    kinds: dict[type[RowsInput], type[_RowsPart]] = {
        WaveformRows: _WaveformPart,
        NetworkRows: _NetworkPart,
        EmbeddingRows: _EmbeddingPart,
    }
    if type(entry) not in kinds:
        raise ValueError(f"the frames of the input {entry.name!r} are what the user brings")
    return kinds[type(entry)](entry)


@dataclass(frozen=True)
class _RowsPart:
    """A `Part` of which frames are wanted; its columns are statistics over them."""

    entry: Any

    @property
    def _prefix(self) -> str:
        """Its name, as `resolve` looks for it."""
        name: str = self.entry.name
        return name

    def frontend(self, inherited: Frontend) -> Frontend:
        """As the card names it."""
        return Frontend(sr=self.entry.sr, **_excerpt(inherited))

    def requests(self) -> tuple[Request, ...]:
        """What it reads of the spectra."""
        return (WAVEFORM,)

    def frames(self, spectra: Spectra) -> NDArray[Any]:
        """The rows."""
        return spectra.waveform[np.newaxis]

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """Statistics over the columns."""
        return pool(self.frames(spectra))

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """All of them."""
        return description.ravel()

    def columns(self, name: str) -> list[str]:
        """Their numbers."""
        return [f"{name}_{i}" for i in range(8 * self.entry.n_rows)]

    def key(self) -> tuple[Any, ...]:
        """What the rows depend on, which means and scales are not of."""
        return (self.entry.rows,)


class _WaveformPart(_RowsPart):
    """Samples."""


class _NetworkPart(_RowsPart):
    """Frames that another network hears."""

    def frontend(self, inherited: Frontend) -> Frontend:
        return self.entry.heard.frontend(**_excerpt(inherited))

    def requests(self) -> tuple[Request, ...]:
        return self.entry.heard.requests()

    def frames(self, spectra: Spectra) -> NDArray[Any]:
        frames: NDArray[np.float32] = self.entry.heard.frames(spectra).T
        return frames

    def key(self) -> tuple[Any, ...]:
        return self.entry.rows, astuple(replace(self.entry.heard, patch=1))


class _EmbeddingPart(_RowsPart):
    """Answers of another network."""

    def frontend(self, inherited: Frontend) -> Frontend:
        return self._listener().frontend(inherited)

    def requests(self) -> tuple[Request, ...]:
        return self._listener().requests()

    def frames(self, spectra: Spectra) -> NDArray[Any]:
        entry = self.entry
        _, answers = self._listener().answers(spectra, [entry.output], entry.patch_hop)
        return answers[entry.output].T

    def key(self) -> tuple[Any, ...]:
        entry = self.entry
        return entry.rows, entry.sha256, self._listener().key(), entry.output, entry.patch_hop

    def _listener(self) -> Listener:
        """The other network, found to be the one that the card names."""
        entry = self.entry
        listener = Listener(get_card(entry.model))
        card, heard = listener.card, listener.card.input
        if not card.stands_for(entry.sha256):
            raise ValueError(
                f"the input {entry.name!r} was trained on the network of SHA-256 {entry.sha256}, "
                f"but {entry.model!r} here is {card.sha256}: use the version it was trained on"
            )
        check_choice("output", entry.output, card.outputs)
        found = heard.sr, 1 / heard.hop(entry.patch_hop)
        if card.outputs[entry.output] != entry.n_rows or found != (entry.sr, entry.per_second):
            raise ValueError(
                f"the input {entry.name!r} does not fit the card of {entry.model!r}: units or "
                "answers a second are others"
            )
        if card.references:
            raise ValueError(
                f"{entry.model!r} hears the answers of another network itself: give that one's"
            )
        return listener


class Listener:
    """A network that hears tracks patch by patch, whatever kind of input its card has.

    Parameters
    ----------
    card : ModelCard
        Its card.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._heard: Any = card.input
        # Nothing was learnt about a mel spectrogram or a waveform as pretrained networks hear them.
        self._plain = isinstance(card.input, (MelInput, WaveformInput))

    @property
    def _parts(self) -> dict[str, Part]:
        """Of a features input, what gives the rows of each of its inputs."""
        if any(entry.rows == "frames" for entry in self._heard.inputs):
            raise ValueError(
                f"{self.card.name} was trained on frames that its user brought, so no track can "
                "be given to it"
            )
        return {entry.name: part_of(entry) for entry in self._heard.inputs}

    def frontend(self, inherited: Frontend) -> Frontend:
        """The one front end that all its inputs read through, or `ValueError`."""
        if self._plain:
            front: Frontend = self._heard.frontend(**_excerpt(inherited))
            return front
        inherited = replace(inherited, **_excerpt(inherited))
        fronts = {name: part.frontend(inherited) for name, part in self._parts.items()}
        # Samples are the same through every front end of their rate.
        framed = {
            name: front
            for name, front in fronts.items()
            if not isinstance(self._parts[name], _WaveformPart)
        }
        first, shared = next(iter((framed or fronts).items()))
        for name, front in fronts.items():
            if (front != shared) if name in framed else (front.rates != shared.rates):
                raise ValueError(
                    f"{self.card.name} can't be an embedding: its inputs {first!r} and {name!r} "
                    "do not share one front end (sr, n_fft, hop_length, …), and an embedding reads "
                    "through one. Train it on inputs that do, or use it through the classifier"
                )
        return shared

    def requests(self) -> tuple[Request, ...]:
        """What it reads of spectra."""
        if self._plain:
            requests: tuple[Request, ...] = self._heard.requests()
            return requests
        wanted = [part.requests() for part in self._parts.values()]
        return tuple(dict.fromkeys(request for some in wanted for request in some))

    def answers(
        self,
        spectra: Spectra,
        outputs: Sequence[str],
        patch_hop: float,
        max_patches: int | None = None,
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float32]]]:
        """Where patches of a track start, seconds, and by output the answers, (n, n_units)."""
        network = open_network(self.card)
        if self._plain:
            patches = Patches(spectra, self._heard, patch_hop=patch_hop, max_patches=max_patches)
            return patches.times, answer_patches(network, patches, outputs)
        times = self._times(spectra.seconds, patch_hop, max_patches)
        frames = {name: part.frames(spectra) for name, part in self._parts.items()}
        found = answer_times(network, self._heard, frames, times, outputs)
        return times + spectra.frontend.offset, found

    def fitting(self, seconds: float, patch_hop: float) -> int:
        """How many patches lie in a time."""
        if self._plain:
            beside = round(seconds * self._heard.per_second) - self._heard.patch
            return 1 + int(max(0, beside) // self._heard.steps(patch_hop))
        return len(self._times(seconds, patch_hop, None))

    def count(self, spectra: Spectra, patch_hop: float) -> int:
        """How many patches a track has."""
        if self._plain:
            return len(Patches(spectra, self._heard, patch_hop=patch_hop))
        return len(self._times(spectra.seconds, patch_hop, None))

    def _times(
        self, seconds: float, patch_hop: float, max_patches: int | None
    ) -> NDArray[np.float64]:
        """Where the segments of a track start that lie wholly in it; one of a shorter track."""
        heard = self._heard
        # Counted in samples, as lengths of tracks are.
        counted = [round(time * heard.sr) for time in (seconds, heard.length, heard.hop(patch_hop))]
        starts = patch_starts(counted[0], counted[1], max(1, counted[2]), max_patches)
        times: NDArray[np.float64] = starts / heard.sr
        return times

    def key(self) -> tuple[Any, ...]:
        """What its answers depend on beside output and distance."""
        return self.card.sha256, self._heard.kind, astuple(self._heard)
