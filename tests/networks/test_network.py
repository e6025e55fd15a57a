"""Running networks, and those that do not fit their cards."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from genrekit import CNNEmbedding
from genrekit.networks import (
    Network,
    OnnxNetwork,
    _session,
    answer_patches,
    get_card,
    open_network,
)


@pytest.fixture
def patches():
    return np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)


def _weights(content):
    (weights,) = onnx.load_from_string(content).graph.initializer
    return onnx.numpy_helper.to_array(weights)


def _model(inputs, outputs, kind=TensorProto.FLOAT):
    """A network that hands its first input on."""

    def values(shapes):
        return [helper.make_tensor_value_info(n, kind, shape) for n, shape in shapes.items()]

    nodes = [helper.make_node("Identity", [next(iter(inputs))], [name]) for name in outputs]
    graph = helper.make_graph(nodes, "identity", values(inputs), values(outputs))
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


def test_it_answers_as_the_graph_says(tiny, patches):
    card = get_card(tiny)
    sums = patches @ _weights(card.path.with_name(card.file).read_bytes())
    answers = open_network(tiny)(patches)
    np.testing.assert_allclose(answers["units"], np.tanh(sums), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(answers["levels"], np.maximum(sums, 0), rtol=1e-5, atol=1e-6)
    assert list(open_network(tiny)(patches, ["levels"])) == ["levels"]


def test_no_patch_depends_on_the_others():
    patches = np.random.default_rng(0).random((3, 187, 96), np.float32)
    together = answer_patches(open_network("msd-musicnn"), patches)
    for i, patch in enumerate(patches):
        for name, values in open_network("msd-musicnn")(patch[np.newaxis]).items():
            np.testing.assert_array_equal(values[0], together[name][i])


def test_a_batch_is_its_patches_but_for_rounding():
    network = open_network("msd-musicnn")
    patches = np.random.default_rng(0).random((3, 187, 96), np.float32)
    alone = answer_patches(network, patches)
    for size in (2, 3, 4):
        for name, values in answer_patches(network, patches, batch_size=size).items():
            # An error of rounding in numbers of up to 100.
            np.testing.assert_allclose(values, alone[name], rtol=1e-6, atol=2e-6)


def test_patches_are_answered_in_batches_of_the_size_asked_for(patches):
    sizes = []

    class Sums:
        shape, outputs = (8,), {"sum": 1, "none": 2}

        def __call__(self, batch, outputs=None):
            sizes.append(len(batch))
            return {"sum": batch.sum(axis=1, keepdims=True)}

    expected = patches.sum(axis=1, keepdims=True)
    for size, found in [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (9, [5])]:
        sizes.clear()
        answers = answer_patches(Sums(), iter(patches), ["sum"], batch_size=size)
        np.testing.assert_allclose(answers["sum"], expected, rtol=1e-6)
        assert sizes == found
    assert answer_patches(Sums(), [])["none"].shape == (0, 2)
    with pytest.raises(ValueError, match="size must be an integer of at least 1"):
        answer_patches(Sums(), patches, batch_size=0)


def test_what_fills_the_protocol(tiny):
    class Half:
        shape = (8,)

        def __call__(self, batch, outputs=None):
            return {}

    assert isinstance(open_network(tiny), Network)
    assert isinstance(open_network(tiny), OnnxNetwork)
    assert not isinstance(Half(), Network)
    for none in (Half(), tiny, get_card(tiny)):
        with pytest.raises(TypeError, match="as open_network gives it"):
            answer_patches(none, [])


def test_a_class_may_name_the_protocol_as_its_base():
    class Zeros(Network):
        shape, outputs = (2,), {"zero": 1}

        def __init__(self, value):
            self.value = value

        def __call__(self, batch, outputs=None):
            return {"zero": np.full((len(batch), 1), self.value)}

    assert answer_patches(Zeros(3), np.ones((2, 2)))["zero"].tolist() == [[3], [3]]


def test_the_class_of_old_still_opens_a_network(tiny, patches):
    with pytest.warns(FutureWarning, match="answer_patches") as caught:
        old = Network(tiny)
    assert caught[0].filename == __file__
    new = answer_patches(open_network(tiny), patches, ["levels"])
    np.testing.assert_array_equal(old.run(iter(patches), ["levels"])["levels"], new["levels"])
    assert list(old.run(patches)) == ["units", "levels"]
    assert old.card == get_card(tiny)


def test_a_network_in_use_can_be_pickled(tiny, patches):
    network = open_network(tiny)
    answers = network(patches)["units"]
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again(patches)["units"], answers)


def test_threads_share_one_session(tiny, patches):
    _session._SESSIONS.clear()
    networks = [open_network(tiny) for _ in range(8)]
    expected = open_network(tiny)(patches)["units"]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda network: network(patches)["units"], networks):
            np.testing.assert_array_equal(found, expected)
    assert len(_session._SESSIONS) == 1


def test_wrong_patches_and_outputs(tiny, patches):
    with pytest.raises(ValueError, match=r"takes patches of shape \(8,\), not \(7,\)"):
        open_network(tiny)(patches[:, :7])
    for none in (np.float32(1), np.zeros(8), np.zeros((2, 3, 8))):
        with pytest.raises(ValueError, match=r"takes patches of shape \(8,\), not"):
            open_network(tiny)(none)
    with pytest.raises(ValueError, match="a batch of one patch or more"):
        open_network(tiny)(patches[:0])
    with pytest.raises(ValueError, match="unknown output 'unit': did you mean 'units'"):
        open_network(tiny)(patches, ["unit"])


# --- damage -----------------------------------------------------------------------------------


def test_a_damaged_file(tiny, patches):
    file = get_card(tiny).path.with_name("tiny.onnx")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    _session._SESSIONS.clear()
    with pytest.raises(ValueError, match=r"tiny\.onnx: its SHA-256 is .* the model card says"):
        open_network(tiny)(patches)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no network", "it is no ONNX file"),
        (b"<html></html>", "it is no ONNX file"),
        (b"\x08\x08:\x00", "onnxruntime can't open it"),  # an empty graph
        (b"\x38\x01", "it is no ONNX file"),  # a number where the graph should be
        (b"\x3a\xff\xff\xff\xff\x0f", "it is no ONNX file"),  # a graph longer than the file
        (b"\x3a" + b"\xff" * 20, "it is no ONNX file"),  # a length that does not end
        (b"\x08", "it is no ONNX file"),
    ],
)
def test_a_file_that_is_no_network(make_network, patches, content, message):
    with pytest.raises(ValueError, match=rf"tiny\.onnx: {message}"):
        open_network(make_network(content))(patches)


def _elsewhere(location, place):
    """A network whose weights lie in another file: in its graph, a node or a node's graph."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[8, 4])
    if location is None:  # it says so, and not where
        tensor.data_location = TensorProto.EXTERNAL
    else:
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location
        tensor.data_location = TensorProto.EXTERNAL
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    product = helper.make_node("MatMul", ["x", "w"], ["units"])
    nodes, tensors = {
        "graph": ([product], [tensor]),
        "node": ([constant, product], []),
        "branch": (
            [
                helper.make_node(
                    "If",
                    ["c"],
                    ["units"],
                    then_branch=helper.make_graph([product], "then", [], [], [tensor]),
                )
            ],
            [],
        ),
    }[place]
    shapes = {"x": ["n", 8]}, {"units": ["n", 4]}
    values = [
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in side.items()]
        for side in shapes
    ]
    graph = helper.make_graph(nodes, "elsewhere", *values, tensors)
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


