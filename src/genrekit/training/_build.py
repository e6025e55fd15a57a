"""From a network's name, a factory or a module to a module that fits inputs and genres."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from genrekit._validation import check_choice, check_integer, did_you_mean
from genrekit.training._export import export_network
from genrekit.training._layers import copy_module, pass_batch
from genrekit.training._random import own_randomness, seed_torch
from genrekit.training._table import NETWORKS, Architecture

__all__ = ["build_network"]

Shapes = Sequence[tuple[int, ...]]


def build_network(
    network: str | Callable[..., nn.Module] | nn.Module,
    shapes: Shapes,
    n_classes: int,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> nn.Module:
    """A network ready to be trained, on the processor.

    Parameters
    ----------
    network : str, callable or torch.nn.Module
        A name of `NETWORKS`; a factory ``f(shapes, n_classes, **params) -> torch.nn.Module``; or a
        module, which is copied. ``module(*inputs)`` must give logits of shape (n, n_classes).
    shapes : sequence of tuple
        Shape of one patch of each input: (n_rows, n_frames), or (n_samples,) for the waveform.
    n_classes : int
        How many genres.
    params : mapping, optional
        Widths and depths for the factory.
    seed : int, default=0
        From which its first weights are drawn. torch's own random numbers stay as they are.

    Returns
    -------
    torch.nn.Module
        The network. The same seed gives the same weights.

    Raises
    ------
    ValueError
        For an unknown network or parameter, inputs that the network does not take, or a network
        that fails on a batch, answers with another shape or can't be written as ONNX.
    TypeError
        If `network` is nothing that gives a module.

    Examples
    --------
    >>> import torch
    >>> from genrekit.training import build_network
    >>> module = build_network("lstm", [(13, 130)], 10, {"units": 16}, seed=0)
    >>> module(torch.zeros(3, 13, 130)).shape
    torch.Size([3, 10])
    >>> def bands(shapes, n_classes):
    ...     return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(n_classes))
    >>> build_network(bands, [(4, 5)], 3)
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=20, out_features=3, bias=True)
    )
    """
    check_integer("n_classes", n_classes, minimum=1)
    shapes = [tuple(int(size) for size in shape) for shape in shapes]
    if not shapes:
        raise ValueError("shapes must have that of one input or more")
    with own_randomness():
        seed_torch(seed)
        module = _make(network, shapes, n_classes, dict(params or {}))
        module = module.to("cpu", torch.float32)
        _check_answer(_name(network), module, shapes, n_classes)
        if not isinstance(network, str) or "backbone" in (params or {}):
            # A stranger's: that no file can hold it is to be known before the hours of training.
            export_network(module, shapes, [f"input{i}" for i in range(len(shapes))])
    return module.train()


def _make(network: Any, shapes: Shapes, n_classes: int, params: dict[str, Any]) -> nn.Module:
    """The module, as a name, a factory or a module gives it."""
    if isinstance(network, nn.Module):
        if params:
            raise ValueError(
                f"network_params={params!r} are for a factory; {_name(network)} is made already"
            )
        return copy_module(network)
    if isinstance(network, str):
        check_choice("network", network, NETWORKS)
        _check_inputs(network, NETWORKS[network], shapes)
        network = NETWORKS[network].resolve()
    if not callable(network):
        raise TypeError(
            f"network must be a name ({', '.join(NETWORKS)}), a factory or a torch.nn.Module, "
            f"not {network!r}"
        )
    _check_params(network, params)
    module = network(shapes, n_classes, **params)
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"network={_name(network)} must give a torch.nn.Module, not {type(module).__name__}"
        )
    return module


def _name(network: Any) -> str:
    """What an error calls it."""
    if isinstance(network, str):
        return repr(network)
    return getattr(network, "__qualname__", type(network).__name__)


_GIVEN = {
    "rows": "one input of rows and frames",
    "waveform": "a waveform",
    "several": "several inputs",
}


def _check_inputs(name: str, row: Architecture, shapes: Shapes) -> None:
    """Inputs of the kind that the network takes."""
    alone = "waveform" if len(shapes[0]) == 1 else "rows"
    given = "several" if len(shapes) > 1 else alone
    if row.takes in ("several", given):
        return
    fitting = [other for other in NETWORKS if NETWORKS[other].takes == given]
    raise ValueError(
        f"network={name!r} takes {_GIVEN[row.takes]}, not {_GIVEN[given]}: choose other inputs, or "
        f"network={' or '.join(map(repr, fitting))}"
    )


def _check_params(factory: Callable[..., Any], params: Mapping[str, Any]) -> None:
    """Only parameters that the factory has, and a factory that takes shapes and genres."""
    try:
        signature = inspect.signature(factory)
    except ValueError:  # written in C: it will speak for itself
        return
    kinds = {name: parameter.kind for name, parameter in signature.parameters.items()}
    known = [name for name in list(kinds)[2:] if kinds[name] != inspect.Parameter.VAR_KEYWORD]
    for name in params:
        if inspect.Parameter.VAR_KEYWORD not in kinds.values() and name not in known:
            raise ValueError(
                f"network={_name(factory)}: unknown parameter {name!r}: {did_you_mean(name, known)}"
            )
    try:
        signature.bind([], 1, **params)
    except TypeError as error:
        raise TypeError(
            f"network={_name(factory)} is called as f(shapes, n_classes, **params), which it does "
            f"not take: {error}"
        ) from error


def _check_answer(name: str, module: Any, shapes: Shapes, n_classes: int) -> None:
    """Let a batch of two through; which layer comes last is noted on the way."""
    module.eval()  # statistics of normalisations are not to learn from it
    batch = [torch.zeros(2, *shape) for shape in shapes]
    asked = f"a batch of {' and '.join(str(tuple(x.shape)) for x in batch)}"
    try:
        passed = pass_batch(module, batch)
    except Exception as error:  # a stranger's code may raise anything
        raise ValueError(f"network={name} fails on {asked}: {error}") from error
    shape = getattr(passed.answer, "shape", None)
    if shape is None or tuple(shape) != (2, n_classes):
        said = type(passed.answer).__name__ if shape is None else f"shape {tuple(shape)}"
        raise ValueError(
            f"network={name} must answer {asked} with logits of shape {(2, n_classes)}, one for "
            f"each genre, not with {said}"
        )
    module._genrekit_head = passed.head
