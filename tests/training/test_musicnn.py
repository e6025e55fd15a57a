"""The shipped network, as one that can be trained further."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from genrekit.networks import open_network  # noqa: E402
from genrekit.training import (  # noqa: E402
    build_network,
    export_network,
    keep_frozen,
    parameter_groups,
)
from genrekit.training._musicnn import read_musicnn  # noqa: E402

SHAPES = [(96, 187)]


@pytest.fixture(scope="module")
def patches():
    """Log-mel frames of no music, at the levels of music."""
    rng = np.random.default_rng(0)
    return np.abs(rng.standard_normal((2, 187, 96)) * 2 + 1).astype("f4")


def answers(module, patches):
    """Tags and what leads to them."""
    heard = []
    hook = module.head.register_forward_pre_hook(lambda layer, inputs: heard.append(inputs[0]))
    with torch.no_grad():
        tags = torch.sigmoid(module.eval()(torch.from_numpy(patches).transpose(1, 2)))
    hook.remove()
    return {"tags": tags.numpy(), "penultimate": heard[0].numpy()}


def test_it_answers_as_the_shipped_file_does(patches):
    wanted = open_network("msd-musicnn")(patches, ["tags", "penultimate"])
    for name, answer in answers(read_musicnn(), patches).items():
        np.testing.assert_allclose(answer, wanted[name], atol=1e-4, rtol=0)


def test_it_answers_to_music_as_the_original_does(data_dir):
    with np.load(data_dir / "musicnn_reference.npz") as reference:
        for name, answer in answers(read_musicnn(), reference["logmel"]).items():
            np.testing.assert_allclose(answer, reference[name], atol=1e-4, rtol=0)


def test_only_the_last_layer_is_fresh(patches):
    shipped, module = read_musicnn(), build_network("musicnn", SHAPES, 7, seed=0)
    for name, value in shipped.state_dict().items():
        if not name.startswith("head."):
            assert torch.equal(value, module.state_dict()[name])
    assert module.head.weight.shape == (7, 200)
    content, outputs = export_network(module, SHAPES, ["logmel"])
    assert outputs == {"probabilities": 7, "logits": 7, "penultimate": 200}
    np.testing.assert_allclose(
        answers(module, patches)["penultimate"],
        open_network("msd-musicnn")(patches, ["penultimate"])["penultimate"],
        atol=1e-4,
        rtol=0,
    )


def test_layers_are_counted_from_the_front_end():
    module = build_network("musicnn", [(96, 8)], 7)
    parameter_groups(module, lr=0.1, freeze=8)  # five of the front end, three of the middle
    trained = {name.partition(".")[0] for name, p in module.named_parameters() if p.requires_grad}
    assert trained == {"dense", "units", "head"}
    (group,) = parameter_groups(module, lr=0.1, freeze="features")
    assert [tuple(p.shape) for p in group["params"]] == [(7, 200), (7,)]
    module.train()
    keep_frozen(module)
    assert module.dropout.training


def test_it_hears_any_number_of_frames_of_its_own_bands():
    assert build_network("musicnn", [(96, 1)], 3)(torch.zeros(1, 96, 1)).shape == (1, 3)
    with pytest.raises(
        ValueError, match=r"the 96 log-mel bands .* not 128 rows: choose inputs=.*'msd-musicnn'"
    ):
        build_network("musicnn", [(128, 187)], 3)
