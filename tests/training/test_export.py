"""Trained networks as ONNX."""

import copy
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest

from ._shapes import CASES, IDS, MFCC, SHORT

torch = pytest.importorskip("torch")

import onnxruntime  # noqa: E402

from genrekit.training import build_network, export_network  # noqa: E402

from .test_networks import Table, batch  # noqa: E402


def run(content, inputs):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    outputs = [output.name for output in session.get_outputs()]
    fed = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
    return names, dict(zip(outputs, session.run(outputs, fed), strict=True))


def lived_in(name, shapes, params):
    """A network whose statistics and shifts are not those that it began with."""
    module = build_network(name, shapes, 3, params, seed=0)
    if name == "musicnn":
        return module  # it has lived in another file
    with torch.no_grad():
        for seed in range(3):
            module(*batch(shapes, 4, seed))
        for p in module.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel())))
    return module


@pytest.mark.parametrize(("name", "shapes", "params"), CASES, ids=IDS)
def test_onnx_answers_as_torch_does(name, shapes, params):
    module = lived_in(name, shapes, params)
    before = copy.deepcopy(module.state_dict())
    inputs = [f"input{i}" for i in range(len(shapes))]
    content, outputs = export_network(module, shapes, inputs)
    head = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear)][-1]
    assert outputs == {"probabilities": 3, "logits": 3, "penultimate": head.in_features}
    assert module.training
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    module.eval()
    for length in (1, 7):
        given = batch(shapes, length, seed=length)
        names, answers = run(content, given)
        assert names == inputs
        assert {key: answer.shape for key, answer in answers.items()} == {
            key: (length, units) for key, units in outputs.items()
        }
        with torch.no_grad():
            logits = module(*given)
            again = head(torch.from_numpy(answers["penultimate"]))
        for key, wanted in (("logits", logits), ("probabilities", logits.softmax(1))):
            np.testing.assert_allclose(answers[key], wanted.numpy(), atol=1e-4, rtol=0)
        np.testing.assert_allclose(answers["logits"], again.numpy(), atol=1e-4, rtol=0)


@pytest.mark.parametrize(("name", "shapes", "params"), CASES[::3], ids=IDS[::3])
def test_the_same_weights_give_the_same_bytes(name, shapes, params):
    inputs = [f"input{i}" for i in range(len(shapes))]
    one, _ = export_network(lived_in(name, shapes, params), shapes, inputs)
    export_network(Table(None, 3), [SHORT], ["x"])
    other, _ = export_network(lived_in(name, shapes, params), shapes, inputs)
    assert one == other


def test_the_file_tells_of_the_network_and_of_nothing_else(capfd):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        content, _ = export_network(build_network("lstm", [MFCC], 3, {"units": 4}), [MFCC], ["x"])
    assert not caught
    assert capfd.readouterr() == ("", "")
    model = onnx.load_from_string(content)
    assert (model.producer_name, model.producer_version) == ("genrekit", "")
    assert [axis.dim_param or axis.dim_value for axis in _axes(model)] == ["patches", 13, 130]
    for word in (torch.__version__, "pytorch", "/", "site-packages", ".py"):
        told = [*model.metadata_props, *(node.doc_string for node in model.graph.node)]
        assert word not in str(told)
        assert word == "/" or word.encode() not in content
    assert not any(tensor.external_data for tensor in model.graph.initializer)


def test_threads_that_export_side_by_side_leave_the_process_as_it_was():
    module = build_network("cnn1d", [SHORT], 3, {"width": 4}, seed=0)
    before = sys.stdout, warnings.filters[:], torch._C._jit_onnx_log
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda _: export_network(module, [SHORT], ["x"])[0], range(8)))
    assert len(set(written)) == 1
    assert (sys.stdout, warnings.filters, torch._C._jit_onnx_log) == before


def _axes(model):
    (given,) = model.graph.input
    return given.type.tensor_type.shape.dim


