"""The network that genrekit ships, as one that can be trained further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import onnx
import onnx.numpy_helper
import torch
from torch import Tensor, nn

from genrekit.networks import locate
from genrekit.training._blocks import check_dropout

__all__ = ["musicnn", "read_musicnn"]

CARD = "msd-musicnn"
_BANDS = 96
# Which convolutions of the front end the file has whole, and not as three; see `_Weights.halved`.
_WHOLE = (False, False, True, True, True)

Layer = TypeVar("Layer", bound=nn.Module)


def musicnn(
    shapes: Sequence[tuple[int, ...]], n_classes: int, *, dropout: float = 0.5
) -> nn.Module:
    """The shipped network "msd-musicnn" with its weights, and a fresh last layer.

    ::

        (n, 96, frames)        log-mel as its card describes it, not standardised
        timbre and rhythm: convolutions, maximum over bands      (n, 561, frames)
        3 convolutions over time, two of them added to what went in  (n, 64, frames) each
        all joined, maximum and mean over time                   (n, 1506)
        dropout, dense, ReLU, scale and shift                    (n, 200), "penultimate"
        dropout, linear                                          (n, n_classes)

    Pons, Serra: "musicnn: pre-trained convolutional neural networks for music audio tagging",
    ISMIR 2019. Its normalisations are scales and shifts here, as in the file: they can be learned,
    and have no statistics that a batch could change.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the log-mel frames, (96, n_frames); it was trained with 187 frames.
    n_classes : int
        How many genres.
    dropout : float, default=0.5
        Share of features that a training step leaves out, as when it was trained first.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    if shapes[0][0] != _BANDS:
        raise ValueError(
            f"network='musicnn' hears the {_BANDS} log-mel bands that its card describes, not "
            f"{shapes[0][0]} rows: choose inputs=genrekit.networks.get_card({CARD!r}).input"
        )
    module = read_musicnn(dropout)
    module.head = nn.Linear(module.head.in_features, n_classes)
    return module


def read_musicnn(dropout: float = 0.0) -> _MusiCNN:
    """The network as it is shipped; its last layer gives the logits of 50 tags."""
    check_dropout(dropout)
    return _MusiCNN(_Weights(locate(CARD)), dropout)


class _Weights:
    """Weights of the file in the order in which its nodes use them, by kind of node."""

    def __init__(self, path: object) -> None:
        graph = onnx.load(str(path)).graph
        numbers = {weight.name: onnx.numpy_helper.to_array(weight) for weight in graph.initializer}
        self._of: dict[str, Iterator[list[Tensor]]] = {
            kind: iter(
                [
                    [torch.tensor(numbers[name]) for name in node.input if name in numbers]
                    for node in graph.node
                    if node.op_type == kind and any(name in numbers for name in node.input)
                ]
            )
            for kind in ("Conv", "Mul", "Add", "Gemm")
        }

    def next(self, kind: str) -> list[Tensor]:
        """Those of the next node of a kind."""
        return next(self._of[kind])

    def halved(self) -> list[Tensor]:
        """Kernel and bias of what the file has as three: even and odd bands, and their sum."""
        (_, bias), (even,), (odd,) = (self.next("Conv") for _ in range(3))
        kernel = torch.stack([even, odd], -1).flatten(-2)
        # A band of zeros was added to an odd number of them.
        return [kernel if kernel[..., -1].any() else kernel[..., :-1], bias]

    def affine(self) -> _Affine:
        """The next scale and shift."""
        return _Affine(self.next("Mul")[0], self.next("Add")[0])

    def linear(self) -> nn.Linear:
        """The next matrix."""
        kernel, bias = self.next("Gemm")
        return _filled(nn.Linear(*kernel.shape), kernel.T, bias)


def _filled(layer: Layer, weight: Tensor, bias: Tensor) -> Layer:
    """A layer with these weights."""
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


class _MusiCNN(nn.Module):
    """See `musicnn`."""

    def __init__(self, weights: _Weights, dropout: float) -> None:
        super().__init__()
        # What comes in keeps its level: to learn these two numbers would double the time of a step.
        self.image = weights.affine().requires_grad_(False)
        self.front = nn.ModuleList(_OverBands(weights, whole) for whole in _WHOLE)
        self.middle = nn.ModuleList(_Line(weights) for _ in range(3))
        self.pooled = weights.affine()
        self.dense = weights.linear()
        self.units = weights.affine()
        self.dropout = nn.Dropout(dropout)
        self.head = weights.linear()

    def forward(self, x: Tensor) -> Tensor:
        """Log-mel frames in, logits out."""
        image = self.image(x.transpose(1, 2).unsqueeze(1))
        first = torch.cat([over_bands(image) for over_bands in self.front], 1)
        second = self.middle[0](first)
        third = self.middle[1](second) + second
        fourth = self.middle[2](third) + third
        lines = torch.cat([first, second, third, fourth], 1)
        pooled = self.pooled(torch.cat([lines.amax(-1), lines.mean(-1)], 1))
        units = self.units(torch.relu(self.dense(self.dropout(pooled))))
        return self.head(self.dropout(units))


class _Affine(nn.Module):
    """A scale and a shift for each channel."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.scale = nn.Parameter(scale.flatten())
        self.shift = nn.Parameter(shift.flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift the second axis."""
        axes = [-1] + [1] * (x.ndim - 2)
        return x * self.scale.view(axes) + self.shift.view(axes)


class _OverBands(nn.Module):
    """Convolution of the front end, maximum over bands, ReLU, scale and shift."""

    sign: Tensor

    def __init__(self, weights: _Weights, whole: bool) -> None:
        super().__init__()
        kernel, bias = weights.next("Conv") if whole else weights.halved()
        frames, bands = kernel.shape[2:]
        # An even kernel is to have one frame less of padding at the beginning than at the end: what
        # comes first is left out.
        self.first = 1 - frames % 2
        conv = nn.Conv2d(1, len(kernel), (frames, bands), padding=(frames // 2, 0))
        self.conv = _filled(conv, kernel, bias)
        # Filters with a negative scale were turned, so that the maximum is the one that counts.
        self.register_buffer("sign", weights.next("Mul")[0])
        self.affine = weights.affine()

    def forward(self, image: Tensor) -> Tensor:
        """Image in (n, 1, frames, bands), lines out (n, filters, frames)."""
        # max notes which band it was; amax would keep all maps for the way back, 25 MB a patch.
        highest = self.conv(image).max(-1).values[:, :, self.first :]
        return self.affine(torch.relu(highest * self.sign))


class _Line(nn.Module):
    """Convolution over time, ReLU, scale and shift."""

    def __init__(self, weights: _Weights) -> None:
        super().__init__()
        kernel, bias = weights.next("Conv")
        filters, channels, frames = kernel.shape
        self.conv = _filled(nn.Conv1d(channels, filters, frames, padding="same"), kernel, bias)
        self.affine = weights.affine()

    def forward(self, lines: Tensor) -> Tensor:
        """Lines in, lines out."""
        return self.affine(torch.relu(self.conv(lines)))
