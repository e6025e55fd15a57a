"""Tables of features without scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genrekit._docstrings import parameters_of
from genrekit._shown import ShortTable, Shown, counted, shown_rows
from genrekit.engine import (
    TrackCache,
    check_collection,
    describe_tracks,
    stream_frames,
    warn_of_tracks,
)
from genrekit.exceptions import TrackError, warn_caller
from genrekit.features._table import make_plan
from genrekit.spectra import Frontend

__all__ = ["Extraction", "extract"]


@dataclass(frozen=True, repr=False)
class Extraction(ShortTable):
    """What `extract` returns.

    Attributes
    ----------
    table : ndarray of shape (n_tracks, n_features)
        One row a track, float64; NaN where a track failed. With ``pooled=False`` a list with one
        dict a track: name of the feature to ndarray of shape (n_rows, n_frames), empty where the
        track failed. With ``output=`` the `ShardedTable` of the folder, whose rows are on disk.
    names : list of str
        Names of the columns; with ``pooled=False`` of the features.
    errors : list of TrackError
        The tracks that failed: index, path and reason.

    Examples
    --------
    >>> import numpy as np, genrekit
    >>> noise = np.random.default_rng(0).standard_normal(22050)
    >>> found = genrekit.extract([noise], ["rms"])
    >>> found.table.shape, found.names, found.errors
    ((1, 2), ['rms_mean', 'rms_std'], [])
    """

    table: Any
    names: list[str]
    errors: list[TrackError]

    def _shown(self) -> Shown:
        """A few of its numbers."""
        title = f"{counted(len(self.table), 'track')}, {counted(len(self.errors), 'error')}"
        return shown_rows(title, self.names, self.table)


@parameters_of(Frontend)
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
    stats: Any = None,
    pooled: bool = True,
    on_error: str | None = None,
    n_jobs: int | None = None,
    memory: Any = None,
    cache_waveform: bool = False,
    decoder: Any = None,
    verbose: int = 0,
    output: Any = None,
    shard_size: int = 1000,
    client: Any = None,
    retries: int = 2,
) -> Extraction:
    """Features of many tracks, without scikit-learn.

    Parameters
    ----------
    sources : sequence
        Paths, bytes, binary file objects, waveforms at `sr`, or ``(y, sr)`` pairs.
    features : str or list, default="standard"
        A named set (``"standard"``, ``"gtzan57"``, ``"fma518"``), or a list of names of features,
        transformers, or pairs of a name and either.
    ... : see `Frontend`
        How a file becomes spectra.
    stats : sequence of str, optional
        Statistics over frames, for every feature that names none of its own; None means
        ("mean", "std").
    pooled : bool, default=True
        Whether to give statistics over frames; if not, the frames themselves, which may be
        read-only where `memory` kept them.
    on_error : {"raise", "nan"}, optional
        What a track that can't be decoded gives: an `AudioDecodeError`, or a row of NaN and an
        entry in ``errors``. Left out it is "nan", with a `FutureWarning` where a track fails:
        from the next minor version on it is "raise", as everywhere else. With `output` it is
        "nan", and stays so.
    n_jobs : int, optional
        Tracks worked on at the same time, in threads unless ``joblib.parallel_config`` says
        otherwise; None means 1, -1 all cores.
    memory : str, path or joblib.Memory, optional
        Where to keep what was computed, one entry a track.
    cache_waveform : bool, default=False
        Whether to keep the decoded samples there as well (2.6 MB for 30 seconds), so that other
        features of the same files need no decoding either.
    decoder : callable, optional
        Reads files instead of the built-in decoders, see ``genrekit.audio.Decoder``.
    verbose : int, default=0
        Above 0: a progress bar.
    output : path, optional
        A folder that the rows are written into, in Parquet files, instead of being held in memory;
        it takes pyarrow. Tracks have to be paths. Those whose row is there already, and whose file
        has the same size and time of change, are passed over, so that a run that was stopped or
        killed goes on where it was when it is called again. Tracks that failed are tried again.
    shard_size : int, default=1000
        Rows of such a file, which is the most that a kill costs.
    client : dask.distributed.Client, optional
        Leads to a cluster whose workers compute the rows and write the files, see the page "On a
        cluster". Goes with `output`, a folder that all of them see under one name, as they do the
        tracks.
    retries : int, default=2
        How often a batch of tracks that failed on a worker is tried again.

    Returns
    -------
    Extraction
        ``table``, ``names`` and ``errors``.

    Raises
    ------
    AudioDecodeError
        With ``on_error="raise"``, for the first track that can't be decoded.
    ValueError
        For an unknown feature or parameter, or sources that are no collection; with `output`, for
        a folder whose rows are of other parameters.
    BlockingIOError
        If another run writes into the folder.

    See Also
    --------
    iter_rows : One row after the other.
    read_rows : What was written with `output`.

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
        sr=sr, n_fft=n_fft, hop_length=hop_length, win_length=win_length, window=window,
        center=center, pad_mode=pad_mode, dtype=dtype, offset=offset, duration=duration,
    )  # fmt: skip
    plan = make_plan(features, stats, frontend)
    items = check_collection(sources)
    running: dict[str, Any] = {"n_jobs": n_jobs, "decoder": decoder, "verbose": verbose}
    running["on_error"] = "nan" if on_error is None else on_error
    if output is not None and not pooled:
        raise ValueError("output= takes a row a track: leave out pooled=False, or output")
    if output is not None or client is not None:
        from genrekit.shards import check_client, grow_table  # a row in memory need not wait for it

        check_client(client, output, n_jobs, retries)
        cluster = {"client": client, "retries": retries, "shard_size": shard_size}
        cache = TrackCache(plan, memory, cache_waveform)
        rows = grow_table(output, items, cache, **cluster, **running)
        return Extraction(rows, rows.names, rows.errors)
    table: Any
    if pooled:
        cache = TrackCache(plan, memory, cache_waveform)
        table, errors, _, remarks = describe_tracks(items, cache, **running)
    else:
        found = list(stream_frames(items, plan, memory, cache_waveform=cache_waveform, **running))
        table = [track.values or {} for track in found]
        errors = [track.error for track in found if track.error is not None]
        remarks = [track.remark for track in found]
    warn_of_tracks(items, errors, remarks)
    _warn_of_default(on_error, errors)
    return Extraction(table, list(plan.columns if pooled else plan.names), errors)


def _warn_of_default(on_error: str | None, errors: Sequence[TrackError]) -> None:
    """Say that failures will stop `extract`, to those who have met one and said nothing."""
    if on_error is None and errors:
        warn_caller(
            "from the next minor version on extract raises an error for a track that can't be "
            'decoded: write on_error="nan" to go on having a row of NaN, or on_error="raise"',
            FutureWarning,
        )
