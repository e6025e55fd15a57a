"""Where classes in older files are now: skops files each class under its module."""

from __future__ import annotations

import json
from collections.abc import Mapping

from genrekit.persistence._schema import FILE, iter_nodes, parse_schema

__all__ = ["MOVED", "follow_moves"]

_SHELLS = "genrekit.features.transformers"

# Dotted name in files of earlier versions → dotted name now. Entries stay for good.
MOVED = {
    f"{_SHELLS}.temporal.RMSEnergy": f"{_SHELLS}.temporal.RMS",
    "genrekit.models._tempered.TemperedClassifier": "genrekit.heads._tempered.TemperedClassifier",
    "genrekit.models._embedding.CNNEmbedding": "genrekit.networks._embedding.CNNEmbedding",
    "genrekit.networks._inputs.MelInput": "genrekit.patches._inputs.MelInput",
}


def follow_moves(members: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The members of a model file, its classes under the names that they have now.

    Parameters
    ----------
    members : mapping of str to bytes
        Content of each member, by its name.

    Returns
    -------
    mapping of str to bytes
        `members` itself if no class has moved, else a copy with another schema.
    """
    schema = parse_schema(members[FILE])
    moved = [node for node in iter_nodes(schema) if node.type_name in MOVED]
    if not moved:
        return members
    for node in moved:
        module, _, name = MOVED[node.type_name].rpartition(".")
        node.state.update(__module__=module, __class__=name)
    return {**members, FILE: json.dumps(schema).encode()}
