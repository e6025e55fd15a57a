"""An ONNX graph as others wrote it, rewritten to what cards describe."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["need_onnx", "rewrite_graph"]

_MOST_BYTES = 1 << 31
# What onnxruntime reads from 1.20 on, and what is left in a graph needs no more.
_IR_VERSION = 10
_PATCHES, _SHAPE = "patches", "patches/shape"


def need_onnx() -> None:
    """Refuse to go on without what rewrites graphs.

    Raises
    ------
    ImportError
        Naming what installs it.
    """
    if find_spec("onnx") is None:
        raise ImportError(
            "to fetch this network genrekit needs onnx: pip install 'genrekit[fetch]'"
        )


def rewrite_graph(
    content: bytes,
    patch: Sequence[int],
    tensors: Mapping[str, str],
    sigmoid: Iterable[str] = (),
) -> bytes:
    """One file of 32-bit floats, for batches of any length, with the outputs that are wanted.

    Pairs of quantising and dequantising go: weights are what they are dequantised to, what passes
    between layers is no longer rounded. The same bytes come out whichever version of onnx writes
    them.

    Parameters
    ----------
    content : bytes
        An ONNX file for one patch at a time, or a zip that holds one and its external data.
    patch : sequence of int
        Shape of a patch as it is to be taken, of as many values as the graph's own.
    tensors : mapping of str to str
        Names of the outputs to be, and of the tensors that they are.
    sigmoid : iterable of str
        Outputs that the logistic function is to follow.

    Returns
    -------
    bytes
        The ONNX file.

    Raises
    ------
    ImportError
        Without onnx.
    ValueError
        If it is no ONNX file, or has no such tensor.
    """
    need_onnx()
    graph = _Graph(_read(content))
    graph.take_pairs_out()
    graph.free_batch()
    return graph.write(tuple(patch), tensors, set(sigmoid))


def _read(content: bytes) -> Any:
    """The model, its external data read."""
    import onnx

    with TemporaryDirectory(prefix="genrekit-") as folder:
        try:
            return onnx.load(_unpack(content, Path(folder)))
        except Exception as error:  # protobuf and zip have classes of their own for each damage
            if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                raise  # a full disk, say
            raise ValueError(f"what was downloaded holds no network: {error}") from error


def _unpack(content: bytes, folder: Path) -> Path:
    """The ONNX file, written into a folder."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        path = folder / "network.onnx"
        path.write_bytes(content)
        return path
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it is too large for a network")
        archive.extractall(folder)
    found = sorted(folder.rglob("*.onnx"))
    if len(found) != 1:
        raise ValueError(f"it holds {len(found)} files .onnx, not one")
    return found[0]


def _inner(name: str) -> str:
    """A name that none of the outputs to be has; an input that is left out has none."""
    return name and f"inner/{name}"


