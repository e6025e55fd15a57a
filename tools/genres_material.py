"""What "genres" is trained on: tracks of two collections, as the network of genrekit answers them.

Every source gives answers to patches of three seconds, about every third second of a track:

- ``gtzan_taggrams_train.npz``: tags alone, of 443 clips of 30 s. What the penultimate layer said is
  predicted from them, by a regression on the patches below of which both are known;
- ``gtzan_short`` and ``gtzan_clips``: recordings of clips of 2 to 3 s and of 15 to 30 s, of which
  only those of the training and the validation part of the split without faults are read;
- ``magnatune_network_dev.npz``: tags and penultimate layer of 262 tracks of another collection.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genrekit.networks import CNNEmbedding
from genrekit.patches import patch_starts

__all__ = ["GTZAN", "MAGNATUNE", "NETWORK", "PATCH_HOP", "Patch", "Tracks", "read_tracks"]

NETWORK, PATCH_HOP = "msd-musicnn", 3.0
GTZAN, MAGNATUNE = "gtzan", "magnatune"
_PARTS = ("train", "valid")
_NAMES = {"hiphop": "hip-hop"}
_LEAST = 1e-6
# Of what the network answers to recordings.
_KEYS = ("tags", "penultimate", "track", "names", "kinds")


class Patch(NamedTuple):
    """Answers to patches.

    Attributes
    ----------
    tags : ndarray of shape (n_patches, 50)
        Logarithms of the odds of the tags.
    units : ndarray of shape (n_patches, 200)
        The penultimate layer.
    track : ndarray of int of shape (n_patches,)
        Which track each is of.
    """

    tags: NDArray[np.float64]
    units: NDArray[np.float64]
    track: NDArray[np.intp]


class Tracks(NamedTuple):
    """All that is trained on.

    Attributes
    ----------
    patches : Patch
        The answers.
    genres, artists, sources, kinds : ndarray of str of shape (n_tracks,)
        Of each track; a kind is a source's file or folder.
    to_tags : ndarray of shape (200, 50)
        What the network makes tags of: `tags` are `units` times this, and a constant.
    """

    patches: Patch
    genres: NDArray[np.str_]
    artists: NDArray[np.str_]
    sources: NDArray[np.str_]
    kinds: NDArray[np.str_]
    to_tags: NDArray[np.float64]

    def pooled(self, every: int = 1, most: int | None = None) -> dict[str, NDArray[np.float64]]:
        """Means over patches of each track: activations of ``tags``, and ``penultimate``.

        Over every so manieth patch, or no more than `most` of these, spread evenly.
        """
        tags, units, track = self.patches
        own = [np.flatnonzero(track == i)[::every] for i in range(len(self.genres))]
        own = [some[patch_starts(len(some), 1, 1, most)] for some in own]
        activations = 1 / (1 + np.exp(-tags))
        return {
            "tags": np.array([activations[i].mean(axis=0) for i in own]),
            "penultimate": np.array([units[i].mean(axis=0) for i in own]),
        }


def read_tracks(data: Path, kept: Path | None = None, every: int = 3) -> Tracks:
    """The tracks of all sources.

    Answers to recordings come from the file `kept`, if it is there. Of the tags that are known of
    each second of a clip, those of every third are taken, as of the other sources.
    """
    artists = _artists(data / "gtzan_artists.csv")
    heard = _heard(data, kept)
    tags, units, track, names, kinds = (heard[key] for key in _KEYS)
    recorded = Patch(_odds(tags), units.astype(np.float64), track)
    to_tags = LinearRegression().fit(recorded.units, recorded.tags).coef_.T
    clips = _Source(recorded, *_of_gtzan(names, artists), np.array([GTZAN] * len(names)), kinds)
    others = _magnatune(data / "magnatune_network_dev.npz", to_tags)
    known = [np.concatenate(pair) for pair in zip(recorded[:2], others.patches[:2], strict=True)]
    guess = make_pipeline(StandardScaler(), Ridge()).fit(*known)
    taggrams = _taggrams(data / "gtzan_taggrams_train.npz", artists, guess, every)
    return _joined([taggrams, clips, others], to_tags)


class _Source(NamedTuple):
    """Tracks of one source."""

    patches: Patch
    genres: NDArray[np.str_]
    artists: NDArray[np.str_]
    sources: NDArray[np.str_]
    kinds: NDArray[np.str_]


def _joined(parts: list[_Source], to_tags: NDArray[np.float64]) -> Tracks:
    """All sources, tracks counted on."""
    first = np.cumsum([0, *(len(part.genres) for part in parts)])
    counted = [
        part.patches._replace(track=part.patches.track + n)
        for part, n in zip(parts, first[:-1], strict=True)
    ]
    patches = Patch(*(np.concatenate(column) for column in zip(*counted, strict=True)))
    told = [np.concatenate(column) for column in zip(*(part[1:] for part in parts), strict=True)]
    return Tracks(patches, *told, to_tags)


def _artists(path: Path) -> dict[str, str]:
    """The artist of each clip of GTZAN; a clip without one counts as its own."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["clip"]: row["artist"] or row["clip"] for row in csv.DictReader(file)}


