"""A call as bytes, for a worker elsewhere.

What passes it on needs to know nothing of it: dask's scheduler unpickles the arguments of calls,
and would load half of genrekit for them, and take the time of it for each batch.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

__all__ = ["make_call", "packed"]


def packed(function: Callable[..., Any], *args: Any) -> bytes:
    """A call as bytes; functions of a script or notebook go with their code."""
    from distributed.protocol import pickle as protocol

    return bytes(protocol.dumps((function, args)))


def make_call(call: bytes) -> Any:
    """What it gives."""
    function, args = pickle.loads(call)
    return function(*args)
