"""What to compute of a track: parts, each with the front end it reads through."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import Remark, hearings
from genrekit.dsp import Request
from genrekit.engine._keys import UnkeyedError, plain
from genrekit.engine._tracks import Excerpt, Reader, at_rate, read_track
from genrekit.spectra import Frontend, Part, Spectra

__all__ = ["Description", "Frames", "Plan"]


class Description(NamedTuple):
    """What is kept of one track, and what a cache holds.

    Attributes
    ----------
    seconds : float
        How much of it was read.
    parts : list of ndarray of shape (n_rows, n_values)
        What each part keeps, once for those that keep the same.
    remark : Remark
        What is to be known of it beside.
    """

    seconds: float
    parts: list[NDArray[np.float64]]
    remark: Remark

    def packed(self) -> NDArray[np.float64]:
        """All of it in one row of numbers: lengths, shapes, values."""
        shapes = [float(n) for part in self.parts for n in part.shape]
        values = [part.ravel() for part in self.parts]
        told = [self.seconds, self.remark, len(self.parts)]
        return np.concatenate([told, shapes, *values])

    @classmethod
    def unpacked(cls, numbers: NDArray[np.float64]) -> Description:
        """What `packed` made a row of."""
        seconds, remark, n_parts = float(numbers[0]), Remark(int(numbers[1])), int(numbers[2])
        shapes = numbers[3 : 3 + 2 * n_parts].reshape(-1, 2).astype(int)
        values = np.split(numbers[3 + 2 * n_parts :], np.cumsum(shapes.prod(axis=1))[:-1])
        parts = [part.reshape(shape) for part, shape in zip(values, shapes, strict=True)]
        return cls(seconds, parts, remark)


class Frames(NamedTuple):
    """What `Plan.frames` gives of one track.

    Attributes
    ----------
    values : dict of str to ndarray of shape (n_rows, n_frames)
        By the name of the part.
    seconds : float
        How much of it was read.
    remark : Remark
        What is to be known of it beside.
    """

    values: dict[str, NDArray[Any]]
    seconds: float
    remark: Remark

    def packed(self) -> list[NDArray[Any]]:
        """All of it as arrays: length and remark, then the frames of each part."""
        return [np.array([self.seconds, self.remark], np.float64), *self.values.values()]

    @classmethod
    def unpacked(cls, arrays: Sequence[NDArray[Any]], names: Sequence[str]) -> Frames:
        """What `packed` made arrays of; `ValueError` if these are others."""
        (seconds, remark), *frames = arrays
        if any(part.ndim != 2 for part in frames):
            raise ValueError("frames of shape (n_rows, n_frames) are missing")
        values = dict(zip(names, frames, strict=True))
        return cls(values, float(seconds), Remark(int(remark)))


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

    @cached_property
    def _wanted(self) -> dict[Frontend, list[Request]]:
        """What is read through each front end."""
        wanted: dict[Frontend, list[Request]] = {}
        for part, frontend in zip(self.parts, self.frontends, strict=True):
            wanted.setdefault(frontend, []).extend(part.requests())
        return wanted

    @cached_property
    def _places(self) -> list[int]:
        """The place of each part's front end among these: to look one up takes long."""
        order = list(self._wanted)
        return [order.index(frontend) for frontend in self.frontends]

    @cached_property
    def _alike(self) -> list[int]:
        """Of each part, the first one that keeps the same: outputs of one network, say."""
        firsts: dict[Any, int] = {}
        pairs = zip(self.parts, self._places, strict=True)
        return [firsts.setdefault(_key(part, place), i) for i, (part, place) in enumerate(pairs)]

    def spectra(
        self, item: Any, decoder: Any = None, read: Reader = read_track
    ) -> tuple[dict[Frontend, Spectra], Remark]:
        """The track through each front end, with what all parts read of it; what is to be known."""
        # It may be read twice: of what is a stream, whoever calls has read the `content`.
        rated = {frontend: at_rate(frontend, item, decoder) for frontend in self._wanted}
        requests: dict[Frontend, list[Request]] = {}
        for frontend, wanted in self._wanted.items():
            requests.setdefault(rated[frontend], []).extend(wanted)
        finished: dict[Frontend, Spectra] = {}
        remarks = []
        for excerpt, frontends in _excerpts(tuple(requests)).items():
            shared = {frontend: requests[frontend] for frontend in frontends}
            for downmix in hearings():
                found = _swept(shared, read(item, excerpt, decoder, downmix))
            finished.update(found)
            remarks.append(downmix.remark)
        spectra = {frontend: finished[rated[frontend]] for frontend in self._wanted}
        # Parts may hear other excerpts than the first, which is what lengths are about.
        again = reduce(or_, remarks) & Remark.FIRST_CHANNEL
        return spectra, remarks[0] | again

    def describe(self, item: Any, decoder: Any = None, read: Reader = read_track) -> Description:
        """What each part keeps of a track."""
        spectra, remark = self.spectra(item, decoder, read)
        tracks = list(spectra.values())
        parts = [_kept(self.parts[i], tracks[self._places[i]]) for i in dict.fromkeys(self._alike)]
        return Description(tracks[0].seconds, parts, remark)

    def frames(self, item: Any, decoder: Any = None, read: Reader = read_track) -> Frames:
        """Values by frame of each part that has them."""
        spectra, remark = self.spectra(item, decoder, read)
        triples = zip(self.names, self.parts, self.frontends, strict=True)
        values = {name: part.frames(spectra[front]) for name, part, front in triples}
        return Frames(values, next(iter(spectra.values())).seconds, remark)

    def key(self) -> tuple[Any, ...]:
        """What a description depends on beside the track: the parts and their front ends."""
        frontends = tuple(astuple(frontend) for frontend in self.frontends)
        return plain((tuple(part.key() for part in self.parts), frontends))

    def row(self, description: Description) -> NDArray[np.float64]:
        """The columns of one track."""
        firsts = list(dict.fromkeys(self._alike))
        kept = dict(zip(firsts, description.parts, strict=True))
        pairs = [(part, kept[first]) for part, first in zip(self.parts, self._alike, strict=True)]
        row = np.concatenate([part.row(kept) for part, kept in pairs])
        if len(row) != len(self.columns):
            raise ValueError(f"the parts give {len(row)} values for {len(self.columns)} columns")
        return row


