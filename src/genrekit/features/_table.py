"""The one table of features and the named sets.

`AudioFeatures`, `extract`, the command line, the docs and the common tests all read it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from functools import cache, lru_cache, partial
from itertools import chain, count
from typing import Any

from genrekit._validation import did_you_mean
from genrekit.engine import Plan
from genrekit.features import _fma, _gtzan, cepstral, chroma, rhythm, spectral, temporal
from genrekit.features._feature import Feature, FeaturePart
from genrekit.spectra import Frontend, Part, check_stats, lacking

__all__ = [
    "ALL_FEATURES",
    "DROP",
    "FEATURES",
    "SETS",
    "make_part",
    "make_plan",
    "resolve",
    "that_run",
]

Params = Mapping[str, Any]

# Stands for a part that is left out, as in scikit-learn's ColumnTransformer.
DROP = "drop"


def _mfcc_rows(params: Params) -> list[str]:
    """``0``, ``1``, …, then ``_delta0``, …, ``_delta2_0``, …"""
    orders = ["", "_delta", "_delta2_"][: params["deltas"] + 1]
    return [f"{order}{i}" for order in orders for i in range(params["n_mfcc"])]


def _numbered(name: str, params: Params, *, more: int = 0) -> list[str]:
    """``0``, ``1``, …: as many as a parameter says, and some `more`."""
    return [str(i) for i in range(params[name] + more)]


FEATURES: dict[str, Feature] = {
    "mel": Feature(
        spectral.mel_spectrogram, "MelSpectrogram", ["mel"], partial(_numbered, "n_mels")
    ),
    "mfcc": Feature(cepstral.mfcc, "MFCCStats", ["mel"], _mfcc_rows),
    "chroma": Feature(
        chroma.chroma, "ChromaStats", chroma.chroma_needs, partial(_numbered, "n_chroma")
    ),
    "tonnetz": Feature(chroma.tonnetz, "Tonnetz", ["chroma"], list("012345")),
    "spectral_centroid": Feature(spectral.spectral_centroid, "SpectralCentroid", ["moments"]),
    "spectral_bandwidth": Feature(spectral.spectral_bandwidth, "SpectralBandwidth", ["moments"]),
    "spectral_rolloff": Feature(spectral.spectral_rolloff, "SpectralRolloff", ["rolloff"]),
    "spectral_contrast": Feature(
        spectral.spectral_contrast,
        "SpectralContrast",
        ["extremes"],
        partial(_numbered, "n_bands", more=1),
    ),
    "spectral_flatness": Feature(spectral.spectral_flatness, "SpectralFlatness", ["log_sums"]),
    "spectral_flux": Feature(spectral.spectral_flux, "SpectralFlux", ["change"]),
    "zero_crossing_rate": Feature(temporal.zero_crossing_rate, "ZeroCrossingRate", ["crossings"]),
    "rms": Feature(temporal.rms, "RMS", ["mean_square"]),
    "tempo": Feature(rhythm.tempo, "Tempo", ["mel"], whole_clip=True),
}

# Only the set "gtzan57" uses these.
_GTZAN: dict[str, Feature] = {
    "gtzan_chroma": Feature(_gtzan.joint_chroma, "GTZANChroma", ["power"]),
    "gtzan_hpss": Feature(
        _gtzan.harmonic_percussive, "GTZANHPSS", ["waveform"], ["harmony", "perceptr"]
    ),
    "gtzan_tempo": Feature(_gtzan.beat_tempo, "GTZANTempo", ["mel"], whole_clip=True),
    "gtzan_mfcc": Feature(_gtzan.mfcc20, "GTZANMFCC", ["mel"], [str(i) for i in range(1, 21)]),
}

# Only the set "fma518" uses this.
_FMA: dict[str, Feature] = {
    "fma_statistics": Feature(
        _fma.fma_statistics,
        "FMAStatistics",
        ["waveform", "mel"],
        _fma.fma_columns,
        whole_clip=True,
        native=True,
    ),
}

ALL_FEATURES = FEATURES | _GTZAN | _FMA

_MEAN_VAR = {"stats": ("mean", "var"), "pad_mode": "reflect"}

# Fixed: a model that was saved with it must find the same columns in every later version.
_STANDARD = (
    *("mfcc", "chroma", "tonnetz", "spectral_centroid", "spectral_bandwidth", "spectral_rolloff"),
    *("spectral_contrast", "spectral_flatness", "spectral_flux", "zero_crossing_rate"),
    *("rms", "tempo"),
)

# Set → (name of the part, feature, parameters of its transformer), in the order of the columns.
SETS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "standard": tuple((name, name, {}) for name in _STANDARD),
    "gtzan57": (
        ("chroma_stft", "gtzan_chroma", _MEAN_VAR),
        ("rms", "rms", _MEAN_VAR),
        ("spectral_centroid", "spectral_centroid", _MEAN_VAR),
        ("spectral_bandwidth", "spectral_bandwidth", _MEAN_VAR),
        ("rolloff", "spectral_rolloff", _MEAN_VAR),
        ("zero_crossing_rate", "zero_crossing_rate", _MEAN_VAR),
        ("", "gtzan_hpss", _MEAN_VAR),
        ("tempo", "gtzan_tempo", _MEAN_VAR),
        ("mfcc", "gtzan_mfcc", _MEAN_VAR),
    ),
    "fma518": (("", "fma_statistics", {"pad_mode": "reflect"}),),
}

Make = Callable[[Feature, dict[str, Any]], Any]


def make_part(feature: Feature, params: dict[str, Any]) -> FeaturePart:
    """A part without scikit-learn from the parameters of a transformer."""
    own = {name: value for name, value in params.items() if name in feature.defaults}
    rest = {name: value for name, value in params.items() if name not in own}
    stats = rest.pop("stats", None)
    return FeaturePart(feature, own, stats, rest)


def resolve(features: Any, make: Make = make_part) -> list[tuple[str, Any]]:
    """Named parts from a named set, a feature's name, or a list of names, parts or pairs.

    Parameters
    ----------
    features : str, Part or sequence
        What a user passed.
    make : callable, default=make_part
        Turns a row of the table and parameters into a part.

    Returns
    -------
    list of (str, Part)
        The parts with their names, no name twice; "drop" in the place of one that is left out.

    Raises
    ------
    ValueError
        For a name that is not known, with the nearest one.
    """
    if isinstance(features, str) and features in SETS:
        return list(_parts_of_set(features) if make is make_part else _made(features, make))
    if isinstance(features, str) or lacking(features) is not None:
        features = [features]
    if not isinstance(features, Sequence) or not features:
        raise ValueError(
            f"features must be a named set ({', '.join(SETS)}) or a list of feature names and "
            f"transformers, not {features!r}"
        )
    named: list[tuple[str, Any]] = []
    for entry in features:
        name, part = _named(entry, make)
        named.append((_unused(name, [taken for taken, _ in named]), part))
    return named


def _made(name: str, make: Make) -> Iterator[tuple[str, Any]]:
    """The parts of a named set."""
    return ((part, make(ALL_FEATURES[key], dict(params))) for part, key, params in SETS[name])


@cache
def _parts_of_set(name: str) -> tuple[tuple[str, FeaturePart], ...]:
    """Those without scikit-learn, which are made and checked once a process."""
    return tuple(_made(name, make_part))


def make_plan(features: Any, stats: Any, frontend: Frontend) -> Plan:
    """What to compute of tracks.

    Parameters
    ----------
    features : str, Part or sequence
        What a user passed.
    stats : sequence of str, optional
        Statistics over frames for parts that name none; None leaves them to each part.
    frontend : Frontend
        The front end around the parts.

    Returns
    -------
    Plan
        The parts that run. That of a named set is made once, and is others' too.

    Raises
    ------
    ValueError
        For a name or a statistic that is not known, or if all parts are dropped.
    """
    if isinstance(features, str) and features in SETS and stats is None:
        return _plan_of_set(features, frontend)
    return Plan.of(that_run(resolve(features), stats), frontend)


@lru_cache(maxsize=16)
def _plan_of_set(name: str, frontend: Frontend) -> Plan:
    """Whoever predicts track by track asks for the same again and again."""
    return Plan.of(_parts_of_set(name), frontend)


def that_run(named: Sequence[tuple[str, Any]], stats: Any = None) -> list[tuple[str, Any]]:
    """The parts that are not dropped, those that name no statistics with these.

    Parameters
    ----------
    named : sequence of (str, Part)
        What `resolve` gave.
    stats : sequence of str, optional
        Statistics over frames; None leaves them to each part.

    Returns
    -------
    list of (str, Part)
        At least one.

    Raises
    ------
    ValueError
        If all are dropped, or a statistic is not known.
    """
    stats = None if stats is None else check_stats(stats)
    kept = [(name, _pooled(part, stats)) for name, part in named if not _is_drop(part)]
    if not kept:
        raise ValueError("every part of features is dropped: there must be one to compute")
    return kept


def _is_drop(part: Any) -> bool:
    """Whether a part is left out."""
    return isinstance(part, str) and part == DROP


def _pooled(part: Any, stats: tuple[str, ...] | None) -> Any:
    """The part with these statistics, a copy, unless it names its own or has none."""
    if stats is None or getattr(part, "stats", stats) is not None:
        return part
    if is_dataclass(part):
        return replace(part, stats=stats)  # type: ignore[type-var]
    return copy.copy(part).set_params(stats=stats)


def _named(entry: Any, make: Make) -> tuple[str, Any]:
    """Name and part of one entry of a list."""
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str):
        return entry[0], DROP if _is_drop(entry[1]) else _named(entry[1], make)[1]
    if isinstance(entry, str):
        if entry in SETS:
            raise ValueError(f"{entry!r} is a named set: pass it alone, not in a list")
        if entry not in FEATURES:
            known = [*FEATURES, *SETS]
            raise ValueError(f"unknown feature {entry!r}: {did_you_mean(entry, known)}")
        return entry, make(FEATURES[entry], {})
    missing = lacking(entry)
    if missing == []:
        return _default_name(entry), entry
    if missing:
        raise ValueError(
            f"{type(entry).__name__} is no feature: of the methods of genrekit.features.Part it "
            f"lacks {', '.join(missing)}"
        )
    raise ValueError(
        f"{entry!r} is no feature: give its name ({', '.join(FEATURES)}), a transformer such as "
        "MFCCStats(), or a pair of a name and a transformer"
    )


def _default_name(part: Part) -> str:
    """The name that a part's class has in the table, its own prefix, or its class's name."""
    feature = getattr(part, "feature", None)
    own = getattr(part, "_prefix", type(part).__name__.lower())
    return next((name for name, row in FEATURES.items() if row is feature), own)


def _unused(name: str, taken: Sequence[str]) -> str:
    """The name, numbered if it stands already."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if free not in taken)
