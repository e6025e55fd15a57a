"""One file in a store: what it is, and its bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from genrekit.exceptions import AudioDecodeError
from genrekit.remote._address import protocols, without_secrets
from genrekit.remote._patience import NoPartsError, ShortError, patience, patiently

__all__ = ["MOST", "State", "StoredFile", "open_store"]

# Bytes of what must be held whole, as of what comes through a pipe.
MOST = 1 << 30
_CHUNK = 1 << 20
# Bytes of one request: a connection that breaks costs no more.
_PIECE = 1 << 24

# What stores call that by which a version of a file is told from others.
_STAMPS = (
    *("etag", "md5", "md5hash", "content-md5", "content_md5", "digest", "crc", "crc32c"),
    *("generation", "version_id", "versionid", "mtime", "modified", "last-modified", "created"),
    *("lastmodified", "last_modified", "updated", "date_time", "checksum", "sha", "sha256"),
)


class State(NamedTuple):
    """What a store says of a file.

    Attributes
    ----------
    size : int or None
        Its bytes; None where that is not said.
    stamps : tuple of (str, str)
        What changes with its content; empty where nothing is said that does.
    """

    size: int | None
    stamps: tuple[tuple[str, str], ...]


def open_store(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path there."""
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(url, **_options(url))
    except ValueError as error:
        if "rotocol not known" not in str(error):
            raise
        reason = f"{protocols(url)[0]}:// is no kind of address that fsspec knows"
        raise AudioDecodeError(without_secrets(url), reason, hint="Check its beginning") from None
    if protocols(url)[0] in ("s3", "s3a"):
        fs.retries = 1  # or it would try five times each time that we do
    return fs, path


def _options(url: str) -> dict[str, Any]:
    """How long to wait, for those protocols that can be told; what the user configured wins."""
    import fsspec

    options: dict[str, Any] = {}
    for protocol in {"http", "https", "s3", "s3a"}.intersection(protocols(url)):
        name, limits = _limits(protocol, patience())
        own = fsspec.config.conf.get(protocol, {}).get(name, {})
        options[protocol] = {name: {**limits, **own}}
    return options


def _limits(protocol: str, seconds: float) -> tuple[str, dict[str, Any]]:
    """What a protocol calls such options, and those that say how long to wait."""
    if protocol.startswith("s3"):
        retries = {"max_attempts": 0}  # what is below s3fs tries again as well
        waits = {"connect_timeout": seconds, "read_timeout": seconds}
        return "config_kwargs", {**waits, "retries": retries}
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
    return "client_kwargs", {"timeout": timeout}


class StoredFile:
    """A file in a store, asked patiently. Not for several threads at once.

    Parameters
    ----------
    url : str
        Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._is_web = protocols(url)[0].startswith("http")
        self._file: Any = None
        self._state: State | None = None

    def state(self) -> State:
        """What the store said of it when it was asked first."""
        if self._state is None:
            self._state = patiently(self.url, self._ask)
        return self._state

    def check_same(self) -> None:
        """Raise if the store has another version by now than the one that is read."""
        if patiently(self.url, self._ask) != self.state():
            reason = "it changed while it was read"
            raise AudioDecodeError(without_secrets(self.url), reason, hint="Run it again")

    def _ask(self) -> State:
        """What the store says of it, not what it said when a folder was listed."""
        fs, path = open_store(self.url)
        fs.invalidate_cache(path)
        info = fs.info(path)
        if info.get("type") == "directory":
            raise IsADirectoryError(path)
        told = {str(name).lower(): value for name, value in info.items()}
        stamps = ((name, str(told[name])) for name in _STAMPS if told.get(name) not in (None, ""))
        return State(info.get("size"), tuple(stamps))

    def part(self, start: int, stop: int) -> bytes:
        """Some of its bytes; `NoPartsError` if the server does not give less than all."""
        return patiently(self.url, lambda: self._part(start, stop))

    def _part(self, start: int, stop: int) -> bytes:
        """Some of its bytes, asked for once."""
        try:
            self._open()
            self._file.seek(start)
            data: bytes = self._file.read(stop - start)
        except ValueError as error:
            self.close()
            raise NoPartsError from error
        except Exception:
            self.close()
            raise
        if len(data) != stop - start:
            self.close()
            self.check_same()
            raise ShortError(f"{len(data):,} of {stop - start:,} bytes")
        return data

    def _open(self) -> None:
        """Open it for reading of parts, which are kept elsewhere."""
        if self._file is None:
            fs, path = open_store(self.url)
            # To ask once more how long it is would cost a request.
            known = {"size": self.state().size} if self._is_web else {}
            self._file = fs.open(path, "rb", cache_type="none", **known)

    def close(self) -> None:
        """Let go of the connection."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(Exception):
                file.close()

    def whole(self) -> bytes:
        """All of its bytes."""
        size = self.state().size
        if size is not None and size > _PIECE:
            try:
                return self._pieces(size)
            except NoPartsError:
                pass
        return patiently(self.url, lambda: self._stream(size))

    def _pieces(self, size: int) -> bytes:
        """All of its bytes, so many at a time."""
        self._check(size)
        pieces = [self.part(at, min(at + _PIECE, size)) for at in range(0, size, _PIECE)]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _stream(self, size: int | None) -> bytes:
        """All of its bytes, in one go."""
        fs, path = open_store(self.url)
        how = {"block_size": 0, "size": size} if self._is_web else {}
        data = bytearray()
        with fs.open(path, "rb", **how) as file:
            while chunk := file.read(_CHUNK):
                data += chunk
                self._check(len(data))
                if size is not None and len(data) > size:
                    raise ShortError(f"more than {size:,} bytes came, which it said it has")
        if size is not None and len(data) != size:
            raise ShortError(f"{len(data):,} of {size:,} bytes")
        return bytes(data)

    def _check(self, size: int) -> None:
        """Refuse what would not fit into memory."""
        if size > MOST:
            reason = f"more than {MOST >> 20} MB would have to be held in memory"
            raise AudioDecodeError(without_secrets(self.url), reason, hint="Download it first")
