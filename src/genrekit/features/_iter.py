"""Features of many tracks as a stream."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from genrekit.engine import Plan, TrackCache, TrackRow, check_collection, stream_rows
from genrekit.features._table import resolve, that_run
from genrekit.spectra import Frontend

__all__ = ["TrackRows", "iter_rows"]


class TrackRows(Iterator[TrackRow]):
    """What `iter_rows` returns: an iterator over the rows of tracks.

    Parameters
    ----------
    names : list of str
        Names of the columns.
    n_tracks : int
        How many rows there will be.
    rows : generator of TrackRow
        Gives them.

    Attributes
    ----------
    names : list of str
        Names of the columns.
    n_tracks : int
        How many rows there will be.
    """

    def __init__(
        self, names: list[str], n_tracks: int, rows: Generator[TrackRow, None, None]
    ) -> None:
        self.names, self.n_tracks, self._rows = names, n_tracks, rows

    def __next__(self) -> TrackRow:
        return next(self._rows)

    def close(self) -> None:
        """Stop the work that is under way; there are no more rows then."""
        self._rows.close()


def iter_rows(
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
    n_jobs: int | None = None,
    memory: Any = None,
    cache_waveform: bool = False,
    decoder: Any = None,
    verbose: int = 0,
) -> TrackRows:
    """Features of many tracks, one row after the other, without scikit-learn.

    Nothing is collected: a row is given away when it is there, and tracks are read as rows are
    asked for, with `n_jobs` some ahead. So it serves for more tracks than memory holds rows of,
    and what is done with a row is done before the last track is reached.

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
    stats : sequence of str, optional
        Statistics over frames, for every feature that names none of its own; None means
        ("mean", "std").
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

    Returns
    -------
    TrackRows
        An iterator over `TrackRow`, in the order of `sources`: a track that can't be decoded has
        an ``error`` in the place of ``values``. Its ``names`` are those of the columns; its
        ``close`` stops the work, as does letting go of it.

    Raises
    ------
    ValueError
        For an unknown feature or parameter, or sources that are no collection.

    See Also
    --------
    extract : All rows in one table.

    Examples
    --------
    >>> import numpy as np
    >>> import genrekit
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> rows = genrekit.iter_rows([tone, "missing.mp3", tone[:100]], ["rms", "tempo"])
    >>> rows.names
    ['rms_mean', 'rms_std', 'tempo']
    >>> for row in rows:
    ...     print(row.index, row.seconds, row.error.reason if row.error else row.values.shape)
    0 1.0 (3,)
    1 nan there is no such file
    2 0.0045351473922902496 (3,)
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
    plan = Plan.of(that_run(resolve(features), stats), frontend)
    items = check_collection(sources)
    running = {"n_jobs": n_jobs, "decoder": decoder, "on_error": "nan", "verbose": verbose}
    rows = stream_rows(items, TrackCache(plan, memory, cache_waveform), **running)
    return TrackRows(plan.columns, len(items), rows)