@pytest.mark.parametrize("place", ["graph", "node", "branch"])
@pytest.mark.parametrize(
    "location", ["weights.bin", "../weights.bin", "/etc/passwd", "../../../../etc/passwd", None]
)
def test_numbers_in_other_files_are_refused(
    location, place, make_network, patches, tmp_path, monkeypatch
):
    """No SHA-256 covers them, and they could be any file of the machine."""
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    for folder in (".", ".."):
        np.ones((8, 4), np.float32).tofile(f"{folder}/weights.bin")
    path = make_network(_elsewhere(location, place), outputs={"units": 4})
    with pytest.raises(ValueError, match=r"tiny\.onnx: its numbers lie in another file"):
        open_network(path)(patches)


def test_a_network_that_fails_is_named(make_network, patches, capfd):
    """Such as one that asks for 256 GB of memory."""
    shape = onnx.numpy_helper.from_array(np.array([1 << 36]), "shape")
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceMax", ["big"], ["most"], keepdims=0),
        helper.make_node("Add", ["x", "most"], ["units"]),
    ]
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 8])]
        for name in ("x", "units")
    ]
    graph = helper.make_graph(nodes, "big", *sides, [shape])
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    path = make_network(model.SerializeToString(), outputs={"units": 8}, labels={})
    with pytest.raises(ValueError, match="tiny: the network failed: .*allocate memory"):
        open_network(path)(patches)
    assert capfd.readouterr().err == ""


