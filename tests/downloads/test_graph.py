"""Graphs of others, rewritten: floats, any number of patches, the outputs that are asked for."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from genrekit.downloads import rewrite_graph

PATCH = (3, 4)
SCALE, ZERO = np.float32(0.5), np.uint8(10)
RNG = np.random.default_rng(0)
KERNEL = RNG.integers(-100, 100, (5, 1, 2, 2)).astype(np.int8)
STEPS = np.linspace(0.01, 0.05, 5).astype(np.float32)
HEAD = RNG.standard_normal((5, 2)).astype(np.float32)


def quantised() -> onnx.ModelProto:
    """One patch of bytes in, scores in bytes out: a convolution, a mean and a matrix."""
    weights = {
        "scale": SCALE,
        "zero": ZERO,
        "kernel": KERNEL,
        "steps": STEPS,
        "zeros": np.zeros(5, np.int8),
        "head": HEAD,
        "shape": np.array([1, 5], np.int64),
    }
    pair = ["scale", "zero"]
    nodes = [
        helper.make_node(
            "DequantizeLinear", ["bytes", *pair], ["sound"], doc_string="of a machine"
        ),
        helper.make_node("DequantizeLinear", ["kernel", "steps", "zeros"], ["floats"], axis=0),
        helper.make_node("Conv", ["sound", "floats"], ["maps"]),
        helper.make_node("QuantizeLinear", ["maps", *pair], ["maps_q"]),
        helper.make_node("DequantizeLinear", ["maps_q", *pair], ["maps_dq"]),
        helper.make_node("GlobalAveragePool", ["maps_dq"], ["mean"]),
        helper.make_node("Reshape", ["mean", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "head"], ["sums"]),
        helper.make_node("QuantizeLinear", ["sums", *pair], ["scores"]),
        helper.make_node("Relu", ["sums"], ["unused"]),
    ]
    tensors = [numpy_helper.from_array(np.asarray(w), name) for name, w in weights.items()]
    given = helper.make_tensor_value_info("bytes", TensorProto.UINT8, [1, 1, *PATCH])
    answer = helper.make_tensor_value_info("scores", TensorProto.UINT8, [1, 2])
    graph = helper.make_graph(nodes, "quantised", [given], [answer], tensors)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8, producer_name="elsewhere")


def zipped(folder) -> bytes:
    """The same with its numbers in a second file, as a zip of both."""
    model = quantised()
    external_data_helper.convert_model_to_external_data(model, location="data", size_threshold=0)
    onnx.save(model, folder / "model.onnx")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.write(folder / "model.onnx", "job/model.onnx")
        archive.write(folder / "data", "job/data")
    return content.getvalue()


WANTED = {"tags": "scores", "units": "mean"}


def answers(content, patches):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    assert (source.type, source.shape[1:]) == ("tensor(float)", list(PATCH))
    return session.run(["tags", "units"], {source.name: patches})


def expected(patches):
    """The network in numpy, nothing of it rounded."""
    kernel = KERNEL * STEPS[:, None, None, None]
    windows = np.lib.stride_tricks.sliding_window_view(patches, (2, 2), axis=(1, 2))
    units = np.einsum("nijkl,ckl->nc", windows, kernel[:, 0]) / windows[0, ..., 0, 0].size
    return 1 / (1 + np.exp(-units @ HEAD)), units


def test_what_comes_out_answers_in_floats(tmp_path):
    patches = RNG.standard_normal((4, *PATCH)).astype(np.float32)
    content = rewrite_graph(zipped(tmp_path), PATCH, WANTED, ["tags"])
    for found, wanted in zip(answers(content, patches), expected(patches), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_the_same_bytes_whichever_way_it_came(tmp_path):
    content = rewrite_graph(quantised().SerializeToString(), PATCH, WANTED, ["tags"])
    assert content == rewrite_graph(zipped(tmp_path), PATCH, WANTED, ["tags"])
    assert b"elsewhere" not in content
    assert b"of a machine" not in content


def test_what_is_not_asked_for_goes():
    model = onnx.load_from_string(
        rewrite_graph(quantised().SerializeToString(), PATCH, {"units": "mean"})
    )
    kinds = [node.op_type for node in model.graph.node]
    assert kinds == ["Reshape", "Conv", "GlobalAveragePool", "Flatten"]
    names = sorted(tensor.name for tensor in model.graph.initializer)
    assert names == ["inner/floats", "patches/shape"]


def test_outputs_may_have_names_that_the_graph_has():
    patches = RNG.standard_normal((2, *PATCH)).astype(np.float32)
    content = rewrite_graph(
        quantised().SerializeToString(), PATCH, {"maps": "mean", "patches/": "sums"}
    )
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (units,) = session.run(["maps"], {"patches": patches})
    np.testing.assert_allclose(units, expected(patches)[1], atol=1e-5)


def test_branches_are_left_alone():
    model = quantised()
    model.graph.node.append(
        helper.make_node(
            "If", ["scores"], ["branch"], then_branch=model.graph, else_branch=model.graph
        )
    )
    with pytest.raises(ValueError, match="has branches"):
        rewrite_graph(model.SerializeToString(), PATCH, WANTED)


@pytest.mark.parametrize(
    ("patch", "tensors", "message"),
    [
        (PATCH, {"tags": "elsewhere"}, "has no tensor 'elsewhere'"),
        ((3, 5), {"tags": "scores"}, r"takes \[1, 3, 4\], not \(3, 5\)"),
    ],
)
def test_what_does_not_fit_is_refused(patch, tensors, message):
    with pytest.raises(ValueError, match=message):
        rewrite_graph(quantised().SerializeToString(), patch, tensors)


def _zip(names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, quantised().SerializeToString())
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no network", "holds no network"),
        (_zip(["a.txt"]), "holds 0 files .onnx, not one"),
        (_zip(["a.onnx", "b.onnx"]), "holds 2 files .onnx, not one"),
        (_zip(["a.onnx"])[:-30], "holds no network"),
    ],
)
def test_what_is_no_network_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        rewrite_graph(content, PATCH, WANTED)


def test_a_zip_that_would_fill_the_disk(monkeypatch):
    monkeypatch.setattr("genrekit.downloads._graph._MOST_BYTES", 100)
    with pytest.raises(ValueError, match="too large for a network"):
        rewrite_graph(_zip(["a.onnx"]), PATCH, WANTED)


def test_without_onnx(monkeypatch):
    monkeypatch.setattr("genrekit.downloads._graph.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[fetch\]'"):
        rewrite_graph(b"", PATCH, WANTED)
