"""What a track looks like: waveform, mel spectrogram, MFCC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.dsp import make_request
from genrekit.features import mel_spectrogram, mfcc
from genrekit.spectra import WAVEFORM, Frontend
from genrekit.views._drawn import Drawn
from genrekit.views._frames import (
    draw_waveform,
    hear,
    mark_hertz,
    mel_hertz,
    name_of,
    show_frames,
)
from genrekit.views._style import new_figure, plain

__all__ = ["TrackDisplay"]


class TrackDisplay(Drawn):
    """Waveform, mel spectrogram and MFCC of a track, one below the other on one time axis.

    Use `from_track` to make one: it reads the track once, as the features do.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        The samples.
    mel : ndarray of shape (n_mels, n_frames)
        Mel spectrogram, dB.
    mfcc : ndarray of shape (n_mfcc, n_frames)
        Mel-frequency cepstral coefficients.
    frontend : Frontend
        What they were computed with; its `offset` is where the time axis begins.
    title : str, default=""
        Stands above.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes of shape (n_panels,)
        The axes that `plot` drew on.
    ax_ : matplotlib.axes.Axes
        The first of them.
    figure_ : matplotlib.figure.Figure
        Their figure.

    Examples
    --------
    >>> from genrekit.datasets import make_tracks
    >>> from genrekit.displays import TrackDisplay
    >>> tracks = make_tracks(1, genres=["pluck"], duration=2.0)
    >>> display = TrackDisplay.from_track((tracks.waveforms[0], tracks.sr))
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['amplitude', 'mel band, Hz', 'MFCC']
    >>> display.mel.shape
    (128, 87)
    """

    def __init__(
        self,
        waveform: NDArray[Any],
        mel: NDArray[Any],
        mfcc: NDArray[Any],
        frontend: Frontend,
        title: str = "",
    ) -> None:
        self.waveform = waveform
        self.mel = mel
        self.mfcc = mfcc
        self.frontend = frontend
        self.title = title

    @classmethod
    def from_track(
        cls,
        track: Any,
        *,
        frontend: Frontend | None = None,
        n_mels: int = 128,
        n_mfcc: int = 20,
        ax: Any = None,
        **plot_params: Any,
    ) -> TrackDisplay:
        """Read a track and draw it.

        Parameters
        ----------
        track : path, bytes, file object, waveform or (y, sr) pair
            The track. Set `offset` and `duration` of `frontend` to look at a part of it.
        frontend : Frontend, optional
            How it becomes spectra; default ``Frontend()``.
        n_mels : int, default=128
            Number of mel bands.
        n_mfcc : int, default=20
            Number of coefficients.
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        TrackDisplay
            The track, drawn.

        Raises
        ------
        AudioDecodeError
            When the track can't be decoded.
        TypeError
            When it is no track.
        """
        requests = [WAVEFORM, make_request("mel", {"n_mels": n_mels, "fmin": 0.0, "fmax": None})]
        spectra = hear(track, frontend, requests)
        display = cls(
            spectra.waveform,
            mel_spectrogram(spectra, n_mels=n_mels, db=True),
            mfcc(spectra, n_mels=n_mels, n_mfcc=n_mfcc),
            spectra.frontend,
            title=name_of(track),
        )
        return display.plot(ax=ax, **plot_params)

    def plot(
        self,
        ax: Any = None,
        *,
        panels: Sequence[str] = ("waveform", "mel", "mfcc"),
        cmap: str = "magma",
    ) -> TrackDisplay:
        """Draw the track.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or sequence of them, optional
            Where to draw, one a panel; None makes a new figure.
        panels : sequence of str, default=("waveform", "mel", "mfcc")
            What to draw, from the top.
        cmap : str, default="magma"
            Colour map of the mel spectrogram.

        Returns
        -------
        TrackDisplay
            The display itself.

        Raises
        ------
        ValueError
            When a panel is unknown or there are not as many axes as panels.
        """
        for panel in panels:
            check_choice("panel", panel, ("waveform", "mel", "mfcc"))
        axes = self._axes(ax, len(panels))
        draw: dict[str, Callable[[Any], None]] = {
            "waveform": self._draw_waveform,
            "mel": lambda axis: self._draw_mel(axis, cmap),
            "mfcc": self._draw_mfcc,
        }
        for axis, panel in zip(axes, panels, strict=True):
            draw[panel](axis)
            axis.set_xlim(self._seconds(0), self._seconds(len(self.waveform)))
            axis.label_outer()
        axes[0].set_title(plain(self.title))
        axes[-1].set_xlabel("time, s")
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        return self

    def _axes(self, ax: Any, n_panels: int) -> Any:
        """One axes a panel."""
        if ax is None:
            figure = new_figure(8, 0.5 + 2 * n_panels)
            return np.atleast_1d(figure.subplots(n_panels, sharex=True))
        axes = np.atleast_1d(np.asarray(ax, dtype=object))
        if axes.shape != (n_panels,):
            raise ValueError(f"ax holds {axes.size} axes: {n_panels} are needed, one a panel")
        return axes

    def _seconds(self, sample: float) -> float:
        """Time of a sample in the file."""
        return self.frontend.offset + sample / self.frontend.sr

    def _draw_waveform(self, ax: Any) -> None:
        """Draw the samples."""
        draw_waveform(ax, self.waveform, self.frontend)
        ax.set_ylabel("amplitude")

    def _draw_mel(self, ax: Any, cmap: str) -> None:
        """Draw bands with their centres in Hz, in dB below the loudest."""
        image = show_frames(ax, self.mel - self.mel.max(), self.frontend, cmap=cmap)
        mark_hertz(ax, mel_hertz(self.frontend, len(self.mel)))
        ax.set_ylabel("mel band, Hz")
        ax.figure.colorbar(image, ax=ax, label="dB", pad=0.01)

    def _draw_mfcc(self, ax: Any) -> None:
        """Draw each coefficient about its mean, for the first would outshine the others."""
        spread = self.mfcc.std(axis=1, keepdims=True)
        centred = self.mfcc - self.mfcc.mean(axis=1, keepdims=True)
        values = centred / np.where(spread > 0, spread, 1)
        image = show_frames(ax, values, self.frontend, cmap="RdBu_r", vmin=-3, vmax=3)
        ax.set_ylabel("MFCC")
        ax.figure.colorbar(image, ax=ax, label="std. deviations", pad=0.01)