def _of_gtzan(
    names: NDArray[np.str_], artists: dict[str, str]
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Genre and artist by the names of clips."""
    genres = [name.partition(".")[0] for name in names]
    found = [artists.get(str(name), str(name)) for name in names]
    return np.array([_NAMES.get(genre, genre) for genre in genres]), np.array(found)


def _taggrams(path: Path, artists: dict[str, str], guess: Any, every: int) -> _Source:
    """Clips of which tags alone are known."""
    data = np.load(path)
    names, which = np.unique(data["clip"], return_inverse=True)
    taken = np.concatenate([np.flatnonzero(which == i)[::every] for i in range(len(names))])
    tags = _odds(data["taggram"][taken])
    patches = Patch(tags, guess.predict(tags), which[taken])
    kind = np.array(["taggrams"] * len(names))
    return _Source(patches, *_of_gtzan(names, artists), np.array([GTZAN] * len(names)), kind)


def _magnatune(path: Path, to_tags: NDArray[np.float64]) -> _Source:
    """The other collection, whose tags are rounded: they are computed from the layer before."""
    data = np.load(path)
    units = data["penultimate"].astype(np.float64)
    rounded = _odds(data["tags"])
    tags = units @ to_tags
    patches = Patch(tags + (rounded - tags).mean(axis=0), units, data["track"].astype(np.intp))
    artists = np.array([f"{MAGNATUNE} {number}" for number in data["artist"]])
    where = np.array([MAGNATUNE] * len(artists))
    return _Source(patches, data["genre"], artists, where, where)


def _heard(data: Path, kept: Path | None) -> dict[str, NDArray[np.generic]]:
    """What the network answers to the recordings, each clip of which is in a part to train on."""
    if kept is not None and kept.is_file():
        return dict(np.load(kept))
    with (data / "gtzan_fault_filtered_split.csv").open(newline="") as file:
        allowed = {row["clip"] for row in csv.DictReader(file) if row["split"] in _PARTS}
    folders = ("gtzan_short", "gtzan_clips")
    found = [p for folder in folders for p in sorted((data / folder).glob("*/*.flac"))]
    files = [path for path in found if path.stem in allowed]
    answers = [_answers(path) for path in files]
    heard = {
        "tags": np.concatenate([some["tags"] for some in answers]),
        "penultimate": np.concatenate([some["penultimate"] for some in answers]),
        "track": np.repeat(np.arange(len(files)), [len(some["tags"]) for some in answers]),
        "names": np.array([path.stem for path in files]),
        "kinds": np.array([path.parts[-3] for path in files]),
    }
    if kept is not None:
        np.savez(kept, **heard)
    return heard


def _answers(path: Path) -> dict[str, NDArray[np.float32]]:
    """Tags and penultimate layer of the patches of a recording."""
    hearing = [CNNEmbedding(NETWORK, output=name, patch_hop=PATCH_HOP) for name in _KEYS[:2]]
    return {each.output: each.patches(path)[1] for each in hearing}


def _odds(tags: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithms of odds."""
    share = np.clip(tags.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.log(share / (1 - share))
