"""Folders in a store, and the files in them."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from genrekit.exceptions import AudioDecodeError
from genrekit.remote._address import protocols
from genrekit.remote._patience import patiently
from genrekit.remote._store import open_store

__all__ = ["find_files", "is_folder"]


def is_folder(url: str, files: Collection[str]) -> bool:
    """Whether an address is that of a folder.

    Parameters
    ----------
    url : str
        The address.
    files : collection of str
        Endings of files, in lower case: what has one of them is none, whatever the store says.

    Returns
    -------
    bool
        True if it ends in a slash, and if it has none of the endings and the store says so; what a
        store does not tell of is read, and that says why. Of web servers nothing is asked: they
        would begin to send.
    """
    name = url.partition("::")[0]
    if name.endswith("/"):
        return True
    if os.path.splitext(name)[1].lower() in files or protocols(url)[0].startswith("http"):
        return False

    def ask() -> bool:
        fs, path = open_store(url)
        return bool(fs.isdir(path))

    try:
        return patiently(url, ask)
    except AudioDecodeError:
        return False


def find_files(url: str) -> list[tuple[str, tuple[str, ...]]]:
    """All files at any depth below a folder; hidden ones are left out.

    Parameters
    ----------
    url : str
        Its address.

    Returns
    -------
    list of (str, tuple of str)
        The address of each, and the folders it lies in below this one; sorted.

    Raises
    ------
    AudioDecodeError
        If the store does not tell.
    """
    fs, path, names = patiently(url, lambda: _listed(url))
    root = fs._strip_protocol(path).rstrip("/")
    head, chain, rest = url.partition("::")
    head = head if head.endswith("://") else f"{head.rstrip('/')}/"
    found = []
    for name in names:
        inside = fs._strip_protocol(name)[len(root) :].lstrip("/")
        parts = inside.split("/")
        if inside and not any(part.startswith(".") for part in parts):
            found.append((f"{head}{inside}{chain}{rest}", tuple(parts[:-1])))
    return sorted(found)


def _listed(url: str) -> tuple[Any, str, list[str]]:
    """The file system, the path there, and what is below it."""
    fs, path = open_store(url)
    fs.invalidate_cache(path)
    return fs, path, list(fs.find(path))
