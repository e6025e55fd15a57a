"""How probable each genre is along a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genrekit._shown import ShortTable, Shown, counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Timeline"]


@dataclass(frozen=True, eq=False, repr=False)
class Timeline(ShortTable):
    """Probability of each genre along a track.

    Attributes
    ----------
    times : ndarray of shape (n,)
        Where each segment starts, seconds from the start of the track.
    probabilities : ndarray of shape (n, n_classes)
        Probability of each genre there.
    classes : ndarray of shape (n_classes,)
        The genres.
    window : float, optional
        Length of each segment, seconds; None where it is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from genrekit.models import Timeline
    >>> timeline = Timeline(np.array([0.0, 3.0]), np.array([[0.9, 0.1], [0.4, 0.6]]), ["a", "b"])
    >>> timeline.to_frame().round(1).to_dict("list")
    {'time': [0.0, 3.0], 'a': [0.9, 0.4], 'b': [0.1, 0.6]}
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    classes: Any
    window: float | None = None

    def _shown(self) -> Shown:
        """The two most probable genres of each segment."""
        table, names = np.nan_to_num(self.probabilities), list(map(str, self.classes))
        order = np.argsort(-table, axis=1, kind="stable")[:, :2]
        head = ["time, s", "genre", "probability", "next", "probability"][: 1 + 2 * order.shape[1]]

        def row(i: int) -> list[object]:
            known = not np.isnan(self.probabilities[i]).any()
            genres = (
                [names[k] if known else "", round(float(self.probabilities[i, k]), 3)]
                for k in order[i]
            )
            return [float(self.times[i]), *(cell for pair in genres for cell in pair)]

        title = f"Timeline: {counted(len(table), 'segment')}, {counted(len(names), 'genre')}"
        return Shown(title, head, len(table), row)

    def to_frame(self) -> pd.DataFrame:
        """The same as a table.

        Returns
        -------
        pandas.DataFrame
            One row a segment: its ``time``, and a column a genre.
        """
        import pandas as pd

        frame = pd.DataFrame(self.probabilities, columns=list(self.classes))
        frame.insert(0, "time", self.times)
        return frame
