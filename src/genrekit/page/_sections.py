"""What stands below the headline; each gives None where there is nothing to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from genrekit.displays import confusion_counts
from genrekit.evaluation import GenreReport
from genrekit.page._genre_section import anchor
from genrekit.page._headline import percent
from genrekit.page._markup import Html, bar_cell, element, join, more, table
from genrekit.page._players import Players

__all__ = [
    "confusion",
    "failures",
    "folds",
    "genres",
    "leaks",
    "matrix",
    "mistakes",
    "shading",
    "surest",
]

# Beyond these, a page says how many more there are.
_PAIRS, _EXAMPLES, _LISTED, _SUREST = 10, 3, 50, 20
# Genres of which two matrices have room beside each other.
_BESIDE = 12
_REMEDY = (
    "Leave out copies, or pass groups to cross_validate_genres that give all copies of a "
    "recording, and all that must stay together, one name."
)


def genres(report: GenreReport) -> Html:
    """Precision, recall and F1 of each genre."""
    head = ["genre", "tracks", "precision", "recall", "F1"]
    scores = zip(report.precision, report.recall, report.f1, strict=True)
    rows = [
        [_link(place, genre), n, *(bar_cell(score) for score in three)]
        for place, (genre, n, three) in enumerate(
            zip(report.classes, report.support, scores, strict=True)
        )
    ]
    explained = (
        "Precision: share of the tracks predicted as a genre that are of it. Recall: share of a "
        "genre's tracks that are predicted as it. F1: their harmonic mean."
    )
    return join(element("p", explained), table(head, rows, numbers=(1, 2, 3, 4)))


def _link(place: int, genre: Any) -> Html:
    """The name of a genre, which leads to what there is of it."""
    return element("a", str(genre), href=f"#{anchor(place)}")


def confusion(report: GenreReport) -> Html:
    """Every genre against every answer, and how to read it."""
    explained = (
        "A row is a true genre, a column what it was taken for; what is right is framed. First "
        "numbers of tracks, the colour by the share of the row, which is recall on the frame; then "
        "per cent of the column, which is precision there."
    )
    both = matrix(report), matrix(report, by="column")
    beside = "charts" if len(report.classes) <= _BESIDE else None
    return join(element("p", explained), element("div", *both, class_=beside))


def matrix(report: GenreReport, *, by: str = "row") -> Html:
    """Every genre against every answer, as a table whose cells are shaded by row or column."""
    counts, names, answers = confusion_counts(report.y_true, report.y_pred)
    shares = counts / np.maximum(counts.sum(axis=1 if by == "row" else 0, keepdims=True), 1)
    head = [element("th", "true \\ predicted", scope="col")]
    head += [element("th", element("span", answer), scope="col") for answer in answers]
    rows = [
        element("tr", element("th", name, scope="row"), *_cells(name, answers, row, part, by))
        for name, row, part in zip(names, counts, shares, strict=True)
    ]
    inner = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    return element(
        "div", inner, class_="scroll matrix", tabindex="0", role="region",
        aria_label="Confusion matrix",
    )  # fmt: skip


def _cells(
    name: Any, answers: Sequence[Any], counts: np.ndarray, shares: np.ndarray, by: str
) -> Iterator[Html]:
    """One row of the matrix; what is 0 stays empty."""
    of = f"of {int(counts.sum())} " if by == "row" else ""
    whole = "" if by == "row" else " of what was said to be it"
    for answer, n, share in zip(answers, counts.tolist(), shares.tolist(), strict=True):
        kind = shading(share, own=answer == name)
        title = f"{name} taken for {answer}: {n} {of}({percent(share)}{whole})"
        shown = n if by == "row" else f"{100 * share:.0f}"
        style = f"--share:{share:.3f}"
        yield element("td", shown if n else "", class_=kind, style=style, title=title)


def shading(share: float, *, own: bool) -> str | None:
    """Classes of a cell: whether it is framed, and how dark it is for the colour of its text."""
    kinds = {"own": own, "strong": share > 0.7, "full": share > 0.9}
    return " ".join(name for name, holds in kinds.items() if holds) or None


class _Mistake(NamedTuple):
    """Tracks of one genre that were taken for the same other one."""

    genre: Any
    answer: Any
    tracks: list[int]


def mistakes(report: GenreReport, names: Sequence[str], players: Players) -> Html | None:
    """The pairs of genres that are confused most, with the tracks that were most surely wrong."""
    found = _mistakes(report)
    if not found:
        return None
    support = dict(zip(report.classes.tolist(), report.support.tolist(), strict=True))
    rows = [
        [
            join(element("b", pair.genre), " taken for ", element("b", pair.answer)),
            f"{len(pair.tracks)} of {support[pair.genre]}"
            f" ({percent(len(pair.tracks) / support[pair.genre])})",
            _examples(report, pair, names, players),
        ]
        for pair in found[:_PAIRS]
    ]
    explained = "Beside each pair of genres a few of its tracks"
    if report.probabilities is not None:
        explained += ", those that were most surely wrong, with the probability of that answer"
    head = ["pair", "tracks", "examples"]
    return join(
        element("p", explained, "."),
        table(head, rows, kind="stack pairs"),
        more(len(found) - _PAIRS, "pairs"),
    )


def _mistakes(report: GenreReport) -> list[_Mistake]:
    """All pairs, the most frequent first."""
    pairs: dict[tuple[Any, Any], list[int]] = {}
    answers = zip(report.y_true.tolist(), report.y_pred.tolist(), strict=True)
    for i, (genre, answer) in enumerate(answers):
        if answer is not None and answer != genre:
            pairs.setdefault((genre, answer), []).append(i)
    found = [_Mistake(*pair, tracks) for pair, tracks in pairs.items()]
    return sorted(found, key=lambda pair: -len(pair.tracks))


def _examples(report: GenreReport, pair: _Mistake, names: Sequence[str], players: Players) -> Html:
    """Names of a few tracks, with the probability of the wrong answer where it is known."""
    sure = _probability(report, pair)
    order = sorted(pair.tracks, key=lambda i: -sure.get(i, 0.0))[:_EXAMPLES]
    return join(
        *(
            element(
                "div",
                players.of(report.tracks[i]) if len(report.tracks) else "",
                element("code", names[i], element("small", f" {sure[i]:.2f}" if i in sure else "")),
            )
            for i in order
        ),
        between=" ",
    )


def _probability(report: GenreReport, pair: _Mistake) -> dict[int, float]:
    """Probability given to the wrong genre."""
    column = np.flatnonzero(report.classes == pair.answer)
    if report.probabilities is None or not len(column):
        return {}
    return {i: float(report.probabilities[i, column[0]]) for i in pair.tracks}


def surest(report: GenreReport, names: Mapping[str, str], players: Players) -> Html | None:
    """The tracks that were most surely taken for another genre, for listening."""
    found = report.confident_mistakes()
    if not found:
        return None
    rows = [
        [
            join(players.of(mistake.track), element("code", names[mistake.track])),
            mistake.genre,
            mistake.answer,
            bar_cell(mistake.probability),
            f"{mistake.genre_probability:.3f}",
        ]
        for mistake in found[:_SUREST]
    ]
    explained = (
        "Worth listening to: such a track is often of both genres, wrongly labelled, or not what "
        "its name says."
    )
    head = ["track", "genre", "said", "how surely", "for its genre"]
    listed = table(head, rows, numbers=(3, 4), kind="stack")
    return join(element("p", explained), listed, more(len(found) - _SUREST, "wrong answers"))


def folds(report: GenreReport) -> Html:
    """Accuracy and time of each fold."""
    seconds = {"fit s": report.fit_seconds, "predict s": report.predict_seconds}
    if report.extract_seconds is not None:
        seconds = {"extract s": report.extract_seconds, **seconds}
    counted = report.folds is not None
    head = ["fold", *(["tracks", "accuracy"] if counted else []), *seconds]
    rows = []
    for fold in range(len(report.fit_seconds)):
        right = report.right[report.folds == fold] if counted else np.empty(0)
        scores = [len(right), f"{right.mean():.3f}"] if len(right) else ["", ""] * counted
        rows.append([fold + 1, *scores, *(f"{times[fold]:.1f}" for times in seconds.values())])
    total = [f"{times.sum():.1f}" for times in seconds.values()]
    scores = [len(report.y_true), f"{report.accuracy:.3f}"] if counted else []
    rows.append([element("b", cell) for cell in ("all", *scores, *total)])
    return table(head, rows, numbers=range(1, len(head)))


def failures(report: GenreReport, tracks: Sequence[str], names: Mapping[str, str]) -> Html | None:
    """The tracks that could not be decoded, with the reasons."""
    answers = zip(tracks, report.y_pred.tolist(), strict=True)
    found = {track: "" for track, answer in answers if answer is None}
    found |= {error.path: error.reason for error in report.errors}
    if not found:
        return None
    rows = [
        [element("code", names[track]), reason] for track, reason in list(found.items())[:_LISTED]
    ]
    listed = table(["track", "reason"], rows, kind="stack")
    return join(listed, more(len(found) - _LISTED, "tracks"))


def leaks(report: GenreReport, names: Mapping[str, str]) -> Html | None:
    """The tracks that the training knew already."""
    if not report.leakage:
        return None
    found = report.leakage.leaks
    why = {"group": "of one group", "content": "same content"}
    rows = [
        [
            leak.fold + 1,
            *(element("code", names.get(track, track)) for track in (leak.test, leak.train)),
            why[leak.reason],
        ]
        for leak in found[:_LISTED]
    ]
    head = ["fold", "tested", "in its training", "why"]
    return join(
        element("p", f"{percent(report.leakage.share)} of the tests leak. {_REMEDY}"),
        table(head, rows, numbers=(0,)),
        more(len(found) - _LISTED, "leaks"),
    )
