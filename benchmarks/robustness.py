"""How the pretrained classifier bears what happens to music on its way to a listener.

    python -m benchmarks.robustness --output docs/_robustness_table.rst

Needs recordings that are not part of genrekit: clips of GTZAN's validation part in the split
without faults and with no artist in two parts, of which the classifier has heard none. They are
in a folder ``gtzan_clips`` in the folder that ``--root`` or GENREKIT_TEST_DATA names. Test clips
are not touched.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import genrekit
from genrekit import GenreClassifier, load_audio
from genrekit.datasets import load_gtzan
from genrekit.evaluation import wilson_interval

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
# That of the clips.
SR = 22050
MP3_SR = 44100


class Clip(NamedTuple):
    """A clip on its way: where it is, and a folder for what is made of it."""

    path: Path
    folder: Path
    number: int


class Row(NamedTuple):
    """What came out of one condition."""

    condition: str
    found: NDArray[Any]


def as_it_is(clip: Clip) -> Any:
    """The file."""
    return clip.path


def mp3(kbps: int) -> Callable[[Clip], Any]:
    """Encoded with LAME at 44.1 kHz in stereo, and decoded again."""

    def encode(clip: Clip) -> Path:
        import av

        path = clip.folder / f"{clip.path.stem}-{kbps}.mp3"
        y = load_audio(clip.path, sr=MP3_SR)
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libmp3lame", rate=MP3_SR, layout="stereo")
            stream.bit_rate = 1000 * kbps
            frame = av.AudioFrame.from_ndarray(np.stack([y, y]), format="fltp", layout="stereo")
            frame.sample_rate = MP3_SR
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        return path

    return encode


def resampled(sr: int) -> Callable[[Clip], Any]:
    """At another rate, as a ``(y, sr)`` pair."""
    return lambda clip: (load_audio(clip.path, sr=sr), sr)


def quieter(decibels: float) -> Callable[[Clip], Any]:
    """With less gain."""
    return lambda clip: (load_audio(clip.path, sr=SR) * np.float32(10 ** (-decibels / 20)), SR)


def beginning(seconds: float) -> Callable[[Clip], Any]:
    """The first seconds."""
    return lambda clip: (load_audio(clip.path, sr=SR, duration=seconds), SR)


def noisy(decibels: float) -> Callable[[Clip], Any]:
    """With white noise so much below the clip."""

    def add(clip: Clip) -> Any:
        y = load_audio(clip.path, sr=SR)
        noise = np.random.default_rng(clip.number).standard_normal(len(y))
        level = np.sqrt(np.mean(y.astype(np.float64) ** 2)) * 10 ** (-decibels / 20)
        return (y + level * noise).astype(np.float32), SR

    return add


CONDITIONS: dict[str, Callable[[Clip], Any]] = {
    "FLAC, 22.05 kHz": as_it_is,
    "MP3, 320 kbit/s": mp3(320),
    "MP3, 128 kbit/s": mp3(128),
    "MP3, 64 kbit/s": mp3(64),
    "20 dB quieter": quieter(20),
    "from 44.1 kHz": resampled(44100),
    "from 8 kHz": resampled(8000),
    "first 10 s": beginning(10),
    "first 5 s": beginning(5),
    "white noise, 20 dB below": noisy(20),
}


def measure(paths: list[Path], classifier: GenreClassifier) -> list[Row]:
    """The genres found under each condition."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clips = [Clip(path, Path(folder), number) for number, path in enumerate(paths)]
        for name, change in CONDITIONS.items():
            tracks = [change(clip) for clip in clips]
            rows.append(Row(name, classifier.predict(tracks)))
    return rows


def format_table(rows: list[Row], target: NDArray[Any]) -> str:
    """The table in reStructuredText, with what it was measured on."""
    genres, counts = np.unique(target, return_counts=True)
    music = ", ".join(f"{count} {genre}" for genre, count in zip(genres, counts, strict=True))
    lines = [
        ".. Written by python -m benchmarks.robustness; not by hand.",
        "",
        f'"gtzan10" of genrekit {genrekit.__version__} on {len(target)} clips of 15 to 30 s '
        f"({music}).",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Condition",
        "     - Right",
        "     - Accuracy, 95 % interval",
        "     - Same answer as from FLAC",
    ]
    for row in rows:
        right = int(np.sum(row.found == target))
        low, high = wilson_interval(right, len(target))
        same = int(np.sum(row.found == rows[0].found))
        lines += [
            f"   * - {row.condition}",
            f"     - {right} of {len(target)}",
            f"     - {right / len(target):.2f}, {low:.2f} to {high:.2f}",
            f"     - {same} of {len(target)}",
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="where gtzan_clips is")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the table")
    options = parser.parse_args()
    root = options.root or Path(os.environ.get("GENREKIT_TEST_DATA", _BESIDE))
    if not (root / "gtzan_clips").is_dir():
        print(f"not run: no folder gtzan_clips in {root}")
        return 0
    clips = load_gtzan(root / "gtzan_clips")
    valid = np.flatnonzero(clips.split == "valid")
    paths = [Path(clips.paths[i]) for i in valid]
    rows = measure(paths, GenreClassifier.from_pretrained("gtzan10"))
    table = format_table(rows, np.asarray(clips.target)[valid])
    print(table)
    if options.output:
        options.output.write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
