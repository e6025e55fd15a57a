"""The door to torch: whether it is there, and what it computes on."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from genrekit._validation import check_choice

__all__ = ["choose_device", "need_torch"]

_NEEDED = ("torch", "skorch", "onnx", "onnxscript")
_DEVICES = ("auto", "cpu", "cuda", "mps")


def need_torch() -> None:
    """Refuse to go on without what networks are trained with.

    Raises
    ------
    ImportError
        Naming what is missing and what installs it.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"to train networks genrekit needs {', '.join(missing)}: pip install 'genrekit[train]'"
        )


def choose_device(device: str = "auto") -> Any:
    """What torch computes on.

    Parameters
    ----------
    device : str, default="auto"
        "auto" for the first of CUDA, MPS and the processor that is there, or one of them; "cuda:1"
        for the second of several graphics processors.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ImportError
        If torch is missing.
    ValueError
        If there is no such device on this machine.
    """
    need_torch()
    import torch

    kind = str(device).partition(":")[0]
    check_choice("device", kind, _DEVICES)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        return torch.device(next((name for name, found in there.items() if found), "cpu"))
    if not there.get(kind, True):
        raise ValueError(
            f"device={device!r}: torch finds none here, device='auto' takes what there is"
        )
    chosen = torch.device(device)
    if kind == "cuda" and (chosen.index or 0) >= (count := torch.cuda.device_count()):
        raise ValueError(f"device={device!r}: torch finds {count} on this machine, counted from 0")
    return chosen
