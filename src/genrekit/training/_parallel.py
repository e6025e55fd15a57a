"""Several inputs, each heard by a branch of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genrekit._validation import check_choice
from genrekit.training._blocks import Picture, Recurrent, Samples, Steps, decide

__all__ = ["parallel"]

Shape = tuple[int, ...]

# What has at least so many rows and frames is a picture; less is a sequence.
_PICTURE = (32, 32)


def parallel(
    shapes: Sequence[Shape],
    n_classes: int,
    *,
    branches: Sequence[str] | None = None,
    width: int = 32,
    units: int = 64,
    dropout: float = 0.3,
) -> nn.Module:
    """A branch for each input, joined before the decision.

    ::

        (n, rows, frames)   (n, rows, frames)   ...
        convolutions        LSTM                                 (n, features of each)
        joined                                                   (n, all features)
        dropout, linear                                          (n, n_classes)

    After Feng, Liu, Yao: "Music genre classification with paralleling recurrent convolutional
    neural network", 2017, whose two branches hear the same spectrogram; give it twice for that.

    Parameters
    ----------
    shapes : sequence of tuple
        Those of the inputs: (n_rows, n_frames), or (n_samples,) for the waveform.
    n_classes : int
        How many genres.
    branches : sequence of str, optional
        For each input "cnn", "cnn1d", "lstm" or, for the waveform, "raw". None means "cnn" for
        pictures of 32 rows and frames or more, "lstm" for what is smaller.
    width : int, default=32
        Channels of the first block of a branch of convolutions.
    units : int, default=64
        Units of a layer of LSTM, each way.
    dropout : float, default=0.3
        Share of features that a training step leaves out, between layers and at the end.

    Returns
    -------
    torch.nn.Module
        The network, which takes as many batches as there are inputs.
    """
    names = [_usual_branch(shape) for shape in shapes] if branches is None else list(branches)
    _check_branches(names, shapes)
    made = [
        _BRANCHES[name](shape, width, units, dropout)
        for name, shape in zip(names, shapes, strict=True)
    ]
    return _Joined(made, n_classes, dropout)


class _Joined(nn.Module):
    """Branches and the decision."""

    def __init__(self, branches: Sequence[Any], n_classes: int, dropout: float) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        n_features = sum(branch.n_features for branch in branches)
        self.decision = decide(nn.Identity(), n_features, n_classes, dropout)

    def forward(self, *inputs: Tensor) -> Tensor:
        """A batch of each input in, logits out."""
        pairs = zip(self.branches, inputs, strict=True)
        return self.decision(torch.cat([branch(x) for branch, x in pairs], 1))


_BRANCHES: dict[str, Callable[[Shape, int, int, float], nn.Module]] = {
    "cnn": lambda shape, width, units, dropout: Picture(shape, width, 4, 8 * width),
    "cnn1d": lambda shape, width, units, dropout: Steps(shape, 4 * width, 3),
    "lstm": lambda shape, width, units, dropout: Recurrent(shape, units, 2, dropout),
    "raw": lambda shape, width, units, dropout: Samples(shape, width, 8),
}


def _usual_branch(shape: Shape) -> str:
    """What an input of this shape is heard by."""
    if len(shape) == 1:
        return "raw"
    return "cnn" if shape[0] >= _PICTURE[0] and shape[1] >= _PICTURE[1] else "lstm"


def _check_branches(names: Sequence[str], shapes: Sequence[Shape]) -> None:
    """One for each input, and of its kind."""
    for name in names:
        check_choice("branch", name, _BRANCHES)
    if len(names) != len(shapes):
        raise ValueError(f"branches must name one for each of {len(shapes)} inputs, not {names!r}")
    for name, shape in zip(names, shapes, strict=True):
        if (name == "raw") != (len(shape) == 1):
            kind = "a waveform" if len(shape) == 1 else "rows and frames"
            raise ValueError(
                f"branches={names!r}: {name!r} can't hear {kind}; 'raw' is for waveforms, the "
                "others are for rows and frames"
            )
