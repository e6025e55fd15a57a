"""What stands in training and in test at once."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from genrekit._shown import Printed
from genrekit._text import as_column
from genrekit.datasets import number_recordings
from genrekit.engine import fingerprint, hash_sounds, is_file, is_pair
from genrekit.evaluation._splits import Split, items_of, make_splits, n_tracks_of, track_labels
from genrekit.exceptions import LeakageWarning, warn_caller

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Leak", "LeakageReport", "check_leakage", "find_leaks", "warn_of_leaks"]


_N_EXAMPLES = 3


class Leak(NamedTuple):
    """A track in the test of a split that the training knows already.

    Attributes
    ----------
    fold : int
        Number of the split.
    index : int
        Position in X of the track in the test.
    test, train : str
        The track in the test, and the first of those in training that give it away.
    reason : {"group", "content"}
        Of one group, or with the same content.
    group : str, default=""
        The group.

    Examples
    --------
    >>> from genrekit.evaluation import Leak
    >>> Leak(0, 5, "b.mp3", "a.mp3", "group", "Ada").reason
    'group'
    """

    fold: int
    index: int  # type: ignore[assignment]  # not tuple.index: the name says what it is
    test: str
    train: str
    reason: str
    group: str = ""


@dataclass(frozen=True, repr=False)
class LeakageReport(Printed):
    """Which tracks the training of their split knows already.

    `check_leakage` makes it. It is true where there is a leak, and ``print(report)`` explains it.

    Parameters
    ----------
    leaks : list of Leak
        One entry for each tested track and reason.
    n_tested : int
        Number of tests of a track, over all splits.

    Examples
    --------
    >>> from genrekit.evaluation import Leak, LeakageReport
    >>> report = LeakageReport([Leak(0, 2, "jazz/2.wav", "jazz/1.wav", "content")], n_tested=4)
    >>> bool(report), report.share
    (True, 0.25)
    """

    leaks: list[Leak]
    n_tested: int

    def count(self, reason: str) -> int:
        """Count the tests that leak for one reason.

        Parameters
        ----------
        reason : {"group", "content"}
            Which.

        Returns
        -------
        int
            Number of tests.
        """
        return sum(leak.reason == reason for leak in self.leaks)

    @property
    def share(self) -> float:
        """Share of the tests that leak, for whatever reason."""
        return len({(leak.fold, leak.index) for leak in self.leaks}) / max(1, self.n_tested)

    def to_frame(self) -> DataFrame:
        """Give the leaks, a row each.

        Returns
        -------
        pandas.DataFrame
            The fields of `Leak`, by name.
        """
        import pandas as pd

        columns = zip(*self.leaks, strict=True) if self.leaks else [[] for _ in Leak._fields]
        named = zip(Leak._fields, map(list, columns), strict=True)
        return pd.DataFrame({name: as_column(column) for name, column in named})

    def __bool__(self) -> bool:
        return bool(self.leaks)

    def __repr__(self) -> str:
        return f"<LeakageReport: {self.share:.1%} of {self.n_tested} tests leak>"

    def __str__(self) -> str:
        if not self.leaks:
            return f"no leak: none of {self.n_tested} tests has its group or a copy in training"
        said = [text for reason in _WORDS if (text := self._explain(reason))]
        return "; ".join(said) + ". Scores on such splits are too high"

    def _explain(self, reason: str) -> str:
        """Say how many leak for a reason, name some, and say what to do."""
        found = [leak for leak in self.leaks if leak.reason == reason]
        if not found:
            return ""
        what, remedy = _WORDS[reason]
        named = ", ".join(
            f"{leak.test} (training has {leak.train}{leak.group and f', both of {leak.group}'})"
            for leak in found[:_N_EXAMPLES]
        )
        more = ", ..." if len(found) > _N_EXAMPLES else ""
        return f"{len(found)} of {self.n_tested} tested tracks {what}: {named}{more}; {remedy}"


_WORDS = {
    "group": (
        "have others of their group in training",
        "split with StratifiedGroupKFold, or pass groups to cross_validate_genres",
    ),
    "content": (
        "have an identical copy in training",
        "leave copies out, or pass groups that give all copies of a recording one number",
    ),
}


def check_leakage(
    X: Any,
    cv: Any = 5,
    *,
    y: Any = None,
    groups: Any = None,
    decode: bool = False,
    n_jobs: int | None = None,
) -> LeakageReport:
    """Look for groups and identical tracks that stand on both sides of a split, and warn.

    Parameters
    ----------
    X : list of path-like, list of ndarray, or array-like of shape (n_tracks, ...)
        The tracks, or a table with a row each. Files of one size are compared by their content,
        arrays and rows of a table by their bytes.
    cv : int, splitter or iterable of (train, test), default=5
        The splits: a number of folds or any of scikit-learn's splitters, or the indices.
    y : array-like of shape (n_tracks,), optional
        The genres, for splitters that stratify.
    groups : array-like of shape (n_tracks,), optional
        What should not be split, such as the artist or, for segments, the track.
    decode : bool, default=False
        Whether to compare files by their decoded samples: that finds copies under other tags, or in
        another format that keeps every sample. It takes as long as decoding all of them.
    n_jobs : int, optional
        Files decoded at the same time; None means 1, -1 all cores.

    Returns
    -------
    LeakageReport
        True where there is a leak.

    Warns
    -----
    LeakageWarning
        When there is one; it names examples and says what to do.

    Examples
    --------
    Two segments a track, split at random:

    >>> import numpy as np
    >>> import warnings
    >>> from sklearn.model_selection import KFold
    >>> from genrekit.evaluation import check_leakage
    >>> X, track = np.random.default_rng(0).normal(size=(8, 3)), np.arange(8) // 2
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     check_leakage(X, KFold(2, shuffle=True, random_state=0), groups=track)
    <LeakageReport: 50.0% of 8 tests leak>
    """
    groups = None if groups is None else np.asarray(groups)
    splits = make_splits(cv, n_tracks_of(X), y, groups)
    report = find_leaks(X, splits, groups, decode=decode, n_jobs=n_jobs)
    warn_of_leaks(report)
    return report


def warn_of_leaks(report: LeakageReport) -> None:
    """Warn where there is something to warn of."""
    if report:
        warn_caller(str(report), LeakageWarning)


def find_leaks(
    X: Any,
    splits: Iterable[Split],
    groups: np.ndarray | None,
    *,
    decode: bool = False,
    n_jobs: int | None = None,
) -> LeakageReport:
    """Look for leaks and leave it at that."""
    n_tracks = n_tracks_of(X)
    contents = _content_keys(X)
    if decode:
        contents = _sound_keys(items_of(X), contents, n_jobs)
    sides: dict[str, Sequence[Hashable]] = {"content": contents}
    if groups is not None:
        sides = {"group": groups.tolist(), **sides}
    if any(len(keys) != n_tracks for keys in sides.values()):
        raise ValueError(f"X holds {n_tracks} tracks and groups {len(sides['group'])} labels")
    names = track_labels(X)
    leaks: list[Leak] = []
    n_tested = 0
    for fold, (train, test) in enumerate(splits):
        n_tested += len(test)
        for reason, keys in sides.items():
            leaks += _leaks_of(fold, reason, keys, train, test, names)
    return LeakageReport(leaks, n_tested)


def _leaks_of(
    fold: int,
    reason: str,
    keys: Sequence[Hashable],
    train: np.ndarray,
    test: np.ndarray,
    names: Sequence[str],
) -> list[Leak]:
    """Look up each test track among the training tracks; a key of None is like no other."""
    first: dict[Hashable, int] = {}
    for i in train.tolist():
        first.setdefault(keys[i], i)
    grouped = reason == "group"
    return [
        Leak(fold, i, names[i], names[first[keys[i]]], reason, str(keys[i]) if grouped else "")
        for i in test.tolist()
        if keys[i] is not None and keys[i] in first
    ]


def _content_keys(X: Any) -> list[Hashable]:
    """Give identical tracks the same key; None where there is nothing to compare."""
    items = items_of(X)
    on_disk = [i for i, item in enumerate(items) if isinstance(item, (str, os.PathLike))]
    numbers = number_recordings([os.fspath(items[i]) for i in on_disk])
    keys: dict[int, Hashable] = dict(zip(on_disk, numbers.tolist(), strict=True))
    return [keys[i] if i in keys else _key(item) for i, item in enumerate(items)]


def _sound_keys(
    items: Sequence[Any], keys: Sequence[Hashable], n_jobs: int | None
) -> list[Hashable]:
    """Give files of the same sound the same key; what can't be decoded keeps its own."""
    # Files of the same bytes are decoded once.
    pairs = zip(reversed(keys), reversed(items), strict=True)
    first = {key: item for key, item in pairs if is_file(item)}
    found = hash_sounds(list(first.values()), n_jobs=n_jobs)
    sounds = {key: s for key, s in zip(first, found, strict=True) if isinstance(s, str)}
    return [sounds.get(key, key) for key in keys]


def _key(item: Any) -> Hashable:
    """Hash what a track or row holds."""
    if is_pair(item):
        return (float(item[1]), _key(item[0]))
    if is_file(item):
        return fingerprint(item)
    samples = np.asarray(item)
    # A row with a NaN, of a track that could not be decoded, is like no other.
    if samples.dtype.kind == "f" and np.isnan(samples).any():
        return None
    return (samples.dtype.str, samples.shape, _digest(samples.tobytes()))


def _digest(content: bytes) -> bytes:
    """Hash bytes."""
    return blake2b(content, digest_size=16).digest()
