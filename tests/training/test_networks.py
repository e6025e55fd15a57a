"""The networks of the table."""

import subprocess
import sys

import numpy as np
import pytest

from genrekit.training import NETWORKS

from ._shapes import CASES, IDS, MEL, MFCC, SHORT, WAVE

torch = pytest.importorskip("torch")

from genrekit.training import build_network  # noqa: E402


def batch(shapes, length, seed=0):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(rng.standard_normal((length, *s)).astype("f4")) for s in shapes]


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_table_loads_without_torch():
    code = (
        "import sys, genrekit.training as t; t.NETWORKS['cnn'].follows; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_row_is_tried():
    assert {name for name, _, _ in CASES} == set(NETWORKS)


@pytest.mark.parametrize(("name", "shapes", "params"), CASES, ids=IDS)
def test_every_weight_learns(name, shapes, params):
    module = build_network(name, shapes, 3, params, seed=0)
    for layer in module.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0  # so tiny a network has nothing to spare
    inputs, target = batch(shapes, 6), torch.tensor([0, 1, 2] * 2)
    # What has learned much already is to be changed with care.
    optimiser = torch.optim.Adam(module.parameters(), lr=0.001 if name == "musicnn" else 0.01)
    losses = []
    for _ in range(40):
        logits = module(*inputs)
        assert logits.shape == (6, 3)
        loss = torch.nn.functional.cross_entropy(logits, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    learned = [p.grad for p in module.parameters() if p.requires_grad]
    assert all(grad is not None and grad.isfinite().all() for grad in learned)
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(("name", "shapes", "params"), CASES, ids=IDS)
def test_answers_to_a_patch_do_not_depend_on_the_others(name, shapes, params):
    module = build_network(name, shapes, 3, params, seed=0).eval()
    with torch.no_grad():
        together = module(*batch(shapes, 5))
        alone = module(*[x[3:4] for x in batch(shapes, 5)])
    torch.testing.assert_close(together[3:4], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 3, 13])
@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("name", ["cnn", "cnn1d", "crnn", "lstm"])
def test_small_inputs_fit(name, rows, frames):
    module = build_network(name, [(rows, frames)], 2)
    assert module(torch.zeros(4, rows, frames)).shape == (4, 2)


@pytest.mark.parametrize("samples", [1, 2, 5, 30, 66150])
def test_waveforms_of_any_length_fit(samples):
    module = build_network("raw", [(samples,)], 2, {"width": 1})
    assert module(torch.zeros(4, samples)).shape == (4, 2)


def test_the_recipe_of_the_cnn():
    module = build_network("cnn", [MEL], 10)
    kernels = [tuple(p.shape) for p in module.parameters() if p.ndim > 1]
    assert kernels == [
        (32, 1, 3, 3),
        (64, 32, 3, 3),
        (128, 64, 3, 3),
        (256, 128, 3, 3),
        (256, 256 * 8, 1),
        (10, 512),
    ]


def test_the_same_seed_gives_the_same_weights_and_nothing_else_is_touched():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one = build_network("cnn", [MFCC], 3, {"width": 2}, seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert same(one, build_network("cnn", [MFCC], 3, {"width": 2}, seed=1))
    assert not same(one, build_network("cnn", [MFCC], 3, {"width": 2}, seed=2))


def test_branches_are_chosen_by_the_input_or_named():
    module = build_network("parallel", [MEL, MFCC, WAVE], 3)
    assert [type(b).__name__ for b in module.branches] == ["Picture", "Recurrent", "Samples"]
    module = build_network("parallel", [MEL, MEL], 3, {"branches": ["cnn1d", "lstm"]})
    assert [type(b).__name__ for b in module.branches] == ["Steps", "Recurrent"]
    with pytest.raises(ValueError, match="one for each of 2 inputs"):
        build_network("parallel", [MEL, MEL], 3, {"branches": ["cnn"]})
    with pytest.raises(ValueError, match="unknown branch 'cnn2'"):
        build_network("parallel", [MEL], 3, {"branches": ["cnn2"]})
    with pytest.raises(ValueError, match="'raw' can't hear rows and frames"):
        build_network("parallel", [MEL], 3, {"branches": ["raw"]})


# --- the door ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "shapes", "params", "message"),
    [
        ("cnm", [MFCC], {}, "unknown network 'cnm': did you mean"),
        ("cnn", [], {}, "shapes must have that of one input or more"),
        ("cnn", [MFCC], {"widthh": 3}, "unknown parameter 'widthh': did you mean 'width'"),
        ("cnn", [MFCC], {"shapes": 3}, "unknown parameter 'shapes'"),
        ("cnn", [MFCC], {"width": 0}, "width must be an integer of at least 1"),
        ("cnn", [MFCC], {"dropout": 2}, "dropout must be a number"),
        ("lstm", [MFCC], {"units": 1.5}, "units must be an integer"),
        ("crnn", [MFCC], {"layers": 0}, "layers must be an integer"),
        ("cnn", [WAVE], {}, "not a waveform: choose other inputs, or network='raw'"),
        ("raw", [MFCC], {}, "takes a waveform, not one input of rows.*'cnn' or 'cnn1d' or 'lstm'"),
        ("lstm", [MFCC, MEL], {}, "not several inputs: choose other inputs, or network='parallel'"),
    ],
)
def test_what_does_not_fit_is_said(network, shapes, params, message):
    with pytest.raises(ValueError, match=message):
        build_network(network, shapes, 3, params)


class Table(torch.nn.Module):
    """A network of a user's: flattened, then a matrix."""

    def __init__(self, shapes, n_classes, units=4):
        super().__init__()
        self.out = torch.nn.Linear(units, n_classes)  # made first, called last
        self.hidden = torch.nn.LazyLinear(units)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x.flatten(1))))


