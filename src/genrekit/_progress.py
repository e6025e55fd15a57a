"""A bar that says how far it is, wherever one looks."""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = ["in_notebook", "progress_bar"]


def progress_bar(*args: Any, **options: Any) -> Any:
    """A bar of tqdm's: in a notebook a widget, if ipywidgets is there, and else a line."""
    with warnings.catch_warnings():
        # That this is an experiment, or that a widget would be nicer, is nothing to do here.
        warnings.simplefilter("ignore")
        from tqdm.autonotebook import tqdm
    return tqdm(*args, **options)


def in_notebook() -> bool:
    """Whether the code runs in the kernel of a notebook, which has no terminal."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config
