"""Calls made side by side on joblib's backend of the moment, their results in order."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

__all__ = ["in_parallel"]

# Calls that are made at a time where results do not come one by one.
_BATCH = 100
# Results that may wait for whoever takes them, beyond some for each worker.
_WAITING = 100
# How often worker processes are looked after, seconds.
_GLANCE = 0.5


def in_parallel(
    calls: Iterator[Callable[[], Any]], n_jobs: int | None, waiting: int | None = None
) -> Generator[Any, None, None]:
    """The results of the calls, in order and as they come."""
    if n_jobs in (None, 1) and "joblib" not in sys.modules:
        # Nobody has chosen a backend yet, and to import it takes a tenth of the first row's time.
        return (call() for call in calls)
    import joblib

    calls = (joblib.delayed(call)() for call in calls)
    try:
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:  # a backend that answers when all is done, such as multiprocessing
        return _in_batches(calls, joblib.Parallel(n_jobs=n_jobs, prefer="threads"), waiting)
    return _as_taken(calls, parallel, waiting)


def _as_taken(
    calls: Iterator[Any], parallel: Any, waiting: int | None
) -> Generator[Any, None, None]:
    """The results of the calls, in order, not many made ahead of whoever takes them."""
    limit = (_WAITING if waiting is None else waiting) + _few(parallel)
    begun = taken = 0
    left = True

    def wanted() -> Iterator[Any]:
        nonlocal begun, left
        # joblib would go on without an end to what waits, and holds a lock while it asks for more:
        # it must be told that there is none, not be made to wait.
        while begun - taken < limit:
            call = next(calls, None)
            if call is None:
                left = False
                return
            begun += 1
            yield call

    while left:
        for result in parallel(wanted()):
            taken += 1
            yield result


def _few(parallel: Any) -> int:
    """As many calls as keep all workers busy."""
    import joblib

    return 4 * joblib.effective_n_jobs(parallel.n_jobs)


def _in_batches(
    calls: Iterator[Any], parallel: Any, waiting: int | None
) -> Generator[Any, None, None]:
    """The results of the calls, in order, of some at a time."""
    import multiprocessing

    others = set(multiprocessing.active_children())
    with parallel, _watched(parallel, set(multiprocessing.active_children()) - others):
        size = _BATCH if waiting is None else waiting + _few(parallel)
        while batch := list(islice(calls, size)):
            yield from parallel(batch)


@contextmanager
def _watched(parallel: Any, workers: set[Any]) -> Iterator[None]:
    """Break off when a worker is gone: a pool puts another in its place, and waits for ever."""
    dead: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not dead and not done.wait(_GLANCE):
            dead.extend(code for worker in workers if (code := worker.exitcode) is not None)
        if dead:
            parallel.timeout = 0  # of whatever call is waited for

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if not dead:
            raise
        raise RuntimeError(
            f"a worker process ended with exit code {dead[0]} while it worked on a track, as when "
            "memory runs out: take a smaller n_jobs, or threads, which are the default"
        ) from error
    finally:
        done.set()
        watcher.join()
