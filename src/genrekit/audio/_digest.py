"""Whether two recordings hold the same samples, whatever their tags and names say."""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b

from genrekit.audio._open import open_audio
from genrekit.audio._source import AudioSource, as_source

__all__ = ["hash_samples"]


def hash_samples(source: AudioSource) -> str:
    """Hash the decoded samples of a recording, at its own rate and with its own channels.

    Parameters
    ----------
    source : path-like, bytes or binary file object
        The recording.

    Returns
    -------
    str
        A digest: the same for copies with other tags, another name, or in another format that
        keeps every sample.

    Raises
    ------
    genrekit.exceptions.AudioDecodeError
        If the source can't be decoded.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> import soundfile
    >>> from genrekit.audio import hash_samples
    >>> samples = np.arange(-4000, 4000, dtype="int16")
    >>> files = io.BytesIO(), io.BytesIO()
    >>> for file, kind in zip(files, ("WAV", "FLAC")):
    ...     soundfile.write(file, samples, 8000, format=kind)
    >>> hash_samples(files[0].getvalue()) == hash_samples(files[1].getvalue())
    True
    """
    sr, blocks = open_audio(as_source(source), offset=0.0, duration=None)
    digest, channels = blake2b(str(sr).encode(), digest_size=16), 0
    with closing(blocks):
        for block in blocks:
            if block.shape[1] != channels:  # few files change it on the way
                channels = block.shape[1]
                digest.update(f"|{channels}|".encode())
            digest.update(block.tobytes())
    return digest.hexdigest()
