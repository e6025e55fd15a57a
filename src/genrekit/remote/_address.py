"""What is an address, and how it is shown: without what nobody else should read."""

from __future__ import annotations

import os
import re
from hashlib import blake2b
from typing import Any

__all__ = ["is_address", "protocols", "refuse_address", "scrubbed", "without_secrets"]

# One letter would be a drive. "simplecache::s3://bucket/a.mp3" is one address, and so is
# "zip://a.mp3::s3://bucket/album.zip".
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)(?:::.*)?://", re.IGNORECASE | re.DOTALL)
# These name files on this disk, and whoever opens them says what to pass instead.
_LOCAL = ("file", "local")

_IN_TEXT = re.compile(r"[a-z][a-z0-9+.-]+://[^\s'\"<>]+", re.IGNORECASE)
# What stands before an "@" of these is a user; elsewhere it may be half the name of a file.
_HOSTS = ("http", "https", "ftp", "sftp", "ssh", "smb", "webdav", "webdavs", "webhdfs")
# Parameters of a signature, which are others each time the same file is signed.
_SIGNED = re.compile(
    r"x-(amz|goog|oss)-.*|(aws|google|oss)access(key)?id|expires|signature|policy|key-pair-id"
    r"|q-(sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)",
    re.IGNORECASE,
)
_SIGNED_AZURE = re.compile(r"s(ig|e|p|v|r|t|pr|ip|i|ks|ke|kt|kv|koid|ktid)", re.IGNORECASE)
# Parameters that may be secrets, and may be all that tells one file from another.
_SECRET = re.compile(
    r".*(token|secret|passw|pwd|auth(?!or)|cred|sig|hmac|session|jwt|key|hdne|hdnts).*|pass|pw|verify",
    re.IGNORECASE,
)
_LONG = 40
# What stands in place of such a value.
_DIGEST = re.compile("~[0-9a-f]{8}")


def is_address(path: str) -> bool:
    """Whether a path is an address that fsspec reads, and no file here is called so.

    Parameters
    ----------
    path : str
        What a user passed as a path.

    Returns
    -------
    bool
        True for ``s3://bucket/a.mp3`` or ``zip://a.mp3::album.zip``; False for a path, and for
        ``file://``, which the error of what can't be opened says more about.

    Examples
    --------
    >>> from genrekit.remote import is_address
    >>> is_address("s3://bucket/a.mp3"), is_address(r"C:\\music\\a.mp3"), is_address("AC::DC.mp3")
    (True, False, False)
    """
    if "://" not in path:  # all that a path pays
        return False
    found = _ADDRESS.match(path)
    return found is not None and found[1].lower() not in _LOCAL and not os.path.lexists(path)


def protocols(url: str) -> list[str]:
    """The protocols of an address, that of the file itself first."""
    return [part.partition("://")[0].lower() for part in url.split("::")]


def without_secrets(path: Any) -> str:
    """A path as it is; an address without user, password, signature and other secrets.

    Parameters
    ----------
    path : str or path-like
        What a user passed.

    Returns
    -------
    str
        What tables, messages and keys hold. Of a parameter that may be a secret a digest stays, so
        that addresses which differ in nothing else are told apart.

    Examples
    --------
    >>> from genrekit.remote import without_secrets
    >>> without_secrets("https://me:word@example.org/a.mp3?v=2&X-Amz-Signature=0123&Expires=99")
    'https://example.org/a.mp3?v=2'
    """
    text = os.fsdecode(path)
    return "::".join(map(_clean, text.split("::"))) if is_address(text) else text


def scrubbed(text: str) -> str:
    """A text without the secrets of addresses in it."""
    return _IN_TEXT.sub(lambda found: _clean(found[0]), text)


def refuse_address(path: Any, what: str) -> None:
    """Raise unless a path is on this machine: tracks are read from elsewhere, nothing else is.

    Parameters
    ----------
    path : str or path-like
        What a user passed.
    what : str
        How the message begins: what the path is for.

    Raises
    ------
    ValueError
        If it is an address.
    """
    text = os.fsdecode(path)
    if is_address(text):
        raise ValueError(
            f"{what} must be on this machine, or on a file system that is mounted here, and "
            f"{without_secrets(text)} is an address: copy it there or back"
        )


def _clean(url: str) -> str:
    """A part of an address without its secrets."""
    protocol, mark, rest = url.partition("://")
    if not mark:
        return url
    rest, question, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    user, at, name = host.rpartition("@")
    host = name if at and (protocol.lower() in _HOSTS or ":" in user) else host
    kept = _kept(query.split("&"))
    question = question if kept or not query else ""
    return f"{protocol}{mark}{host}{slash}{path}{question}{'&'.join(kept)}"


def _kept(parameters: list[str]) -> list[str]:
    """The parameters that are shown."""
    names = [parameter.partition("=")[0] for parameter in parameters]
    azure = any(name.lower() == "sig" for name in names)
    kept = []
    for name, parameter in zip(names, parameters, strict=True):
        if _SIGNED.fullmatch(name) or (azure and _SIGNED_AZURE.fullmatch(name)):
            continue
        value = parameter[len(name) + 1 :]
        secret = _SECRET.fullmatch(name) or len(value) > _LONG
        if value and secret and not _DIGEST.fullmatch(value):
            digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
            parameter = f"{name}=~{digest}"
        kept.append(parameter)
    return kept
