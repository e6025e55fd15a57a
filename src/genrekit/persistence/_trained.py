"""Networks that stand inside a model: a card as a dict, and what its file holds as an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from genrekit.networks import ModelCard, check_content, get_card
from genrekit.patches import FeaturesInput

__all__ = ["check_trained"]


def check_trained(card: Any, content: Any) -> ModelCard:
    """The card of a network in a model from elsewhere, if its file is the one it names."""
    if not isinstance(content, np.ndarray) or content.dtype != np.uint8 or content.ndim != 1:
        raise ValueError("its network is no array of bytes")
    try:
        found = ModelCard.from_json(card)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its model card is none: {error}") from error
    if not isinstance(found.input, FeaturesInput):
        raise ValueError(f"its model card is not that of what was trained here: {found.input.kind}")
    check_content(found, content.tobytes(), "its network")
    for name, sha256 in found.references.items():
        # The path of a card, which a hostile file could point anywhere, is opened when used.
        if not name.endswith(".json") and not (here := get_card(name)).stands_for(sha256):
            raise ValueError(
                f"it was trained on the network of SHA-256 {sha256}, but {name!r} here is "
                f"{here.sha256}: use the version it was trained on"
            )
    return found
