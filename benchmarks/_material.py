"""What is measured on: real music where there is some, synthetic where not; long and many files."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

import genrekit

SR = 22050
NATIVE_SR = 44100


class Track(NamedTuple):
    """A file and its samples: mono, float32, 22.05 kHz."""

    path: str
    waveform: np.ndarray


class Material:
    """Tracks, a long file and many short ones.

    Parameters
    ----------
    folder : Path
        Where to write what is synthesised.
    small : bool
        Two synthetic tracks of two seconds instead of music.
    """

    def __init__(self, folder: Path, *, small: bool = False) -> None:
        self.folder = folder
        paths = [] if small else _real_mp3s()
        self.kind = f"{len(paths)} real MP3s of 30 s"
        if not paths:
            count, seconds = (2, 2) if small else (12, 30)
            self.kind = f"{count} synthetic stereo MP3s of {seconds} s"
            paths = [_write(folder / f"{i}.mp3", seconds, seed=i) for i in range(count)]
        self.tracks = [Track(path, genrekit.load_audio(path, sr=SR)) for path in paths]

    @property
    def paths(self) -> list[str]:
        """The files."""
        return [track.path for track in self.tracks]

    def long_file(self, seconds: int) -> str:
        """A WAV file that was never in memory whole."""
        path = self.folder / f"long{seconds}.wav"
        if not path.exists():
            piece = _music(10, seed=0)[:, 0]
            with soundfile.SoundFile(path, "w", NATIVE_SR, 1, subtype="PCM_16") as file:
                for _ in range(seconds // 10):
                    file.write(piece)
        return str(path)

    @cached_property
    def short_files(self) -> list[str]:
        """Ten files of one second."""
        return [_write(self.folder / f"short{i}.wav", 1, seed=i) for i in range(10)]


def _real_mp3s() -> list[str]:
    """The music that the tests use, if it is there."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GENREKIT_TEST_DATA", default))
    return [str(path) for path in sorted(folder.glob("fma_clips/*.mp3"))[:12]]


def _write(path: Path, seconds: int, seed: int) -> str:
    """A file in the format of its name."""
    soundfile.write(path, _music(seconds, seed), NATIVE_SR)
    return str(path)


def _music(seconds: int, seed: int) -> np.ndarray:
    """Chords, beats and noise in stereo: something of everything that features look for."""
    rng = np.random.default_rng(seed)
    t = np.arange(seconds * NATIVE_SR) / NATIVE_SR
    root = 110 * 2 ** (rng.integers(12) / 12)
    chord = sum(np.sin(2 * np.pi * root * ratio * t) / ratio for ratio in (1, 1.26, 1.5, 2, 4))
    noise = rng.standard_normal((len(t), 2))
    beats = np.exp(-12 * (t % (60 / rng.integers(80, 160))))[:, np.newaxis] * noise
    return (0.08 * chord[:, np.newaxis] + 0.15 * beats + 0.005 * noise).clip(-1, 1)
