"""Waveforms as small files, to be listened to where the recordings are not."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["encode_clip"]


def encode_clip(y: NDArray[Any], sr: int) -> tuple[bytes, str]:
    """Encode a waveform as MP3, or as WAV where libsndfile can't write that.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        The samples; what exceeds full scale is cut off.
    sr : int
        Their sampling rate, Hz.

    Returns
    -------
    data : bytes
        The file, the same for the same samples: 6 kB a second as MP3.
    kind : str
        What browsers call its format.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.audio import encode_clip
    >>> data, kind = encode_clip(np.zeros(22050, np.float32), 22050)
    >>> kind in ("audio/mpeg", "audio/wav"), len(data) < 50_000
    (True, True)
    """
    import soundfile

    buffer, samples = io.BytesIO(), np.clip(y, -1, 1)
    if "MP3" in soundfile.available_formats():
        soundfile.write(buffer, samples, sr, format="MP3")
        return buffer.getvalue(), "audio/mpeg"
    soundfile.write(buffer, samples, sr, format="WAV", subtype="PCM_16")
    return buffer.getvalue(), "audio/wav"
