"""The loop over tracks: decode once, sweep once a front end, keep a row. No scikit-learn."""

from __future__ import annotations

import atexit
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.audio import Decoded, Downmix, Remark
from genrekit.exceptions import AudioDecodeError, TrackError
from genrekit.features._cache import TrackCache
from genrekit.features._clock import clocked
from genrekit.features._items import as_array, as_track, is_missing, is_pair_like, is_swapped_pair
from genrekit.features._plan import Plan
from genrekit.features._remarks import warn_of_tracks
from genrekit.features._spectra import Frontend
from genrekit.features._table import resolve
from genrekit.features._tracks import (
    Excerpt,
    TrackSegment,
    content,
    is_file,
    label,
    read_track,
)
from genrekit.features._workers import in_parallel

__all__ = [
    "Described",
    "Extraction",
    "check_collection",
    "describe_tracks",
    "extract",
]

# Segments of one track that a worker gets at a time: those of a clip, a stretch of a song.
_RUN = 20
# How long to wait for threads that were told to stop, seconds: some blocks of a slow decoder.
_PATIENCE = 0.5
# The same at the end of the program: a thread that is inside a network then would abort it.
_LAST_PATIENCE = 10.0


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
    cache_waveform: bool = False,
    decoder: Any = None,
    verbose: int = 0,
) -> Extraction:
    """Features of many tracks, without scikit-learn.

    Parameters
    ----------
    sources : sequence
        Paths, bytes, binary file objects, waveforms at `sr`, or ``(y, sr)`` pairs.
    features : str or list, default="standard"
        A named set (``"standard"``, ``"gtzan57"``, ``"fma518"``), or a list of names of features,
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
        Precision of the spectra; the FFT and the statistics run in float64 either way.
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
    cache_waveform : bool, default=False
        Whether to keep the decoded samples there as well (2.6 MB for 30 seconds), so that other
        features of the same files need no decoding either.
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
        outcomes = list(_attempts(items, plan.frames, **running))
        errors = [outcome for outcome in outcomes if isinstance(outcome, TrackError)]
        failed: tuple[dict[str, Any], Remark] = ({}, Remark(0))
        found = [failed if isinstance(outcome, TrackError) else outcome for outcome in outcomes]
        warn_of_tracks(items, errors, [remark for _, remark in found])
        return Extraction([frames for frames, _ in found], list(plan.names), errors)
    cache = TrackCache(plan, memory, cache_waveform)
    described = describe_tracks(items, cache, **running)
    warn_of_tracks(items, described.errors, described.remarks)
    return Extraction(described.table, plan.columns, described.errors)


def check_collection(sources: Any) -> list[Any]:
    """The items of a collection of tracks; ``ValueError`` for one track or something else."""
    if is_file(sources) or is_pair_like(sources):
        raise ValueError(
            f"expected a list of tracks, got a single one ({label(sources, 0)}): wrap it in a list"
        )
    if isinstance(sources, np.ndarray) and sources.ndim == 1 and sources.dtype.kind in "fiu":
        raise ValueError("expected a list of tracks, got a single waveform: wrap it in a list")
    if is_swapped_pair(sources):
        raise ValueError("expected a list of tracks, got (sr, y): pass [(y, sr)]")
    if isinstance(sources, Mapping):
        kind = type(sources).__name__
        raise ValueError(
            f"expected a list of tracks, got a {kind}: pass the paths in it, such as music.paths, "
            "or wrap it in a list if it is one track"
        )
    if isinstance(sources, (set, frozenset)):
        raise ValueError("expected a list of tracks, got a set, which has no order: sort it first")
    try:
        items = list(as_array(sources))
    except TypeError:
        kind = type(sources).__name__
        raise ValueError(f"expected a list of tracks, got a {kind}") from None
    if not items:
        raise ValueError("the list of tracks is empty: pass at least one file or waveform")
    for index, item in enumerate(items):
        if is_swapped_pair(item):
            raise ValueError(f"item {index} of the list of tracks: pass (y, sr), not (sr, y)")
    return _as_tracks(items)


def _as_tracks(items: list[Any]) -> list[Any]:
    """Items in the form that they are read in; in place of one that is no track, why it is none."""
    tracks, strange = [], 0
    for index, item in enumerate(items):
        try:
            tracks.append(as_track(item))
        except AudioDecodeError as error:
            tracks.append(AudioDecodeError(label(item, index), error.reason, hint=error.hint))
            strange += not is_missing(item)
    if strange == len(items):  # not a bad item or two: it is something else
        raise ValueError(f"item 0 of the list of tracks: {tracks[0].explanation}")
    return tracks


class Described(NamedTuple):
    """What `describe_tracks` returns.

    Attributes
    ----------
    table : ndarray of shape (n_tracks, n_columns)
        One row a track, NaN for those that failed.
    errors : list of TrackError
        The failures.
    seconds : ndarray of shape (n_tracks,)
        How much was read of each, NaN for those that failed.
    remarks : list of Remark
        What is to be known of each.
    """

    table: NDArray[np.float64]
    errors: list[TrackError]
    seconds: NDArray[np.float64]
    remarks: list[Remark]


@clocked
def describe_tracks(items: Sequence[Any], cache: TrackCache, **running: Any) -> Described:
    """Rows of all tracks, what failed, and what is to be known of them."""
    table = np.full((len(items), len(cache.plan.columns)), np.nan)
    seconds = np.full(len(items), np.nan)
    errors: list[TrackError] = []
    remarks = [Remark(0)] * len(items)
    for i, outcome in enumerate(_attempts(items, cache.row, **running)):
        if isinstance(outcome, TrackError):
            errors.append(outcome)
        else:
            table[i], seconds[i], remarks[i] = outcome.values, outcome.seconds, outcome.remark
            cache.take_note(outcome)
    cache.trim()
    return Described(table, errors, seconds, remarks)


class _Stop:
    """Tells threads to stop in the middle of a file; a copy in another process never does."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.threads: set[threading.Thread] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return _Stop, ()

    def read(
        self, item: Any, excerpt: Excerpt, decoder: Any, downmix: Downmix
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        """The samples of a track, until told to stop."""
        self.threads.add(threading.current_thread())
        for blocks in read_track(item, excerpt, decoder, downmix, self.read):
            if self.event.is_set():
                raise InterruptedError("stopped")
            yield blocks

    def wait(self) -> None:
        """Give threads the time to notice; what takes longer is waited for when Python ends."""
        others = self.threads - {threading.current_thread()}
        _join(others, _PATIENCE)
        if alive := {thread for thread in others if thread.is_alive()}:
            atexit.register(_join, alive, _LAST_PATIENCE)


def _join(threads: set[threading.Thread], seconds: float) -> None:
    """Wait for threads, all in all so long."""
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def _attempts(
    items: Sequence[Any],
    work: Any,
    *,
    n_jobs: int | None = None,
    decoder: Any = None,
    on_error: str = "raise",
    verbose: int = 0,
) -> Iterator[Any]:
    """``work`` on every item, in order: its result, or a `TrackError`."""
    check_choice("on_error", on_error, ("raise", "nan"))
    if decoder is not None and not callable(decoder):
        raise TypeError(f"decoder must be a callable (see genrekit.audio.Decoder), not {decoder!r}")
    stop = _Stop()
    calls = (partial(_attempt_run, work, run, decoder, stop) for run in _runs(items))
    outcomes = in_parallel(calls, n_jobs)
    flat = chain.from_iterable(outcomes)
    try:
        for index, outcome in enumerate(_progress(flat, len(items), verbose)):
            if not isinstance(outcome, AudioDecodeError):
                yield outcome
            elif on_error == "raise":
                raise outcome
            else:
                yield TrackError(index, outcome.path, outcome.explanation)
    finally:
        stop.event.set()  # for threads that are in the middle of a file after an error or Ctrl-C
        with warnings.catch_warnings():
            # joblib would advise against what was begun and is not wanted any more. Threads that do
            # this side by side can leave the filter behind, so it must fit nothing else.
            warnings.filterwarnings("ignore", r"\d+ tasks .*You could benefit from", UserWarning)
            outcomes.close()
        stop.wait()


def _runs(items: Sequence[Any]) -> Iterator[list[tuple[int, Any]]]:
    """What a worker gets at a time: an item, or segments of one track, which share a decode."""

    def track(numbered: tuple[int, Any]) -> int:
        index, item = numbered
        return id(item.source) if isinstance(item, TrackSegment) else -1 - index

    for _, run in groupby(enumerate(items), key=track):
        while some := list(islice(run, _RUN)):
            yield some


def _attempt_run(work: Any, run: list[tuple[int, Any]], decoder: Any, stop: _Stop) -> list[Any]:
    """The outcomes of some items."""
    return [_attempt(work, item, index, decoder, stop) for index, item in run]


def _attempt(work: Any, item: Any, index: int, decoder: Any, stop: _Stop) -> Any:
    """The result for one item, or the error that names it."""
    try:
        if isinstance(item, AudioDecodeError):
            raise item
        return work(content(item), decoder, stop.read)
    except InterruptedError as error:
        # joblib keeps it to the end: not with all that the frames on the way here hold.
        raise error.with_traceback(None) from None
    except AudioDecodeError as error:
        return AudioDecodeError(label(item, index), *error.args[1:])
    except Exception as error:
        if isinstance(error, ImportError) or _fails_with_noise(work):
            raise
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        return AudioDecodeError(label(item, index), f"it can't be worked on ({reason})")


def _fails_with_noise(work: Any) -> bool:
    """Whether an error is that of the parameters, which any other sound would raise as well."""

    # Local, so that no cache keeps what comes of it.
    def decoder(source: Any, *, offset: float, duration: float | None) -> Decoded:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (22050, 1)).astype(np.float32)
        return Decoded(22050, iter([noise[: None if duration is None else int(duration * 22050)]]))

    try:
        work(b"noise", decoder, read_track)
    except AudioDecodeError:
        return False
    except Exception:
        return True
    return False


def _progress(outcomes: Iterator[Any], total: int, verbose: int) -> Iterator[Any]:
    """The outcomes, with a bar that counts them."""
    if not verbose:
        return outcomes
    from tqdm import tqdm

    return iter(tqdm(outcomes, total=total, unit="track"))
