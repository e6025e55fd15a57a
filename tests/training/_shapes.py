"""What each network of the table is tried with: tiny, so that it takes no time."""

from __future__ import annotations

MFCC, MEL, TALL, SHORT, WAVE = (13, 130), (128, 129), (64, 128), (20, 5), (2000,)


def photographs():
    """A network for photographs, tiny and untrained."""
    from torch import nn

    norm = nn.Sequential(nn.BatchNorm2d(36), nn.ReLU())
    pool = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten())
    return nn.Sequential(nn.Conv2d(3, 36, 3, stride=2), norm, pool, nn.Linear(36, 1000))


# Name → (shapes of its inputs, parameters), one case or more for each row of NETWORKS.
CASES = [
    ("cnn", [MFCC], {"width": 2, "units": 4}),
    ("cnn", [MEL], {"width": 2, "units": 4}),
    ("cnn", [TALL], {"width": 2, "units": 4, "blocks": 2}),
    ("cnn1d", [MFCC], {"width": 4}),
    ("cnn1d", [SHORT], {"width": 4}),
    ("raw", [WAVE], {"width": 2}),
    ("lstm", [MFCC], {"units": 4}),
    ("lstm", [SHORT], {"units": 4, "layers": 1}),
    ("crnn", [MEL], {"width": 2, "units": 4}),
    ("crnn", [SHORT], {"width": 2, "units": 4, "layers": 1}),
    ("musicnn", [(96, 2)], {}),
    ("image", [MFCC], {"backbone": photographs}),
    ("image", [MFCC], {"backbone": photographs, "channels": "fold", "size": (32, 40)}),
    ("parallel", [MEL, MFCC], {"width": 2, "units": 4}),
    (
        "parallel",
        [MEL, SHORT, WAVE],
        {"width": 2, "units": 4, "branches": ["lstm", "cnn1d", "raw"]},
    ),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]
