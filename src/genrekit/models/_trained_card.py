"""The card of a network that was trained here, and its answers to the segments of a track."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._version import __version__
from genrekit.networks import ModelCard, Network, segment_answers
from genrekit.patches import FeaturesInput

__all__ = ["SegmentAnswerer", "describe_network"]


@dataclass(frozen=True)
class SegmentAnswerer:
    """What a network says of the segments of a track, called with its frames and its length.

    Parameters
    ----------
    card : ModelCard
        Its card.
    network : Network
        The network.
    segment_hop : float or None
        From the start of a segment to that of the next; None means the length of one.
    pad : float
        Share of the last segment that may lie beyond the end.
    """

    card: ModelCard
    network: Network
    segment_hop: float | None
    pad: float

    def __call__(
        self, frames: dict[str, NDArray[Any]], length: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where segments start, and the probabilities of the genres there."""
        times, outputs = segment_answers(
            self.card,
            self.network,
            frames,
            length,
            segment_hop=self.segment_hop,
            pad=self.pad,
            outputs=["probabilities"],
        )
        proba = outputs["probabilities"].astype(np.float64)
        return times, proba / proba.sum(axis=1, keepdims=True)  # as float64 they sum to 1


def describe_network(
    content: bytes,
    outputs: dict[str, int],
    heard: FeaturesInput,
    classes: NDArray[Any],
    network: Any,
    n_tracks: int,
) -> ModelCard:
    """The card of a trained network.

    Parameters
    ----------
    content : bytes
        Its ONNX file.
    outputs : dict of str to int
        Its outputs and how many units each has.
    heard : FeaturesInput
        What it hears.
    classes : ndarray of shape (n_classes,)
        The genres.
    network : str, callable or module
        What was trained.
    n_tracks : int
        On how many tracks.

    Returns
    -------
    ModelCard
        What is not known of the tracks, such as their licence, it says is not known.
    """
    kind = network if isinstance(network, str) else _name_of(network)
    genres = tuple(str(genre) for genre in classes.tolist())
    inputs = ", ".join(entry.name for entry in heard.inputs)
    return ModelCard(
        name=re.sub(r"[^a-z0-9._-]+", "-", f"trained-{kind}".lower())[:100],
        title=f"{kind} on {inputs}, {len(genres)} genres",
        input=heard,
        outputs=outputs,
        file="network.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        licence="not stated",
        source=f"trained with genrekit {__version__}",
        trained_on=f"{n_tracks} tracks in {len(genres)} genres, of whoever trained it",
        limits="Not known: measure it on tracks, artists and recordings that it has not heard.",
        labels={"probabilities": genres, "logits": genres},
    )


def _name_of(network: Any) -> str:
    """What a factory or a module is called."""
    return getattr(network, "__name__", type(network).__name__)
