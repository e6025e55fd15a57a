"""A Bunch that prints as a short table."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import Bunch

from genrekit._shown import ShortTable, Shown, counted, shown_rows

__all__ = ["TrackBunch"]


class TrackBunch(ShortTable, Bunch):
    """What loaders return: scikit-learn's Bunch, which would print all that it holds."""

    def __repr__(self) -> str:
        # Whoever takes parts of it away has a dict.
        return ShortTable.__repr__(self) if self._is_whole() else dict.__repr__(self)

    def _repr_html_(self) -> str | None:
        """The table; None leaves it to what is printed."""
        return ShortTable._repr_html_(self) if self._is_whole() else None

    def _is_whole(self) -> bool:
        """Whether all is there that is shown."""
        parts = ("target", "target_names", "groups")
        what = self.get("data"), self.get("paths"), self.get("waveforms")
        tracks = next((part for part in what if part is not None), ())
        columns = [self.get("target"), self.get("groups")]
        return all(name in self for name in parts) and all(
            column is not None and len(column) == len(tracks) for column in columns
        )

    def _shown(self) -> Shown:
        """Its tracks, their genres and groups."""
        groups = self.groups if len(np.unique(self.groups)) < len(self.groups) else None
        told = {"genre": self._genres(), "group": groups, "split": self.get("split")}
        columns = {name: values for name, values in told.items() if values is not None}
        title = (
            f"{counted(len(self.target), 'track')} in {counted(len(self.target_names), 'genre')}"
        )
        if groups is not None:
            title += f", {counted(len(np.unique(groups)), 'group')}"
        what = self._what(title)

        def row(track: int) -> list[object]:
            said = [_said(values[track]) for values in columns.values()]
            return [*what.row(track), *said]

        return Shown(what.title, [*what.head, *columns], what.n_rows, row)

    def _what(self, title: str) -> Shown:
        """The columns that say what each track is: its file, its length, or its features."""
        if "data" in self:
            table = np.asarray(self.data)
            return shown_rows(title, self.feature_names, table)
        if "paths" in self:
            return Shown(title, ["path"], len(self.paths), lambda i: [str(self.paths[i])])
        seconds = [len(y) / self.sr for y in self.waveforms]
        return Shown(title, ["track", "seconds"], len(seconds), lambda i: [i, seconds[i]])

    def _genres(self) -> Any:
        """The genre of each track, or those of a row of an indicator matrix."""
        if self.target.ndim == 1:
            return self.target
        names = np.array(self.target_names)
        return [", ".join(map(str, names[row.astype(bool)])) for row in self.target]


def _said(value: object) -> str:
    """A cell; None of a track that is in no part of a split is empty."""
    return "" if value is None else str(value)
