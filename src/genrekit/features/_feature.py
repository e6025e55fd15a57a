"""What a feature is: a row of the table (`Feature`), and that row with its settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import did_you_mean
from genrekit.dsp import Request, check_parameters, make_request
from genrekit.spectra import DEFAULT_STATS, STATS, WAVEFORM, Frontend, Spectra, check_stats, pool

__all__ = ["Feature", "FeaturePart"]


@dataclass(frozen=True)
class Feature:
    """One row of the table of features.

    Parameters
    ----------
    function : callable
        ``function(spectra, **params) -> ndarray of shape (n_rows, n_frames)``.
    transformer : str
        Name of its scikit-learn transformer in ``genrekit.features``.
    needs : sequence of str or callable
        The intermediates it reads; a callable gets the parameters. Parameters of an
        intermediate are taken from the feature's own of the same name.
    rows : sequence of str or callable, default=("",)
        What each row adds to the feature's name; a callable gets the parameters.
    whole_clip : bool, default=False
        Whether it gives one value a track, which is not pooled.
    native : bool, default=False
        Whether it reads each track at its own rate, unless it is given one.
    """

    function: Callable[..., NDArray[Any]]
    transformer: str
    needs: Sequence[str] | Callable[[Mapping[str, Any]], Sequence[str]]
    rows: Sequence[str] | Callable[[Mapping[str, Any]], Sequence[str]] = ("",)
    whole_clip: bool = False
    native: bool = False

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Keyword-only parameters of the function and their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def rows_of(self, params: Mapping[str, Any]) -> Sequence[str]:
        """What each row adds to the name, with these parameters."""
        return self.rows(params) if callable(self.rows) else self.rows

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]


@dataclass(frozen=True)
class FeaturePart:
    """A feature with its settings: a `Part` without scikit-learn.

    Parameters
    ----------
    feature : Feature
        Row of the table.
    params : mapping, default={}
        Parameters of its function; those left out keep their defaults.
    stats : sequence of str, optional
        Statistics over frames; None means ("mean", "std"), unless those around it say others.
    overrides : mapping, default={}
        Front-end parameters that differ from the ones around it.
    """

    feature: Feature
    params: Mapping[str, Any] = field(default_factory=dict)
    stats: Sequence[str] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.params:
            if name not in self.feature.defaults:
                hint = did_you_mean(name, self.feature.defaults)
                raise TypeError(f"{self.feature.transformer} has no parameter {name!r}: {hint}")
        check_parameters(**self.settings)
        check_stats(self.pooled_by)

    @property
    def pooled_by(self) -> Sequence[str]:
        """The statistics over frames."""
        return DEFAULT_STATS if self.stats is None else self.stats

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All parameters of the function."""
        return {**self.feature.defaults, **self.params}

    def frontend(self, inherited: Frontend) -> Frontend:
        """The front end around it with its own overrides."""
        native = self.feature.native and "sr" not in self.overrides
        if not self.overrides and native == inherited.native:
            return inherited
        return replace(inherited, **self.overrides, native=native)

    def requests(self) -> tuple[Request, ...]:
        """The intermediates that its function reads."""
        return self._requests

    @cached_property
    def _requests(self) -> tuple[Request, ...]:
        """The same, put together once."""
        needs = self.feature.needs
        names = needs(self.settings) if callable(needs) else needs
        return tuple(
            WAVEFORM if name == WAVEFORM[0] else make_request(name, self.settings) for name in names
        )

    def frames(self, spectra: Spectra) -> NDArray[Any]:
        """Values by frame, (n_rows, n_frames)."""
        return self.feature.function(spectra, **self.settings)

    def describe(self, spectra: Spectra) -> NDArray[np.float64]:
        """All statistics of a track, or its one value."""
        frames = self.frames(spectra)
        return frames.astype(np.float64) if self.feature.whole_clip else pool(frames)

    def key(self) -> tuple[Any, ...]:
        """The function and its parameters; not the statistics, of which all are kept."""
        return self.feature.transformer, tuple(sorted(self.settings.items()))

    def row(self, description: NDArray[np.float64]) -> NDArray[np.float64]:
        """The statistics that are wanted."""
        if self.feature.whole_clip:
            return description.ravel()
        return description[:, self._chosen].ravel()

    @cached_property
    def _chosen(self) -> list[int]:
        """Which of all statistics they are."""
        return [STATS.index(name) for name in self.pooled_by]

    def columns(self, name: str) -> list[str]:
        """Names of the columns, for example ``mfcc0_mean``, ``mfcc0_std``, ``mfcc1_mean``."""
        rows = [name + suffix for suffix in self.feature.rows_of(self.settings)]
        if self.feature.whole_clip:
            return rows
        return [f"{row}_{stat}" for row in rows for stat in self.pooled_by]
