"""Calls made side by side on joblib's backend of the moment, their results in order."""

from __future__ import annotations

import importlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from time import perf_counter
from typing import Any

from genrekit._sent import make_call, packed
from genrekit.engine._batches import Batches

__all__ = ["in_parallel"]

# Calls that are made at a time where results do not come one by one.
_BATCH = 100
# Results that may wait for whoever takes them, beyond some for each worker.
_WAITING = 100
# Calls that are sent to a cluster at a time, at most.
_PARCEL = 1000
# How often worker processes are looked after, seconds.
_GLANCE = 0.5


def in_parallel(
    calls: Iterator[Callable[[], Any]],
    n_jobs: int | None,
    waiting: int | None = None,
    sizes: Callable[[], Sequence[int] | None] = lambda: None,
) -> Generator[Any, None, None]:
    """The results of the calls, in order and as they come.

    Parameters
    ----------
    calls : iterator of callable
        The calls.
    n_jobs : int or None
        As joblib takes it.
    waiting : int, optional
        Results that may wait for whoever takes them, beyond some for each worker.
    sizes : callable
        Gives what each call takes, in bytes: where workers are on a cluster, many calls go there
        together. None means that they go one by one.

    Returns
    -------
    generator
        The results.
    """
    if n_jobs in (None, 1) and "joblib" not in sys.modules:
        # Nobody has chosen a backend yet, and to import it takes a tenth of the first row's time.
        return (call() for call in calls)
    import joblib

    delayed = (joblib.delayed(call)() for call in calls)
    try:
        parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:  # a backend that answers when all is done, such as multiprocessing
        return _in_batches(delayed, joblib.Parallel(n_jobs=n_jobs, prefer="threads"), waiting)
    if _is_dask():
        if n_jobs is None and _is_worker():
            # It does one of many things that were spread already: to spread them once more would
            # only make all wait for each other.
            return (call() for call in calls)
        if waiting is None and (known := sizes()) is not None:
            return _in_parcels(calls, Batches(known, _PARCEL), parallel)
    return _as_taken(delayed, parallel, waiting)


def _is_dask() -> bool:
    """Whether calls go to the workers of a cluster: to send one and to answer takes long."""
    backend, _ = importlib.import_module("joblib.parallel").get_active_backend()
    return type(backend).__name__ == "DaskDistributedBackend"


def _is_worker() -> bool:
    """Whether this is a worker of a cluster, at work for somebody."""
    from distributed import get_worker

    try:
        return bool(get_worker())
    except ValueError:
        return False


def _in_parcels(
    calls: Iterator[Callable[[], Any]], batches: Batches, parallel: Any
) -> Generator[Any, None, None]:
    """The results of the calls, in order, many sent at a time."""
    import joblib

    sent: deque[range] = deque()
    n_workers = joblib.effective_n_jobs(parallel.n_jobs)

    def parcels() -> Iterator[Any]:
        while len(batches):
            sent.append(batches.take(n_workers))
            parcel = list(islice(calls, len(sent[-1])))
            yield joblib.delayed(make_call)(packed(_timed, parcel))

    with closing(_as_taken(parcels(), parallel, None)) as answers:
        for seconds, results in answers:
            batches.learn(sent.popleft(), seconds)
            yield from results


def _timed(calls: list[Callable[[], Any]]) -> tuple[float, list[Any]]:
    """The results of some calls, and how many seconds they took."""
    begun = perf_counter()
    results = [call() for call in calls]
    return perf_counter() - begun, results


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
