"""What arguments of the ``genrekit`` command may say, checked before any work is done."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from genrekit._validation import did_you_mean
from genrekit.remote import refuse_address

__all__ = [
    "above_zero",
    "feature_names",
    "jobs",
    "one_of",
    "path_ending",
    "path_ending_or_folder",
    "probability",
    "whole_number",
]


def path_ending(*suffixes: str) -> Callable[[str], Path]:
    """A path on this machine that ends in one of these."""

    def read(text: str) -> Path:
        path = _here(text)
        if path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f"{text}: must end in {' or '.join(suffixes)}, such as {path.stem}{suffixes[0]}"
            )
        return path

    return read


def path_ending_or_folder(*suffixes: str) -> Callable[[str], Path]:
    """A path that ends in one of these, or a folder: one that is there, or a name with a slash."""

    def read(text: str) -> Path:
        path = _here(text)
        slash = text.endswith(("/", os.sep))
        if slash and path.suffix.lower() in suffixes:
            raise argparse.ArgumentTypeError(f"{text}: a folder must not be called like a file")
        if slash or (path.suffix.lower() not in suffixes and path.is_dir()):
            return path
        return path_ending(*suffixes)(text)

    return read


def _here(text: str) -> Path:
    """A path on this machine."""
    try:
        refuse_address(text, "what is written")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return Path(text)


def one_of(what: str, names: Callable[[], list[str]]) -> Callable[[str], str]:
    """One of some names, which are looked up only when one is given."""

    def read(text: str) -> str:
        if text not in (known := names()):
            raise argparse.ArgumentTypeError(
                f"unknown {what} {text!r}: {did_you_mean(text, known)}"
            )
        return text

    return read


def feature_names(text: str) -> str | list[str]:
    """Names with commas between them; a single name may be a set."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return names if "," in text else text


def whole_number(minimum: int) -> Callable[[str], int]:
    """A whole number from a minimum on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {minimum} or more")
        return int(text)

    return read


def jobs(text: str) -> int:
    """A number of jobs."""
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a whole number such as 2, or -1 for all cores"
        )
    return int(text)


def probability(text: str) -> float:
    """A number from 0 to 1."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def above_zero(text: str) -> float:
    """A number above 0."""
    number = _number(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _number(text: str) -> float:
    """A number, or NaN."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
