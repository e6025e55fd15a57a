"""The zip file of a saved model: its members, its SHA-256 manifest and its size limits."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from genrekit._tables import atomic_path

MANIFEST = "genrekit.json"
FORMAT = 1

# What a file says of its sizes is checked before anything is read or unpacked. A forest of 500
# trees has 2,500 members, 7 MB packed and 52 unpacked, 3 of them its schema. zlib could make a
# thousand bytes of one.
MAX_BYTES = 2 * 1024**3
_RATIO, _SPARE = 50, 16 * 1024**2
# JSON takes twenty times its size once it is parsed.
_JSON_A_MEMBER, _JSON_SPARE = 4096, 16 * 1024**2

# What stands around the members: the last record, and the two records of each beside its name.
_END, _LOCAL, _CENTRAL, _LONGEST_NAME = 22, 30, 46, 100
_END_MAGIC, _ZIP64_MAGIC = b"PK\x05\x06", b"PK\x06\x07"
_GAP = 64 * 1024  # bytes of a file that may belong to nothing

# Flat names only, so that no member can point outside the archive.
_MEMBER_NAME = re.compile(r"[A-Za-z0-9_-]+\.(json|npy)")
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def write_archive(members: Mapping[str, bytes], manifest: dict[str, Any]) -> bytes:
    """Zip the members and a manifest with their hashes; equal members give equal bytes."""
    manifest = {"format": FORMAT, **manifest, "sha256": _hashes(members)}
    text = json.dumps(manifest, indent=1, sort_keys=True).encode()
    members = {MANIFEST: text, **members}
    data = _zipped(members, zipfile.ZIP_DEFLATED)
    try:
        _check_directory(data)
    except ValueError:  # so uniform that it would be taken for something else
        data = _zipped(members, zipfile.ZIP_STORED)
        _check_directory(data)
    return data


def pack(members: Mapping[str, bytes]) -> bytes:
    """The members as they are, for a reader in this process."""
    return _zipped(members, zipfile.ZIP_STORED)


def _zipped(members: Mapping[str, bytes], compression: int) -> bytes:
    """The members as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _OLDEST_ZIP_DATE)
            info.create_system = 3  # the same bytes on every operating system
            info.compress_type = compression
            archive.writestr(info, data)
    return buffer.getvalue()


def _check_directory(data: bytes) -> None:
    """What `read_archive` would check first."""
    with _opened(io.BytesIO(data)):
        pass


def read_file(path: Path) -> bytes:
    """A file's content, once what it says of itself shows that there is something to read."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{size} bytes, more than the limit of {MAX_BYTES}")
    with path.open("rb") as file, _opened(file):
        file.seek(0)
        return file.read(size)


def read_archive(data: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Unpack and verify; returns the members without the manifest, and the manifest."""
    with _opened(io.BytesIO(data)) as archive:
        members = {info.filename: _unpack(archive, info) for info in archive.infolist()}
    manifest = _read_manifest(members)
    _check_hashes(members, manifest)
    for name, content in members.items():
        if name.endswith(".npy"):
            _check_npy(name, content)
    return members, manifest


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """A zip file whose directory has passed the checks; nothing else of it has been read."""
    size = _check_end(file)
    try:
        with zipfile.ZipFile(file) as archive:
            _check_infos(archive.infolist())
            _check_sizes(archive.infolist(), size)
            yield archive
    # OSError: a record that points before the beginning.
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"not a model file, or a damaged one: {error}") from error


def _check_end(file: IO[bytes]) -> int:
    """The last record promises a directory of a plain kind and a plausible size."""
    size = file.seek(0, os.SEEK_END)
    around = 20 + _END  # zipfile follows a record of 20 bytes before it, if there is one
    file.seek(max(0, size - around))
    last = file.read(around)
    end, before = last[-_END:], last[:-_END]
    if len(end) < _END or not end.startswith(_END_MAGIC) or before.startswith(_ZIP64_MAGIC):
        raise ValueError("not a model file, or a damaged one: it does not end as such files do")
    # Two bytes: more than 65,535 members take a directory of the other kind.
    (n_members,), (n_bytes,) = struct.unpack("<H", end[10:12]), struct.unpack("<L", end[12:16])
    if n_bytes > n_members * (_CENTRAL + _LONGEST_NAME):
        raise ValueError(f"a directory of {n_bytes} bytes is too large for {n_members} members")
    return size


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member, and no more of it than was declared."""
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise ValueError(f"member {info.filename!r} is not of the size that it declares")
    return content


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


def _check_sizes(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse what would unpack to far more than there is, and bytes that count twice or not."""
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if unpacked > MAX_BYTES:
        raise ValueError(f"it would unpack to {unpacked} bytes, more than the limit of {MAX_BYTES}")
    if unpacked > _SPARE + _RATIO * packed:
        raise ValueError(f"it would unpack to {unpacked} bytes from {packed}, which no model does")
    texts = sum(info.file_size for info in infos if info.filename.endswith(".json"))
    if texts > _JSON_SPARE + _JSON_A_MEMBER * len(infos):
        raise ValueError(f"its schema of {texts} bytes is too large for {len(infos)} members")
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ValueError(f"member {info.filename!r} lies inside another one")
        end = info.header_offset + _LOCAL + len(info.filename) + info.compress_size
    known = packed + sum(_LOCAL + _CENTRAL + 2 * len(info.filename) for info in infos)
    if end > size or size - known > _GAP + _CENTRAL * len(infos):
        raise ValueError("not a model file, or a damaged one: its parts do not make up the file")


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
