"""What each network of the table is tried with: tiny, so that it takes no time."""

from __future__ import annotations

MFCC, MEL, TALL, SHORT, WAVE = (13, 130), (128, 129), (64, 128), (20, 5), (2000,)

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
    ("parallel", [MEL, MFCC], {"width": 2, "units": 4}),
    (
        "parallel",
        [MEL, SHORT, WAVE],
        {"width": 2, "units": 4, "branches": ["lstm", "cnn1d", "raw"]},
    ),
]
IDS = [f"{name}-{'+'.join('x'.join(map(str, s)) for s in shapes)}" for name, shapes, _ in CASES]
