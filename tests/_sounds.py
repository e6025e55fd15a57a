"""Sounds to describe, synthesised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrekit.dsp import BLOCK_FRAMES, frame_count

SR = 22050


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """What features look for, chords, beats and noise, in four blocks of frames; read-only."""
    rng = np.random.default_rng(0)
    t = np.arange(round(10.3 * SR)) / SR
    chords = sum(np.sin(2 * np.pi * f * t * (1 + 0.2 * (t > 1.5))) for f in (220, 277.2, 329.6))
    beats = np.exp(-12 * (t % 0.5)) * rng.standard_normal(len(t))
    y = (0.15 * chords + 0.3 * beats + 0.01 * rng.standard_normal(len(t))).astype(np.float32)
    y.flags.writeable = False
    # What is carried from one block to the next is heard at three edges.
    assert frame_count(len(y), 2048, 512) > 3 * BLOCK_FRAMES
    return y


@pytest.fixture(scope="session")
def ragged(music: np.ndarray) -> list[np.ndarray]:
    """Tracks of different lengths, some shorter than a frame."""
    return [music[:20000], music[30000:35000], music[:1], music[5000:5010], music[-3000:]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """A function that writes a WAV file and gives its path."""

    def make(samples: np.ndarray, name: str = "track.wav", sr: int = SR) -> str:
        path = tmp_path / name
        soundfile.write(path, samples, sr, subtype="FLOAT")
        return str(path)

    return make


@pytest.fixture
def files(music: np.ndarray, write: Callable[..., str]) -> list[str]:
    """Three WAV files: one second at 22050 Hz, half a second in stereo, one at 16 kHz."""
    stereo = np.stack([music[:11025], music[-11025:]], axis=1)
    return [
        write(music[:22050], "a.wav"),
        write(stereo, "b.wav"),
        write(music[30000:46000], "c.wav", 16000),
    ]


@pytest.fixture
def bad_files(tmp_path: Path) -> list[str]:
    """A missing file, an empty one, and a web page saved as an MP3."""
    (tmp_path / "empty.wav").touch()
    (tmp_path / "page.mp3").write_text("<!DOCTYPE html><html><body>404</body></html>" * 40)
    return [str(tmp_path / name) for name in ("missing.mp3", "empty.wav", "page.mp3")]
