"""What rows are of: it stands in each shard, and rows of something else do not go beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genrekit._version import __version__
from genrekit.audio import DOWNMIX_RULE
from genrekit.dsp import kernels
from genrekit.engine import CACHE_VERSION, Plan, digest, plain

__all__ = ["LABELS", "arrow", "check_same", "identity_of", "make_schema", "number_rules", "told"]

# Raised when the columns of `LABELS`, or what stands in the metadata, become others.
_FORMAT = 1
_KEY = b"genrekit"

# The columns beside the features; all that tells a file from another one under its name.
LABELS = {
    "path": "string",
    "size": "int64",
    "mtime_ns": "int64",
    "seconds": "float64",
    "error": "string",
    "remark": "string",
}


def arrow() -> tuple[Any, Any]:
    """`pyarrow` and its module for Parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            f"a folder of rows needs pyarrow ({error}): pip install 'genrekit[table]'"
        ) from error
    return pyarrow, pyarrow.parquet


def number_rules() -> dict[str, Any]:
    """What decides about the numbers of all tracks beside parameters: raised, or other, with them.

    Returns
    -------
    dict
        As JSON holds it.
    """
    return {"numbers": CACHE_VERSION, "kernels": kernels.FLAVOUR, "downmix": DOWNMIX_RULE}


def identity_of(plan: Plan, decoder: Any) -> dict[str, Any]:
    """What decides about rows beside the tracks, as JSON gives it back."""
    rules = number_rules()
    parameters = {"features": list(plan.names), **asdict(plan.frontends[0])}
    key = digest((plain(rules), plan.key(), plain(plan.columns), plain(decoder)))
    told = {"version": __version__, "rules": rules, "parameters": parameters, "key": key}
    identity: dict[str, Any] = json.loads(json.dumps({"format": _FORMAT, **told}, default=repr))
    return identity


def make_schema(columns: list[str], identity: Mapping[str, Any]) -> Any:
    """The columns of a shard: the labels, then a feature each as float64, the type of rows."""
    pa, _ = arrow()
    if own := set(LABELS).intersection(columns):
        raise ValueError(f"a column of features can't be called {min(own)!r}: rename the feature")
    types = {**LABELS, **dict.fromkeys(columns, "float64")}
    fields = [(name, pa.type_for_alias(kind)) for name, kind in types.items()]
    return pa.schema(fields, {_KEY: json.dumps(identity).encode()})


def told(schema: Any, file: Path) -> dict[str, Any]:
    """The identity in the schema of a shard; `ValueError` if there is none that can be read."""
    try:
        identity: dict[str, Any] = json.loads((schema.metadata or {})[_KEY])
        made_by = identity["format"], identity["version"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{file}: genrekit has not written it: take another folder") from None
    if made_by[0] > _FORMAT:
        raise ValueError(f"{file}: written by a newer genrekit, {made_by[1]}: pip install -U it")
    if [name for name in LABELS if name not in schema.names]:
        raise ValueError(f"{file}: columns are missing, something else wrote over it: remove it")
    return identity


def check_same(folder: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse to put rows beside others; the `ValueError` says by what they differ."""
    if found["key"] == wanted["key"]:
        return
    raise ValueError(
        f"{folder} holds rows of {_difference(found, wanted)}: write into another folder"
    )


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first thing that is not the same, in words."""
    for name, value in wanted["parameters"].items():
        before = found["parameters"].get(name)
        if before != value:
            return f"{name}={before!r:.99}, and these would be of {name}={value!r:.99}"
    if found["rules"] != wanted["rules"]:
        versions = found["version"], wanted["version"]
        return f"genrekit {versions[0]}, which {versions[1]} would compute with other numbers"
    return "features with other parameters or statistics, or through another decoder"
