"""How kernels are compiled, and where what was compiled is kept.

A kernel is compiled when it is first called, for the precision it is called with; what other
processes have compiled is loaded. Helpers are compiled into the kernels that call them.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache

__all__ = ["helper", "kernel", "lasting_folder"]

config: Any = numba.config

# numba knows a kernel by its own file, but lanes and helpers of other files are part of it too.
_SOURCES = sorted(Path(__file__).parent.glob("_*.py"))
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()

# Of the folder that stands in where no other can be written.
_TEMPORARY = "genrekit-numba-"

# Without what calls from Python or from C need: a fifth of the time would go into it.
_BARE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
helper = numba.njit(nogil=True, **_BARE)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function when it is first called, unless it is kept from an earlier time."""
    compiled: Any = numba.njit(nogil=True)(function)
    if compiled is not function:  # as it is under NUMBA_DISABLE_JIT
        with contextlib.suppress(OSError):  # there may be no temporary folder either
            compiled._cache = _open_cache(function)
    return compiled


def lasting_folder(compiled: Any) -> str | None:
    """Where a kernel is kept; None where that goes when Python ends."""
    folder: str | None = compiled.stats.cache_path if hasattr(compiled, "stats") else None
    return None if folder is None or _TEMPORARY in folder else folder


class _Cache(FunctionCache):
    """numba's, but what can't be read is compiled again, and what can't be kept is not."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        kept = None
        try:
            kept = super().load_overload(sig, target_context)
        except Exception:
            with contextlib.suppress(Exception):
                self.flush()  # a damaged index would be read again before anything is added to it
        if kept is None:
            _tell(self.cache_path)
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(Exception):  # such as a full disk
            super().save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return *super()._index_key(sig, codegen), _DIGEST


def _open_cache(function: Callable[..., Any]) -> _Cache:
    """numba's folder for a function, or a temporary one where none can be written."""
    try:
        return _Cache(function)
    except RuntimeError:
        usual, config.CACHE_DIR = config.CACHE_DIR, _temporary_folder()
    try:
        return _Cache(function)
    finally:
        config.CACHE_DIR = usual  # other people's functions may have a folder that lasts


@functools.cache
def _temporary_folder() -> str:
    """A folder that goes when Python ends, the same for all kernels."""
    folder = tempfile.mkdtemp(prefix=_TEMPORARY)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _tell(folder: str) -> None:
    """Say on a terminal, once, why the first result takes so long."""
    if sys.stderr is None or not sys.stderr.isatty():
        return
    if _TEMPORARY in folder:
        where = (
            "and again at the next start, for no folder to keep them in can be written: let the "
            "environment variable NUMBA_CACHE_DIR name one"
        )
    else:
        where = f"once: they are kept in {folder}"
    print(f"genrekit compiles its kernels, up to half a minute, {where}", file=sys.stderr)
