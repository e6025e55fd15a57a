"""What a pretrained network makes of a track, as a part of a plan. No scikit-learn."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice, check_integer, check_number
from genrekit.dsp import Request
from genrekit.engine import NOTHING, Plan, extract_tracks, notes_of, warn_of_notes
from genrekit.exceptions import AudioContentWarning
from genrekit.networks._card import ModelCard
from genrekit.networks._hearing import Listener
from genrekit.networks._registry import get_card
from genrekit.spectra import DEFAULT_STATS, Frontend, Spectra, check_stats, pool, select

__all__ = ["EmbeddingPart", "top_tags"]


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddingPart:
    """Outputs of a network over a track, pooled: a `Part`, of which `CNNEmbedding` is the shell.

    Parameters
    ----------
    model : str or path-like, default="msd-musicnn"
        The network; this and the following as in `CNNEmbedding`.
    output : str, default="tags"
        Which of its outputs.
    patch_hop : float or "auto", default="auto"
        Distance between patches, seconds.
    max_patches : int, None or "auto", default="auto"
        How many patches of a long track.
    stats : sequence of str, optional
        Statistics over patches.
    sr : float, optional
        Sampling rate of bare arrays, Hz.
    offset : float, optional
        Where to begin, seconds.
    duration : float, optional
        How much to read, seconds.

    Examples
    --------
    >>> from genrekit.networks import EmbeddingPart
    >>> EmbeddingPart(stats=("mean",)).columns("cnn")[:2]
    ['cnn_rock_mean', 'cnn_pop_mean']
    """

    model: str | os.PathLike[str] = "msd-musicnn"
    output: str = "tags"
    patch_hop: float | str = "auto"
    max_patches: int | str | None = "auto"
    stats: Any = None
    sr: float | None = None
    offset: float | None = None
    duration: float | None = None

    # What columns begin with, also among other features.
    _prefix = "cnn"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the units of `output`; none where units have no meaning of their own."""
        return tuple(self._card().labels.get(self.output, ()))

    @property
    def _pooled_by(self) -> Sequence[str]:
        """The statistics over patches."""
        return DEFAULT_STATS if self.stats is None else self.stats

    def _card(self) -> ModelCard:
        """The network's card, all parameters checked against it."""
        card = get_card(self.model)
        check_choice("output", self.output, card.outputs)
        if not _is_auto(self.patch_hop):
            check_number("patch_hop", self.patch_hop, above=0)
        if self.max_patches is not None and not _is_auto(self.max_patches):
            check_integer("max_patches", self.max_patches, minimum=1)
        if self.sr is not None:
            check_number("sr", self.sr, above=0)
        check_stats(self._pooled_by)
        fitted_with = getattr(self, "sha256_", card.sha256)
        if not card.stands_for(fitted_with):
            raise ValueError(
                f"fitted with a network of SHA-256 {fitted_with}, but {self.model!s} here is "
                f"{card.sha256}: use the version it was fitted with, or fit a clone of it"
            )
        return card

    def hearing(self) -> tuple[float, int | None]:
        """Distance of patches, seconds, and how many at the most: as set, or by the card."""
        card = self._card()
        hop = card.patch_hop if _is_auto(self.patch_hop) else self.patch_hop
        most = card.max_patches if _is_auto(self.max_patches) else self.max_patches
        return float(hop), most  # type: ignore[return-value]

    def pooled(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The wanted statistics over patches.

        Parameters
        ----------
        values : ndarray of shape (n_patches, n_units)
            Answers to patches, such as some of `patches`.

        Returns
        -------
        ndarray of shape (n_columns,)
            A row of features.

        Examples
        --------
        >>> import numpy as np
        >>> from genrekit import CNNEmbedding
        >>> CNNEmbedding(stats=["max"]).pooled(np.eye(3)).tolist()
        [1.0, 1.0, 1.0]
        """
        return select(pool(values.T), check_stats(self._pooled_by))

    def _answers(self, spectra: Spectra) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and values of the patches of one track."""
        listener = Listener(self._card())
        times, answers = listener.answers(spectra, [self.output], *self.hearing())
        return times, answers[self.output]

    # The Part protocol, so that it can stand in AudioFeatures and in `extract`.
    def frames(self, spectra: Spectra) -> NDArray[np.float32]:
        """The answers by patch, a row a unit; part of the `Part` protocol."""
        return self._answers(spectra)[1].T

    def frontend(self, inherited: Frontend) -> Frontend:
        """The network's own front end at the enclosing place; part of the `Part` protocol."""
        listener = Listener(self._card())
        around = replace(
            inherited,
            offset=inherited.offset if self.offset is None else self.offset,
            duration=inherited.duration if self.duration is None else self.duration,
            array_sr=inherited.rates[1] if self.sr is None else self.sr,
        )
        return listener.frontend(around)

    def requests(self) -> tuple[Request, ...]:
        """What it reads of the spectra; part of the `Part` protocol."""
        return Listener(self._card()).requests()

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """All statistics of all outputs over patches; part of the `Part` protocol."""
        # The other outputs cost nothing, and the network runs no second time for them.
        card = self._card()
        _, answers = Listener(card).answers(spectra, list(card.outputs), *self.hearing())
        return pool(np.hstack([answers[name] for name in card.outputs]).T)

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The wanted statistics of `output`; part of the `Part` protocol."""
        outputs = self._card().outputs
        before = list(outputs)[: list(outputs).index(self.output)]
        first = sum(outputs[name] for name in before)
        own = description[first : first + outputs[self.output]]
        return select(own, check_stats(self._pooled_by))

    def columns(self, name: str) -> list[str]:
        """Names of the columns under a name; part of the `Part` protocol."""
        units = [f"_{label}" for label in self.labels]
        units = units or [str(i) for i in range(self._card().outputs[self.output])]
        return [f"{name}{unit}_{stat}" for unit in units for stat in self._pooled_by]

    def key(self) -> tuple[Any, ...]:
        """What a cached description depends on; part of the `Part` protocol."""
        return type(self).__name__, *Listener(self._card()).key(), self.hearing()


def top_tags(
    part: EmbeddingPart, tracks: Sequence[Any], k: int, memory: Any = None, **running: Any
) -> list[list[tuple[str, float]]]:
    """The highest labels of each track, by the mean over its patches.

    Parameters
    ----------
    part : EmbeddingPart
        Which network hears them, and how; its `stats` do not count.
    tracks : sequence
        As `check_collection` gives them.
    k : int
        How many.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed.
    **running
        ``n_jobs``, ``decoder``, ``on_error`` and ``verbose``.

    Returns
    -------
    list of list of (label, float)
        As `CNNEmbedding.top_tags` gives them.
    """
    check_integer("k", k, minimum=1)
    labels = part.labels
    if not labels:
        raise ValueError(f"the units of output={part.output!r} of {part.model!s} have no names")
    means = copy.copy(part)
    means.stats = ("mean",)
    plan = Plan.of([("cnn", means)], Frontend())
    table, _, _, remarks = extract_tracks(tracks, plan, memory, **running)
    notes = notes_of(tracks, remarks, NOTHING)
    warn_of_notes(AudioContentWarning, notes, len(table), "hold too little to be tagged")
    best = np.argsort(-table, axis=1, kind="stable")[:, :k]
    return [
        [] if np.isnan(row).any() else [(labels[i], float(row[i])) for i in order]
        for row, order in zip(table, best, strict=True)
    ]


def _is_auto(value: Any) -> bool:
    """Whether a setting is left to the card of the network."""
    return isinstance(value, str) and value == "auto"
