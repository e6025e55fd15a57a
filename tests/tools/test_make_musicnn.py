"""The conversion, on checkpoints made here: TensorFlow's table, and the graph against numpy."""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from scipy.signal import correlate

_PATH = Path(__file__).resolve().parents[2] / "tools" / "make_musicnn.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_musicnn", _PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- the checkpoint ---------------------------------------------------------------------------


def _varint(number):
    """A number as TensorFlow writes it."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _block(entries):
    """A block of a table, each key sharing what it can with the one before."""
    out, before = b"", b""
    for key, value in entries:
        shared = next((i for i in range(len(key)) if key[i : i + 1] != before[i : i + 1]), len(key))
        lengths = (shared, len(key) - shared, len(value))
        out += b"".join(map(_varint, lengths)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1)


def _checkpoint(tensors, kind=1):
    """Index and data of a checkpoint, with a slot of the optimiser that must be passed over."""
    data, entries = b"", [(b"", b"\x08\x01")]
    for name in sorted(tensors):
        content = tensors[name].astype("<f4").tobytes()
        sizes = b"".join(
            b"\x12" + _varint(1 + len(_varint(n))) + b"\x08" + _varint(n)
            for n in tensors[name].shape
        )
        entry = b"\x08" + bytes([kind]) + b"\x12" + _varint(len(sizes)) + sizes
        entry += (b"\x20" + _varint(len(data)) if data else b"") + b"\x28" + _varint(len(content))
        entries += [(name.encode(), entry + b"\x35abcd"), (name.encode() + b"/Adam", b"\x08\x07")]
        data += content
    block = _block(entries)
    handle = _varint(0) + _varint(len(block))
    index = _block([(b"z", handle)])
    table = block + b"\0crc_" + index
    footer = b"\0\0" + _varint(len(block) + 5) + _varint(len(index))
    return table + b"\0crc_" + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data


def test_reading_a_checkpoint(tool):
    rng = np.random.default_rng(0)
    tensors = {
        "conv2d/bias": rng.standard_normal(3),
        "conv2d/kernel": rng.standard_normal((2, 300, 1, 3)),
        "dense/kernel": rng.standard_normal((5, 4)),
    }
    found = tool.read_checkpoint(*_checkpoint(tensors))
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.astype("f4"))


def test_what_is_no_such_checkpoint(tool):
    index, data = _checkpoint({"a": np.ones(2)})
    with pytest.raises(ValueError, match="no LevelDB table"):
        tool.read_checkpoint(index[:-1] + b"x", data)
    with pytest.raises(ValueError, match="is compressed"):
        tool.read_checkpoint(index.replace(b"\0crc_", b"\1crc_"), data)
    with pytest.raises(ValueError, match="a is of type 2, not float32"):
        tool.read_checkpoint(*_checkpoint({"a": np.ones(2)}, kind=2))


def test_labels_come_from_the_source(tool):
    assert tool.read_labels("SR = 1\nMSD_LABELS = ['rock', 'pop']\n") == ["rock", "pop"]
    with pytest.raises(ValueError, match="no MSD_LABELS"):
        tool.read_labels("SR = 1")


# --- the graph --------------------------------------------------------------------------------

KERNELS = [(7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)]
KERNELS += [(7, 561, 64), (7, 64, 64), (7, 64, 64)]


@pytest.fixture(scope="module")
def weights():
    """Random weights of the network's shapes, with scales of both signs."""
    rng = np.random.default_rng(0)
    tensors = {}

    def normalisation(number, size):
        name = "batch_normalization" + (f"_{number}" if number else "")
        tensors[f"{name}/gamma"] = rng.standard_normal(size) / 2
        tensors[f"{name}/beta"] = rng.standard_normal(size) / 2
        tensors[f"{name}/moving_mean"] = rng.standard_normal(size) / 2
        tensors[f"{name}/moving_variance"] = rng.random(size) + 0.5

    normalisation(0, 1)
    for i, (rows, columns, filters) in enumerate(KERNELS):
        name = "conv2d" + (f"_{i}" if i else "")
        scale = 1 / np.sqrt(rows * columns)
        tensors[f"{name}/kernel"] = scale * rng.standard_normal((rows, columns, 1, filters))
        tensors[f"{name}/bias"] = rng.standard_normal(filters) / 4
        normalisation(i + 1, filters)
    normalisation(9, 1506)
    normalisation(10, 200)
    for name, shape in (("dense", (1506, 200)), ("dense_1", (200, 50))):
        tensors[f"{name}/kernel"] = rng.standard_normal(shape) / np.sqrt(shape[0])
        tensors[f"{name}/bias"] = rng.standard_normal(shape[1]) / 4
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def _original(weights, patch):
    """The network as its authors describe it, step by step, in float64."""
    w = {name: tensor.astype(np.float64) for name, tensor in weights.items()}

    def normalise(x, number):
        name = "batch_normalization" + (f"_{number}" if number else "")
        mean, variance = w[f"{name}/moving_mean"], w[f"{name}/moving_variance"]
        return (x - mean) / np.sqrt(variance + 1e-3) * w[f"{name}/gamma"] + w[f"{name}/beta"]

    def convolve(x, number):
        name = "conv2d" + (f"_{number}" if number else "")
        kernels = np.moveaxis(w[f"{name}/kernel"][:, :, 0], 2, 0)
        maps = np.stack([correlate(x, k, mode="valid", method="fft") for k in kernels], axis=-1)
        return normalise(np.maximum(maps + w[f"{name}/bias"], 0), number + 1)

    def pad(x, before, after):
        return np.pad(x, ((before, after), (0, 0)))

    image = normalise(patch[..., np.newaxis], 0)[..., 0]
    pads = [(3, 3), (3, 3), (63, 64), (31, 32), (15, 16)]
    front = [convolve(pad(image, *ends), i).max(axis=1) for i, ends in enumerate(pads)]
    first = np.concatenate(front, axis=1)
    second = convolve(pad(first, 3, 3), 5)[:, 0]
    third = convolve(pad(second, 3, 3), 6)[:, 0] + second
    fourth = convolve(pad(third, 3, 3), 7)[:, 0] + third
    lines = np.concatenate([first, second, third, fourth], axis=1)
    max_pool, mean_pool = lines.max(axis=0), lines.mean(axis=0)
    flat = normalise(np.stack([max_pool, mean_pool], axis=1).ravel(), 9)
    hidden = np.maximum(flat @ w["dense/kernel"] + w["dense/bias"], 0)
    penultimate = normalise(hidden, 10)
    logits = penultimate @ w["dense_1/kernel"] + w["dense_1/bias"]
    tags = 1 / (1 + np.exp(-logits))
    pools = {"max_pool": max_pool, "mean_pool": mean_pool}
    return {"tags": tags, "penultimate": penultimate, **pools}