def _key(part: Part, place: int) -> Any:
    """What a part keeps depends on, with a front end; like no other's if that can't be told."""
    key: Any = part.key()
    try:
        hash(key)  # as most are: to make others so takes as long as a feature of a short track
    except TypeError:
        try:
            key = plain(key)
        except UnkeyedError:
            key = object()
    return type(part), place, key


def _kept(part: Part, spectra: Spectra) -> NDArray[np.float64]:
    """What a part keeps of a track."""
    kept = part.describe(spectra)
    if np.ndim(kept) != 2:
        given = f"{type(part).__name__}.describe gives {np.ndim(kept)} dimension(s)"
        raise ValueError(f"{given}, not an array of shape (n_rows, n_values)")
    return kept


def _swept(requests: dict[Frontend, list[Request]], read: Any) -> dict[Frontend, Spectra]:
    """One reading of a track through front ends that share a decode."""
    spectra = {front: Spectra.begin(front, wanted) for front, wanted in requests.items()}
    order = list(dict.fromkeys(frontend.rates for frontend in spectra))  # as in the excerpt
    listeners = [(track, order.index(frontend.rates)) for frontend, track in spectra.items()]
    with closing(read):  # an interrupt keeps what it passed through, and a decoder would stay open
        for blocks in read:
            for track, place in listeners:
                track.push(blocks[place])
    return {frontend: track.finish() for frontend, track in spectra.items()}


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
