"""Networks to test with: made here, a few numbers large, fed raw waveform."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from genrekit.networks import FeaturesInput, ModelCard, OnnxNetwork

PATCH, UNITS = 8, 4


def tiny_onnx(patch: int = PATCH, seed: int = 0) -> bytes:
    """Two outputs of a patch: "units" (tanh of sums of samples) and "levels" (their ReLU)."""
    rng = np.random.default_rng(seed)
    weights = numpy_helper.from_array(rng.standard_normal((patch, UNITS)).astype("f4"), "weights")
    nodes = [
        helper.make_node("MatMul", ["samples", "weights"], ["sums"]),
        helper.make_node("Tanh", ["sums"], ["units"]),
        helper.make_node("Relu", ["sums"], ["levels"]),
    ]

    def value(name: str, size: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])

    outputs = [value("units", UNITS), value("levels", UNITS)]
    graph = helper.make_graph(nodes, "tiny", [value("samples", patch)], outputs, [weights])
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


def features_onnx(shapes: dict[str, tuple[int, ...]], n_classes: int = 3, seed: int = 0) -> bytes:
    """What training gives: patches of each input, flat and joined, through one linear layer."""
    rng = np.random.default_rng(seed)
    size = sum(math.prod(shape) for shape in shapes.values())
    values = rng.standard_normal((size, n_classes)) / math.sqrt(size)
    weights = numpy_helper.from_array(values.astype("f4"), "weights")
    nodes = [helper.make_node("Flatten", [name], [f"{name}_flat"]) for name in shapes]
    nodes += [
        helper.make_node("Concat", [f"{name}_flat" for name in shapes], ["penultimate"], axis=1),
        helper.make_node("MatMul", ["penultimate", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])

    inputs = [value(name, *shape) for name, shape in shapes.items()]
    outputs = [value("probabilities", n_classes), value("logits", n_classes)]
    outputs.append(value("penultimate", size))
    graph = helper.make_graph(nodes, "trained", inputs, outputs, [weights])
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


def trained_card(
    heard: FeaturesInput, n_classes: int = 3, seed: int = 0, **fields: Any
) -> tuple[ModelCard, bytes]:
    """A card as training gives it, and what its file holds."""
    shapes = {entry.name: entry.shape for entry in heard.inputs}
    content = features_onnx(shapes, n_classes, seed)
    size = sum(math.prod(shape) for shape in shapes.values())
    told = dict.fromkeys(("licence", "source", "trained_on", "limits"), "made by the tests")
    card = ModelCard(
        **{
            "name": "trained",
            "title": "A linear layer",
            "input": heard,
            "outputs": {"probabilities": n_classes, "logits": n_classes, "penultimate": size},
            "file": "trained.onnx",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            **told,
            **fields,
        }
    )
    return card, content


def write_network(folder: Path, content: bytes | None = None, **fields: Any) -> Path:
    """Write a network and its card; `fields` replace those of the card, None leaves one out."""
    content = tiny_onnx() if content is None else content
    card = {
        "name": "tiny",
        "title": "Sums of samples",
        "input": {"kind": "waveform", "sr": 8000, "patch": PATCH},
        "outputs": {"units": UNITS, "levels": UNITS},
        "labels": {"units": ["a", "b", "c", "d"]},
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "licence": "CC0-1.0",
        "source": "made by the tests",
        "trained_on": "nothing",
        "limits": "all there are",
        **fields,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.onnx").write_bytes(content)
    path = folder / f"{card['name']}.json"
    given = {name: value for name, value in card.items() if value is not None}
    path.write_text(json.dumps(given), encoding="utf-8")
    return path


@pytest.fixture
def make_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A function that writes a tiny network and gives the path of its card."""
    monkeypatch.setenv("GENREKIT_DATA", str(tmp_path / "data"))

    def make(content: bytes | None = None, folder: str = "network", **fields: Any) -> Path:
        return write_network(tmp_path / folder, content, **fields)

    return make


@pytest.fixture
def tiny(make_network: Callable[..., Path]) -> str:
    """The card of a tiny network that hears 8 samples at 8 kHz."""
    return str(make_network())


@pytest.fixture
def without_onnx(monkeypatch):
    """Shipped networks answer at once: all around them is real, and what they compute is not music.

    scikit-learn's checks ask about thousands of rows that no network has an opinion of.
    """

    def answer(self, names, batches):
        rng = np.random.default_rng(0)
        (patches,) = batches
        means = patches.reshape(len(patches), -1, patches.shape[-1]).mean(axis=1)
        units = {name: rng.standard_normal((n, means.shape[1])) for name, n in self.outputs.items()}
        return [np.stack([np.tanh(units[name] @ row) for row in means]) for name in names]

    monkeypatch.setattr(OnnxNetwork, "_answer", answer)
