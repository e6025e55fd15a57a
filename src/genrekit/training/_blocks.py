"""What several networks are made of: stacks that turn one input into features, and the decision.

Each stack takes a batch of one input and gives (n, n_features); `n_features` says how many.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from genrekit._validation import check_integer, check_number

__all__ = ["OverTime", "Picture", "Recurrent", "Samples", "Steps", "check_dropout", "decide"]

# An axis shorter than this is not pooled: what is left says where in the picture something is.
_SHORTEST = 4


def decide(stack: nn.Module, n_features: int, n_classes: int, dropout: float) -> nn.Sequential:
    """Stack, dropout, and the last linear layer: logits of shape (n, n_classes)."""
    check_dropout(dropout)
    return nn.Sequential(stack, nn.Dropout(dropout), nn.Linear(n_features, n_classes))


def check_dropout(dropout: float) -> None:
    """Refuse what is no share."""
    check_number("dropout", dropout, minimum=0, maximum=1)


def check_sizes(**sizes: int) -> None:
    """Refuse widths and depths that are no numbers of at least 1."""
    for name, value in sizes.items():
        check_integer(name, value, minimum=1)


class OverTime(nn.Module):
    """Mean and maximum over the last axis, joined: (n, units, frames) to (n, 2 * units)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool."""
        return torch.cat([x.mean(-1), x.amax(-1)], 1)


class OneChannel(nn.Module):
    """An axis for the channel, of which there is one: (n, ...) to (n, 1, ...)."""

    def forward(self, x: Tensor) -> Tensor:
        """Add it."""
        return x.unsqueeze(1)  # nn.Unflatten would fix the batch in the ONNX file


class Blocks(nn.Sequential):
    """Convolutions with pooling in both directions: (n, rows, frames) to (n, n_units, frames)."""

    # A block is a convolution of 3 x 3, normalisation, ReLU and the maximum of 2 x 2, and has twice
    # the channels of the one before. Channels and rows that are left become the units of a frame.

    def __init__(self, shape: Sequence[int], width: int, blocks: int) -> None:
        check_sizes(width=width, blocks=blocks)
        rows, frames = shape
        layers: list[nn.Module] = [OneChannel()]
        channels = [1, *(width * 2**block for block in range(blocks))]
        for before, after in zip(channels, channels[1:], strict=False):
            pools = tuple(2 if size >= _SHORTEST else 1 for size in (rows, frames))
            rows, frames = rows // pools[0], frames // pools[1]
            layers += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(pools),
            ]
        super().__init__(*layers, nn.Flatten(1, 2))
        # With its channels innermost a processor takes a third less time for a step of training.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # stubs lack it
        self.n_units = channels[-1] * rows


class Picture(nn.Sequential):
    """`Blocks`, then all rows at once, pooled over time: (n, rows, frames) to (n, 2 * units)."""

    def __init__(self, shape: Sequence[int], width: int, blocks: int, units: int) -> None:
        check_sizes(units=units)
        stack = Blocks(shape, width, blocks)
        super().__init__(
            stack,
            nn.Conv1d(stack.n_units, units, 1, bias=False),
            nn.BatchNorm1d(units),
            nn.ReLU(inplace=True),
            OverTime(),
        )
        self.n_features = 2 * units


class Steps(nn.Sequential):
    """Convolutions over time whose channels are the rows: (n, rows, frames) to (n, 2 * width)."""

    def __init__(self, shape: Sequence[int], width: int, blocks: int) -> None:
        check_sizes(width=width, blocks=blocks)
        rows, frames = shape
        layers: list[nn.Module] = []
        for block in range(blocks):
            pool = 2 if frames >= _SHORTEST else 1
            frames //= pool
            layers += [
                nn.Conv1d(width if block else rows, width, 3, padding=1, bias=False),
                nn.BatchNorm1d(width),
                nn.ReLU(inplace=True),
                nn.MaxPool1d(pool),
            ]
        super().__init__(*layers, OverTime())
        self.n_features = 2 * width


class Samples(nn.Sequential):
    """Convolutions over samples, each third kept: (n, samples) to (n, 2 * channels of the last)."""

    def __init__(self, shape: Sequence[int], width: int, blocks: int) -> None:
        check_sizes(width=width, blocks=blocks)
        (samples,) = shape
        # Channels double every third block, as the samples become fewer.
        channels = [width * 2 ** (block // 3) for block in range(blocks + 1)]
        layers: list[nn.Module] = [OneChannel()]
        layers += [nn.Conv1d(1, width, 3, stride=3, padding=1, bias=False), *_norm(width)]
        samples = (samples - 1) // 3 + 1
        for before, after in zip(channels, channels[1:], strict=False):
            pool = 3 if samples >= 2 * 3 else 1
            samples //= pool
            layers += [
                nn.Conv1d(before, after, 3, padding=1, bias=False),
                *_norm(after),
                nn.MaxPool1d(pool),
            ]
        super().__init__(*layers, OverTime())
        self.n_features = 2 * channels[-1]


def _norm(channels: int) -> list[nn.Module]:
    """Normalisation and ReLU."""
    return [nn.BatchNorm1d(channels), nn.ReLU(inplace=True)]


class Recurrent(nn.Module):
    """Two ways through time, normalised and pooled: (n, rows, frames) to (n, 4 * units)."""

    def __init__(self, shape: Sequence[int], units: int, layers: int, dropout: float) -> None:
        check_sizes(units=units, layers=layers)
        check_dropout(dropout)
        super().__init__()
        self.lstm = nn.LSTM(
            shape[0],
            units,
            layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if layers > 1 else 0.0,  # it lies between layers, and torch warns
        )
        self.norm = nn.LayerNorm(2 * units)
        self.pool = OverTime()
        self.n_features = 4 * units

    def forward(self, x: Tensor) -> Tensor:
        """Frames in, features out."""
        states, _ = self.lstm(x.transpose(1, 2))
        return self.pool(self.norm(states).transpose(1, 2))
