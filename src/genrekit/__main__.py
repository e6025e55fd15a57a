"""``python -m genrekit``: the command line, where the program itself is not on the path."""

from __future__ import annotations

from genrekit.cli import run

if __name__ == "__main__":
    run()
