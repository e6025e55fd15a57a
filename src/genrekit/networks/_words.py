"""From what a user names as inputs to the entries of a card."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from genrekit._validation import check_integer, check_number, did_you_mean
from genrekit.engine import Plan
from genrekit.features import FEATURES, Feature, FeaturePart, resolve
from genrekit.networks._hearing import make_plan, part_of
from genrekit.networks._part import EmbeddingPart
from genrekit.patches import (
    EmbeddingRows,
    FeatureRows,
    FeaturesInput,
    FrameRows,
    MelInput,
    NetworkRows,
    RowsInput,
    WaveformRows,
    columns_in,
)
from genrekit.spectra import Frontend

__all__ = ["rows_inputs"]

_FRAMES, _WAVEFORM = "frames", "waveform"
_FRONTEND = ("sr", "n_fft", "hop_length", "win_length", "window", "center", "pad_mode", "dtype")


def rows_inputs(
    inputs: Any,
    frontend: Frontend | None = None,
    *,
    segment_duration: float,
    n_rows: int | None = None,
) -> tuple[tuple[RowsInput, ...], Plan | None]:
    """The entries of a card for what a user names as inputs, and what gives their frames.

    Parameters
    ----------
    inputs : str, transformer or sequence of such
        A name of ``genrekit.features.FEATURES`` ("mel" in decibels, as networks hear it, which a
        transformer gives with ``db=True``), a transformer such as ``MFCCStats(n_mfcc=13)``, a
        `CNNEmbedding` (whose `max_patches` does not count: answers must be evenly spaced),
        "waveform", the `MelInput` of another network's card, or a list of these or of pairs of a
        name and one of them; or "frames" alone for arrays that the user brings.
    frontend : Frontend, optional
        The front end around them; None means ``Frontend()``.
    segment_duration : float
        Length of a segment, seconds; with "frames" a number of columns.
    n_rows : int, optional
        With "frames" how many rows they have.

    Returns
    -------
    entries : tuple of RowsInput
        With means 0 and scales 1, until `RowsInput.scaled` gives those that were learnt.
    plan : Plan or None
        What gives their frames, under their names; None for "frames".

    Raises
    ------
    ValueError
        For what is no input of a network.

    Examples
    --------
    >>> from genrekit import CNNEmbedding, MFCCStats
    >>> from genrekit.networks import rows_inputs
    >>> answers = CNNEmbedding(output="penultimate", patch_hop=1.0)
    >>> inputs = [MFCCStats(n_mfcc=13), "waveform", ("answers", answers)]
    >>> entries, plan = rows_inputs(inputs, segment_duration=4.0)
    >>> [(entry.name, entry.shape) for entry in entries]
    [('mfcc', (13, 172)), ('waveform', (88200,)), ('answers', (200, 2))]
    >>> rows_inputs("frames", segment_duration=128, n_rows=129)[0][0].shape
    (129, 128)
    """
    if _is_word(inputs, _FRAMES):
        return (_frames(segment_duration, n_rows),), None
    check_number("segment_duration", segment_duration, above=0)
    inherited = Frontend() if frontend is None else frontend
    given = list(inputs) if isinstance(inputs, (list, tuple)) and not _is_pair(inputs) else [inputs]
    if not given:
        raise ValueError("inputs is an empty list: name at least one, such as 'mel'")
    named = resolve([_as_part(entry, inherited) for entry in given])
    entries = tuple(_entry(name, part, inherited, segment_duration) for name, part in named)
    heard = FeaturesInput(segment_duration=segment_duration, inputs=entries)
    return heard.inputs, make_plan(heard, inherited)


def _frames(columns: Any, n_rows: Any) -> FrameRows:
    """The entry of frames that the user brings."""
    check_integer("segment_duration (in columns, with inputs='frames')", columns, minimum=1)
    check_integer("n_rows", n_rows, minimum=1)
    return FrameRows(name=_FRAMES, patch=int(columns), **_unscaled(int(n_rows)))


def _is_word(entry: Any, word: str) -> bool:
    """Whether it is this word."""
    return isinstance(entry, str) and entry == word


def _is_pair(entry: Any) -> bool:
    """Whether it is a name and what goes by it."""
    return isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)


def _as_part(entry: Any, inherited: Frontend) -> Any:
    """What `resolve` takes in the place of what was given."""
    if _is_pair(entry):
        return entry[0], _as_part(entry[1], inherited)
    if _is_word(entry, _FRAMES):
        raise ValueError("'frames', which you bring yourself, have no other input beside them")
    if _is_word(entry, _WAVEFORM):
        draft: RowsInput = WaveformRows(name=_WAVEFORM, sr=inherited.sr, patch=1, **_unscaled(1))
        return part_of(draft)
    if _is_word(entry, "mel"):
        return FeaturePart(FEATURES["mel"], {"db": True})
    if isinstance(entry, MelInput):
        return part_of(NetworkRows(name="mel", heard=entry, patch=1, **_unscaled(entry.n_mels)))
    if isinstance(entry, str) and entry not in FEATURES:
        hint = did_you_mean(entry, [*FEATURES, _WAVEFORM, _FRAMES])
        raise ValueError(f"unknown input {entry!r}: {hint}")
    return entry


def _entry(name: str, part: Any, inherited: Frontend, seconds: float) -> RowsInput:
    """The entry for a part."""
    if isinstance(part, EmbeddingPart):
        return _embedding(name, part, inherited, seconds)
    if isinstance(drafted := getattr(part, "entry", None), RowsInput):
        return replace(drafted, name=name, patch=_patch(seconds, drafted.per_second))
    if isinstance(feature := getattr(part, "feature", None), Feature):
        return _feature(name, part, feature, inherited, seconds)
    raise ValueError(
        f"{type(part).__name__} can't be an input of a network, whose card must say what it is: "
        f"give a feature ({', '.join(FEATURES)}), a CNNEmbedding, 'waveform' or 'frames'"
    )


def _patch(seconds: float, per_second: float) -> int:
    """Columns in a segment."""
    return max(1, int(columns_in(seconds, per_second)))


def _feature(
    name: str, part: Any, feature: Feature, inherited: Frontend, seconds: float
) -> FeatureRows:
    """The entry for a feature, all its parameters written out."""
    known = [row for row, value in FEATURES.items() if value is feature]
    if not known:
        raise ValueError(f"{feature.transformer} can't be an input of a network, it is for tables")
    own = isinstance(part, FeaturePart)
    params = part.settings if own else {key: getattr(part, key) for key in feature.defaults}
    front = part.frontend(inherited)
    _check_heard(type(part).__name__, front, inherited)
    fields: dict[str, Any] = {key: getattr(front, key) for key in _FRONTEND}
    rows = len(feature.rows_of(params))
    patch = _patch(seconds, front.frames_per_second)
    return FeatureRows(
        name=name, feature=known[0], params=params, patch=patch, **fields, **_unscaled(rows)
    )


def _embedding(
    name: str, part: EmbeddingPart, inherited: Frontend, seconds: float
) -> EmbeddingRows:
    """The entry for another network: as many answers as fit wholly into a segment."""
    card = part._card()
    _check_heard("CNNEmbedding", part.frontend(inherited), inherited)
    patch_hop, _ = part.hearing()
    per_second = 1 / card.input.hop(patch_hop)
    fitting = 1 + int(columns_in(seconds - card.input.length, per_second))
    return EmbeddingRows(
        name=name,
        model=str(part.model),
        sha256=card.sha256,
        output=part.output,
        patch_hop=patch_hop,
        sr=card.input.sr,
        per_second=per_second,
        patch=max(1, fitting),
        **_unscaled(card.outputs[part.output]),
    )


def _check_heard(what: str, front: Frontend, inherited: Frontend) -> None:
    """What of a track is heard is said in one place, for all inputs."""
    if (front.offset, front.duration) != (inherited.offset, inherited.duration):
        raise ValueError(
            f"{what}: offset and duration are those of all inputs, so give them to the classifier"
        )


def _unscaled(n_rows: int) -> dict[str, Any]:
    """Means and scales before any were learnt."""
    return {"mean": (0.0,) * n_rows, "scale": (1.0,) * n_rows}
