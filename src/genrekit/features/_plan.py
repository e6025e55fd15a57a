"""What to compute of a track: parts, each with the front end it reads through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.dsp import Request
from genrekit.features._keys import plain
from genrekit.features._parts import Part
from genrekit.features._spectra import Frontend, Spectra
from genrekit.features._tracks import Excerpt, Reader, at_rate, read_track

__all__ = ["Description", "Plan"]


class Description(NamedTuple):
    """What is kept of one track, and what a cache holds.

    Attributes
    ----------
    seconds : float
        How much of it was read.
    parts : list of ndarray of shape (n_rows, n_values)
        What each part keeps.
    """

    seconds: float
    parts: list[NDArray[np.float64]]

    def packed(self) -> NDArray[np.float64]:
        """All of it in one row of numbers: lengths, shapes, values."""
        shapes = [float(n) for part in self.parts for n in part.shape]
        values = [part.ravel() for part in self.parts]
        return np.concatenate([[self.seconds, len(self.parts)], shapes, *values])

    @classmethod
    def unpacked(cls, numbers: NDArray[np.float64]) -> Description:
        """What `packed` made a row of."""
        seconds, n_parts = float(numbers[0]), int(numbers[1])
        shapes = numbers[2 : 2 + 2 * n_parts].reshape(-1, 2).astype(int)
        values = np.split(numbers[2 + 2 * n_parts :], np.cumsum(shapes.prod(axis=1))[:-1])
        parts = [part.reshape(shape) for part, shape in zip(values, shapes, strict=True)]
        return cls(seconds, parts)


@dataclass(frozen=True)
class Plan:
    """Parts with the front ends they read through.

    Attributes
    ----------
    names : tuple of str
        Name of each part.
    parts : tuple of Part
        The parts.
    frontends : tuple of Frontend
        The front end of each part.
    """

    names: tuple[str, ...]
    parts: tuple[Part, ...]
    frontends: tuple[Frontend, ...]

    @classmethod
    def of(cls, named: Sequence[tuple[str, Part]], inherited: Frontend) -> Plan:
        """A plan for named parts inside one front end."""
        names, parts = zip(*named, strict=True)
        return cls(names, parts, tuple(part.frontend(inherited) for part in parts))

    @cached_property
    def columns(self) -> list[str]:
        """Names of all columns, in order."""
        pairs = zip(self.names, self.parts, strict=True)
        columns = [column for name, part in pairs for column in part.columns(name)]
        if len(set(columns)) < len(columns):
            twice = sorted({column for column in columns if columns.count(column) > 1})
            raise ValueError(f"two parts give the same column, {twice[0]!r}: rename one of them")
        return columns

    def spectra(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> dict[Frontend, Spectra]:
        """The track through each front end, with what all parts read of it."""
        rated = {frontend: at_rate(frontend, item, decoder) for frontend in self.frontends}
        requests: dict[Frontend, list[Request]] = {}
        for part, frontend in zip(self.parts, self.frontends, strict=True):
            requests.setdefault(rated[frontend], []).extend(part.requests())
        spectra = {front: Spectra.begin(front, wanted) for front, wanted in requests.items()}
        for excerpt, frontends in _excerpts(tuple(spectra)).items():
            for blocks in read(item, excerpt, decoder):
                heard = dict(zip(excerpt.rates, blocks, strict=True))
                for frontend in frontends:
                    spectra[frontend].push(heard[frontend.rates])
        finished = {frontend: track.finish() for frontend, track in spectra.items()}
        return {frontend: finished[rated[frontend]] for frontend in self.frontends}

    def describe(self, item: Any, decoder: Any = None, read: Reader = read_track) -> Description:
        """What each part keeps of a track."""
        spectra = self.spectra(item, decoder, read)
        pairs = zip(self.parts, self.frontends, strict=True)
        parts = [part.describe(spectra[frontend]) for part, frontend in pairs]
        return Description(next(iter(spectra.values())).seconds, parts)

    def frames(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> dict[str, NDArray[Any]]:
        """Values by frame of each part that has them."""
        spectra = self.spectra(item, decoder, read)
        triples = zip(self.names, self.parts, self.frontends, strict=True)
        return {name: part.frames(spectra[front]) for name, part, front in triples}  # type: ignore[attr-defined]

    def key(self) -> tuple[Any, ...]:
        """What a description depends on beside the track: the parts and their front ends."""
        frontends = tuple(astuple(frontend) for frontend in self.frontends)
        return plain((tuple(part.key() for part in self.parts), frontends))

    def row(self, description: Description) -> NDArray[np.float64]:
        """The columns of one track."""
        pairs = zip(self.parts, description.parts, strict=True)
        return np.concatenate([part.row(kept) for part, kept in pairs])


@lru_cache(maxsize=16)
def _excerpts(frontends: tuple[Frontend, ...]) -> dict[Excerpt, list[Frontend]]:
    """The front ends that share a decode, by what they hear."""
    shared: dict[tuple[float, float | None], list[Frontend]] = {}
    for frontend in frontends:
        shared.setdefault((frontend.offset, frontend.duration), []).append(frontend)
    excerpts = {}
    for (offset, duration), alike in shared.items():
        rates = tuple(dict.fromkeys(frontend.rates for frontend in alike))
        excerpts[Excerpt(rates, offset, duration)] = alike
    return excerpts
