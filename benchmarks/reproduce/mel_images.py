"""A network on pictures of GTZAN clips: the fault-filtered split beside a random one.

The pictures are log spectrograms of whole clips, whose linear bins are averaged into mel bands.
What is trained, and how, stands in ``mel_images_choice.json``; it was chosen on train and valid
alone. Each network learns train, keeps its best epoch by valid, and is asked about the part that
``--part`` names: valid, unless told otherwise. ``--random`` splits the same clips into parts of the
same sizes without regard to artists.

With ``--models`` the networks are kept, and what is trained already, or half, is not trained again:
the test costs no training when valid has been asked about before.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import PredefinedSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import genrekit
from benchmarks.reproduce._common import Line, find, make_parser, run, show
from benchmarks.reproduce._kept import by_segment, by_track, gtzan_facts
from genrekit.evaluation import GenreReport

CHOICE = Path(__file__).with_name("mel_images_choice.json")
REFERENCE = {"network": {"test": "0.545"}, "SVM": {"valid": "0.495", "test": "0.483"}}
_PARTS = ("train", "valid", "test")
_SR = 22050


class Clips(NamedTuple):
    """Pictures of (bands, columns), their genres, artists, and parts of the split."""

    pictures: np.ndarray
    genres: np.ndarray
    artists: np.ndarray
    part: np.ndarray

    def of(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Pictures and genres of one part."""
        return self.pictures[self.part == part], self.genres[self.part == part]


def mel_average(n_bins: int, n_mels: int, fmin: float) -> np.ndarray:
    """Weights (n_mels, n_bins) that average linear bins in triangles of equal width in mel."""
    hertz = np.linspace(0, _SR / 2, n_bins)
    low, high = 2595 * np.log10(1 + np.array([fmin, _SR / 2]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, n_mels + 2) / 2595) - 1)
    left, centre, right = (edges[i : n_mels + i, np.newaxis] for i in range(3))
    weights = np.minimum((hertz - left) / (centre - left), (right - hertz) / (right - centre))
    weights = np.maximum(weights, 0)
    # A triangle narrower than a bin takes its value between the two bins beside its centre.
    between = np.maximum(1 - np.abs(centre - hertz) / hertz[1], 0)
    weights = np.where(weights.sum(axis=1, keepdims=True) < 1, between, weights)
    return weights / weights.sum(axis=1, keepdims=True)


def read(path: Path, *, n_mels: int, fmin: float) -> Clips:
    """The clips that stand in the fault-filtered split."""
    with np.load(path) as arrays:
        images, clips, genres = arrays["image"], arrays["clip"], arrays["genre"]
    artists, part = gtzan_facts(clips)
    known = part != ""
    weights = mel_average(images.shape[1], n_mels, fmin).astype(np.float32)
    pictures = np.stack([weights @ (image / np.float32(255)) for image in images[known]])
    return Clips(pictures, genres[known], artists[known], part[known])


def split_at_random(clips: Clips, seed: int) -> Clips:
    """Parts of the same sizes, stratified, without regard to artists."""
    part = np.full(len(clips.genres), "train", clips.part.dtype)
    rest = np.arange(len(part))
    for name in _PARTS[:0:-1]:
        n = int(np.sum(clips.part == name))
        rest, taken = train_test_split(
            rest, test_size=n, stratify=clips.genres[rest], random_state=seed
        )
        part[taken] = name
    return clips._replace(part=part)


def train(clips: Clips, options: dict[str, Any], seed: int, model: Path) -> Any:
    """A network that has learned train and kept its best epoch by valid; read if it is there."""
    if not model.exists():
        known = np.flatnonzero(clips.part != "test")
        valid = np.where(clips.part[known] == "valid", 0, -1)
        network = genrekit.NetworkClassifier(
            **options,
            validation=PredefinedSplit(valid),
            checkpoint=model.with_suffix(".checkpoint"),
            random_state=seed,
            verbose=1,
        )
        network.fit(clips.pictures[known], clips.genres[known])
        known_now = {"history": network.history_, "best_epoch": network.best_epoch_}
        model.with_suffix(".json").write_text(json.dumps(known_now), encoding="utf-8")
        network.set_params(validation=None, checkpoint=None, verbose=0)
        genrekit.save(network, model)
    return genrekit.load(model)


