"""Large archives from the web: downloads that go on where they broke off, and safe unpacking."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import stat
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from genrekit._progress import progress_bar

__all__ = ["download", "unpack"]

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 60.0  # seconds without a byte
_ATTEMPTS = 5  # in a row that bring nothing
_PAUSE = 2.0  # seconds between attempts


def download(url: str, path: Path, *, sha1: str, verbose: int = 0) -> None:
    """Download a file, going on with what an earlier attempt left in ``<path>.part``."""
    part = path.with_name(path.name + ".part")
    if path.is_file():  # put there by hand, and perhaps not whole
        if _sha1(path) == sha1:
            return
        os.replace(path, part)
    _fetch(url, part, verbose)
    found = _sha1(part)
    if found != sha1:
        part.unlink()  # going on with it would be no use
        raise ValueError(
            f"{url}: its SHA-1 is {found}, published is {sha1}; the download was damaged or the "
            "file on the server is another one. It was removed: call again to start anew"
        )
    os.replace(part, path)  # what has this name is right


def _fetch(url: str, part: Path, verbose: int) -> None:
    """Fetch a file whole, however often the connection breaks, as long as each time brings some."""
    failures = 0
    while True:
        before = _size(part)
        try:
            return _continue(url, part, verbose)
        except (OSError, http.client.HTTPException) as error:
            failures = 0 if _size(part) > before else failures + 1
            if failures == _ATTEMPTS or _is_final(error):
                kept = f"; {_size(part):,} bytes are kept, call again to go on" * part.exists()
                raise ConnectionError(f"{url}: {error}{kept}") from error
        time.sleep(_PAUSE)


def _continue(url: str, part: Path, verbose: int) -> None:
    """Fetch what is missing of a file; raise if the connection ends before the file does."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return  # nothing is missing; the digest tells whether it is right
        raise
    with response:
        # A server that knows no ranges sends the file from its beginning.
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        start = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        _copy(response, part, start, total, verbose)
    if total is not None and _size(part) < total:
        raise ConnectionError(f"the connection broke after {_size(part):,} of {total:,} bytes")


def _copy(response: Any, part: Path, start: int, total: int | None, verbose: int) -> None:
    """Write what comes, with a bar that counts it."""
    name = part.name.removesuffix(".part")
    bar = progress_bar(
        desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=not verbose
    )
    with part.open("ab" if start else "wb") as file, bar:
        while chunk := response.read(_CHUNK):
            file.write(chunk)
            bar.update(len(chunk))


def _is_final(error: Exception) -> bool:
    """Whether asking again can't help: there is no such file, or not for us."""
    return isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404, 410)


def _size(path: Path) -> int:
    """Size in bytes, 0 of a file that is not there."""
    return path.stat().st_size if path.exists() else 0


def _sha1(path: Path) -> str:
    """The digest that FMA publishes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def unpack(archive: Path, folder: Path, *, verbose: int = 0) -> None:
    """Unpack an archive that holds one folder of the name of `folder`, whole or not at all."""
    # Beside its final place, so that a rename ends it: a folder that is there is complete.
    temporary = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with _named(archive), zipfile.ZipFile(archive) as file:
            members = file.infolist()
        for member in members:
            _check_member(member, folder.name, archive)
        _check_space(members, folder.parent)
        with _named(archive), zipfile.ZipFile(archive) as file:
            for member in progress_bar(members, desc=folder.name, unit="file", disable=not verbose):
                file.extract(member, temporary)
        os.replace(temporary / folder.name, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Name the archive that turned out to be damaged."""
    try:
        yield
    # Encrypted members are a RuntimeError, unknown compressions a NotImplementedError; bzip2 says
    # OSError, without the number that those of a disk have.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        raise ValueError(
            f"{archive}: a damaged archive ({error}); delete it and call again to get another"
        ) from error


def _check_member(member: zipfile.ZipInfo, folder: str, archive: Path) -> None:
    """Refuse what would land outside the folder, and links, through which others could."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    outside = ".." in path.parts or not path.parts or path.parts[0] != folder
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(
            f"{archive}: unsafe archive: its member {member.filename!r} "
            f"{'lies outside the folder ' + folder if outside else 'is a link'}; "
            "nothing was unpacked"
        )


def _check_space(members: list[zipfile.ZipInfo], root: Path) -> None:
    """Find out before an hour of work that the disk is too small."""
    needed = sum(member.file_size for member in members)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise OSError(f"{root}: unpacking takes {needed:,} bytes, {free:,} are free")
