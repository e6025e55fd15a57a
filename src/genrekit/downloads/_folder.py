"""Where downloads go."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["make_folder", "models_folder"]


def models_folder() -> Path:
    """Where users put cards and networks go: ``models`` in the user's data folder.

    Returns
    -------
    Path
        In the environment variable ``GENREKIT_DATA``, else in the platform's cache.
    """
    named = os.environ.get("GENREKIT_DATA")
    if named:
        return Path(named).expanduser() / "models"
    import pooch

    return Path(pooch.os_cache("genrekit")) / "models"


def make_folder(folder: Path) -> None:
    """Make a folder of downloads, or say where else they could go.

    Parameters
    ----------
    folder : Path
        Such as `models_folder`.

    Raises
    ------
    OSError
        If it can't be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else "it can't be written to"
    except OSError as error:
        reason = f"it can't be made ({error.strerror})"
    if reason:
        raise OSError(
            f"{folder}: {reason}. Let the environment variable GENREKIT_DATA name another folder, "
            f"in which there will be one called {folder.name}"
        )
