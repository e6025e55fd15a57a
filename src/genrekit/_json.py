"""Values that stand in a card as JSON: read with every field looked at, and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import numpy as np

from genrekit._validation import did_you_mean

__all__ = ["as_json", "as_mapping", "as_tuples", "check_fields"]


def as_mapping(name: str, value: Any) -> Mapping[str, Any]:
    """A value that must be an object of JSON."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object, not {value!r:.80}")
    return value


def check_fields(content: Mapping[str, Any], cls: Any, where: str) -> None:
    """All fields that a class needs, and none that it does not know."""
    known = [item for item in fields(cls) if item.name != "path"]
    names = [item.name for item in known]
    for name in content:
        if name not in names:
            raise ValueError(f"{where}unknown field {name!r:.80}: {did_you_mean(name, names)}")
    for item in known:
        needed = item.default is MISSING and item.default_factory is MISSING
        if needed and item.name not in content:
            raise ValueError(f"{where}the field {item.name!r} is missing")


def as_tuples(value: Any) -> Any:
    """Lists as tuples, within each other too; the rest as it is."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value


def as_json(value: Any) -> Any:
    """A value of a card in the types that JSON has, in the order in which it was given."""
    if isinstance(value, np.generic):
        return value.item()
    if is_dataclass(value) and not isinstance(value, type):
        # What kind it is stands in the class.
        kinds = {name: getattr(value, name) for name in ("kind", "rows") if hasattr(value, name)}
        content = {field.name: getattr(value, field.name) for field in fields(value)}
        return as_json(kinds | content)
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value
