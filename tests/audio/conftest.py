"""Sounds to decode, synthesised."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import soundfile

from genrekit.audio._soundfile import decode

FORMATS = [
    ("WAV", "PCM_16"),
    ("WAV", "DOUBLE"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_24"),
    ("AU", "PCM_16"),
]


ID3 = b"ID3\x04\x00\x00\x00\x00\x02\x01" + b"\xff" * 257

# 128 kbit/s, 44.1 kHz, joint stereo.
_HEAD, _SIZE = b"\xff\xfb\x90\x64", 417


def silent_frames(count: int, head: bytes = _HEAD, size: int = _SIZE) -> bytes:
    """Frames of MPEG audio that hold silence; their size must be the one that the head says."""
    return head.ljust(size, b"\0") * count


def info_frame(count: int, size: int | None = None) -> bytes:
    """A frame that gives the number of those that follow, and the bytes of all of them."""
    size = _SIZE * (count + 1) if size is None else size
    said = b"Info\0\0\0\3" + count.to_bytes(4, "big") + size.to_bytes(4, "big")
    return (_HEAD + bytes(32) + said).ljust(_SIZE, b"\0")


def vbri_frame(count: int) -> bytes:
    """The same as the Fraunhofer encoder writes it."""
    size = _SIZE * (count + 1)
    said = b"VBRI" + bytes(6) + size.to_bytes(4, "big") + count.to_bytes(4, "big")
    return (_HEAD + bytes(32) + said).ljust(_SIZE, b"\0")


def samples_of(
    source: str | bytes, offset: float = 0.0, duration: float | None = None
) -> np.ndarray:
    """Everything that libsndfile's decoder gives."""
    return np.concatenate(list(decode(source, offset=offset, duration=duration).blocks))


@pytest.fixture(scope="session")
def sound() -> Callable[..., np.ndarray]:
    """A function that gives a sound that nowhere repeats, of shape (n_frames, n_channels)."""

    def make(seconds: float = 2.0, sr: int = 44100, channels: int = 2) -> np.ndarray:
        t = np.arange(round(seconds * sr)) / sr
        sweep = np.sin(2 * np.pi * (200 * t + 150 * t**2))
        rng = np.random.default_rng(7)
        levels = np.linspace(0.5, 0.1, channels)
        return levels * sweep[:, np.newaxis] + rng.normal(0, 0.01, (len(t), channels))

    return make


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """A function that encodes with libsndfile."""

    def make(
        samples: np.ndarray, sr: int = 44100, kind: str = "WAV", subtype: str | None = None
    ) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, sr, format=kind, subtype=subtype)
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def encode_av() -> Callable[..., bytes]:
    """A function that encodes with FFmpeg; skips without PyAV."""
    av = pytest.importorskip("av")

    def make(
        samples: np.ndarray,
        sr: int = 44100,
        kind: str = "mp4",
        codec: str = "aac",
        title: str = "",
    ) -> bytes:
        file = io.BytesIO()
        layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
        with av.open(file, "w", format=kind) as container:
            container.metadata["title"] = title
            stream = container.add_stream(codec, rate=sr, layout=layout)
            stream.bit_rate = 192_000
            for frame in _frames(av, samples, sr, layout, stream.format.name):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return file.getvalue()

    return make


def _frames(av: Any, samples: np.ndarray, sr: int, layout: str, kind: str) -> Any:
    """Cut samples into frames in the format that the encoder takes."""
    resampler = av.AudioResampler(format=kind, layout=layout, rate=sr, frame_size=1024)
    planar = np.ascontiguousarray(samples.T, dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=layout)
    frame.sample_rate, frame.pts = sr, 0
    return resampler.resample(frame) + resampler.resample(None)