def test_answers_have_the_size_that_the_card_says(make_network, patches):
    """Also where the file leaves it open."""
    chosen = onnx.numpy_helper.from_array(np.arange(8) < 3, "chosen")
    nodes = [helper.make_node("Compress", ["x", "chosen"], ["units"], axis=1)]
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])]
        for name, size in (("x", 8), ("units", "m"))
    ]
    graph = helper.make_graph(nodes, "some", *sides, [chosen])
    opset = helper.make_opsetid("", 13)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    path = make_network(model.SerializeToString(), outputs={"units": 4})
    with pytest.raises(ValueError, match=r"'units' has the shape \(5, 3\), .* 4 units a patch"):
        open_network(path)(patches, ["units"])


def test_a_file_of_another_size_is_not_read(tiny, patches, monkeypatch):
    file = get_card(tiny).path.with_name("tiny.onnx")
    with file.open("ab") as opened:
        opened.truncate(1 << 34)  # takes no room
    _session._SESSIONS.clear()
    with pytest.raises(ValueError, match=r"tiny\.onnx: it has 17179869184 bytes, the model card"):
        open_network(tiny)(patches)


def test_a_missing_file_without_url(tiny, patches):
    get_card(tiny).path.with_name("tiny.onnx").unlink()
    _session._SESSIONS.clear()
    with pytest.raises(FileNotFoundError, match=r"tiny\.onnx: .* has no url"):
        open_network(tiny)(patches)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_model({"x": ["n", 9]}, {"units": ["n", 9]}), r"takes arrays of shape \['n', 9\]"),
        (_model({"x": ["n", 1, 8]}, {"units": ["n", 1, 8]}), "gives it patches of shape"),
        (_model({"x": [4, 8]}, {"units": [4, 8]}), "gives it patches of shape"),
        (_model({"x": ["n", 8]}, {"units": ["n", 8]}), "'units' has the shape .* 4 units a patch"),
        (_model({"x": ["n", 8]}, {"unit": ["n", 8]}), "unknown output of tiny.onnx 'units'"),
        (_model({"x": [1, 8]}, {"units": [1, 8]}, TensorProto.DOUBLE), "one input of floats"),
        (
            _model({"x": [1, 8], "y": [1, 8]}, {"units": [1, 8]}),
            "one input of floats, not x: tensor.float., y: tensor",
        ),
    ],
)
def test_a_network_that_does_not_fit_its_card(make_network, patches, content, message):
    with pytest.raises(ValueError, match=message):
        open_network(make_network(content))(patches)


