"""Draws the picture of the first page: what a track sounds like, and its genre, over time."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from genrekit import GenreClassifier, load_audio, make_tracks
from genrekit.displays import SpectrogramDisplay, TimelineDisplay

SR = 22050
_CLIPS = ("000002", "001039", "000010", "000140")
_REAL = (
    "Four clips of the Free Music Archive, one after the other, as the classifier hears them that \
comes with genrekit."
)
_SYNTHETIC = (
    "Five synthetic styles, one after the other, as a classifier hears them that was trained \
on others of their kind."
)


def draw_landing(folder: Path) -> None:
    """Draw the picture into `folder`, with what is to be said of it."""
    clips = [
        Path(os.environ.get("GENREKIT_TEST_DATA", "none"), "fma_clips", f"{name}.mp3")
        for name in _CLIPS
    ]
    real = all(clip.exists() for clip in clips)
    clf, medley = _of_music(clips) if real else _of_synthetic()
    folder.mkdir(parents=True, exist_ok=True)
    draw(clf, medley).savefig(folder / "landing.png", dpi=130)
    (folder / "landing.txt").write_text((_REAL if real else _SYNTHETIC) + "\n", encoding="utf-8")


def _of_music(clips: list[Path]) -> tuple[GenreClassifier, np.ndarray]:
    """What comes trained, and a medley of real music."""
    parts = [load_audio(clip, sr=SR, offset=5.0, duration=10.0) for clip in clips]
    return GenreClassifier.from_pretrained(), np.concatenate(parts)


def _of_synthetic() -> tuple[GenreClassifier, np.ndarray]:
    """A classifier of synthetic styles, and a medley of them that it has not heard."""
    known = make_tracks(15, duration=4.0, random_state=0)
    clf = GenreClassifier("logreg", random_state=0)
    clf.fit([(y, SR) for y in known.waveforms], known.target)
    return clf, np.concatenate(make_tracks(1, duration=8.0, random_state=1).waveforms)


def draw(clf: GenreClassifier, medley: np.ndarray) -> Figure:
    """Draw the mel spectrogram above, genres below."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    sound, genres = figure.subplots(2, sharex=True, height_ratios=(2, 3))
    SpectrogramDisplay.from_track((medley, SR), ax=sound)
    sound.set_xlabel("")
    TimelineDisplay.from_estimator(clf, (medley, SR), window=4.0, hop=0.5, n_genres=6, ax=genres)
    genres.get_legend().remove()  # the bands say which they are
    return figure
