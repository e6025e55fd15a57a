"""The loop over tracks: decode once, sweep once a front end, keep a row. No scikit-learn."""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from itertools import chain, groupby, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit._progress import progress_bar
from genrekit._validation import check_running
from genrekit.audio import Decoded, Downmix
from genrekit.engine._tracks import Excerpt, TrackSegment, content, label, read_track
from genrekit.engine._workers import in_parallel
from genrekit.exceptions import AudioDecodeError, TrackError

__all__ = ["attempts"]

# Segments of one track that a worker gets at a time: those of a clip, some of a song.
_BATCH = 20

# How long to wait for threads that were told to stop, seconds: some blocks of a slow decoder.
_PATIENCE = 0.5

# The same at the end of the program: a thread that is inside a network then would abort it.
_LAST_PATIENCE = 10.0


class _Stop:
    """Tells threads to stop in the middle of a file; a copy in another process never does."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.threads: set[threading.Thread] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        return _Stop, ()

    def read(
        self, item: Any, excerpt: Excerpt, decoder: Any, downmix: Downmix
    ) -> Iterator[tuple[NDArray[Any], ...]]:
        """The samples of a track, until told to stop."""
        for blocks in read_track(item, excerpt, decoder, downmix, self.read):
            if self.event.is_set():
                raise InterruptedError("stopped")
            yield blocks

    def wait(self) -> None:
        """Give threads the time to notice; what takes longer is waited for when Python ends."""
        others = self.threads - {threading.current_thread()}
        _join(others, _PATIENCE)
        if alive := {thread for thread in others if thread.is_alive()}:
            atexit.register(_join, alive, _LAST_PATIENCE)


def _join(threads: set[threading.Thread], seconds: float) -> None:
    """Wait for threads, all in all so long."""
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))


def attempts(
    items: Sequence[Any],
    work: Any,
    *,
    n_jobs: int | None = None,
    decoder: Any = None,
    on_error: str = "raise",
    verbose: int = 0,
    waiting: int | None = None,
) -> Generator[Any, None, None]:
    """``work`` on every item, in order: its result, or a `TrackError`; few or `waiting` ahead."""
    check_running(on_error, n_jobs)
    if decoder is not None and not callable(decoder):
        raise TypeError(f"decoder must be a callable (see genrekit.audio.Decoder), not {decoder!r}")
    stop = _Stop()
    calls = (partial(_attempt_batch, work, batch, decoder, stop) for batch in _batches(items))
    outcomes = in_parallel(calls, n_jobs, waiting, partial(_sizes, items))
    flat = chain.from_iterable(outcomes)
    try:
        for index, outcome in enumerate(_progress(flat, len(items), verbose)):
            if not isinstance(outcome, AudioDecodeError):
                yield outcome
            elif on_error == "raise":
                raise outcome
            else:
                yield TrackError(index, outcome.path, outcome.explanation)
    finally:
        stop.event.set()  # for threads that are in the middle of a file after an error or Ctrl-C
        with warnings.catch_warnings():
            # joblib would advise against what was begun and is not wanted any more. Threads that do
            # this side by side can leave the filter behind, so it must fit nothing else.
            warnings.filterwarnings("ignore", r"\d+ tasks .*You could benefit from", UserWarning)
            outcomes.close()
        stop.wait()


def _batches(items: Sequence[Any]) -> Iterator[list[tuple[int, Any]]]:
    """What a worker gets at a time: an item, or segments of one track, which share a decode."""

    def track(numbered: tuple[int, Any]) -> int:
        index, item = numbered
        return id(item.source) if isinstance(item, TrackSegment) else -1 - index

    for _, of_one in groupby(enumerate(items), key=track):
        while batch := list(islice(of_one, _BATCH)):
            yield batch


def _sizes(items: Sequence[Any]) -> list[int] | None:
    """Bytes of the files, each of which is one call; None where something else is among them."""
    if not all(isinstance(item, (str, os.PathLike)) for item in items):
        return None
    return list(map(_size, items))


def _size(path: str | os.PathLike[str]) -> int:
    """Bytes of a file; 0 if that can't be told."""
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0


def _attempt_batch(work: Any, batch: list[tuple[int, Any]], decoder: Any, stop: _Stop) -> list[Any]:
    """The outcomes of some items."""
    stop.threads.add(threading.current_thread())
    return [_attempt(work, item, index, decoder, stop) for index, item in batch]


def _attempt(work: Any, item: Any, index: int, decoder: Any, stop: _Stop) -> Any:
    """The result for one item, or the error that names it."""
    try:
        if isinstance(item, AudioDecodeError):
            raise item
        return work(content(item), decoder, stop.read)
    except InterruptedError as error:
        # joblib keeps it to the end: not with all that the frames on the way here hold.
        raise error.with_traceback(None) from None
    except AudioDecodeError as error:
        return AudioDecodeError(label(item, index), *error.args[1:])
    except Exception as error:
        if isinstance(error, ImportError) or _fails_with_noise(work):
            raise
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        return AudioDecodeError(label(item, index), f"it can't be worked on ({reason})")


def _fails_with_noise(work: Any) -> bool:
    """Whether an error is that of the parameters, which any other sound would raise as well."""

    # Local, so that no cache keeps what comes of it.
    def decoder(source: Any, *, offset: float, duration: float | None) -> Decoded:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (22050, 1)).astype(np.float32)
        return Decoded(22050, iter([noise[: None if duration is None else int(duration * 22050)]]))

    try:
        work(b"noise", decoder, read_track)
    except AudioDecodeError:
        return False
    except Exception:
        return True
    return False


def _progress(outcomes: Iterator[Any], total: int, verbose: int) -> Iterator[Any]:
    """The outcomes, with a bar that counts them."""
    if not verbose:
        return outcomes
    return iter(progress_bar(outcomes, total=total, unit="track"))
