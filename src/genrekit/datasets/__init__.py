"""Labelled tracks: your own, the sets the field measures itself on, and a synthetic one."""

from __future__ import annotations

from genrekit.datasets._csv import load_csv
from genrekit.datasets._fetch import fetch_fma
from genrekit.datasets._fma import FMA_12_GENRES, load_fma, load_fma_features
from genrekit.datasets._folder import AUDIO_EXTENSIONS, AudioFiles, find_audio, load_folder
from genrekit.datasets._gtzan import GTZAN_GENRES, load_gtzan, load_gtzan_features
from genrekit.datasets._recordings import number_recordings
from genrekit.datasets._registry import DATASETS, DataSet
from genrekit.datasets._synthetic import SYNTHETIC_GENRES, make_tracks
from genrekit.datasets._tags import load_tags

__all__ = [
    "AUDIO_EXTENSIONS",
    "DATASETS",
    "FMA_12_GENRES",
    "GTZAN_GENRES",
    "SYNTHETIC_GENRES",
    "AudioFiles",
    "DataSet",
    "fetch_fma",
    "find_audio",
    "load_csv",
    "load_fma",
    "load_fma_features",
    "load_folder",
    "load_gtzan",
    "load_gtzan_features",
    "load_tags",
    "make_tracks",
    "number_recordings",
]
