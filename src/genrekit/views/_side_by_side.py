"""What the genres sound like, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from genrekit._validation import check_choice
from genrekit.dsp import make_request
from genrekit.engine import check_collection
from genrekit.exceptions import AudioDecodeError
from genrekit.features import mel_spectrogram
from genrekit.spectra import WAVEFORM, Frontend
from genrekit.views._drawn import Drawn
from genrekit.views._frames import draw_waveform, hear, mark_hertz, mel_hertz, show_frames
from genrekit.views._style import new_figure, plain

__all__ = ["GenreTracksDisplay"]

_PANELS = ("waveform", "mel")


class GenreTracksDisplay(Drawn):
    """Waveform and mel spectrogram of a track of each genre, a row a genre.

    Use `from_tracks` to make one. All waveforms have one scale, so that loudness can be compared;
    levels are in dB below the loudest of each track.

    Parameters
    ----------
    tracks : dict of object to tuple, or None
        By genre: waveform, mel spectrogram in dB, and their front end; None where no track of the
        genre could be decoded.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes of shape (n_genres, n_panels)
        The axes that `plot` drew on.
    ax_ : matplotlib.axes.Axes
        The first of them.
    figure_ : matplotlib.figure.Figure
        Their figure.

    See Also
    --------
    TrackDisplay : One track, in more detail.

    Examples
    --------
    >>> from genrekit.datasets import make_tracks
    >>> from genrekit.displays import GenreTracksDisplay
    >>> tracks = make_tracks(1, genres=["drone", "pluck"], duration=1.0)
    >>> display = GenreTracksDisplay.from_tracks(tracks.waveforms, tracks.target)
    >>> [ax.get_ylabel() for ax in display.axes_[:, 0]]
    ['drone', 'pluck']
    """

    def __init__(self, tracks: dict[Any, tuple[Any, Any, Frontend] | None]) -> None:
        self.tracks = tracks

    @classmethod
    def from_tracks(
        cls,
        X: Any,
        y: Any,
        *,
        offset: float = 0.0,
        duration: float | None = 10.0,
        n_mels: int = 128,
        ax: Any = None,
        **plot_params: Any,
    ) -> GenreTracksDisplay:
        """Draw the first track of each genre that can be decoded.

        Parameters
        ----------
        X : sequence of tracks
            Paths, waveforms or (y, sr) pairs.
        y : array-like of shape (n_tracks,)
            The genres.
        offset : float, default=0.0
            Where to begin in each track, seconds.
        duration : float, default=10.0
            How much of it to draw, seconds; None means all.
        n_mels : int, default=128
            Number of mel bands.
        ax : array of matplotlib.axes.Axes of shape (n_genres, n_panels), optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        GenreTracksDisplay
            The tracks, drawn.

        Raises
        ------
        ValueError
            When the lengths differ or there is no track.
        """
        tracks, genres = check_collection(X), np.asarray(y).tolist()
        if len(tracks) != len(genres) or not genres:
            raise ValueError(f"X has {len(tracks)} tracks and y {len(genres)} genres: one a track")
        frontend = Frontend(offset=offset, duration=duration)
        members: dict[Any, list[Any]] = {genre: [] for genre in sorted(set(genres))}
        for track, genre in zip(tracks, genres, strict=True):
            members[genre].append(track)
        found = {genre: _first(own, frontend, n_mels) for genre, own in members.items()}
        return cls(found).plot(ax=ax, **plot_params)

    def plot(
        self, ax: Any = None, *, panels: Sequence[str] = _PANELS, cmap: str = "magma"
    ) -> GenreTracksDisplay:
        """Draw a row a genre.

        Parameters
        ----------
        ax : array of matplotlib.axes.Axes of shape (n_genres, n_panels), optional
            Where to draw; None makes a new figure.
        panels : sequence of {"waveform", "mel"}, default=("waveform", "mel")
            What to draw, from the left.
        cmap : str, default="magma"
            Colour map of the mel spectrograms.

        Returns
        -------
        GenreTracksDisplay
            The display itself.

        Raises
        ------
        ValueError
            When a panel is unknown or there are not as many axes as panels.
        """
        for panel in panels:
            check_choice("panel", panel, _PANELS)
        axes, images = self._axes(ax, len(panels)), []
        for row, (genre, shown) in zip(axes, self.tracks.items(), strict=True):
            row[0].set_ylabel(plain(genre), rotation=0, ha="right", va="center")
            for axis, panel in zip(row, panels, strict=True):
                if shown is None:
                    _say_nothing(axis)
                elif panel == "mel":
                    images.append(_draw_mel(axis, shown, cmap))
                else:
                    self._draw_waveform(axis, shown)
        for axis in axes[-1]:
            axis.set_xlabel("time, s")
        for axis, panel in zip(axes[0], panels, strict=True):
            axis.set_title({"waveform": "waveform", "mel": "mel bands, Hz"}[panel])
        if images:
            label = "dB below the loudest"
            axes[0, 0].figure.colorbar(images[0], ax=axes, label=label, pad=0.01, aspect=40)
        self.axes_, self.ax_, self.figure_ = axes, axes[0, 0], axes[0, 0].figure
        return self

    def _axes(self, ax: Any, n_panels: int) -> Any:
        """A row of axes a genre."""
        shape = (len(self.tracks), n_panels)
        if ax is None:
            figure = new_figure(4.6 * n_panels, 0.6 + 1.25 * len(self.tracks))
            return figure.subplots(*shape, sharex=True, squeeze=False)
        axes = np.asarray(ax, dtype=object)
        if axes.shape != shape:
            raise ValueError(f"ax has shape {axes.shape}: {shape} is needed, one a genre and panel")
        return axes

    def _draw_waveform(self, ax: Any, shown: tuple[Any, Any, Frontend]) -> None:
        """The samples, on the scale of the loudest track."""
        draw_waveform(ax, shown[0], shown[2])
        most = max(np.abs(found[0]).max() for found in self.tracks.values() if found)
        ax.set_ylim(-most or -1, most or 1)
        ax.tick_params(labelleft=False, left=False)
        ax.spines[["top", "right", "left"]].set_visible(False)


def _first(tracks: Sequence[Any], frontend: Frontend, n_mels: int) -> Any:
    """Of the first that can be decoded."""
    requests = [WAVEFORM, make_request("mel", {"n_mels": n_mels, "fmin": 0.0, "fmax": None})]
    for track in tracks:
        try:
            spectra = hear(track, frontend, requests)
        except AudioDecodeError:
            continue
        return spectra.waveform, mel_spectrogram(spectra, n_mels=n_mels, db=True), spectra.frontend
    return None


def _draw_mel(ax: Any, shown: tuple[Any, Any, Frontend], cmap: str) -> Any:
    """The bands; all rows have one scale of colours."""
    _, mel, frontend = shown
    image = show_frames(ax, mel - mel.max(), frontend, cmap=cmap, vmin=-80, vmax=0)
    mark_hertz(ax, mel_hertz(frontend, len(mel)), label=0.11)
    ax.tick_params(axis="y", labelsize=7)
    return image


def _say_nothing(ax: Any) -> None:
    """Why there is no picture."""
    ax.text(0.5, 0.5, "none could be decoded", ha="center", va="center", transform=ax.transAxes)
    ax.set_yticks([])
