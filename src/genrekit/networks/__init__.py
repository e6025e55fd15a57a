"""Networks in ONNX: their cards, where their files are, and running them.

A network is a file ``.onnx`` and a card ``.json`` that says what it hears and answers, under which
licence it stands, and the SHA-256 of the file. Adding one takes no code: see `ModelCard`.
"""

from genrekit.networks._card import ModelCard
from genrekit.networks._inputs import MelInput, WaveformInput
from genrekit.networks._network import Network
from genrekit.networks._registry import fetch_model, get_card, list_models, locate, model_rows

__all__ = [
    "MelInput",
    "ModelCard",
    "Network",
    "WaveformInput",
    "fetch_model",
    "get_card",
    "list_models",
    "locate",
    "model_rows",
]
