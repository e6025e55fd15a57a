"""Model cards: what a network is, as data."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from genrekit._json import as_json, as_mapping, check_fields
from genrekit._tables import atomic_path
from genrekit._validation import check_choice, check_integer, check_number
from genrekit.downloads import PackageSource
from genrekit.patches import EmbeddingRows, FeaturesInput, MelInput, WaveformInput, parse_input

__all__ = ["ModelCard"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# A card is a page of text, with a name for each unit; protobuf, and so ONNX, ends at 2 GiB.
_MOST_TEXT = 1 << 22
_MOST_BYTES = 1 << 31
_MOST_UNITS = 1 << 20
_LONGEST_NAME = 200  # what all file systems take
_SAME = 1e-5  # what sums of 32-bit floats in another order differ by
_TEXTS = ("name", "title", "file", "sha256", "licence", "source", "trained_on", "limits")


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What a network is: what it hears and answers, where it comes from, what it may be used for.

    A card is a JSON file that holds these fields, `path` excepted. Any network can be described
    that takes patches of a mel spectrogram, as 32-bit floats of shape (n, frames, bands), of a
    waveform, (n, samples), or of features, (n, rows, columns), and answers with arrays of shape
    (n, units). Its numbers must lie in the one ONNX file. A network is a program: how long it runs
    and how much memory it takes is its own affair, so use those of people you trust.

    Parameters
    ----------
    name : str
        Short name, in lower case.
    title : str
        What it is, in a line.
    input : MelInput, WaveformInput or FeaturesInput
        What it hears. In JSON an object with ``"kind"`` ("mel", "waveform" or "features") and the
        parameters.
    outputs : mapping of str to int
        Names of its outputs, as in the ONNX file, and how many units each has.
    file : str
        Name of the ONNX file, which lies beside the card or is downloaded.
    sha256 : str
        SHA-256 of that file.
    size : int
        Its size, bytes.
    licence : str
        Licence of the weights, an SPDX identifier where there is one.
    source : str
        Who made it and where it is from.
    trained_on : str
        What it was trained on.
    limits : str
        Where it fails and what it should not be used for.
    url : str, optional
        Where the ONNX file can be downloaded, see `fetch_model`.
    package : PackageSource, optional
        Instead, what in a package of the Python index it is made of: an object in JSON.
    patch_hop : float, default=3.0
        Distance of patches, seconds, unless a `CNNEmbedding` asks for another.
    max_patches : int or None, default=12
        How many of a long track, likewise; None for every one.
    labels : mapping of str to sequence of str, default={}
        For an output whose units mean something, their names.
    genres : mapping of str to sequence of str, default={}
        Genres as groups of labels of the first output, for use as a classifier as it is.
    notice : str, optional
        Name of a file beside the card with the licence's text.
    replaces : mapping of str to float, default={}
        Earlier files that this one takes the place of: the SHA-256 of each, and by how much answers
        differ at most, in parts of the largest. What was trained on those goes on as it is.
    path : Path, optional
        The card itself.

    Raises
    ------
    ValueError
        If a field is missing, unknown, out of all proportion or does not fit the others.

    See Also
    --------
    genrekit.networks.get_card : Finds cards by name.

    Examples
    --------
    >>> from genrekit.networks import get_card
    >>> card = get_card("msd-musicnn")
    >>> card.licence, card.input.sr, card.outputs["tags"], card.labels["tags"][:2]
    ('ISC', 16000, 50, ('rock', 'pop'))
    """

    name: str
    title: str
    input: MelInput | WaveformInput | FeaturesInput
    outputs: Mapping[str, int]
    file: str
    sha256: str
    size: int
    licence: str
    source: str
    trained_on: str
    limits: str
    url: str | None = None
    package: PackageSource | None = None
    patch_hop: float = 3.0
    max_patches: int | None = 12
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    genres: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notice: str | None = None
    replaces: Mapping[str, float] = field(default_factory=dict)
    path: Path | None = None

    def __post_init__(self) -> None:
        self._check_texts()
        check_integer("size", self.size, minimum=1, maximum=_MOST_BYTES)
        if not isinstance(self.outputs, Mapping) or not self.outputs:
            raise ValueError(f"outputs must name one output or more, not {self.outputs!r}")
        for name, units in self.outputs.items():
            check_integer(f"outputs: {name}", units, minimum=1, maximum=_MOST_UNITS)
        check_number("patch_hop", self.patch_hop, above=0, maximum=86400)
        if self.max_patches is not None:
            check_integer("max_patches", self.max_patches, minimum=1)
        self._check_source()
        self._check_labels()
        self._check_replaces()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> ModelCard:
        """Read a card.

        Parameters
        ----------
        path : path-like
            A JSON file.

        Returns
        -------
        ModelCard
            The card.

        Raises
        ------
        ValueError
            If it is no card; the message names the file and what is wrong.
        FileNotFoundError
            If there is no such file.
        """
        path = Path(path)
        try:
            return replace(cls.from_json(_read_json(path)), path=path)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{path}: there is no such model card") from error
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is no model card: {error}") from error

    @classmethod
    def from_json(cls, content: Any) -> ModelCard:
        """A card, without a `path`, from what `to_json` gave; `ValueError` says what is wrong."""
        return cls(**_parse(content))

    def to_json(self) -> dict[str, Any]:
        """What its JSON file holds: all fields but `path`, in types that JSON has."""
        content: dict[str, Any] = as_json(self)
        del content["path"]
        return content

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the JSON file, the same bytes for the same card, over what is there."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(text.encode())

    @property
    def default_output(self) -> str:
        """The first output."""
        return next(iter(self.outputs))

    @property
    def origin(self) -> str | None:
        """Where its file can be fetched from, in words; None where that is not known."""
        if self.package is not None:
            return f"the package {self.package.name} {self.package.version} of the Python index"
        return self.url

    @property
    def references(self) -> dict[str, str]:
        """SHA-256 of each other network that it hears, by name or path."""
        if not isinstance(self.input, FeaturesInput):
            return {}
        heard = (entry for entry in self.input.inputs if isinstance(entry, EmbeddingRows))
        return {entry.model: entry.sha256 for entry in heard}

    def stands_for(self, sha256: str) -> bool:
        """Whether what was trained on the file of that SHA-256 may hear this network."""
        return sha256 in (self.sha256, *self.replaces)

    def _check_texts(self) -> None:
        """Texts are texts, and names can't lead out of a folder."""
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"{name} must be a text, not {value!r}")
        if self.notice is not None and not isinstance(self.notice, str):
            raise ValueError(f"notice must be a text, not {self.notice!r}")
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ValueError(f"name must be of a-z, 0-9, '.', '_' and '-', not {self.name!r}")
        for field_name in ("file", "notice"):
            value = getattr(self, field_name)
            if value is None:
                continue
            if value != Path(value).name or "\\" in value or len(value) > _LONGEST_NAME:
                raise ValueError(f"{field_name} must be a name without folders, not {value!r}")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"sha256 must be 64 digits 0-9, a-f, not {self.sha256!r}")

    def _check_source(self) -> None:
        """One place to fetch the file from, with all outputs."""
        if self.url is not None and not str(self.url).startswith(("https://", "http://")):
            raise ValueError(f"url must begin with https:// or http://, not {self.url!r}")
        if self.url is not None and self.package is not None:
            raise ValueError("url and package are two places to fetch the file from: give one")
        named = self.package.tensors if self.package is not None else {}
        if named and set(named) != set(self.outputs):
            raise ValueError(f"package: tensors must have the outputs {', '.join(self.outputs)}")
        if named and not isinstance(self.input, (MelInput, WaveformInput)):
            raise ValueError("package: a network on features is taken as it is, without tensors")

    def _check_labels(self) -> None:
        """One label a unit, no label twice; genres are groups of labels."""
        for output, labels in self.labels.items():
            check_choice("output in labels", output, self.outputs)
            if len(labels) != self.outputs[output] or len(set(labels)) < len(labels):
                raise ValueError(
                    f"labels of {output!r} must be {self.outputs[output]} different names, "
                    f"not {len(labels)} with {len(set(labels))} different ones"
                )
        known = self.labels.get(self.default_output, ())
        for genre, labels in self.genres.items():
            for label in labels:
                check_choice(f"label of the genre {genre!r}", label, known)

    def _check_replaces(self) -> None:
        """Only a file with the same answers can be replaced without a word."""
        for sha256, difference in as_mapping("replaces", self.replaces).items():
            if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
                raise ValueError(f"replaces must name files by SHA-256, not {sha256!r:.80}")
            check_number("replaces", difference, minimum=0, maximum=_SAME)


def _read_json(path: Path) -> Any:
    """What a JSON file holds."""
    with path.open("rb") as file:
        text = file.read(_MOST_TEXT + 1)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"it has more than {_MOST_TEXT} bytes")
    try:
        return json.loads(text.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _parse(content: Any) -> dict[str, Any]:
    """The fields of a card from its JSON."""
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not an object with fields")
    check_fields(content, ModelCard, "")
    parsed = dict(content)
    parsed["input"] = parse_input(content["input"])
    if content.get("package") is not None:
        check_fields(as_mapping("package", content["package"]), PackageSource, "package: ")
        parsed["package"] = PackageSource(**content["package"])
    for name in ("labels", "genres"):
        groups = content.get(name) or {}
        if not all(_is_list_of_str(labels) for labels in as_mapping(name, groups).values()):
            raise ValueError(f"{name} must map names to lists of names")
        parsed[name] = {key: tuple(labels) for key, labels in groups.items()}
    return parsed


def _is_list_of_str(value: Any) -> bool:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
