"""Files that are not on this disk, through fsspec: S3, HTTP, members of archives and others.

Addresses in, bytes out: all of a file, or the parts that are read. What may pass is tried again.
fsspec is imported when the first address is read; a path never needs it.
"""

from __future__ import annotations

from genrekit.remote._address import is_address, refuse_address, without_secrets
from genrekit.remote._file import RemoteFile, states_of
from genrekit.remote._folder import find_files, is_folder

__all__ = [
    "RemoteFile",
    "find_files",
    "is_address",
    "is_folder",
    "refuse_address",
    "without_secrets",
    "states_of",
]
