"""A call as bytes, for a worker elsewhere.

What passes it on needs to know nothing of it: dask's scheduler unpickles the arguments of calls,
and would load half of genrekit for them, and take the time of it for each batch.
"""

from __future__ import annotations

import ctypes
import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

__all__ = ["make_call", "packed"]

# M_TRIM_THRESHOLD and M_MMAP_THRESHOLD, where its own adjustment leads to at most.
_GLIBC = {-1: 64 << 20, -3: 32 << 20}


def packed(function: Callable[..., Any], *args: Any) -> bytes:
    """A call as bytes; functions of a script or notebook go with their code."""
    from distributed.protocol import pickle as protocol

    return bytes(protocol.dumps((function, args)))


def make_call(call: bytes) -> Any:
    """What it gives."""
    _keep_memory()
    function, args = pickle.loads(call)
    return function(*args)


@cache
def _keep_memory() -> None:
    """Let freed memory be used again, up to what any other process keeps of it.

    dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536, with which each array of a block
    comes from the system and goes back there: a third of the time would go into that.
    """
    with suppress(AttributeError, OSError):  # not glibc's
        mallopt = ctypes.CDLL(None).mallopt
        for option, size in _GLIBC.items():
            mallopt(option, size)