def test_a_network_of_a_fixed_batch_of_one_will_do(make_network, patches):
    path = make_network(_model({"x": [1, 8]}, {"units": [1, 8]}), outputs={"units": 8}, labels={})
    np.testing.assert_array_equal(open_network(path)(patches)["units"], patches)
    together = answer_patches(open_network(path), patches, batch_size=5)["units"]
    np.testing.assert_array_equal(together, patches)


def test_a_network_may_keep_its_shapes_to_itself(make_network, patches):
    """What is not told is seen when it runs."""
    silent = _model({"x": None}, {"units": None})
    path = make_network(silent, outputs={"units": 8}, labels={})
    np.testing.assert_array_equal(open_network(path)(patches)["units"], patches)
    with pytest.raises(ValueError, match="'units' has the shape .*, its card says 4 units a patch"):
        open_network(make_network(silent, outputs={"units": 4}))(patches)


def _cast(kind):
    """A network whose answers are of another kind."""
    units = helper.make_tensor_value_info("units", kind, ["n", 8])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])
    node = helper.make_node("Cast", ["x"], ["units"], to=kind)
    graph = helper.make_graph([node], "cast", [given], [units])
    opset = helper.make_opsetid("", 22)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


@pytest.mark.parametrize("kind", ["FLOAT16", "DOUBLE", "INT64", "UINT8"])
def test_answers_may_be_numbers_of_any_kind(make_network, kind):
    path = make_network(_cast(getattr(TensorProto, kind)), outputs={"units": 8}, labels={})
    track = np.full(80, 3.0), 8000
    table = CNNEmbedding(path, output="units", stats=["max"]).fit_transform([track])
    np.testing.assert_array_equal(table, np.full((1, 8), 3.0))


@pytest.mark.parametrize("kind", ["STRING", "BOOL"])
def test_answers_are_numbers(make_network, patches, kind):
    path = make_network(_cast(getattr(TensorProto, kind)), outputs={"units": 8}, labels={})
    said = rf"tiny\.onnx: the output 'units' must hold numbers, not tensor\({kind.lower()}\)"
    with pytest.raises(ValueError, match=said):
        open_network(path)(patches)


# --- in a process of its own ------------------------------------------------------------------


NETWORK = get_card("msd-musicnn").path.with_name("msd-musicnn.onnx")
ON_ITS_OWN = f"""
import genrekit, onnxruntime
onnxruntime.InferenceSession({str(NETWORK)!r}, providers=["CPUExecutionProvider"])
"""
BEHIND_OURS = """
import numpy as np
from genrekit.networks import open_network
open_network("msd-musicnn")(np.zeros((1, 187, 96)), ["tags"])
"""


@pytest.mark.parametrize("code", [ON_ITS_OWN, BEHIND_OURS], ids=["theirs", "ours"])
def test_onnxruntime_leaves_no_identifier(code, tmp_path):
    """Where it may report on its use, it writes that down at once, and asks for a host later."""
    silencing = ("ORT_", "CI", "GITHUB_", "TF_BUILD", "XDG_")  # it is quiet in builds and tests
    env = {name: value for name, value in os.environ.items() if not name.startswith(silencing)}
    home, place = tmp_path / "home", tmp_path / "place"
    home.mkdir()
    place.mkdir()
    env |= {"HOME": str(home), "USERPROFILE": str(home), "NUMBA_DISABLE_JIT": "1"}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    code += "import os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=place, env=env, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "1"
    assert [*home.rglob("*"), *place.rglob("*")] == []


def test_who_wants_onnxruntime_to_report_can_have_it():
    env = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    code = "import os, genrekit; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "0"


def test_nothing_heavy_is_loaded_before_it_is_needed():
    code = (
        "import sys, genrekit; from genrekit import CNNEmbedding; e = CNNEmbedding();"
        "e.get_feature_names_out(); e.fit([b'']);"
        "print(sorted({'onnxruntime', 'onnx', 'pooch', 'requests'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
