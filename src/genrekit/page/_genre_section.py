"""A part for each genre: what its tracks were taken for, and what was taken for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from genrekit.evaluation import GenreReport, group_interval, wilson_interval
from genrekit.page._headline import percent
from genrekit.page._markup import Html, element, join, table
from genrekit.page._players import Players

__all__ = ["anchor", "each_genre"]

_EXAMPLES = 5


def anchor(place: int) -> str:
    """Name of the part of a genre in links; that of the genre may hold anything."""
    return f"genre-{place}"


def each_genre(report: GenreReport, names: Sequence[str], players: Players) -> Html:
    """One part a genre, closed until it is asked for."""
    parts = [
        _one(report, place, genre, names, players)
        for place, genre in enumerate(report.classes.tolist())
    ]
    explained = "For each genre, what its tracks were taken for, what was taken for it, and which."
    return join(element("p", explained), *parts)


def _one(
    report: GenreReport, place: int, genre: Any, names: Sequence[str], players: Players
) -> Html:
    """The part of a genre."""
    own, said = report.y_true == genre, report.y_pred == genre
    n, right = int(own.sum()), int((own & said).sum())
    wrong = np.flatnonzero(own & ~said).tolist()
    taken = _counted(report.y_pred[own & ~said])
    summary = join(element("b", genre), f": {right} of {n} right{_most(taken)}")
    inside, taken_tables = [element("p", _scores(report, own, said))], []
    for title, found, whole in (
        ("taken for", taken, n),
        ("what was taken for it", _counted(report.y_true[said & ~own]), int(said.sum())),
    ):
        rows = [[str(name), count, percent(count / whole)] for name, count in found.items()]
        if rows:
            taken_tables.append(table([title, "tracks", "share"], rows, numbers=(1, 2)))
    inside.append(element("div", *taken_tables, class_="charts"))
    shown = sorted(wrong, key=lambda i: -_sure(report, i))[:_EXAMPLES]
    if shown:
        rows = [
            [join(players.of(_track(report, i)), element("code", names[i])), _answer(report, i)]
            for i in shown
        ]
        inside.append(element("p", "Its tracks that were most surely wrong:"))
        inside.append(table(["track", "said"], rows, kind="stack"))
    return element(
        "details", element("summary", summary), element("div", *inside), id=anchor(place)
    )


def _scores(report: GenreReport, own: np.ndarray, said: np.ndarray) -> str:
    """Recall and precision in words, with their intervals."""
    parts = []
    if own.any():
        found = _interval(report, own)
        parts.append(f"Of its {own.sum()} tracks {(own & said).sum()} are recognised: {found}.")
    if said.any():
        found = _interval(report, said)
        parts.append(
            f"Of {said.sum()} that were said to be of it {(own & said).sum()} are: {found}."
        )
    return " ".join(parts) or "There is no track of it."


def _interval(report: GenreReport, some: np.ndarray) -> str:
    """The share of some tracks that is right, and how sure that is."""
    right = report.right[some]
    if report.is_grouped:
        low, high = group_interval(right, np.asarray(report.groups)[some])
    else:
        low, high = wilson_interval(int(right.sum()), len(right))
    return f"{percent(right.mean())} (95 % {percent(low)} to {percent(high)})"


def _counted(answers: np.ndarray) -> Mapping[Any, int]:
    """How often each occurs, the most frequent first."""
    counts: dict[Any, int] = {}
    for answer in answers.tolist():
        name = "no prediction" if answer is None else answer
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _most(taken: Mapping[Any, int]) -> str:
    """What it is taken for most often."""
    if not taken:
        return ""
    name, n = next(iter(taken.items()))
    return f", {n} with no prediction" if name == "no prediction" else f", {n} taken for {name}"


def _sure(report: GenreReport, track: int) -> float:
    """The probability of the answer; 0 where it is not known."""
    column = np.flatnonzero(report.classes == report.y_pred[track])
    if report.probabilities is None or not len(column):
        return 0.0
    return float(np.nan_to_num(report.probabilities[track, column[0]]))


def _answer(report: GenreReport, track: int) -> str:
    """What was said of a track, and how surely."""
    answer, sure = report.y_pred[track], _sure(report, track)
    said = "no prediction" if answer is None else str(answer)
    return f"{said} {sure:.2f}" if sure else said


def _track(report: GenreReport, place: int) -> str:
    """Where a track is, if the report knows."""
    return report.tracks[place] if len(report.tracks) else ""
