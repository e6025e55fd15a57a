"""The arguments of ``genrekit train`` and ``evaluate`` that say what learns."""

from __future__ import annotations

import argparse

from genrekit._argument_types import above_zero, one_of, whole_number
from genrekit._messages import tell

__all__ = ["OF_NETWORKS", "add_learner", "check_learner"]

# "cnn" is the word of earlier versions for "embedding".
_MODELS = ("svm", "rf", "knn", "logreg", "embedding", "cnn")
# What a network may hear beside the rows of FEATURES.
_OTHER_INPUTS = ["waveform", "embedding"]

# Options of --network, and the parameters of NetworkClassifier that they are.
OF_NETWORKS = {
    "inputs": "inputs",
    "epochs": "max_epochs",
    "segment": "segment_duration",
    "mixup": "mixup",
    "freq_mask": "freq_mask",
    "time_mask": "time_mask",
    "checkpoint": "checkpoint",
    "device": "device",
}


def add_learner(parser: argparse.ArgumentParser, *, once: bool) -> None:
    """Declare what learns: a model of features, or a network; `once` is no cross-validation."""
    learner = parser.add_mutually_exclusive_group()
    learner.add_argument(
        "--model",
        choices=_MODELS,
        metavar="NAME",
        help="svm, rf, knn and logreg decide on --features; embedding is a logistic regression on "
        "what a pretrained network hears (default: svm)",
    )
    learner.add_argument(
        "--network",
        type=one_of("network", _networks),
        metavar="NAME",
        help="train a network instead, see `genrekit info`; takes genrekit[train]",
    )
    _add_learning(parser.add_argument_group("options of --network"), once=once)


def _add_learning(group: argparse._ArgumentGroup, *, once: bool) -> None:
    """Declare how a network learns."""
    group.add_argument(
        "--inputs",
        nargs="+",
        type=one_of("input", _inputs),
        metavar="NAME",
        help="what it hears, frame by frame: features, waveform, or embedding (what the pretrained "
        "network hears); several for the network parallel (default: mel)",
    )
    group.add_argument(
        "--epochs", type=whole_number(1), metavar="N", help="at the most (default: 30)"
    )
    group.add_argument(
        "--segment", type=above_zero, metavar="SECONDS", help="length of a segment (default: 3)"
    )
    group.add_argument(
        "--mixup", type=above_zero, metavar="ALPHA", help="mix segments two and two, such as 0.2"
    )
    for name, what in (("--freq-mask", "rows"), ("--time-mask", "frames")):
        group.add_argument(
            name,
            type=whole_number(1),
            metavar="N",
            help=f"hide up to so many {what} of each segment while it learns",
        )
    if once:
        group.add_argument(
            "--checkpoint", metavar="FOLDER", help="go on from here after a run that was cut off"
        )
    group.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or mps (default: auto)")


def check_learner(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End the program where options don't go together, or a network can't be trained here."""
    if args.model == "cnn":
        args.model = "embedding"
        tell("warning: --model cnn is now --model embedding")
    if args.network is None:
        # Not by the parser: it takes a default that is given for one that is not.
        args.model = args.model or "svm"
        for name in OF_NETWORKS:
            if getattr(args, name, None) is not None:
                parser.error(f"argument --{name.replace('_', '-')}: goes with --network")
        return
    if args.features is not None:
        parser.error("argument --features: not allowed with --network, which hears --inputs")
    from genrekit.training import NETWORKS, need_torch

    if args.inputs and NETWORKS[args.network].hears:
        parser.error(f"argument --inputs: {args.network} hears what it was made for; leave it out")
    try:
        need_torch()
    except ImportError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")


def _networks() -> list[str]:
    """The networks that can be named; another one takes a function of the user's."""
    from genrekit.training import NETWORKS

    return [name for name in NETWORKS if name != "image"]


def _inputs() -> list[str]:
    """What networks can hear."""
    from genrekit.features import FEATURES

    return [*FEATURES, *_OTHER_INPUTS]
