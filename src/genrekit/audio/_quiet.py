"""Keeps libmpg123, inside libsndfile, from writing to the terminal.

It has a flag for that, which libsndfile does not set and gives no way to. It writes through the C
library's variable ``stderr``, which glibc lets programs set: while libsndfile is at work, that is a
file in memory. Python's own ``sys.stderr`` and descriptor 2 are left alone, and what other threads'
C code writes in the meantime is passed on.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import threading
from contextlib import AbstractContextManager, nullcontext

__all__ = ["quiet"]

_MESSAGE = re.compile(
    rb"\[src/libmpg123/|mpg123 |INT123_|Warning: (Xing|Encountered more|Big change|Real sample)|"
    rb"Note: (Illegal|Trying|Hit end|Skipped|broken|Cut frame|Junk|Looks like|Could be|Xing|Info|"
    rb"Encoder|free format|ID3|Stor|RVA|missing|faulty|skipped|non-update)|\s*$"
)
# Bytes of messages that are kept before they are thrown away.
_LARGE = 1 << 20


def quiet() -> AbstractContextManager[None]:
    """Keep quiet while the body runs, in any number of threads."""
    return _redirection() or nullcontext()


@functools.cache
def _redirection() -> _Redirection | None:
    """The one of this process; None where ``stderr`` is not glibc's."""
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  # elsewhere the variable may be read-only
        return _Redirection(library)
    except (AttributeError, OSError, TypeError, ValueError):
        return None


class _Redirection(AbstractContextManager[None]):
    """Where ``stderr`` points while somebody wants quiet."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.variable = ctypes.c_void_p.in_dll(library, "stderr")
        self.before = self.variable.value
        self.descriptor = os.memfd_create("genrekit")
        library.fdopen.restype = ctypes.c_void_p
        self.file = library.fdopen(self.descriptor, b"a")
        if not self.file or not self.before:
            raise OSError("no file in memory")
        library.setvbuf(ctypes.c_void_p(self.file), None, 2, 0)  # _IONBF: nothing is held back
        self.start()
        os.register_at_fork(after_in_child=self.start)

    def start(self) -> None:
        """Nobody wants quiet, in a new process either."""
        self.lock = threading.Lock()
        self.inside = 0
        self.seen = os.fstat(self.descriptor).st_size
        self.variable.value = self.before

    def __enter__(self) -> None:
        """One more wants quiet."""
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.before = self.variable.value
                self.variable.value = self.file

    def __exit__(self, *_: object) -> None:
        """One less does; what was not libmpg123's is passed on."""
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.variable.value = self.before
            if os.fstat(self.descriptor).st_size == self.seen:  # nearly always
                return
            written = self._written()
        for line in written.splitlines(keepends=True):
            if not _MESSAGE.match(line):
                os.write(2, line)

    def _written(self) -> bytes:
        """What has been written since the last time."""
        size = os.fstat(self.descriptor).st_size - self.seen
        written = os.pread(self.descriptor, size, self.seen)
        if self.inside:  # somebody may be in the middle of a line
            written = written[: written.rfind(b"\n") + 1]
        self.seen += len(written)
        if self.inside == 0 and self.seen > _LARGE:
            os.ftruncate(self.descriptor, 0)
            self.seen = 0
        return written


# Here, while an import is locked: threads that come first at the same time would make two, and each
# would end what the other began.
_redirection()
