"""Tiny tracks and a tiny network to train on them."""

import numpy as np

from genrekit.shards import FrameStore
from genrekit.training import Segments

N_ROWS, N_FRAMES, PATCH = 8, 60, 20


def tracks(n=12, n_classes=3, seed=0):
    """Frames of tracks whose genre is heard in one row, and the genres."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % n_classes
    level = (np.arange(N_ROWS) == 2 * targets[:, np.newaxis]) * 15
    return rng.normal(-40, 10, (n, N_ROWS, N_FRAMES)) + level[:, :, np.newaxis], targets


def make_segments(n=12, n_valid=3, n_classes=3, seed=0, **kwargs):
    """Three segments of each track, the last tracks for validation."""
    frames, targets = tracks(n, n_classes, seed)
    store = FrameStore(["mel"])
    for matrix in frames:
        store.add({"mel": matrix})
    starts = [np.arange(0, N_FRAMES, PATCH)[:, np.newaxis]] * n
    valid = np.arange(n) >= n - n_valid
    return Segments(
        store,
        starts,
        targets,
        **{"patches": {"mel": PATCH}, "n_classes": n_classes, "valid": valid, **kwargs},
    )


def make_module(width=4, n_classes=3):
    """A network with everything that learns in its own way: normalisation and dropout."""
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv1d(N_ROWS, width, 3),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(width, n_classes),
        )


def weights(module):
    """All its numbers in one array."""
    return np.concatenate([tensor.numpy().ravel() for tensor in module.state_dict().values()])
