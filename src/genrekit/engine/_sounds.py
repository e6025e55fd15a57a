"""What files sound like, whatever their names and tags say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genrekit.audio import hash_samples
from genrekit.engine._loop import attempts
from genrekit.exceptions import TrackError

__all__ = ["hash_sounds"]


def hash_sounds(
    files: Sequence[Any], *, n_jobs: int | None = None, verbose: int = 0
) -> list[str | TrackError]:
    """Digests of the decoded samples of files.

    Parameters
    ----------
    files : sequence of path, bytes or file object
        The files.
    n_jobs : int, optional
        Files at a time.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    list of str or TrackError
        What `genrekit.audio.hash_samples` gives, or why a file can't be decoded.
    """
    return list(attempts(files, _hash, n_jobs=n_jobs, on_error="nan", verbose=verbose))


def _hash(source: Any, decoder: Any, read: Any) -> str:
    """The work on one file."""
    return hash_samples(source)
