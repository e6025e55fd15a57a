"""What torch draws: by our own seeds, and the user's left as they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

__all__ = ["CPU", "own_randomness", "seed_torch"]

CPU = torch.device("cpu")
# All threads draw from the same generators, so one trains at a time: several would disturb each
# other, and torch computes in threads of its own as it is.
_DRAWING = threading.RLock()


@contextmanager
def own_randomness(device: torch.device = CPU) -> Iterator[None]:
    """Leave what others draw from torch, on the processor and a device, as it was."""
    module = None if device.type == "cpu" else getattr(torch, device.type)
    where = (device,) if device.type == "cuda" else ()
    with _DRAWING, torch.random.fork_rng(devices=[]):
        state = None if module is None else module.get_rng_state(*where)
        try:
            yield
        finally:
            if module is not None:
                module.set_rng_state(state, *where)


def seed_torch(seed: int, device: torch.device = CPU) -> None:
    """Seed what torch draws on the processor and a device, but on no other."""
    # torch.manual_seed would set the generators of all graphics processors.
    torch.default_generator.manual_seed(seed)
    if device.type != "cpu":
        with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
            getattr(torch, device.type).manual_seed(seed)
