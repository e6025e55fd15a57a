"""Networks that were trained on photographs, looking at spectrograms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genrekit._validation import check_choice, check_integer, check_number
from genrekit.training._layers import Passed, copy_module, pass_batch

__all__ = ["image"]

_PHOTOGRAPH = 3  # channels
# Of what batches are like, a step's share in the mean that predictions use. Networks that come from
# TensorFlow have 0.01, for trainings of a hundred thousand steps; after the few hundred of ours
# they would still hear by the means of photographs.
_MOMENTUM = 0.1


def image(
    shapes: Sequence[tuple[int, ...]],
    n_classes: int,
    *,
    backbone: Callable[[], nn.Module] | nn.Module | None = None,
    channels: str = "repeat",
    size: int | Sequence[int] | None = None,
    mean: float = 0.0,
    std: float = 1.0,
) -> nn.Module:
    """Any network for photographs, on a picture of rows and frames.

    ::

        (n, rows, frames)
        resized if asked for, the same as each of three channels (n, 3, rows, frames)
        the backbone, its last linear layer made anew            (n, n_classes)

    Networks for photographs get values whose mean over many photographs is 0 and whose deviation
    is 1, where mean and deviation of ImageNet were taken off; standardised pictures are the like of
    that as they are.

    Parameters
    ----------
    shapes : sequence of tuple
        That of the picture, (n_rows, n_frames).
    n_classes : int
        How many genres.
    backbone : callable or torch.nn.Module
        What gives the network, such as ``functools.partial(timm.create_model, "resnet18",
        pretrained=True)`` or one of ``torchvision.models``; or the network, which is copied.
    channels : {"repeat", "fold"}, default="repeat"
        Whether the picture stands in for each of three channels, or the first convolution's weights
        for these are added up, which computes the same, somewhat faster.
    size : int or pair of int, optional
        Rows and columns that the picture is resized to; None leaves it as it is.
    mean : float, default=0.0
        What a photograph has on average, as the backbone gets it.
    std : float, default=1.0
        Its deviation. Where the backbone gets values from -1 to 1, not divided by the deviation of
        ImageNet, that is about 0.45.

    Returns
    -------
    torch.nn.Module
        The network.
    """
    check_choice("channels", channels, ("repeat", "fold"))
    check_number("mean", mean)
    check_number("std", std, above=0)
    module = _make_backbone(backbone)
    conv = next((part for part in module.modules() if isinstance(part, nn.Conv2d)), None)
    if channels == "fold" and conv is not None:
        _fold(conv)
    _follow(module)
    seen = _PHOTOGRAPH if conv is None else conv.in_channels
    picture = _Picture(seen, _check_size(size, shapes[0]), mean, std)
    return _with_head(picture, module, shapes[0], n_classes)


def _make_backbone(backbone: Any) -> nn.Module:
    """The backbone, a module of its own."""
    if isinstance(backbone, nn.Module):
        return copy_module(backbone)
    if backbone is None:
        raise ValueError(
            "network='image' needs backbone=, a callable that gives a network for photographs, "
            "such as functools.partial(timm.create_model, 'resnet18', pretrained=True)"
        )
    made = backbone() if callable(backbone) else backbone
    if not isinstance(made, nn.Module):
        raise TypeError(f"backbone must give a torch.nn.Module, not {type(made).__name__}")
    return made


def _check_size(size: Any, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Rows and columns, None if they are what they are already."""
    if size is None:
        return None
    rows, columns = (size, size) if isinstance(size, int) else tuple(size)
    check_integer("size", rows, minimum=1)
    check_integer("size", columns, minimum=1)
    return None if (rows, columns) == tuple(shape) else (rows, columns)


def _fold(conv: nn.Conv2d) -> None:
    """Let a convolution take one channel for all that it took."""
    if conv.groups != 1:
        raise ValueError("channels='fold' needs a first convolution that hears all channels")
    conv.weight = nn.Parameter(conv.weight.detach().sum(1, keepdim=True))
    conv.in_channels = 1


def _follow(module: nn.Module) -> None:
    """Let normalisation follow the pictures within a training of ours."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.momentum is not None:
            part.momentum = max(part.momentum, _MOMENTUM)


def _with_head(
    picture: nn.Module, module: nn.Module, shape: tuple[int, ...], n_classes: int
) -> nn.Module:
    """The network with a last layer for these genres."""
    whole = nn.Sequential(picture, module).eval()
    passed = _try(whole, shape)
    head = whole.get_submodule(passed.head) if passed.head else None
    if not isinstance(head, nn.Linear) or not _are_same(passed.given, passed.answer):
        return nn.Sequential(picture, module, nn.Linear(passed.answer.shape[1], n_classes))
    parent, _, attribute = str(passed.head).rpartition(".")
    setattr(whole.get_submodule(parent), attribute, nn.Linear(head.in_features, n_classes))
    return whole


def _try(whole: nn.Module, shape: tuple[int, ...]) -> Passed:
    """What the backbone answers to two pictures, if it is of use."""
    try:
        passed = pass_batch(whole, [torch.zeros(2, *shape)])
    except Exception as error:  # a stranger's code may raise anything
        raise ValueError(
            f"backbone fails on a picture of {shape} (size= makes it larger): {error}"
        ) from error
    found = getattr(passed.answer, "shape", (type(passed.answer).__name__,))
    if len(found) != 2:
        raise ValueError(
            f"backbone must answer with a row of numbers for each picture, not {tuple(found)}"
        )
    return passed


def _are_same(one: Tensor | None, other: Tensor) -> bool:
    """Whether what a layer gave is the answer itself."""
    return one is not None and one.data_ptr() == other.data_ptr() and one.shape == other.shape


class _Picture(nn.Module):
    """Rows and frames as a picture: (n, rows, frames) to (n, channels, rows, columns)."""

    def __init__(
        self, channels: int, size: tuple[int, int] | None, mean: float, std: float
    ) -> None:
        super().__init__()
        self.channels, self.size, self.mean, self.std = channels, size, mean, std

    def forward(self, x: Tensor) -> Tensor:
        """Resize, repeat."""
        x = x.unsqueeze(1) * self.std + self.mean
        if self.size is not None:
            x = nn.functional.interpolate(x, self.size, mode="bilinear", align_corners=False)
        return x.expand(-1, self.channels, -1, -1)
