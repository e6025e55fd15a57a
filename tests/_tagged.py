"""Files of each kind that carries tags, without FFmpeg's program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

__all__ = ["KINDS", "make_sound"]

SR = 22050
# Ending: what libsndfile calls it; None where FFmpeg's library writes it.
KINDS = {
    ".mp3": ("MP3", "MPEG_LAYER_III"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".aiff": ("AIFF", "PCM_16"),
    ".wav": ("WAV", "PCM_16"),
    ".m4a": None,
}


def make_sound(path: Path, *, seed: int = 0, seconds: float = 1.0) -> Path:
    """Write some noise that fades, in the format of the ending."""
    n = int(seconds * SR)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 2)) * np.linspace(1, 0.1, n)[:, None]
    kind = KINDS[path.suffix]
    if kind is None:
        _write_m4a(path, noise.astype(np.float32))
    else:
        # Opus has its own rates.
        sr = 24000 if kind[1] == "OPUS" else SR
        soundfile.write(path, noise, sr, format=kind[0], subtype=kind[1])
    return path


def _write_m4a(path: Path, noise: np.ndarray) -> None:
    """Write AAC in MP4."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=SR, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(noise.T), "fltp", "stereo")
        frame.sample_rate = SR
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