def test_a_module_without_a_linear_layer_exports_its_logits_alone():
    module = torch.nn.Sequential(torch.nn.Conv1d(20, 3, 5), torch.nn.Flatten())
    content, outputs = export_network(build_network(module, [SHORT], 3), [SHORT], ["x"])
    assert outputs == {"probabilities": 3, "logits": 3}
    assert set(run(content, batch([SHORT], 2))[1]) == set(outputs)


def test_a_linear_layer_for_each_frame_is_no_penultimate():
    class Frames(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.each = torch.nn.Linear(20, 3)

        def forward(self, x):
            return self.each(x.transpose(1, 2)).mean(1)

    _, outputs = export_network(Frames(), [SHORT], ["x"])
    assert outputs == {"probabilities": 3, "logits": 3}


def test_penultimate_is_what_goes_into_the_last_layer_called():
    module = build_network(Table, [SHORT], 3, {"units": 6})
    content, outputs = export_network(module, [SHORT], ["x"])
    assert outputs["penultimate"] == 6
    given = batch([SHORT], 2)
    hidden = torch.relu(module.hidden(given[0].flatten(1))).detach().numpy()
    np.testing.assert_allclose(run(content, given)[1]["penultimate"], hidden, atol=1e-5)


class Gated(torch.nn.Module):
    """It decides by a convolution, and keeps what it looked at."""

    def __init__(self):
        super().__init__()
        self.gate = torch.nn.Linear(20, 20)
        self.decision = torch.nn.Conv1d(20, 3, 5)

    def forward(self, x):
        self.looked_at = torch.sigmoid(self.gate(x.mean(2)))
        return self.decision(x * self.looked_at[:, :, None])[:, :, 0]


def test_a_gate_is_no_last_layer():
    module = build_network(Gated(), [SHORT], 3)
    module(*batch([SHORT], 2)).sum().backward()
    _, outputs = export_network(module, [SHORT], ["x"])
    assert outputs == {"probabilities": 3, "logits": 3}
    assert module.looked_at.grad_fn is not None
    assert build_network(module, [SHORT], 3).looked_at.grad_fn is None


class Spectrum(torch.nn.Module):
    """What the older exporter of torch can't write."""

    def __init__(self):
        super().__init__()
        self.last = torch.nn.Linear(3, 3)

    def forward(self, x):
        return self.last(torch.fft.rfft(x).abs().mean(1))


def test_what_one_exporter_can_not_write_the_other_does(capfd):
    content, outputs = export_network(Spectrum(), [SHORT], ["x"])
    assert capfd.readouterr() == ("", "")
    assert outputs["penultimate"] == 3
    for length in (1, 7):
        (given,) = batch([SHORT], length)
        with torch.no_grad():
            wanted = Spectrum.forward(_same(content), given)
        np.testing.assert_allclose(run(content, [given])[1]["logits"], wanted, atol=1e-4)
    assert b"torch" not in content


def _same(content):
    """The network whose weights a file holds."""
    module = Spectrum()
    weights = {
        t.name.rpartition(".")[2]: t for t in onnx.load_from_string(content).graph.initializer
    }
    state = {
        name: torch.tensor(onnx.numpy_helper.to_array(weights[name])) for name in ("weight", "bias")
    }
    module.last.load_state_dict(state)
    return module


class Fixed(torch.nn.Module):
    """It answers to a batch of two and of no other length."""

    def forward(self, x):
        return x.flatten(1)[:, :3].numpy().tolist() and x.flatten(1)[:, :3] * len(x.tolist())


def test_what_can_not_be_written_is_said():
    with pytest.raises(ValueError, match="Fixed can't be written as ONNX, which is what a trained"):
        export_network(Fixed(), [SHORT], ["x"])
    with pytest.raises(ValueError, match="Fixed can't be written as ONNX"):
        build_network(Fixed(), [SHORT], 3)  # before it is trained


def test_an_input_is_not_called_as_an_output():
    with pytest.raises(ValueError, match="an input can't be called 'logits'"):
        export_network(Table(None, 3), [SHORT], ["logits"])
