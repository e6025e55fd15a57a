"""Networks that learn: their architectures, the loop that trains them, and what comes out as ONNX.

The only room that knows torch, which is loaded when a network is trained and never before: what has
been trained runs through `genrekit.networks` without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from genrekit.training._segments import Segments
from genrekit.training._settings import TrainSettings
from genrekit.training._table import NETWORKS, Architecture
from genrekit.training._torch import choose_device, need_torch
from genrekit.training._train import Trained, train_network

_LATE = {
    "build_network": "_build",
    "export_network": "_export",
    "keep_frozen": "_layers",
    "parameter_groups": "_layers",
}

__all__ = [
    "NETWORKS",
    "Architecture",
    "Segments",
    "TrainSettings",
    "Trained",
    "build_network",
    "choose_device",
    "export_network",
    "keep_frozen",
    "need_torch",
    "parameter_groups",
    "train_network",
]

if TYPE_CHECKING:
    from genrekit.training._build import build_network
    from genrekit.training._export import export_network
    from genrekit.training._layers import keep_frozen, parameter_groups
else:  # type checkers would take any name for one that `__getattr__` knows

    def __getattr__(name: str) -> Any:
        """Load what needs torch when it is first used."""
        if name not in _LATE:
            raise AttributeError(f"module 'genrekit.training' has no attribute {name!r}")
        need_torch()
        value = getattr(importlib.import_module(f"genrekit.training.{_LATE[name]}"), name)
        globals()[name] = value
        return value
