"""Shells of what only the set "gtzan57" holds; see ``genrekit.features._gtzan``."""

from __future__ import annotations

from dataclasses import dataclass

from genrekit.features.transformers._base import AudioTransformer

__all__ = ["GTZANHPSS", "GTZANMFCC", "GTZANChroma", "GTZANTempo"]


@dataclass(kw_only=True, eq=False, repr=False)
class GTZANChroma(AudioTransformer):
    """Chroma with estimated tuning, pooled over pitch classes and frames together."""


@dataclass(kw_only=True, eq=False, repr=False)
class GTZANHPSS(AudioTransformer):
    """Waveforms of the harmonic and of the percussive part."""


@dataclass(kw_only=True, eq=False, repr=False)
class GTZANTempo(AudioTransformer):
    """Tempo of the beat tracker."""


@dataclass(kw_only=True, eq=False, repr=False)
class GTZANMFCC(AudioTransformer):
    """Twenty MFCCs, numbered from 1."""
