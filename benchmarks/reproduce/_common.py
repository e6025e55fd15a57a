"""What the scripts share: where the data is, what to do without, how a table looks."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn

import genrekit
from genrekit._tables import text_table

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


class Absent(Exception):
    """The data is not here; the message says what and where to put it."""


class Line(NamedTuple):
    """One claim: what was measured, ours, the number published or measured before, a remark."""

    what: str
    ours: str
    published: str
    remark: str = ""


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Declare what all scripts have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="where the data is")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write what is printed")
    return parser


def find(root: Path | None, *names: str) -> list[Path]:
    """Find files of the data, or say which are absent."""
    folder = root or Path(os.environ.get("GENREKIT_TEST_DATA", _BESIDE))
    paths = [folder / name for name in names]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise Absent(
            f"not run: {', '.join(missing)} not in {folder}; name the folder with --root or "
            "GENREKIT_TEST_DATA"
        )
    return paths


def run(
    main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser
) -> Callable[[Sequence[str] | None], int]:
    """Make a script of a function: parse, run, and end well where data is absent."""

    def script(argv: Sequence[str] | None = None) -> int:
        args = parser.parse_args(argv)
        said = io.StringIO()
        try:
            with redirect_stdout(said):
                main(args)
        except Absent as absent:
            print(absent)
            return 0
        print(said.getvalue(), end="")
        if args.output:
            args.output.write_text(f"{_versions()}\n{said.getvalue()}", encoding="utf-8")
        return 0

    return script


def _versions() -> str:
    """Say what ran."""
    return ", ".join(
        f"{module.__name__} {module.__version__}" for module in (genrekit, sklearn, np)
    )


def show(title: str, lines: Sequence[Line]) -> None:
    """Print claims, ours beside the published."""
    head = ["", "ours", "reference", "remark"]
    print(f"\n{title}\n\n{text_table(head, lines, right=head[1:3])}", flush=True)


def with_interval(accuracy: float, interval: tuple[float, float]) -> str:
    """Format an accuracy with its 95 % interval."""
    return f"{accuracy:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
