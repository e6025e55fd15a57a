"""From a trained module to ONNX, which runs without torch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from genrekit.training._layers import copy_module, pass_batch
from genrekit.training._random import own_randomness

__all__ = ["export_network"]

# Layer normalisation is one node from here on.
_OPSET = 17
# The newest version of the format that onnxruntime 1.20 reads.
_IR_VERSION = 10
_TOLERANCE = 1e-4


def export_network(
    module: nn.Module, shapes: Sequence[tuple[int, ...]], names: Sequence[str]
) -> tuple[bytes, dict[str, int]]:
    """A network as an ONNX file, found to answer as the module does.

    Parameters
    ----------
    module : torch.nn.Module
        A network from `build_network`, trained; it stays as it is.
    shapes : sequence of tuple
        Shape of one patch of each input.
    names : sequence of str
        Name of each input in the file.

    Returns
    -------
    content : bytes
        The file, with all weights in it. The same weights give the same bytes.
    outputs : dict of str to int
        Its outputs and how many units each has: "probabilities", "logits" and, if the network has
        a linear layer, "penultimate", what goes into the last of them. Each takes batches of any
        length.

    Raises
    ------
    ValueError
        If the module can't be written as ONNX, or would answer differently then.

    Examples
    --------
    >>> from genrekit.training import build_network, export_network
    >>> module = build_network("lstm", [(13, 130)], 10, {"units": 16}, seed=0)
    >>> content, outputs = export_network(module, [(13, 130)], ["mfcc"])
    >>> outputs
    {'probabilities': 10, 'logits': 10, 'penultimate': 64}
    """
    # What the exporters set is the process's: one at a time, and beside no training.
    with own_randomness():
        traced = _Answers(copy_module(module).eval(), _batch(shapes, 2)).eval()
        clash = sorted(set(names) & set(traced.outputs))
        if clash:
            raise ValueError(f"an input can't be called {clash[0]!r}, as an output is")
        return _write(traced, shapes, list(names)), traced.outputs


def _write(traced: _Answers, shapes: Sequence[tuple[int, ...]], names: list[str]) -> bytes:
    """The file, by whichever of torch's two exporters can write it."""
    reasons = []
    # The older one first: it writes LSTM and GRU as one node in every torch from 2.6 on, in a tenth
    # of the time. The newer one knows more: Fourier's transform, for one.
    for write in (_write_script, _write_exported):
        try:
            with _silence():
                content = _clean(write(traced, _batch(shapes, 2), names))
            _check_answers(content, traced, [_batch(shapes, 1), _batch(shapes, 3)])
            return content
        except Exception as error:  # each exporter has errors of its own, and modules have theirs
            reasons.append(str(error).strip().partition("\n")[0] or type(error).__name__)
    raise ValueError(
        f"{type(traced.module).__name__} can't be written as ONNX, which is what a trained network "
        f"runs as: {'; '.join(reasons)}"
    )


class _Answers(nn.Module):
    """A network that answers with all that the file is to have."""

    def __init__(self, module: nn.Module, batch: Sequence[Tensor]) -> None:
        super().__init__()
        self.module = module
        self._heard: list[Tensor] = []
        head = pass_batch(module, batch).head
        if head is not None:
            module.get_submodule(head).register_forward_pre_hook(self._hear)
        logits = self._answer(batch)
        # A layer that is called for each frame has no one vector for a patch.
        self._has_penultimate = bool(self._heard) and self._heard[-1].shape[:-1] == logits.shape[:1]
        names = ["probabilities", "logits", "penultimate"]
        pairs = zip(names, self(*batch), strict=False)
        self.outputs = {name: answer.shape[1] for name, answer in pairs}

    def _hear(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """What goes into the last linear layer."""
        self._heard.append(inputs[0])

    def _answer(self, inputs: Sequence[Tensor]) -> Tensor:
        """The logits; what went into the last linear layer is heard on the way."""
        self._heard.clear()
        return self.module(*inputs)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Batches in, answers out."""
        logits = self._answer(inputs)
        penultimate = self._heard[-1:] if self._has_penultimate else []
        return torch.softmax(logits, 1), logits, *penultimate


def _batch(shapes: Sequence[tuple[int, ...]], length: int) -> tuple[Tensor, ...]:
    """A batch of noise for each input, the same each time."""
    rng = np.random.default_rng(length)
    return tuple(
        torch.from_numpy(rng.standard_normal((length, *shape), np.float32)) for shape in shapes
    )


def _write_script(traced: _Answers, batch: tuple[Tensor, ...], names: list[str]) -> onnx.ModelProto:
    """The graph by way of TorchScript."""
    file: Any = io.BytesIO()
    axes = {name: {0: "patches"} for name in [*names, *traced.outputs]}
    torch.onnx.export(
        traced,
        batch,
        file,
        input_names=names,
        output_names=list(traced.outputs),
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )
    return onnx.load_from_string(file.getvalue())


def _write_exported(
    traced: _Answers, batch: tuple[Tensor, ...], names: list[str]
) -> onnx.ModelProto:
    """The graph by way of torch.export."""
    patches = torch.export.Dim("patches")
    program: Any = torch.onnx.export(
        traced,
        batch,
        input_names=names,
        output_names=list(traced.outputs),
        dynamic_shapes=(tuple({0: patches} for _ in batch),),
        dynamo=True,
        verbose=False,
    )
    return program.model_proto


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporters from telling of their steps, which are no user's business."""
    logger = logging.getLogger("torch.onnx")
    level, tell = logger.level, getattr(torch._C, "_jit_onnx_log", _tell_nothing)
    logger.setLevel(logging.ERROR)
    # It prints the whole graph where the older exporter gives up, whatever it is set to.
    torch._C._jit_onnx_log = _tell_nothing
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch._C._jit_onnx_log = tell
        logger.setLevel(level)


def _tell_nothing(*told: Any) -> None:
    """What the exporters tell of themselves through."""


def _clean(model: onnx.ModelProto) -> bytes:
    """The file without what tells of the machine that it was written on."""
    graph = model.graph
    model.producer_name, model.producer_version, graph.name = "genrekit", "", "network"
    model.ir_version = min(model.ir_version, _IR_VERSION)
    del graph.value_info[:]
    parts = [*graph.input, *graph.output, *graph.initializer, *graph.node, *model.functions]
    for part in (model, graph, *parts):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _check_answers(content: bytes, traced: _Answers, batches: Sequence[tuple[Tensor, ...]]) -> None:
    """See that the file answers as the module does, to batches of any length."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4  # what fails is told by us
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    for batch in batches:
        fed = {name: x.numpy() for name, x in zip(names, batch, strict=True)}
        found = session.run(list(traced.outputs), fed)
        with torch.no_grad():
            wanted = [answer.numpy() for answer in traced(*batch)]
        for name, got, want in zip(traced.outputs, found, wanted, strict=True):
            # NaN beside NaN is no difference: a spoilt network is told of elsewhere.
            most = max(1.0, float(np.abs(np.nan_to_num(want)).max())) * _TOLERANCE
            if not np.allclose(got, want, rtol=0, atol=most, equal_nan=True):
                raise ValueError(
                    f"{name} of {len(want)} patches are off by {np.abs(got - want).max():.2g}"
                )
