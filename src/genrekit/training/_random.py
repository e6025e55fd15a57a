"""What torch draws: by our own seeds, and the user's left as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import torch

__all__ = ["own_randomness", "seed_torch"]


@contextmanager
def own_randomness(device: torch.device) -> Iterator[None]:
    """Leave what others draw from torch as it was.

    Parameters
    ----------
    device : torch.device
        What we draw on, beside the processor.

    Yields
    ------
    None
        Nothing.
    """
    drawing = None if device.type == "cpu" else getattr(torch, device.type)
    where = (device,) if device.type == "cuda" else ()
    state = None if drawing is None else drawing.get_rng_state(*where)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        if drawing is not None:
            drawing.set_rng_state(state, *where)


def seed_torch(device: torch.device, seed: int, epoch: int) -> None:
    """Seed what torch draws.

    Parameters
    ----------
    device : torch.device
        What it draws on, beside the processor.
    seed : int
        The seed of all epochs.
    epoch : int
        The number of this one.
    """
    number = int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0])
    torch.default_generator.manual_seed(number)
    if device.type != "cpu":
        with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
            getattr(torch, device.type).manual_seed(number)
