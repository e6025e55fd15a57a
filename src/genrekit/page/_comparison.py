"""A comparison of classifiers as one page."""

from __future__ import annotations

import math
import os

import numpy as np

from genrekit._version import __version__
from genrekit.evaluation import Comparison, GenreReport, PairedDifference
from genrekit.page._document import document, write_page
from genrekit.page._facts import about, facts
from genrekit.page._headline import percent
from genrekit.page._markup import Html, element, join, more, sections, table
from genrekit.page._names import short_names
from genrekit.page._sections import matrix, shading

__all__ = ["write_comparison"]

# Beyond these, the page says how many more there are.
_LISTED = 50


def write_comparison(
    comparison: Comparison,
    path: str | os.PathLike[str],
    *,
    title: str = "Comparison of classifiers",
) -> None:
    """Write a comparison as one HTML page that needs nothing else.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    path : path-like
        Where to write.
    title : str, default="Comparison of classifiers"
        Heading of the page.

    Raises
    ------
    FileNotFoundError
        When the folder is not there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from genrekit import compare
    >>> from genrekit.page import write_comparison
    >>> models = {"as many": GaussianNB(), "equal": GaussianNB(priors=[1 / 3] * 3)}
    >>> path = Path(tempfile.mkdtemp(), "comparison.html")
    >>> write_comparison(compare(models, *load_wine(return_X_y=True), random_state=0), path)
    >>> path.exists()
    True
    """
    write_page(path, lambda _: _page(comparison, title))


def _page(comparison: Comparison, title: str) -> str:
    """Put the sections together."""
    reports = dict(comparison.reports)
    first = reports[comparison.reference or next(iter(reports))]
    names = list(first.tracks) or [f"track {i}" for i in range(len(first.y_true))]
    folder, short = short_names(names)
    parts = {
        "Accuracy": _accuracies(reports, first),
        "Differences": _differences(comparison) if len(reports) > 1 else None,
        "By genre": _genres(reports),
        "Wrong by all": _hard(reports, [short[name] for name in names]),
        "Confusion": join(*(_folded(name, report) for name, report in reports.items())),
        "What was compared": facts(first, folder, None),
    }
    header = element(
        "header",
        element("h1", title),
        element("p", f"{len(reports)} classifiers. {about(first)}", class_="about"),
    )
    footer = element("footer", f"Written by genrekit {__version__}.")
    return document(title, [header, *sections(parts), footer])


def _accuracies(reports: dict[str, GenreReport], first: GenreReport) -> Html:
    """Each with its interval on a line from 0 to 100 %, the best first, the baseline last."""
    ranked = sorted(reports.items(), key=lambda item: -item[1].accuracy)
    rows = [[name, *_scores(report), *_seconds(report)] for name, report in ranked]
    rows.append([element("i", "most frequent genre"), *_scores(first.dummy), "", "", ""])
    explained = (
        f"Share of {len(first.y_true)} tracks that are right, with its 95 % {first.interval_name}, "
        "from 0 to 100 %. Two intervals that overlap say little of the difference: see below."
    )
    head = ["classifier", "accuracy", "0 to 100 %", "95 % interval", "macro F1", "log loss"]
    head += ["extract s", "fit s", "predict s"]
    return join(element("p", explained), table(head, rows, numbers=(1, *range(3, 9)), kind="wide"))


def _scores(report: GenreReport) -> list[object]:
    """Accuracy as a picture and as numbers."""
    low, high = report.interval
    numbers = [report.macro_f1, report.log_loss]
    return [
        percent(report.accuracy),
        _line(low, high, report.accuracy),
        f"{percent(low)} to {percent(high)}",
        *("" if math.isnan(value) else f"{value:.3f}" for value in numbers),
    ]


def _seconds(report: GenreReport) -> list[str]:
    """What it took."""
    extract = report.extract_seconds
    return [
        "" if extract is None else f"{extract.sum():.1f}",
        f"{report.fit_seconds.sum():.1f}",
        f"{report.predict_seconds.sum():.1f}",
    ]


