"""What tells a value from another in every process and on every day: the keys of a cache."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from functools import partial
from numbers import Integral, Real
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["UnkeyedError", "digest", "plain"]

# From here on a float does not hold every integer.
_EXACT = 1 << 53


class UnkeyedError(ValueError):
    """Nothing is known that would tell a value from others like it."""


def digest(key: Any) -> str:
    """A key in forty letters."""
    return hashlib.blake2b(repr(key).encode(), digest_size=20).hexdigest()


def plain(value: Any) -> Any:
    """A value as nested tuples, alike however a number was spelt: 22050 and 22050.0 are one."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str):
        return value if value is None else str(value)
    if isinstance(value, bytes):
        return "bytes", hashlib.blake2b(value, digest_size=20).hexdigest()
    if isinstance(value, Real):
        return (
            int(value) if isinstance(value, Integral) and float(value) >= _EXACT else float(value)
        )
    if isinstance(value, (tuple, list)):
        return tuple(plain(item) for item in value)
    if isinstance(value, Mapping):
        return "mapping", tuple(sorted((repr(plain(k)), plain(v)) for k, v in value.items()))
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        return "array", value.dtype.str, value.shape, _sum_of(value)
    if callable(value):
        return _of_callable(value)
    raise UnkeyedError(f"{value!r:.80} can't be told from another one")


def _sum_of(array: NDArray[Any]) -> str:
    """A digest of an array's values."""
    values = np.ascontiguousarray(array).reshape(-1)
    return hashlib.blake2b(values.view(np.uint8).data, digest_size=20).hexdigest()


def _of_callable(function: Any) -> tuple[Any, ...]:
    """A function's own `cache_key`, or its name and code; a partial's function and arguments."""
    named = function if hasattr(function, "__qualname__") else type(function)
    key = (named.__module__, named.__qualname__, _of_code(getattr(function, "__code__", None)))
    if (own := getattr(function, "cache_key", None)) is not None:
        return *key, plain(own)
    if isinstance(function, partial):
        return "partial", *map(plain, (function.func, function.args, function.keywords))
    if not _is_importable(function):
        raise UnkeyedError(
            f"{function!r:.80} can't be told from others like it: give it an attribute `cache_key` "
            "that changes whenever what it returns does, or pass a function of a module, or a "
            "functools.partial of one"
        )
    return key


def _is_importable(function: Any) -> bool:
    """Whether its name leads to it from its module; what is typed in or made by a call is not."""
    module = getattr(function, "__module__", None)
    found: Any = None if module == "__main__" else sys.modules.get(module or "")
    for name in getattr(function, "__qualname__", "<none>").split("."):
        found = getattr(found, name, None)
    return found is function


def _of_code(code: Any) -> Any:
    """What a function was written to do, so that an edited one is another."""
    if not isinstance(code, CodeType):
        return repr(code)
    return code.co_code.hex(), code.co_names, tuple(_of_code(const) for const in code.co_consts)
