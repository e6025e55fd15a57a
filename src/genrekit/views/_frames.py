"""What pictures of tracks share: reading one, rows by frame on a time axis, Hz beside bands."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.audio import hearings
from genrekit.dsp import Request
from genrekit.dsp.filters import fft_frequencies, mel_filters
from genrekit.engine import Excerpt, as_track, at_rate, content, read_track
from genrekit.exceptions import AudioDecodeError
from genrekit.spectra import Frontend, Spectra
from genrekit.views._style import BLUE

__all__ = ["draw_waveform", "hear", "mark_hertz", "mel_hertz", "name_of", "show_frames"]

# No screen has more columns, and a long waveform's vector drawing would fill a disk.
_COLUMNS = 2000
_OCTAVES = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


def hear(track: Any, frontend: Frontend | None, requests: Iterable[Request]) -> Spectra:
    """A track as the features hear it, read once."""
    try:
        track = as_track(track)
    except AudioDecodeError as error:
        kind = type(track).__name__
        raise TypeError(f"a track is a path, a waveform or (y, sr), not {kind}") from error
    frontend, requests = frontend or Frontend(), list(requests)
    if frontend.native:
        track = content(track)  # it is read twice, once for its rate
        frontend = at_rate(frontend, track)
    excerpt = Excerpt((frontend.rates,), frontend.offset, frontend.duration)
    for downmix in hearings():
        blocks = (block for (block,) in read_track(track, excerpt, None, downmix))
        spectra = Spectra(blocks, frontend, requests)
    return spectra


def name_of(track: Any) -> str:
    """The name of a file, and of what has none nothing."""
    return Path(track).name if isinstance(track, (str, os.PathLike)) else ""


def draw_waveform(ax: Any, y: NDArray[Any], frontend: Frontend) -> None:
    """Fill between the lowest and the highest sample of each column."""
    starts = np.arange(0, len(y), -(-len(y) // _COLUMNS))
    low, high = (f.reduceat(y, starts) for f in (np.minimum, np.maximum))
    ax.fill_between(frontend.offset + starts / frontend.sr, low, high, color=BLUE, linewidth=0.5)


def show_frames(ax: Any, frames: NDArray[Any], frontend: Frontend, **options: Any) -> Any:
    """Draw rows by frame; of a long track each column the mean of some frames."""
    n_frames, hop = frames.shape[1], frontend.hop_length / frontend.sr
    starts = np.arange(0, n_frames, -(-n_frames // _COLUMNS))
    shown = np.add.reduceat(frames, starts, axis=1) / np.diff([*starts, n_frames])
    # Frame t is centred on sample t * hop_length.
    left, right = (frontend.offset + at * hop for at in (-0.5, n_frames - 0.5))
    extent = (left, right, -0.5, len(frames) - 0.5)
    return ax.imshow(shown, origin="lower", aspect="auto", extent=extent, **options)


def mel_hertz(frontend: Frontend, n_mels: int) -> NDArray[Any]:
    """Where each mel band is loudest, Hz."""
    tops = mel_filters(frontend.sr, frontend.n_fft, n_mels).argmax(axis=1)
    return fft_frequencies(frontend.sr, frontend.n_fft)[tops]


def mark_hertz(ax: Any, hertz: NDArray[Any], *, label: float = 0.17) -> None:
    """Mark octaves beside rows of these frequencies, from the top, each `label` inches high."""
    # Low bands may be narrower than bins: several are loudest in one.
    hertz, rows = np.unique(hertz, return_index=True)
    inches = ax.get_position().height * ax.figure.get_figheight() / (rows[-1] + 1)
    marks: list[tuple[float, int]] = []
    for mark in reversed([mark for mark in _OCTAVES if hertz[0] <= mark <= hertz[-1]]):
        row = float(np.interp(mark, hertz, rows))
        if not marks or (marks[-1][0] - row) * inches >= label:
            marks.append((row, mark))
    ax.set_yticks([row for row, _ in marks], [str(mark) for _, mark in marks])
