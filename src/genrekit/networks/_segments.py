"""A trained network's answers to the segments of a track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.networks._card import ModelCard
from genrekit.networks._network import Network, answer_patches
from genrekit.patches import FeaturesInput

__all__ = ["answer_times", "segment_answers"]


def segment_answers(
    card: ModelCard,
    network: Network,
    frames: Mapping[str, NDArray[Any]],
    seconds: float,
    *,
    segment_hop: float | None = None,
    pad: float = 0.1,
    outputs: Sequence[str] | None = None,
    batch_size: int = 1,
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float32]]]:
    """A network's answers to the segments of one track.

    Parameters
    ----------
    card : ModelCard
        Its card, whose input is of the kind "features".
    network : Network
        What answers.
    frames : mapping of str to ndarray of shape (n_rows, n_columns)
        The whole track, by the name of the input: what the `Plan` of `make_plan` gives.
    seconds : float
        Length of the track; columns, of frames that the user brings.
    segment_hop : float, optional
        From the start of a segment to that of the next, seconds; None means the length of one.
    pad : float, default=0.1
        Share of the last segment that may lie beyond the end: it is repeated until it is full, and
        so is a track shorter than a segment.
    outputs : sequence of str, optional
        Which outputs; None means all.
    batch_size : int, default=1
        How many segments go through the network together. On one core it is no faster by more, and
        each takes as much memory as the first.

    Returns
    -------
    times : ndarray of shape (n_segments,)
        Where segments start, seconds from where the track was heard from; columns, of frames that
        the user brings.
    answers : dict of str to ndarray of shape (n_segments, n_units)
        By output.

    Examples
    --------
    A stand-in for a network, on pictures of 10 columns that are heard by four:

    >>> import numpy as np
    >>> from genrekit.networks import FeaturesInput, ModelCard, segment_answers
    >>> from genrekit.patches import FrameRows
    >>> rows = FrameRows(name="picture", patch=4, mean=(0.0, 0.0), scale=(1.0, 1.0))
    >>> card = ModelCard(
    ...     name="sum", title="What is there", file="sum.onnx", sha256="0" * 64, size=1,
    ...     input=FeaturesInput(segment_duration=None, inputs=[rows]), outputs={"sum": 1},
    ...     licence="none", source="here", trained_on="nothing", limits="it is none",
    ... )
    >>> class Sum:
    ...     shape, outputs = (2, 4), {"sum": 1}
    ...     def __call__(self, batch, outputs=None):
    ...         return {"sum": batch.sum(axis=(1, 2))[:, np.newaxis]}
    >>> frames = {"picture": np.ones((2, 10), np.float32)}
    >>> times, answers = segment_answers(card, Sum(), frames, 10, batch_size=2)
    >>> times.tolist(), answers["sum"].ravel().tolist()
    ([0.0, 4.0], [8.0, 8.0])
    """
    heard = card.input
    if not isinstance(heard, FeaturesInput):
        raise ValueError(f"{card.name} hears a {heard.kind}: segments are cut for features only")
    times = heard.times(seconds, segment_hop, pad)
    return times, answer_times(network, heard, frames, times, outputs, batch_size)


def answer_times(
    network: Network,
    heard: FeaturesInput,
    frames: Mapping[str, NDArray[Any]],
    times: NDArray[np.float64],
    outputs: Sequence[str] | None = None,
    batch_size: int = 1,
) -> dict[str, NDArray[np.float32]]:
    """A network's answers to the segments that start at these times."""
    patches = (heard.patch(frames, time) for time in times)
    return answer_patches(network, patches, outputs, batch_size=batch_size)
