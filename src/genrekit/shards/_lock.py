"""One writer at a time: a lock that goes with its owner, or a lease where there are no locks."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

__all__ = ["locked_file", "only_writer"]

_LOCK, _LEASE = ".lock", ".lease"
# A lease that nobody renewed for so long is nobody's, seconds; and how often it is renewed.
_VALID, _RENEWED = 60.0, 15.0
# What file systems say that know no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)

_HELD: set[IO[bytes]] = set()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _let_go())


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the only one who writes into a folder; `BlockingIOError` if there is another."""
    refusal = f"{folder}: another run writes here: wait until it has ended, or write into another"
    with locked_file(folder / _LOCK, folder / _LEASE, f"{refusal} folder"):
        yield


@contextmanager
def locked_file(path: Path, lease: Path, refusal: str) -> Iterator[IO[bytes]]:
    """Open a file to read it and append to it, and be the only one.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    lease : Path
        What says so where the file system knows no locks.
    refusal : str
        What to say to who comes second.

    Yields
    ------
    file object
        The file.

    Raises
    ------
    BlockingIOError
        If there is another.
    """
    with open(path, "a+b") as file:
        locked = _lock(file.fileno())
        if locked is None:
            with _lease(lease, refusal):
                yield file
            return
        # Who had it before may have taken it away since we opened it.
        if not locked or not _is_at(path, file):
            raise BlockingIOError(refusal)
        _HELD.add(file)
        try:
            yield file
        finally:
            _HELD.discard(file)


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _let_go() -> None:
    """Leave the locks to the parent: a worker that outlives it must not keep them."""
    for file in _HELD:
        file.close()
    _HELD.clear()


def _lock(descriptor: int) -> bool | None:
    """Whether the lock is ours, which the kernel frees when we die; None if there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


@contextmanager
def _lease(path: Path, refusal: str) -> Iterator[None]:
    """Hold a file that is renewed as long as its owner lives."""
    _take(path, refusal)
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_RENEWED):
            with suppress(OSError):
                os.utime(path)

    threading.Thread(target=renew, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        path.unlink(missing_ok=True)


def _take(path: Path, refusal: str) -> None:
    """Make the file, or take over one that nobody renews."""
    with suppress(FileNotFoundError):
        if _age(path) > _VALID:
            path.unlink()
    try:
        path.open("x").close()
    except FileExistsError:
        raise BlockingIOError(refusal) from None


def _age(path: Path) -> float:
    """How long ago a file was renewed, by the clock of whoever keeps it: ours may be another."""
    probe = path.with_name(f"{path.name}-{os.urandom(4).hex()}.part")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)
