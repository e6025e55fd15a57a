"""What may pass is tried again, and what does not is said in plain words."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from genrekit.exceptions import AudioDecodeError
from genrekit.remote._address import protocols, scrubbed, without_secrets

__all__ = ["NoPartsError", "ShortError", "patience", "patiently"]

T = TypeVar("T")

# Seconds between the tries.
_PAUSES = (0.5, 1.0, 2.0)
# Seconds without a byte after which a store is taken to be silent; the environment may say others.
_PATIENCE = 20.0

_PASSING_STATUS = (408, 425, 429)
_PASSING_ERRNO = (
    errno.EIO,  # s3fs, for what S3 calls an internal error
    errno.EBUSY,
    errno.ETIMEDOUT,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EPIPE,
)
# By name, for those who raise them are not imported here.
_SILENT = ("TimeoutError", "Timeout")
_BROKEN = (
    "ClientPayloadError",
    "ServerDisconnectedError",
    "ConnectionClosedError",
    "IncompleteRead",
    "IncompleteReadError",
    "ResponseStreamingError",
    "ProtocolError",
)


class ShortError(Exception):
    """Another number of bytes came than was said or asked for."""


class NoPartsError(Exception):
    """The server gives all of a file or nothing."""


def patience() -> float:
    """Seconds without a byte after which a try has failed."""
    text = os.environ.get("GENREKIT_REMOTE_TIMEOUT", _PATIENCE)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"GENREKIT_REMOTE_TIMEOUT must be a number of seconds, not {text!r}")
    return seconds


def patiently(url: str, call: Callable[[], T]) -> T:
    """What a call gives, tried again where the failure may pass; else an `AudioDecodeError`."""
    for pause in (*_PAUSES, None):
        try:
            return call()
        except (AudioDecodeError, NoPartsError):
            raise
        except Exception as error:
            if pause is None or not _may_pass(error):
                # Not from the error, whose text and trace may hold what is not to be shown.
                raise _in_words(url, error) from None
        time.sleep(pause)
    raise AssertionError("the last try either returns or raises")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    """The status of HTTP that a server gave, if it did."""
    for cause in _causes(error):
        response: Any = getattr(cause, "response", None)
        told = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
        status = getattr(cause, "status", None) or told.get("HTTPStatusCode")
        if isinstance(status, int):
            return status
    return None


def _is_one_of(error: BaseException, kind: type[Exception], names: tuple[str, ...]) -> bool:
    """Whether an error or what caused it is of a kind, by class or by name."""
    return any(
        isinstance(cause, kind) or type(cause).__name__.endswith(names) for cause in _causes(error)
    )


def _may_pass(error: BaseException) -> bool:
    """Whether all may be well a moment later: after a time-out, say, or a lost connection."""
    if (status := _status(error)) is not None:
        return status >= 500 or status in _PASSING_STATUS
    if isinstance(error, ShortError) or _is_silent(error) or _is_broken(error):
        return True
    return any(getattr(cause, "errno", None) in _PASSING_ERRNO for cause in _causes(error))


def _is_silent(error: BaseException) -> bool:
    """Whether nothing came."""
    return _is_one_of(error, TimeoutError, _SILENT)


def _is_broken(error: BaseException) -> bool:
    """Whether a connection that stood was lost."""
    lost = any(isinstance(cause, ConnectionError) for cause in _causes(error))
    refused = any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))
    return (lost and not refused) or _is_one_of(error, EOFError, _BROKEN)


def _in_words(url: str, error: BaseException) -> AudioDecodeError:
    """The error for a user."""
    reason, hint = _explained(url, error)
    return AudioDecodeError(without_secrets(url), reason, hint=hint)


def _explained(url: str, error: BaseException) -> tuple[str, str]:
    """What is wrong, and what to do."""
    status = _status(error)
    if isinstance(error, ImportError):
        return _missing(url, error)
    if status in (401, 403) or isinstance(error, PermissionError) or _lacks_keys(error):
        told = f" ({status})" if status else ""
        hint = "Check its name, and the credentials that fsspec has for it"
        return f"access to it is refused{told}", hint
    if status in (404, 410):
        return "there is no such file", ""
    if isinstance(error, IsADirectoryError):
        return "it is a folder, not a file", "Let its address end in / to have the files in it"
    if _may_pass(error):
        return _failed(error, status)
    if status is None and isinstance(error, FileNotFoundError):
        return _not_there(error)
    if isinstance(error, FileNotFoundError):  # which fsspec makes of anything
        error = next(iter(list(_causes(error))[1:]), error)
    said = scrubbed(str(error)).strip().rstrip(".")
    told = f": {said}" if said else ""
    return f"it can't be fetched ({type(error).__name__}{told})", ""


def _failed(error: BaseException, status: int | None) -> tuple[str, str]:
    """What is wrong when it may pass and did not."""
    tries = len(_PAUSES) + 1
    hint = "Run it again later"
    if status is not None:
        return f"its server failed {tries} times (status {status})", hint
    if isinstance(error, ShortError):
        return f"it came cut off {tries} times: {error}", hint
    if _is_silent(error):
        hint += ", or let the environment variable GENREKIT_REMOTE_TIMEOUT name more seconds"
        return f"its server was silent for {patience():g} s, {tries} times", hint
    return f"the connection broke {tries} times ({type(error).__name__})", hint


def _not_there(error: BaseException) -> tuple[str, str]:
    """What is wrong where nothing was found: fsspec says so too if nothing could be asked."""
    for cause in list(_causes(error))[1:]:
        if isinstance(cause, OSError) and type(cause).__name__.startswith("Client"):
            said = scrubbed(cause.strerror or str(cause))
            return f"its server can't be reached ({said})", "Check the address"
    return "there is no such file", ""


def _lacks_keys(error: BaseException) -> bool:
    """Whether no credentials were found."""
    return type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError")


def _missing(url: str, error: BaseException) -> tuple[str, str]:
    """What is wrong when a package is not there."""
    protocol = protocols(url)[0]
    if getattr(error, "name", None) == "fsspec" or {"http", "https"}.intersection(protocols(url)):
        hint = "Install what reads addresses: pip install 'genrekit[remote]'"
        return f"{protocol}:// is an address, and what reads it is not installed", hint
    said = str(error).rstrip(".")
    return f"{protocol}:// takes another package than those that are installed", said
