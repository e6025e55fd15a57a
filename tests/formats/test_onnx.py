"""What an ONNX file refers to, read from its bytes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from genrekit.formats import check_self_contained

from .._networks import features_onnx, tiny_onnx


def elsewhere() -> onnx.TensorProto:
    """A tensor whose numbers lie in another file."""
    tensor = numpy_helper.from_array(np.zeros((2, 2), np.float32), "weights")
    external_data_helper.set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    return tensor


@pytest.mark.parametrize("content", [tiny_onnx(), features_onnx({"x": (2, 3)})])
def test_a_whole_file(content):
    check_self_contained(content)


@pytest.mark.parametrize("place", ["graph", "node", "inner graph"])
def test_numbers_in_another_file(place):
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 2])
    node = helper.make_node("Constant", [], ["y"], value=elsewhere())
    inner = helper.make_graph([node], "inner", [], [value])
    nodes = {
        "graph": helper.make_node("Identity", ["weights"], ["y"]),
        "node": node,
        "inner graph": helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner),
    }
    tensors = [elsewhere()] if place == "graph" else []
    graph = helper.make_graph([nodes[place]], "outer", [], [value], tensors)
    with pytest.raises(ValueError, match="its numbers lie in another file"):
        check_self_contained(helper.make_model(graph).SerializeToString())


def test_no_damage_is_worse_than_an_error():
    content = tiny_onnx()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        harmed = bytearray(content[: rng.integers(1, len(content) + 1)])
        harmed[rng.integers(len(harmed))] ^= int(rng.integers(1, 256))
        try:
            check_self_contained(bytes(harmed))
        except ValueError:
            refused += 1
    assert refused > 250