class _Graph:
    """A graph that is being rewritten: nodes in their order, and weights by name."""

    def __init__(self, model: Any) -> None:
        from onnx import numpy_helper

        self.model = model
        self.nodes = list(model.graph.node)
        self.weights = {
            _inner(tensor.name): numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        for node in self.nodes:
            if any(entry.HasField("g") or entry.graphs for entry in node.attribute):
                raise ValueError("the network that was downloaded has branches: it stays as it is")
            node.input[:] = [_inner(name) for name in node.input]
            node.output[:] = [_inner(name) for name in node.output]

    def take_pairs_out(self) -> None:
        """Let what was quantised and dequantised pass as it is."""
        passed: dict[str, str] = {}
        kept = []
        for node in self.nodes:
            inputs = [passed.get(name, name) for name in node.input]
            if node.op_type == "QuantizeLinear":
                passed[node.output[0]] = inputs[0]
            elif node.op_type == "DequantizeLinear" and self._is_integer(inputs[0]):
                self.weights[node.output[0]] = self._dequantised(node, inputs)
            elif node.op_type == "DequantizeLinear":
                passed[node.output[0]] = inputs[0]
            else:
                node.input[:] = inputs
                kept.append(node)
        self.nodes, self._passed = kept, passed

    def _is_integer(self, name: str) -> bool:
        """Whether these are weights that are kept quantised."""
        return name in self.weights and self.weights[name].dtype.kind in "iu"

    def _dequantised(self, node: Any, inputs: Sequence[str]) -> NDArray[np.float32]:
        """Weights as floats."""
        values, scale, *rest = (self.weights[name] for name in inputs)
        axis = next((entry.i for entry in node.attribute if entry.name == "axis"), 1)
        shape = [1] * values.ndim
        if scale.ndim:
            shape[axis] = -1
        zero = rest[0].astype(np.int32).reshape(shape) if rest else 0
        found: NDArray[np.float32] = (values.astype(np.int32) - zero) * scale.reshape(shape)
        return found.astype(np.float32)

    def free_batch(self) -> None:
        """Shapes that begin with a batch of one take it from what they reshape."""
        for node in self.nodes:
            if node.op_type == "Reshape" and node.input[1] in self.weights:
                shape = self.weights[node.input[1]].copy()
                if len(shape) and shape[0] == 1:
                    shape[0] = 0  # which stands for the length that there is
                    self.weights[node.input[1]] = shape

    def write(self, patch: tuple[int, ...], tensors: Mapping[str, str], sigmoid: set[str]) -> bytes:
        """The file: patches in their shape, then the graph, then the outputs as rows."""
        import onnx
        from onnx import TensorProto, helper

        before = self._shaped(patch)
        after = [node for name in tensors for node in self._answer(name, tensors[name], sigmoid)]
        nodes = _needed([*before, *self.nodes, *after], set(tensors))
        source = helper.make_tensor_value_info(_PATCHES, TensorProto.FLOAT, ["n", *patch])
        answers = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in tensors
        ]
        graph = helper.make_graph(nodes, "network", [source], answers, self._tensors(nodes))
        model = onnx.ModelProto(ir_version=min(self.model.ir_version, _IR_VERSION), graph=graph)
        model.opset_import.extend(self.model.opset_import)
        model.producer_name = "genrekit"
        _check(model)
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _shaped(self, patch: tuple[int, ...]) -> list[Any]:
        """What turns patches into what the graph's input was."""
        from onnx import helper

        inputs = self.model.graph.input
        given = [value for value in inputs if _inner(value.name) not in self.weights]
        if len(given) != 1:
            raise ValueError(f"the network that was downloaded has {len(given)} inputs, not one")
        shape = [size.dim_value for size in given[0].type.tensor_type.shape.dim]
        if np.prod(shape[1:]) != np.prod(patch):
            raise ValueError(f"the network that was downloaded takes {shape[1:]}, not {patch}")
        self.weights[_SHAPE] = np.array([-1, *shape[1:]], np.int64)
        return [helper.make_node("Reshape", [_PATCHES, _SHAPE], [_inner(given[0].name)])]

    def _answer(self, name: str, tensor: str, sigmoid: set[str]) -> list[Any]:
        """What turns a tensor into an output."""
        from onnx import helper

        inner = self._passed.get(_inner(tensor), _inner(tensor))
        if inner not in {output for node in self.nodes for output in node.output}:
            raise ValueError(f"the network that was downloaded has no tensor {tensor!r}")
        if name not in sigmoid:
            return [helper.make_node("Flatten", [inner], [name])]
        flat = f"{name}/flat"
        nodes = [helper.make_node("Flatten", [inner], [flat])]
        return [*nodes, helper.make_node("Sigmoid", [flat], [name])]

    def _tensors(self, nodes: Sequence[Any]) -> list[Any]:
        """Weights that are read, in the order of their names."""
        from onnx import numpy_helper

        read = {name for node in nodes for name in node.input}
        return [
            numpy_helper.from_array(np.asarray(self.weights[name], order="C"), name)
            for name in sorted(read & set(self.weights))
        ]


def _needed(nodes: Sequence[Any], outputs: set[str]) -> list[Any]:
    """The nodes that lead to outputs, without what tells where they come from."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            node.ClearField("doc_string")
            node.ClearField("metadata_props")
            kept.append(node)
    return kept[::-1]


def _check(model: Any) -> None:
    """Refuse a graph that does not hold together."""
    import onnx

    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"the network that was downloaded can't be rewritten: {error}") from error
