"""Names that have moved still answer as they did, with a warning, for one minor version."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from genrekit.exceptions import warn_caller

__all__ = ["find", "moved"]


def find(module: str, name: str) -> Any:
    """A name by its place, looked up when it is asked for: it may stand above."""
    return getattr(importlib.import_module(module), name)


def moved(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that some names have left, or in which they have others.

    Parameters
    ----------
    module : str
        Where they were.
    homes : mapping of str to str
        Name → the module where it is now, with a colon and its new name if it has one. Modules are
        looked up by name when they are asked for: they may stand above.

    Returns
    -------
    callable
        To be called ``__getattr__`` in the module.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home, _, now = homes[name].partition(":")
        now = now or name
        what = "place" if now == name else "name"
        message = (
            f"{module}.{name} is now {home}.{now}; the old {what} goes in the next minor version"
        )
        warn_caller(message, FutureWarning)
        return find(home, now)

    return get
