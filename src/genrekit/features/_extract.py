"""The loop over tracks: decode once, sweep once a front end, keep a row. No scikit-learn."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray

from genrekit import __version__
from genrekit._validation import check_choice
from genrekit.dsp import kernels
from genrekit.exceptions import AudioDecodeError, AudioDecodeWarning, TrackError
from genrekit.features._parts import Part
from genrekit.features._spectra import Frontend, Spectra
from genrekit.features._table import resolve
from genrekit.features._tracks import fingerprint, is_file, is_pair, is_track, label, read_track

__all__ = ["Extraction", "Plan", "check_collection", "extract", "run"]

# Part of every cache key: raised when a kernel or a definition changes its numbers.
CACHE_VERSION = 1


@dataclass(frozen=True)
class Extraction:
    """What `extract` returns.

    Attributes
    ----------
    table : ndarray of shape (n_tracks, n_features)
        One row a track, float64; NaN where a track failed. With ``pooled=False`` a list with one
        dict a track: name of the feature to ndarray of shape (n_rows, n_frames), empty where the
        track failed.
    names : list of str
        Names of the columns; with ``pooled=False`` of the features.
    errors : list of TrackError
        The tracks that failed: index, path and reason.
    """

    table: Any
    names: list[str]
    errors: list[TrackError]


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

    @property
    def columns(self) -> list[str]:
        """Names of all columns, in order."""
        pairs = zip(self.names, self.parts, strict=True)
        columns = [column for name, part in pairs for column in part.columns(name)]
        if len(set(columns)) < len(columns):
            twice = sorted({column for column in columns if columns.count(column) > 1})
            raise ValueError(f"two parts give the same column, {twice[0]!r}: rename one of them")
        return columns

    def spectra(self, item: Any, decoder: Any = None) -> dict[Frontend, Spectra]:
        """The track through each front end, with what all parts read of it."""
        requests: dict[Frontend, dict[Any, None]] = {}
        for part, frontend in zip(self.parts, self.frontends, strict=True):
            requests.setdefault(frontend, {}).update(dict.fromkeys(part.requests()))
        if len(requests) == 1:
            ((frontend, wanted),) = requests.items()
            return {frontend: Spectra(read_track(item, frontend, decoder), frontend, wanted)}
        # One decode for all that hear the same samples; the waveform is then held.
        waveforms: dict[tuple[Any, ...], NDArray[Any]] = {}
        for frontend in requests:
            heard = (frontend.sr, frontend.offset, frontend.duration)
            if heard not in waveforms:
                pieces = [*read_track(item, frontend, decoder)]
                waveforms[heard] = np.concatenate(pieces) if pieces else np.empty(0)
        return {
            frontend: Spectra(
                waveforms[frontend.sr, frontend.offset, frontend.duration], frontend, wanted
            )
            for frontend, wanted in requests.items()
        }

    def describe(self, item: Any, decoder: Any = None) -> Description:
        """What each part keeps of a track."""
        spectra = self.spectra(item, decoder)
        pairs = zip(self.parts, self.frontends, strict=True)
        parts = [part.describe(spectra[frontend]) for part, frontend in pairs]
        return Description(next(iter(spectra.values())).seconds, parts)

    def frames(self, item: Any, decoder: Any = None) -> dict[str, NDArray[Any]]:
        """Values by frame of each part that has them."""
        spectra = self.spectra(item, decoder)
        triples = zip(self.names, self.parts, self.frontends, strict=True)
        return {name: part.frames(spectra[front]) for name, part, front in triples}  # type: ignore[attr-defined]

    def key(self) -> tuple[Any, ...]:
        """What a cached description depends on beside the track."""
        parts = tuple(part.key() for part in self.parts)
        return CACHE_VERSION, __version__, kernels.FLAVOUR, parts, self.frontends

    def row(self, description: Description) -> NDArray[np.float64]:
        """The columns of one track."""
        pairs = zip(self.parts, description.parts, strict=True)
        return np.concatenate([part.row(kept) for part, kept in pairs])


def extract(
    sources: Sequence[Any],
    features: Any = "standard",
    *,
    sr: float = 22050,
    n_fft: int = 2048,
    hop_length: int = 512,
    win_length: int | None = None,
    window: str = "hann",
    center: bool = True,
    pad_mode: str = "constant",
    dtype: str = "float32",
    offset: float = 0.0,
    duration: float | None = None,
    pooled: bool = True,
    on_error: str = "nan",
    n_jobs: int | None = None,
    memory: Any = None,
    decoder: Any = None,
    verbose: int = 0,
) -> Extraction:
    """Features of many tracks, without scikit-learn.

    Parameters
    ----------
    sources : sequence
        Paths, bytes, binary file objects, waveforms at `sr`, or ``(y, sr)`` pairs.
    features : str or list, default="standard"
        A named set (``"standard"``, ``"gtzan57"``), or a list of names of features,
        transformers, or pairs of a name and either.
    sr : float, default=22050
        Sampling rate, Hz; files are resampled to it.
    n_fft : int, default=2048
        Length of a frame and of its FFT, samples.
    hop_length : int, default=512
        Distance between frames, samples.
    win_length : int, optional
        Length of the window, samples; None means `n_fft`.
    window : str, default="hann"
        Window of the STFT.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``.
    pad_mode : {"constant", "reflect", "edge", "symmetric"}, default="constant"
        How the ends are padded then.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the frames; statistics are float64 in either case.
    offset : float, default=0.0
        Where to begin in each track, seconds.
    duration : float, optional
        How much of each track to read, seconds; None means all.
    pooled : bool, default=True
        Whether to give statistics over frames; if not, the frames themselves.
    on_error : {"nan", "raise"}, default="nan"
        What a track that can't be decoded gives: a row of NaN and an entry in ``errors``, or an
        `AudioDecodeError`.
    n_jobs : int, optional
        Tracks worked on at the same time, in threads unless ``joblib.parallel_config`` says
        otherwise; None means 1, -1 all cores.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed, one entry a track; used with ``pooled=True``.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``.
    verbose : int, default=0
        Above 0: a progress bar.

    Returns
    -------
    Extraction
        ``table``, ``names`` and ``errors``.

    Raises
    ------
    AudioDecodeError
        With ``on_error="raise"``, for the first track that can't be decoded.
    ValueError
        For an unknown feature or parameter, or sources that are no collection.

    Examples
    --------
    >>> import numpy as np
    >>> import genrekit
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> result = genrekit.extract([tone, tone[:100]], ["rms", "spectral_centroid"])
    >>> result.table.shape, result.names[:2]
    ((2, 4), ['rms_mean', 'rms_std'])
    """
    frontend = Frontend(
        sr=sr,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        dtype=dtype,
        offset=offset,
        duration=duration,
    )
    plan = Plan.of(resolve(features), frontend)
    items = check_collection(sources)
    running = {"n_jobs": n_jobs, "decoder": decoder, "on_error": on_error, "verbose": verbose}
    if not pooled:
        frames, errors = run(items, plan.frames, **running)
        return Extraction([found or {} for found in frames], list(plan.names), errors)
    columns = plan.columns
    descriptions, errors = run(items, cached(plan, memory), **running)
    return Extraction(tabulate(descriptions, plan, len(columns)), columns, errors)


def check_collection(sources: Any) -> list[Any]:
    """The items of a collection of tracks; ``ValueError`` for one track or something else."""
    if is_file(sources) or is_pair(sources):
        raise ValueError(
            f"expected a list of tracks, got a single one ({label(sources, 0)}): wrap it in a list"
        )
    if isinstance(sources, np.ndarray) and sources.ndim == 1 and sources.dtype.kind in "fiu":
        raise ValueError("expected a list of tracks, got a single waveform: wrap it in a list")
    try:
        items = list(sources)
    except TypeError:
        kind = type(sources).__name__
        raise ValueError(f"expected a list of tracks, got a {kind}") from None
    if not items:
        raise ValueError("the list of tracks is empty: pass at least one file or waveform")
    return items


def cached(plan: Plan, memory: Any) -> Any:
    """``plan.describe``, looked up in `memory` first."""
    if memory is None:
        return plan.describe
    if isinstance(memory, (str, os.PathLike)):
        memory = joblib.Memory(os.fspath(memory), verbose=0)
    lookup = memory.cache(_describe, ignore=["item", "plan", "decoder"])
    key = plan.key()

    def describe(item: Any, decoder: Any = None) -> Description:
        try:
            track = fingerprint(item)
        except OSError:
            return plan.describe(item, decoder)  # it will say what is wrong with the file
        return lookup((track, key), item, plan, decoder)

    return describe


def _describe(key: Any, item: Any, plan: Plan, decoder: Any) -> Description:
    """A description under its key; joblib's cache needs a function of the module."""
    return plan.describe(item, decoder)