def _line(low: float, high: float, value: float, *, zero: float | None = None) -> Html:
    """An interval and a value in it, at shares of a line's width; maybe a mark at nothing."""
    marks = [
        element("i", class_="interval", style=f"left:{low:.2%};width:{high - low:.2%}"),
        element("i", class_="dot", style=f"left:{value:.2%}"),
    ]
    if zero is not None:
        marks.insert(0, element("i", class_="base", style=f"left:{zero:.2%}"))
    return element("div", element("div", *marks, class_="line"), class_="strip small")


def _differences(comparison: Comparison) -> Html:
    """Each against the reference, and whether the data can tell them apart."""
    reference = comparison.reference or next(iter(comparison.reports))
    found = comparison.differences
    unit = "groups" if comparison.reports[reference].is_grouped else "tracks"
    most = max(max(abs(d.low), abs(d.high)) for d in found.values()) or 1.0
    rows = [
        [
            name,
            _verdict(d, reference),
            _line(*(0.5 + 0.5 * x / most for x in (d.low, d.high, d.difference)), zero=0.5),
            _signed(d.difference),
            f"{_signed(d.low)} to {_signed(d.high)}",
            d.only_model,
            d.only_reference,
        ]
        for name, d in found.items()
    ]
    explained = (
        f"Accuracy minus that of {reference}, on the same tracks, with 95 % paired intervals over "
        f"{unit}. The mark in the middle of a line is no difference; an interval that holds it "
        "tells neither from the other."
    )
    head = ["classifier", "", f"{_signed(-most)} to {_signed(most)}", "difference"]
    head += ["95 % interval", "only it is right", f"only {reference} is right"]
    return join(element("p", explained), table(head, rows, numbers=(3, 4, 5, 6), kind="wide"))


def _signed(value: float) -> str:
    """A difference in percentage points."""
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _verdict(found: PairedDifference, reference: str) -> str:
    """In words."""
    if found.low > 0:
        return f"better than {reference}"
    return f"worse than {reference}" if found.high < 0 else "not told apart"


def _genres(reports: dict[str, GenreReport]) -> Html:
    """Recall of each genre by each classifier."""
    first = next(iter(reports.values()))
    head = [element("th", "genre", scope="col"), element("th", "tracks", scope="col")]
    head += [element("th", name, scope="col") for name in reports]
    rows = []
    for i, (genre, n) in enumerate(zip(first.classes, first.support, strict=True)):
        shares = [float(report.recall[i]) for report in reports.values()]
        best = max(shares)
        cells = [_cell(share, share == best and share > min(shares)) for share in shares]
        name = element("th", str(genre), scope="row")
        rows.append(element("tr", name, element("td", int(n), class_="plain"), *cells))
    inner = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    explained = (
        "Share of the tracks of a genre that are right; the best of a row is bold and framed."
    )
    frame = element(
        "div", inner, class_="scroll matrix shares", tabindex="0", role="region",
        aria_label="Recall by genre and classifier",
    )  # fmt: skip
    return join(element("p", explained), frame)


def _cell(share: float, best: bool) -> Html:
    """A share, shaded."""
    kind = shading(share, own=best)
    return element("td", f"{share:.2f}", class_=kind, style=f"--share:{share:.3f}")


def _hard(reports: dict[str, GenreReport], names: list[str]) -> Html | None:
    """Tracks that none has right."""
    first = next(iter(reports.values()))
    wrong = np.flatnonzero(~np.any([report.right for report in reports.values()], axis=0))
    if not len(wrong) or len(reports) < 2:
        return None
    rows = [
        [
            element("code", names[i]),
            str(first.y_true[i]),
            *("" if r.y_pred[i] is None else str(r.y_pred[i]) for r in reports.values()),
        ]
        for i in wrong[:_LISTED].tolist()
    ]
    explained = (
        f"{len(wrong)} of {len(names)} tracks are right in none: hard ones, ones of several "
        "genres, or wrong labels. Worth listening to."
    )
    head = ["track", "genre", *(f"said by {name}" for name in reports)]
    listed = table(head, rows)
    return join(element("p", explained), listed, more(len(wrong) - _LISTED, "tracks"))


def _folded(name: str, report: GenreReport) -> Html:
    """The confusion matrix of one, when it is asked for."""
    said = f": {report.n_correct} of {len(report.y_true)} right"
    return element("details", element("summary", element("b", name), said), matrix(report))
