"""Networks that learn: their architectures, the loop that trains them, and what comes out as ONNX.

The only room that knows torch, which is loaded when a network is trained and never before: what has
been trained runs through `genrekit.networks` without it.
"""

from genrekit.training._torch import choose_device, need_torch

__all__ = ["choose_device", "need_torch"]
