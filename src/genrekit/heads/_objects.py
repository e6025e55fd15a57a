"""Everything inside a model, with its place: for checks, and for what depends on a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["iter_objects", "named_children", "place"]

_LONGEST_PLACE = 300


def iter_objects(root: Any) -> Iterator[tuple[str, Any]]:
    """Each distinct object reachable through attributes and containers, with its place."""
    seen: set[int] = set()
    stack = [("model", root)]
    while stack:
        where, value = stack.pop()
        if id(value) not in seen:
            seen.add(id(value))
            yield where, value
            stack.extend(named_children(where, value))


def place(where: str, part: str) -> str:
    """The place of a part, its end if it is long: names in a hostile file may be of any length."""
    name = f"{where}{part[:_LONGEST_PLACE]}"
    return name if len(name) <= _LONGEST_PLACE else f"…{name[-_LONGEST_PLACE:]}"


def named_children(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The items of a container or the attributes of an object, each with its place."""
    if isinstance(value, dict):
        yield from ((place(where, f".{key}"), item) for key, item in value.items())
    elif isinstance(value, (list, tuple, set)):
        yield from ((place(where, f"[{i}]"), item) for i, item in enumerate(value))
    elif isinstance(value, np.ndarray):
        items = value.view(np.ndarray).flat if value.dtype == object else ()
        yield from ((place(where, f"[{i}]"), item) for i, item in enumerate(items))
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield from ((place(where, f".{name}"), item) for name, item in vars(value).items())
