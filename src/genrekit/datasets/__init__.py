"""Labelled tracks: a folder of music by genre, and a small synthetic set."""

from __future__ import annotations

from genrekit.datasets._folder import AUDIO_EXTENSIONS, AudioFiles, find_audio, load_folder
from genrekit.datasets._synthetic import SYNTHETIC_GENRES, make_tracks

__all__ = [
    "AUDIO_EXTENSIONS",
    "SYNTHETIC_GENRES",
    "AudioFiles",
    "find_audio",
    "load_folder",
    "make_tracks",
]
