"""Miniatures of the data sets in the layouts they are published in."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from genrekit.datasets import GTZAN_GENRES

CLIPS = [f"{genre}.{i:05d}" for genre in GTZAN_GENRES for i in range(100)]
# id, subset, split, artist, top genre, genres
TRACKS = [
    (2, "small", "training", 1, "Hip-Hop", [21]),
    (5, "small", "training", 1, "Hip-Hop", [21]),
    (10, "small", "validation", 6, "Pop", [10]),
    (140, "small", "test", 54, "Folk", [17]),
    (144, "small", "training", 60, "Rock", [25]),
    (150, "medium", "training", 70, "Rock", [12]),
    (152, "medium", "test", 71, "Electronic", [15]),
    (200, "large", "training", 80, "", [109, 15]),
    (98565, "small", "training", 90, "Rock", [12]),  # known to be bad
]
# id, title, parent
GENRES = [
    (10, "Pop", 0),
    (12, "Rock", 0),
    (15, "Electronic", 0),
    (17, "Folk", 0),
    (21, "Hip-Hop", 0),
    (25, "Punk", 12),
    (109, "Hardcore", 25),
]
SIZES = {
    "chroma_cens": 12,
    "chroma_cqt": 12,
    "chroma_stft": 12,
    "mfcc": 20,
    "rmse": 1,
    "spectral_bandwidth": 1,
    "spectral_centroid": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
    "tonnetz": 6,
    "zcr": 1,
}
STATISTICS = ["kurtosis", "max", "mean", "median", "min", "skew", "std"]


def _text(rows) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def _tracks(tracks) -> bytes:
    columns = [
        ("album", "title"),
        ("artist", "bio"),
        ("artist", "id"),
        ("set", "split"),
        ("set", "subset"),
        ("track", "genre_top"),
        ("track", "genres"),
        ("track", "genres_all"),
    ]
    biography = 'Lines,\n"quotes"\n' + "and much more. " * 10_000  # above what csv takes unasked
    rows = [
        [number, "An album", biography, artist, split, subset, top, genres, genres]
        for number, subset, split, artist, top, genres in tracks
    ]
    head = [["", *level] for level in zip(*columns, strict=True)]
    return _text([*head, ["track_id", *[""] * len(columns)], *rows])


def _features(tracks) -> bytes:
    columns = [
        (feature, statistic, f"{i + 1:02d}")
        for feature, size in SIZES.items()
        for statistic in STATISTICS
        for i in range(size)
    ]
    names = ("feature", "statistics", "number")
    head = [[name, *level] for name, level in zip(names, zip(*columns, strict=True), strict=True)]
    rows = [[track[0], *(f"{track[0] + j / 1000:.10e}" for j in range(518))] for track in tracks]
    return _text([*head, ["track_id", *[""] * len(columns)], *rows])


def _genres(genres) -> bytes:
    rows = [[number, 100, parent, title, 0] for number, title, parent in genres]
    return _text([["genre_id", "#tracks", "parent", "title", "top_level"], *rows])


def fma_metadata(tracks=TRACKS, genres=GENRES) -> dict[str, bytes]:
    """Name of each file of the metadata → content."""
    return {
        "fma_metadata/README.txt": b"Metadata of the FMA.",
        "fma_metadata/tracks.csv": _tracks(tracks),
        "fma_metadata/genres.csv": _genres(genres),
        "fma_metadata/features.csv": _features(tracks),
    }


def _clips(folder: str, subsets: tuple[str, ...]) -> dict[str, bytes]:
    paths = [
        f"{folder}/{number // 1000:03d}/{number:06d}.mp3"
        for number, subset, *_ in TRACKS
        if subset in subsets
    ]
    text = {
        f"{folder}/README.txt": b"Each .mp3 is licensed by its artist.",
        f"{folder}/checksums": b"",
    }
    return {**text, **{path: path.encode() * 20 for path in paths}}


@pytest.fixture(scope="session")
def fma_files() -> dict[str, dict[str, bytes]]:
    """Archive → name of each file in it → content."""
    return {
        "fma_metadata": fma_metadata(),
        "fma_small": _clips("fma_small", ("small",)),
        "fma_medium": _clips("fma_medium", ("small", "medium")),
        "fma_large": _clips("fma_large", ("small", "medium", "large")),
        "fma_full": _clips("fma_full", ("small", "medium", "large")),
    }


@pytest.fixture
def make_fma(tmp_path, fma_files):
    """A function that unpacks archives of the miniature and gives their folder."""

    def make(*archives: str) -> Path:
        for archive in archives:
            for name, content in fma_files[archive].items():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return tmp_path

    return make


@pytest.fixture
def make_files(tmp_path):
    """Make files below tmp_path, all different; nothing here decodes them."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return tmp_path

    return make


@pytest.fixture
def make_gtzan(make_files):
    """Make the folders of GTZAN below a place."""

    def make(place, ending, clips=CLIPS):
        return make_files(*(f"{place}{c.partition('.')[0]}/{c}{ending}" for c in clips))

    return make


@pytest.fixture
def no_pandas(monkeypatch):
    """pandas can't be imported."""
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
