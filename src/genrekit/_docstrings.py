"""Docstrings that take the parameters they share with others from one place."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Container
from typing import Any, TypeVar

__all__ = ["parameters_of", "with_parameters"]

_Described = TypeVar("_Described", bound=Callable[..., Any])

_HEADING = "Parameters\n----------"
# The entry in whose place they are put, "... : see `Frontend`"; without one they come last.
_OTHERS = "..."


def parameters_of(shared: object) -> Callable[[_Described], _Described]:
    """Decorate what has parameters of `shared` and says "... : see `shared`" of them."""

    def describe(thing: _Described) -> _Described:
        if thing.__doc__ and shared.__doc__:  # with -OO there are none
            names = inspect.signature(thing).parameters
            thing.__doc__ = with_parameters(thing.__doc__, shared.__doc__, names)
        return thing

    return describe


def with_parameters(doc: str, shared: str, names: Container[str] | None = None) -> str:
    """A docstring that also lists the parameters of another, or `names` of them; its own stay."""
    intro, sections = _sections(doc)
    if _HEADING not in sections:
        sections = {_HEADING: "", **sections}
    entries = _entries(sections[_HEADING])
    more = [
        entry
        for name, entry in _entries(_sections(shared)[1][_HEADING]).items()
        if name not in entries and (names is None or name in names)
    ]
    entries[_OTHERS] = "\n".join(more)
    sections[_HEADING] = "\n".join([*filter(None, entries.values()), ""])
    return "\n".join([intro, *(f"{heading}\n{text}" for heading, text in sections.items())])


def _sections(doc: str) -> tuple[str, dict[str, str]]:
    """A numpydoc docstring taken apart: what stands before the first heading, text by heading."""
    intro, *parts = re.split(r"\n(\w[\w ]*\n-{3,})\n", inspect.cleandoc(doc))
    return intro.rstrip() + "\n", dict(zip(parts[::2], parts[1::2], strict=True))


def _entries(section: str) -> dict[str, str]:
    """The entries of a section by what they describe."""
    entries = re.split(r"\n(?=\S)", section.strip())
    return {entry.partition(" :")[0]: entry for entry in entries if entry}
