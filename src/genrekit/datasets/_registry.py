"""The one table of data sets, which the command line, the docs and the common tests read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genrekit.datasets import _fma, _gtzan
from genrekit.datasets._fetch import fetch_fma

__all__ = ["DATASETS", "DataSet"]


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One row of the table of data sets.

    Parameters
    ----------
    title : str
        What it is, in a line.
    loader : callable
        ``loader(root) -> Bunch`` of paths; ``loader(root, subset)`` where there are subsets.
    features_loader : callable
        The same for its published table of features.
    fetcher : callable or None
        ``fetcher(subset, root) -> Path``: downloads it, each archive checked against its published
        digest. None where nobody may hand it on.
    subsets : tuple of str
        Parts of it that can be loaded alone, the smallest first; empty where there are none.
    splits : tuple of str
        What its published split calls its sides.
    licence : str
        Under what the music and the metadata stand.
    citation : str
        What to cite.
    unit : str
        What a group is, that is, what the loader keeps apart: ``"track"`` or ``"artist"``.

    Examples
    --------
    >>> from genrekit.datasets import DATASETS
    >>> [name for name, row in DATASETS.items() if row.unit == "artist"]
    ['fma', 'gtzan']
    """

    title: str
    loader: Callable[..., Any]
    features_loader: Callable[..., Any]
    fetcher: Callable[..., Any] | None
    subsets: tuple[str, ...]
    splits: tuple[str, ...]
    licence: str
    citation: str
    unit: str


DATASETS: dict[str, DataSet] = {
    "fma": DataSet(
        title="Free Music Archive: 8,000 to 106,574 tracks in 8 to 161 genres",
        loader=_fma.load_fma,
        features_loader=_fma.load_fma_features,
        fetcher=fetch_fma,
        subsets=tuple(_fma.SUBSETS),
        splits=_fma.SPLITS,
        licence=_fma.LICENCE,
        citation=_fma.CITATION,
        unit="artist",
    ),
    "gtzan": DataSet(
        title="GTZAN: 1,000 clips of 30 s in 10 genres",
        loader=_gtzan.load_gtzan,
        features_loader=_gtzan.load_gtzan_features,
        fetcher=None,
        subsets=_gtzan.SUBSETS,
        splits=_gtzan.SPLITS,
        licence=_gtzan.LICENCE,
        citation=_gtzan.CITATION,
        unit="artist",
    ),
}
"""The data sets by name: how each is loaded and fetched, and what must be known to use it."""
