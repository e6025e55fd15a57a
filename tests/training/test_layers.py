"""What is frozen, and who learns how fast."""

import copy

import pytest

torch = pytest.importorskip("torch")

from genrekit.training import build_network, keep_frozen, parameter_groups  # noqa: E402

from .test_networks import Table  # noqa: E402

SHAPES = [(13, 20)]


@pytest.fixture
def module():
    return build_network("cnn", SHAPES, 3, {"width": 2, "units": 4}, seed=0)


def train(module, groups, steps=2):
    optimiser = torch.optim.SGD(groups, momentum=0.9)
    for _ in range(steps):
        module.train()
        keep_frozen(module)
        optimiser.zero_grad()
        module(torch.randn(4, 13, 20)).logsumexp(1).sum().backward()
        optimiser.step()


def changed(before, module):
    after = module.state_dict()
    return [name for name, value in before.items() if not torch.equal(value, after[name])]


def test_all_learn_at_one_rate(module):
    (group,) = parameter_groups(module, lr=0.1)
    assert group["lr"] == 0.1
    assert len(group["params"]) == len(list(module.parameters()))


def test_two_rates(module):
    backbone, head = parameter_groups(module, lr=0.1, backbone_lr=0.01)
    assert (backbone["lr"], head["lr"]) == (0.01, 0.1)
    assert {id(p) for p in head["params"]} == {id(p) for p in module[2].parameters()}
    assert len(backbone["params"]) + 2 == len(list(module.parameters()))
    # Equal rates are two groups all the same.
    assert len(parameter_groups(module, lr=0.1, backbone_lr=0.1)) == 2


def test_frozen_features_keep_weights_and_statistics(module):
    before = copy.deepcopy(module.state_dict())
    groups = parameter_groups(module, lr=0.1, backbone_lr=0.01, freeze="features")
    assert [len(group["params"]) for group in groups] == [2]
    assert groups[0]["lr"] == 0.1
    train(module, groups)
    assert changed(before, module) == ["2.weight", "2.bias"]


def test_frozen_layers_are_counted_from_the_first_with_their_normalisation(module):
    before = copy.deepcopy(module.state_dict())
    train(module, parameter_groups(module, lr=0.1, freeze=2))
    names = set(before) - set(changed(before, module))
    assert {name.rsplit(".", 1)[0] for name in names} == {"0.0.1", "0.0.2", "0.0.5", "0.0.6"}
    assert module[1].training


def test_what_nothing_is_left_of_is_refused(module):
    with pytest.raises(ValueError, match="freeze must be an integer of at most 5, not 6"):
        parameter_groups(module, lr=0.1, freeze=6)
    with pytest.raises(ValueError, match="freeze must be 'features', a number of layers or None"):
        parameter_groups(module, lr=0.1, freeze="all")
    with pytest.raises(ValueError, match="freeze must be an integer"):
        parameter_groups(module, lr=0.1, freeze=True)
    module.requires_grad_(False)
    with pytest.raises(ValueError, match="nothing is left to train"):
        parameter_groups(module, lr=0.1)


def test_without_a_linear_layer_there_is_no_head():
    module = torch.nn.Sequential(torch.nn.Conv1d(13, 3, 20), torch.nn.Flatten())
    for asked in ({"freeze": "features"}, {"backbone_lr": 0.1}):
        with pytest.raises(ValueError, match="sets the last linear layer apart"):
            parameter_groups(build_network(module, SHAPES, 3), lr=0.1, **asked)


def test_the_last_layer_is_the_last_one_called():
    module = build_network(Table, SHAPES, 3)
    parameter_groups(module, lr=0.1, freeze="features")
    trained = [name for name, p in module.named_parameters() if p.requires_grad]
    assert trained == ["out.weight", "out.bias"]
    assert copy.deepcopy(module)._genrekit_head == "out"


def test_a_frozen_parent_does_not_silence_what_lies_inside():
    class Parent(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.token = torch.nn.Parameter(torch.zeros(1, 1), requires_grad=False)
            self.inside = torch.nn.Sequential(torch.nn.Linear(20, 3), torch.nn.BatchNorm1d(3))

    module = Parent().train()
    keep_frozen(module)
    assert not module.training
    assert module.inside[1].training
