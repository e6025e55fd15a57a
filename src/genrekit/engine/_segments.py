"""Where the segments of a track start."""

from __future__ import annotations

__all__ = ["segment_starts"]


def segment_starts(n_samples: int, length: int, hop: int, pad: float) -> list[int]:
    """Where the segments of a track start.

    Parameters
    ----------
    n_samples : int
        Length of the track.
    length : int
        Length of a segment, samples.
    hop : int
        From the start of a segment to that of the next, samples.
    pad : float
        Share of the last segment that may lie beyond the end.

    Returns
    -------
    list of int
        First samples; none of a track without samples, at least one of any other.

    Examples
    --------
    >>> from genrekit.engine import segment_starts
    >>> segment_starts(2998, 1000, 1000, pad=0.1), segment_starts(2998, 1000, 1000, pad=0)
    ([0, 1000, 2000], [0, 1000])
    """
    if n_samples == 0:
        return []
    whole = max(0, (n_samples - length) // hop + 1)
    start = whole * hop
    missing = start + length - n_samples
    covered = start - hop + length
    # What begins beyond the end, or adds nothing to the segments before it, is no segment.
    if whole == 0 or (start < n_samples and covered < n_samples and missing <= pad * length):
        whole += 1
    return [i * hop for i in range(whole)]
