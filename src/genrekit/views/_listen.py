"""Tracks to listen to in a notebook."""

from __future__ import annotations

from typing import Any

from genrekit.spectra import WAVEFORM, Frontend
from genrekit.views._frames import hear

__all__ = ["listen"]


def listen(
    track: Any, *, offset: float = 0.0, duration: float | None = 30.0, sr: float = 22050
) -> Any:
    """Give a player of a track for a notebook, as the features hear it: mono, at their rate.

    Parameters
    ----------
    track : path, bytes, file object, waveform or (y, sr) pair
        The track; a waveform is taken to be at `sr`.
    offset : float, default=0.0
        Where to begin, seconds.
    duration : float, default=30.0
        How much to play, seconds; None means up to the end. The samples become part of the
        notebook, 2.6 MB of it for a minute at 22050 Hz.
    sr : float, default=22050
        Sampling rate, Hz.

    Returns
    -------
    IPython.display.Audio
        The player, which shows itself.

    Raises
    ------
    AudioDecodeError
        When the track can't be decoded.
    ImportError
        When IPython is not installed, as it is wherever there are notebooks.
    TypeError
        When it is no track.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit import listen
    >>> tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)
    >>> player = listen(tone, duration=0.5)  # doctest: +SKIP
    """
    try:
        from IPython.display import Audio
    except ImportError as error:
        raise ImportError(
            f"listen needs IPython ({error}), which notebooks bring: pip install ipython"
        ) from error
    frontend = Frontend(sr=sr, offset=offset, duration=duration)
    y = hear(track, frontend, [WAVEFORM]).waveform
    # As loud as it is, unless that would be cut off.
    return Audio(y / max(1.0, float(abs(y).max())), rate=round(sr), normalize=False)
