"""The zip file of a saved model: its members, its SHA-256 manifest and its size limits."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genrekit._tables import atomic_path

MANIFEST = "genrekit.json"
FORMAT = 1

# Declared sizes are checked before anything is unpacked; a real model is far smaller.
MAX_BYTES = 2 * 1024**3

# Flat names only, so that no member can point outside the archive.
_MEMBER_NAME = re.compile(r"[A-Za-z0-9_-]+\.(json|npy)")
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(members: Mapping[str, bytes], manifest: dict[str, Any]) -> bytes:
    """Zip the members and a manifest with their hashes; equal members give equal bytes."""
    manifest = {"format": FORMAT, **manifest, "sha256": _hashes(members)}
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {MANIFEST: text, **members}.items():
            info = zipfile.ZipInfo(name, _OLDEST_ZIP_DATE)
            info.create_system = 3  # the same bytes on every operating system
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return buffer.getvalue()


def read_archive(data: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Unpack and verify; returns the members without the manifest, and the manifest."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_infos(archive.infolist())
            members = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"not a model file, or a damaged one: {error}") from error
    manifest = _read_manifest(members)
    _check_hashes(members, manifest)
    for name, content in members.items():
        if name.endswith(".npy"):
            _check_npy(name, content)
    return members, manifest


def unzip(data: bytes) -> dict[str, bytes]:
    """All members of a zip file that this process has just made."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_atomically(path: Path, data: bytes) -> None:
    """Write beside ``path``, then rename, so that no half-written model is ever seen."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist")
    with atomic_path(path) as temporary, temporary.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _hashes(members: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each member."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}


def _check_infos(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse doubtful names, repeated names, encryption and absurd sizes before unpacking."""
    names = [info.filename for info in infos]
    for info in infos:
        # zipfile cuts a name at a null byte and keeps the original beside it.
        if info.orig_filename != info.filename or not _MEMBER_NAME.fullmatch(info.filename):
            raise ValueError(f"a member named {info.orig_filename!r} has no place in a model file")
        if info.flag_bits & 0x1 or info.compress_type not in _COMPRESSIONS:
            raise ValueError(f"member {info.filename!r} is encrypted or packed in an unknown way")
    if len(set(names)) != len(names):
        raise ValueError("a member name occurs twice")
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise ValueError(f"it would unpack to {total} bytes, more than the limit of {MAX_BYTES}")


def _read_manifest(members: dict[str, bytes]) -> dict[str, Any]:
    """Take the manifest out of the members."""
    if MANIFEST not in members:
        raise ValueError(
            f"it has no {MANIFEST}, so genrekit.save did not write it; "
            "a plain skops file can be loaded with skops.io.load"
        )
    manifest = json.loads(members.pop(MANIFEST))
    if manifest["format"] != FORMAT:
        raise ValueError(
            f"its format is {manifest['format']!r} and this genrekit reads {FORMAT}; "
            "install the genrekit that wrote it, "
            f"{manifest.get('versions', {}).get('genrekit', 'a newer one')}"
        )
    return manifest


def _check_hashes(members: Mapping[str, bytes], manifest: dict[str, Any]) -> None:
    """The members are exactly those of the manifest, byte for byte."""
    expected = manifest["sha256"]
    if different := sorted(set(members) ^ set(expected)):
        raise ValueError(f"members missing from the file or from its manifest: {different}")
    actual = _hashes(members)
    if damaged := sorted(name for name in actual if actual[name] != expected[name]):
        raise ValueError(f"damaged: the SHA-256 of {damaged} is not that of the manifest")


def _check_npy(name: str, data: bytes) -> None:
    """The header declares as many bytes as follow, since numpy allocates by the header."""
    file = io.BytesIO(data)
    # numpy.load would also open a zip file or a pickle here; only the .npy format is let through.
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"{name} has the unknown .npy version {version}")
    count = math.prod(shape)
    fits = count * dtype.itemsize == len(data) - file.tell()
    # The second condition is for items of zero bytes, of which any number would fit.
    if dtype.hasobject or min(shape, default=0) < 0 or not fits or count > len(data):
        raise ValueError(f"{name} does not hold the {dtype} array of shape {shape} it declares")
