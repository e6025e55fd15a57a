"""A file of a URL."""

from __future__ import annotations

from pathlib import Path

__all__ = ["fetch_url"]


def fetch_url(url: str, sha256: str, target: Path, *, whose: str) -> None:
    """Download to a temporary file, which takes its place when its hash is right.

    Parameters
    ----------
    url : str
        Where it is.
    sha256 : str
        What it must be.
    target : Path
        Where it goes, in a folder that is there.
    whose : str
        What it is the file of, for messages.

    Raises
    ------
    ConnectionError
        If the download fails. Nothing is left behind.
    ValueError
        If it is another file. Nothing is left behind.
    """
    import pooch

    try:
        pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=target.parent)
    except ValueError as error:
        raise ValueError(f"{url} is not the file of {whose}: {error}") from error
    except OSError as error:  # those of requests are such
        raise ConnectionError(f"{url} could not be downloaded: {error}") from error