def test_the_graph_is_the_original_with_its_normalisations_folded(tool, weights):
    model = tool.build_graph(weights).SerializeToString(deterministic=True)
    assert model == tool.build_graph(weights).SerializeToString(deterministic=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    patch = 4 * np.random.default_rng(1).random((187, 96))
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {"logmel": patch[np.newaxis].astype(np.float32)})
    expected = _original(weights, patch)
    assert set(names) == set(expected)
    for name, answer in zip(names, answers, strict=True):
        np.testing.assert_allclose(answer[0], expected[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_errors_are_found_and_files_written(tool, weights, tmp_path):
    model = tool.build_graph(weights).SerializeToString(deterministic=True)
    patches = np.random.default_rng(1).random((1, 187, 96)).astype(np.float32)
    expected = {name: value[np.newaxis] for name, value in _original(weights, patches[0]).items()}
    errors = tool.largest_errors(model, {"logmel": patches, **expected})
    assert max(errors.values()) < 1e-4
    wrong = {**expected, "tags": expected["tags"] + 0.5}
    assert tool.largest_errors(model, {"logmel": patches, **wrong})["tags"] > 0.4
    tool.write_files(tmp_path, model, [str(i) for i in range(50)], "Copyright\n\n")
    card = json.loads((tmp_path / "msd-musicnn.json").read_text())
    assert card["size"] == len(model) == (tmp_path / card["file"]).stat().st_size
    assert (tmp_path / card["notice"]).read_text() == "Copyright\n"
