"""Layers of a network: its last linear one, what is frozen, and who learns how fast."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from genrekit._validation import check_integer

__all__ = ["Passed", "copy_module", "keep_frozen", "parameter_groups", "pass_batch"]

FEATURES = "features"


class Passed(NamedTuple):
    """Name of the last linear layer that a batch went through, what that gave, the answer."""

    head: str | None
    given: Tensor | None
    answer: Any


def pass_batch(module: nn.Module, inputs: Sequence[Tensor]) -> Passed:
    """Let a batch through, and see which linear layer decides."""
    # It is the last one called, which need not be the last one made, of those with as many units as
    # the answer: a gate within a block of convolutions decides nothing.
    called: list[tuple[str, Tensor]] = []
    hooks = [
        layer.register_forward_hook(lambda *call, name=name: called.append((name, call[-1])))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    try:
        with torch.no_grad():
            answer = module(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    units = getattr(answer, "shape", ())[-1:]
    fitting = [(name, given) for name, given in called if given.shape[-1:] == units]
    head, given = fitting[-1] if fitting else (None, None)
    return Passed(head, given, answer)


def copy_module(module: nn.Module) -> nn.Module:
    """A copy of a module, on the processor, whatever it has kept of its latest batch."""
    kept = [value for part in module.modules() for value in vars(part).values()]
    computed = [value for value in kept if isinstance(value, Tensor) and not value.is_leaf]
    # torch copies no tensor that remembers how it was computed.
    return copy.deepcopy(module, {id(value): value.detach() for value in computed}).cpu()


def parameter_groups(
    module: nn.Module,
    *,
    lr: float,
    backbone_lr: float | None = None,
    freeze: str | int | None = None,
) -> list[dict[str, Any]]:
    """What an optimiser is to change and how fast; what is frozen is marked so in the module.

    Parameters
    ----------
    module : torch.nn.Module
        A network from `build_network`; what is frozen no longer requires gradients.
    lr : float
        Learning rate.
    backbone_lr : float, optional
        Learning rate of all but the last linear layer; None means `lr` for all.
    freeze : "features" or int, optional
        "features" freezes all but the last linear layer, a number so many layers from the first
        one on. A layer is what has a matrix or kernels, with the normalisation that follows.

    Returns
    -------
    list of dict
        Groups for an optimiser of torch, each with ``"params"`` and ``"lr"``: the last linear layer
        comes last, alone if there are two. With a schedule of the kind that takes one value a
        group, such as ``OneCycleLR(max_lr=...)``, read them off here.

    Raises
    ------
    ValueError
        If nothing is left to train, or there is no linear layer where one is asked for.

    See Also
    --------
    genrekit.training.keep_frozen : What a loop has to call besides.

    Examples
    --------
    >>> from genrekit.training import build_network, parameter_groups
    >>> module = build_network("cnn", [(13, 130)], 10, {"width": 2}, seed=0)
    >>> groups = parameter_groups(module, lr=1e-3, backbone_lr=1e-4, freeze=2)
    >>> [(len(group["params"]), group["lr"]) for group in groups]
    [(9, 0.0001), (2, 0.001)]
    """
    head = _head(module)
    if head is None and (freeze == FEATURES or backbone_lr is not None):
        asked = f"freeze={freeze!r}" if freeze == FEATURES else f"backbone_lr={backbone_lr!r}"
        raise ValueError(f"{asked} sets the last linear layer apart, and this network has none")
    _freeze(module, freeze, head)
    own = set(head.parameters()) if head is not None else set()
    left = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not left:
        raise ValueError(f"nothing is left to train in this network, with freeze={freeze!r}")
    if backbone_lr is None:
        return [{"params": left, "lr": lr}]
    parts = [
        {"params": [parameter for parameter in left if parameter not in own], "lr": backbone_lr},
        {"params": [parameter for parameter in left if parameter in own], "lr": lr},
    ]
    return [part for part in parts if part["params"]]


def keep_frozen(module: nn.Module) -> None:
    """Keep the statistics of frozen normalisations as they are.

    A loop calls it after each ``module.train()``.

    Parameters
    ----------
    module : torch.nn.Module
        A network some of whose layers are frozen.

    Examples
    --------
    >>> from genrekit.training import build_network, keep_frozen, parameter_groups
    >>> module = build_network("cnn", [(13, 130)], 10, {"width": 2}, seed=0)
    >>> groups = parameter_groups(module, lr=1e-3, freeze="features")
    >>> module = module.train()
    >>> keep_frozen(module)
    >>> module[0][0][2].training, module[1].training
    (False, True)
    """
    for layer in _layers(module):
        if not any(p.requires_grad for part in layer for p in part.parameters(recurse=False)):
            for part in layer:
                part.training = False  # eval() would go on to what lies inside


def _head(module: nn.Module) -> nn.Module | None:
    """The last linear layer: as `build_network` found it, or else the last one that was made."""
    linear = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    if name := getattr(module, "_genrekit_head", None):
        return module.get_submodule(name)
    return linear[-1] if linear else None


def _freeze(module: nn.Module, freeze: str | int | None, head: nn.Module | None) -> None:
    """Take from training what is to stay as it is."""
    if freeze is None:
        return
    if freeze == FEATURES and head is not None:
        frozen = set(module.parameters()) - set(head.parameters())
    elif isinstance(freeze, str):
        raise ValueError(f"freeze must be 'features', a number of layers or None, not {freeze!r}")
    else:
        layers = _layers(module)
        check_integer("freeze", freeze, minimum=0, maximum=len(layers) - 1)
        parts = [part for layer in layers[:freeze] for part in layer]
        frozen = {parameter for part in parts for parameter in part.parameters(recurse=False)}
    for parameter in frozen:
        parameter.requires_grad_(False)


def _layers(module: nn.Module) -> list[list[nn.Module]]:
    """Modules that have numbers of their own; a matrix or kernel begins a layer."""
    layers: list[list[nn.Module]] = [[]]
    for part in module.modules():
        if _has_matrix(part) and any(map(_has_matrix, layers[-1])):
            layers.append([])
        if [*part.parameters(recurse=False), *part.buffers(recurse=False)]:
            layers[-1].append(part)
    return layers


def _has_matrix(part: nn.Module) -> bool:
    """Whether it has weights between units, and not just some for each unit."""
    return any(parameter.ndim > 1 for parameter in part.parameters(recurse=False))
