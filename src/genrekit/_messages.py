"""What the command line tells beside its result: warnings, and files that could not be decoded."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import Any

from genrekit._text import printable
from genrekit.exceptions import (
    AudioContentWarning,
    AudioDecodeError,
    AudioDecodeWarning,
    GenrekitWarning,
    TrackError,
)

__all__ = [
    "ctrl_c_ends_all",
    "epochs_told",
    "failures",
    "open_closed_streams",
    "plain_warnings",
    "plainly",
    "print_anything",
    "rows_told",
    "tell",
    "tell_failures",
    "told_once",
    "way_on",
]

_REASONS = 5  # that a summary names


@contextmanager
def failures(
    contents: list[AudioContentWarning] | None = None,
) -> Iterator[list[TrackError]]:
    """Collect undecodable files; name them here if all ends in an error."""
    errors: list[TrackError] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", AudioDecodeWarning)
        warnings.simplefilter("always", AudioContentWarning)
        warnings.showwarning = _shown_once(errors, [] if contents is None else contents)
        try:
            yield errors
        except BaseException:
            tell_failures(errors)
            raise


def _shown_once(
    errors: list[TrackError], contents: list[AudioContentWarning]
) -> Callable[..., None]:
    """What shows each warning as it comes, but not once a fold, and collects what is of files."""
    said = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if isinstance(message, AudioDecodeWarning):
            errors.extend(message.errors)
            return
        if isinstance(message, AudioContentWarning):
            contents.append(message)
        if str(message) not in said:
            said.add(str(message))
            tell(f"warning: {message}")

    return show


@contextmanager
def told_once() -> Iterator[None]:
    """Show each warning once, and none of single files: whoever asks file by file tells of all."""

    def show(message: Warning | str, *rest: Any, **more: Any) -> None:
        if not isinstance(message, AudioContentWarning):
            shown(message, *rest, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("always", GenrekitWarning)
        shown = _shown_once([], [])
        warnings.showwarning = show
        yield


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the source it comes from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: tell(f"warning: {message}")
        yield


@contextmanager
def epochs_told() -> Iterator[None]:
    """Tell how each epoch of a training went in a line, but on a terminal, where a bar does."""
    with nullcontext() if sys.stderr.isatty() else _heard("training", logging.StreamHandler()):
        yield


@contextmanager
def _heard(room: str, handler: logging.Handler) -> Iterator[None]:
    """Let a handler have what a room tells meanwhile."""
    log = logging.getLogger(f"genrekit.{room}")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


class _RowsHandler(logging.Handler):
    """Prints how far rows are."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self.as_json = as_json

    def emit(self, record: logging.LogRecord) -> None:
        progress: dict[str, Any] = record.__dict__["progress"]
        if self.as_json:
            print(json.dumps(progress), file=sys.stderr, flush=True)
        elif progress["event"] == "end":
            tell(_summary(**progress))


def _summary(**progress: Any) -> str:
    """What became of all files, in a line."""
    audio = "{audio_hours:.2f} hours of audio ({times_real_time:g} times real time), "
    told = audio if "audio_hours" in progress else ""
    said = f"{{done}} files in {{seconds:.1f}} s, {told}{{kept}} files were there already"
    text = said.format(**progress)
    reasons = _reasons(progress["reasons"])
    n = progress["errors"]
    return f"{text}; {n} error{'s' if n > 1 else ''}: {reasons}" if reasons else text


def _reasons(counts: Mapping[str, int]) -> str:
    """The most frequent reasons; each truncated file has one of its own, with its seconds."""
    told = [f"{_times(n)} {reason}" for reason, n in islice(counts.items(), _REASONS)]
    rest = sum(islice(counts.values(), _REASONS, None))
    return ", ".join([*told, f"{_times(rest)} something else"] if rest else told)


def _times(n: int) -> str:
    """How often something was."""
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


@contextmanager
def rows_told(as_json: bool) -> Iterator[None]:
    """Tell how many rows there are: at the end, or as JSON whenever some were written."""
    with _heard("shards", _RowsHandler(as_json)):
        yield


@contextmanager
def ctrl_c_ends_all() -> Iterator[None]:
    """Let Ctrl-C end all folds: a network that is stopped keeps what it has learned, and warns."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "stopped by Ctrl-C", GenrekitWarning)
        try:
            yield
        except GenrekitWarning as warning:
            raise KeyboardInterrupt from warning


def tell(text: str) -> None:
    """Print one line beside the result."""
    print(f"genrekit: {printable(text)}", file=sys.stderr)


def plainly(error: Exception) -> str:
    """What an error says; of the system's the file and the reason, without its number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def way_on(args: argparse.Namespace, error: Exception) -> str:
    """How one file that can't be decoded need not be the end."""
    stops = getattr(args, "on_error", None) == "raise" and isinstance(error, AudioDecodeError)
    return "; --on-error nan goes on without such files" if stops else ""


def open_closed_streams() -> None:
    """Let what was started without a standard stream write to nowhere, not into its next file."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def print_anything() -> None:
    """Escape what the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def tell_failures(errors: Collection[TrackError]) -> None:
    """Name the failed files."""
    for line in dict.fromkeys(f"{error.path}: {error.reason}" for error in errors):
        tell(line)  # once, not once a fold
