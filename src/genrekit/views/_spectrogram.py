"""Which frequencies are heard when, and how loud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._validation import check_choice
from genrekit.dsp import make_request
from genrekit.dsp.filters import fft_frequencies
from genrekit.features import mel_spectrogram
from genrekit.spectra import Frontend, power_to_db
from genrekit.views._drawn import Drawn
from genrekit.views._frames import hear, mark_hertz, mel_hertz, name_of, show_frames
from genrekit.views._style import new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SpectrogramDisplay"]

_SCALES = ("mel", "log", "linear")
# A picture on a logarithmic scale: lowest frequency, rows.
_LOWEST, _ROWS = 32.0, 512


class SpectrogramDisplay(Drawn):
    """Spectrogram of a track: time, frequency in Hz, and level in dB as colour.

    Use `from_track` to make one.

    Parameters
    ----------
    decibels : ndarray of shape (n_rows, n_frames)
        Levels, dB.
    hertz : ndarray of shape (n_rows,)
        The frequency of each row, rising.
    frontend : Frontend
        What they were computed with; its `offset` is where the time axis begins.
    scale : {"mel", "log", "linear"}, default="mel"
        How the frequencies lie: as mel bands, which are the rows; or bins of a Fourier transform by
        octaves, or as they are.
    title : str, default=""
        Stands above.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The axes that `plot` drew on.
    figure_ : matplotlib.figure.Figure
        Their figure.
    im_ : matplotlib.image.AxesImage
        The picture; its values are dB below the loudest.

    See Also
    --------
    TrackDisplay : The same below the waveform, with the MFCC.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.displays import SpectrogramDisplay
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> display = SpectrogramDisplay.from_track(tone, scale="log")
    >>> float(display.hertz[display.decibels.mean(axis=1).argmax()].round())
    441.0
    """

    def __init__(
        self,
        decibels: NDArray[Any],
        hertz: NDArray[Any],
        frontend: Frontend,
        scale: str = "mel",
        title: str = "",
    ) -> None:
        self.decibels = decibels
        self.hertz = hertz
        self.frontend = frontend
        self.scale = scale
        self.title = title

    @classmethod
    def from_track(
        cls,
        track: Any,
        *,
        scale: str = "mel",
        frontend: Frontend | None = None,
        n_mels: int = 128,
        top_db: float = 80.0,
        ax: Axes | None = None,
        **plot_params: Any,
    ) -> SpectrogramDisplay:
        """Read a track and draw its spectrogram.

        Parameters
        ----------
        track : path, bytes, file object, waveform or (y, sr) pair
            The track. Set `offset` and `duration` of `frontend` to look at a part of it.
        scale : {"mel", "log", "linear"}, default="mel"
            How the frequencies lie.
        frontend : Frontend, optional
            How it becomes spectra; default ``Frontend()``.
        n_mels : int, default=128
            Number of mel bands.
        top_db : float, default=80.0
            What is so much below the loudest is as dark as silence.
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        **plot_params
            For `plot`.

        Returns
        -------
        SpectrogramDisplay
            The spectrogram, drawn.

        Raises
        ------
        AudioDecodeError
            When the track can't be decoded.
        TypeError
            When it is no track.
        """
        check_choice("scale", scale, _SCALES)
        mel = {"n_mels": n_mels, "fmin": 0.0, "fmax": None}
        wanted = make_request("mel", mel) if scale == "mel" else make_request("power", {})
        spectra = hear(track, frontend, [wanted])
        frontend = spectra.frontend
        if scale == "mel":
            decibels = mel_spectrogram(spectra, n_mels=n_mels, db=True, top_db=top_db)
            hertz = mel_hertz(frontend, n_mels)
        else:
            decibels = power_to_db(spectra.get("power"), top_db)
            hertz = fft_frequencies(frontend.sr, frontend.n_fft)
        return cls(decibels, hertz, frontend, scale, name_of(track)).plot(ax=ax, **plot_params)

    def plot(self, ax: Axes | None = None, *, cmap: str = "magma") -> SpectrogramDisplay:
        """Draw the spectrogram.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; None makes a new figure.
        cmap : str, default="magma"
            Colour map.

        Returns
        -------
        SpectrogramDisplay
            The display itself.
        """
        check_choice("scale", self.scale, _SCALES)
        axes = new_axes(ax, 7.2, 3.6)
        levels, hertz = self.decibels - self.decibels.max(), self.hertz
        if self.scale == "log":
            rows = np.geomspace(min(_LOWEST, hertz[-1]), hertz[-1], _ROWS)
            # The nearest bin, and none between two: low bins are as wide as they are.
            levels = levels[np.abs(hertz - rows[:, np.newaxis]).argmin(axis=1)]
            hertz = rows
        self.im_ = show_frames(axes, levels, self.frontend, cmap=cmap)
        if self.scale == "linear":
            left, right = self.im_.get_extent()[:2]
            self.im_.set_extent((left, right, 0, hertz[-1]))
        else:
            mark_hertz(axes, hertz)
        axes.set(xlabel="time, s", ylabel="frequency, Hz", title=plain(self.title))
        axes.figure.colorbar(self.im_, ax=axes, label="dB below the loudest", pad=0.01)
        self.ax_, self.figure_ = axes, axes.figure
        return self
