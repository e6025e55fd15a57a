"""Which wrong answers a model was most sure of."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["ConfidentMistake", "confident_mistakes"]


class ConfidentMistake(NamedTuple):
    """A track that was taken for another genre.

    Attributes
    ----------
    track : str
        Its path, or what else it is called.
    genre, answer : object
        What it is, and what was said.
    probability, genre_probability : float
        The probability given to the answer, and to the genre.

    Examples
    --------
    >>> from genrekit.evaluation import ConfidentMistake
    >>> mistake = ConfidentMistake("song.mp3", "jazz", "blues", 0.9, 0.08)
    >>> f"{mistake.track}: {mistake.answer} rather than {mistake.genre}"
    'song.mp3: blues rather than jazz'
    """

    track: str
    genre: Any
    answer: Any
    probability: float
    genre_probability: float


def confident_mistakes(report: Any) -> list[ConfidentMistake]:
    """All wrong answers with their probability, the surest first; ties in the order of the report.

    Parameters
    ----------
    report : GenreReport
        What was predicted.

    Returns
    -------
    list of ConfidentMistake
        Empty without probabilities.
    """
    if report.probabilities is None:
        return []
    column = {genre: i for i, genre in enumerate(report.classes.tolist())}
    names = list(report.tracks) or [f"track {i}" for i in range(len(report.y_true))]
    pairs = zip(report.y_true.tolist(), report.y_pred.tolist(), strict=True)
    found = [
        ConfidentMistake(name, genre, answer, float(row[column[answer]]), float(row[column[genre]]))
        for name, (genre, answer), row in zip(names, pairs, report.probabilities, strict=True)
        if answer != genre and answer in column
    ]
    return sorted(found, key=lambda mistake: -mistake.probability)