def ask(network: Any, clips: Clips, part: str, every: int) -> GenreReport:
    """What a network says of one part, in segments closer together than those it learned from."""
    X, y = clips.of(part)
    network.set_params(segment_hop=every)
    said = [timeline.probabilities for timeline in network.predict_segments(X)]
    own = np.searchsorted(network.classes_, y)
    right = [int(np.sum(rows.argmax(axis=1) == i)) for rows, i in zip(said, own, strict=True)]
    return _report(
        clips, part, network.predict(X), segments=np.array([len(rows) for rows in said]),
        segments_right=np.array(right),
    )  # fmt: skip


def ask_svm(clips: Clips, part: str) -> GenreReport:
    """The same of a support vector machine on what each band is like on the whole."""
    bands = np.concatenate(
        [
            clips.pictures.mean(axis=2),
            clips.pictures.std(axis=2),
            np.abs(np.diff(clips.pictures, axis=2)).mean(axis=2),
        ],
        axis=1,
    )
    summed = clips._replace(pictures=bands)
    svm = make_pipeline(StandardScaler(), SVC(C=10.0)).fit(*summed.of("train"))
    return _report(clips, part, svm.predict(summed.of(part)[0]))


def _report(clips: Clips, part: str, said: np.ndarray, **segments: np.ndarray) -> GenreReport:
    """A report on one part."""
    asked = clips.part == part
    return GenreReport(
        y_true=clips.genres[asked],
        y_pred=said,
        classes=np.unique(clips.genres),
        fit_seconds=np.zeros(1),
        predict_seconds=np.zeros(1),
        groups=clips.artists[asked],
        **segments,
    )


def measure(args: argparse.Namespace, clips: Clips, choice: dict[str, Any]) -> list[Line]:
    """A line a seed, their mean, and the support vector machine."""
    kind = "random" if args.random else "filtered"
    lines, found = [], []
    for seed in args.seeds:
        here = split_at_random(clips, seed) if args.random else clips
        model = args.models / f"mel_images-{kind}-{seed}.skops"
        network = train(here, choice["network"], seed, model)
        found.append(ask(network, here, args.part, choice["asked_every"]))
        lines.append(Line(f"cnn, seed {seed}", by_track(found[-1]), "", by_segment(found[-1])))
    reference = {} if args.random else REFERENCE["network"]
    mean, spread = (f([r.accuracy for r in found]) for f in (np.mean, np.std))
    segment = f"{np.mean([report.segment_accuracy for report in found]):.3f}"
    lines.append(
        Line("cnn, mean", f"{mean:.3f} ± {spread:.3f}", reference.get(args.part, ""), segment)
    )
    here = split_at_random(clips, args.seeds[0]) if args.random else clips
    reference = {} if args.random else REFERENCE["SVM"]
    svm = by_track(ask_svm(here, args.part))
    return [*lines, Line("SVM (C = 10) on bands", svm, reference.get(args.part, ""))]


def main(args: argparse.Namespace) -> None:
    """Print how right the networks are about one part."""
    (path,) = find(args.root, "gtzan_images.npz")
    choice = json.loads(args.choice.read_text(encoding="utf-8"))
    clips = read(path, **choice["pictures"])
    sizes = ", ".join(f"{np.sum(clips.part == part)} {part}" for part in _PARTS)
    print(f"data: {path.name}: {sizes}; {choice['pictures']['n_mels']} mel bands")
    how = "Random split of the same sizes" if args.random else "Fault-filtered split, artists apart"
    with tempfile.TemporaryDirectory() as passing:
        args.models = args.models or Path(passing)
        args.models.mkdir(parents=True, exist_ok=True)
        lines = measure(args, clips, choice)
    show(f"{how}, asked about {args.part} (95 % intervals over artists; remark: by segment)", lines)
    if args.part == "valid":
        print("\nvalid chose the epochs, so that the networks' numbers on it are too high")


_parser = make_parser(__doc__)
_parser.add_argument("--part", choices=("valid", "test"), default="valid", help="default: valid")
_parser.add_argument("--random", action="store_true", help="split at random, artists torn apart")
_parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
_parser.add_argument("--models", type=Path, metavar="FOLDER", help="keep the networks there")
_parser.add_argument("--choice", type=Path, default=CHOICE, metavar="FILE", help="the choice")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
