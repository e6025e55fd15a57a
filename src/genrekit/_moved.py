"""Names that have moved still answer where they were, with a warning, for one minor version."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["moved"]


def moved(module: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a module that some names have left.

    Parameters
    ----------
    module : str
        Where they were.
    homes : mapping of str to str
        Name → the module where it is now. Modules are looked up by name when they are asked for:
        they may stand above.

    Returns
    -------
    callable
        To be called ``__getattr__`` in the module.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        message = (
            f"{module}.{name} is now {homes[name]}.{name}; the old place goes in the next minor "
            "version"
        )
        warnings.warn(message, FutureWarning, stacklevel=2)
        return getattr(importlib.import_module(homes[name]), name)

    return get