def test_a_factory_of_ones_own_goes_through_the_same_door():
    module = build_network(Table, [SHORT], 3, {"units": 5}, seed=0)
    assert module.hidden.weight.shape == (5, 100)
    assert same(module, build_network(Table, [SHORT], 3, {"units": 5}, seed=0))
    with pytest.raises(ValueError, match="network=Table: unknown parameter 'unit'"):
        build_network(Table, [SHORT], 3, {"unit": 5})


def test_a_module_of_ones_own_is_copied():
    given = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.BatchNorm1d(100), torch.nn.LazyLinear(3)
    )
    given.double().eval()
    module = build_network(given, [SHORT], 3)
    assert module.training
    assert not given.training
    assert module[2].weight.dtype == torch.float32
    assert given[1].weight.dtype == torch.float64
    assert isinstance(given[2], torch.nn.LazyLinear)
    assert int(module[1].num_batches_tracked) == 0  # a dummy batch teaches it nothing
    with pytest.raises(ValueError, match="Sequential is made already"):
        build_network(given, [SHORT], 3, {"width": 2})


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        (Table(None, 4), ValueError, r"Table must answer .*\(2, 20, 5\) with .*\(2, 3\).*\(2, 4\)"),
        (torch.nn.Identity(), ValueError, r"not with shape \(2, 20, 5\)"),
        (torch.nn.LSTM(5, 3), ValueError, "not with tuple"),
        (torch.nn.Linear(7, 3), ValueError, r"network=Linear fails on a batch of \(2, 20, 5\)"),
        (lambda shapes, n_classes: None, TypeError, "must give a torch.nn.Module, not NoneType"),
        (lambda n_classes: None, TypeError, r"called as f\(shapes, n_classes, \*\*params\)"),
        (3, TypeError, "a factory or a torch.nn.Module, not 3"),
    ],
    ids=["classes", "identity", "tuple", "fails", "none", "signature", "number"],
)
def test_what_answers_otherwise_is_named(network, error, message):
    with pytest.raises(error, match=message):
        build_network(network, [SHORT], 3)


def test_parameters_go_to_a_factory_that_takes_any():
    def factory(shapes, n_classes, **params):
        return Table(shapes, n_classes, **params)

    assert build_network(factory, [SHORT], 3, {"units": 6}).out.in_features == 6