def run(
    items: Sequence[Any],
    work: Any,
    *,
    n_jobs: int | None = None,
    decoder: Any = None,
    on_error: str = "raise",
    verbose: int = 0,
) -> tuple[list[Any], list[TrackError]]:
    """``work(item, decoder)`` for every item, in order; None and an entry for those that fail."""
    check_choice("on_error", on_error, ("raise", "nan"))
    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    outcomes = parallel(joblib.delayed(_attempt)(work, x, i, decoder) for i, x in enumerate(items))
    results: list[Any] = []
    errors: list[TrackError] = []
    for index, outcome in enumerate(_progress(outcomes, len(items), verbose)):
        if isinstance(outcome, AudioDecodeError):
            if on_error == "raise":
                raise outcome
            errors.append(TrackError(index, outcome.path, outcome.explanation))
            outcome = None
        results.append(outcome)
    if errors:
        _warn(errors, len(items))
    return results, errors


def tabulate(descriptions: Sequence[Any], plan: Plan, n_columns: int) -> NDArray[np.float64]:
    """Rows of all tracks; NaN for those without a description."""
    table = np.full((len(descriptions), n_columns), np.nan)
    for row, description in zip(table, descriptions, strict=True):
        if description is not None:
            row[:] = plan.row(description)
    return table


def _attempt(work: Any, item: Any, index: int, decoder: Any) -> Any:
    """The result for one item, or the error that names it."""
    try:
        if not is_track(item):
            kind = type(item).__name__
            raise AudioDecodeError("", f"a {kind} is no track: pass a path, bytes or a waveform")
        return work(item, decoder)
    except AudioDecodeError as error:
        _, *rest = error.args
        return AudioDecodeError(label(item, index), *rest)


def _progress(outcomes: Iterator[Any], total: int, verbose: int) -> Iterator[Any]:
    """The outcomes, with a bar that counts them."""
    if not verbose:
        return outcomes
    from tqdm import tqdm

    return iter(tqdm(outcomes, total=total, unit="track"))


def _warn(errors: Sequence[TrackError], total: int) -> None:
    """One warning for all that failed."""
    first = errors[0]
    message = (
        f"{len(errors)} of {total} tracks could not be decoded and stand as NaN rows; the first: "
        f"{first.path}: {first.reason}"
    )
    warnings.warn(AudioDecodeWarning(message, errors), stacklevel=4)
