"""The top of the page: how good it is, beside what is nothing, and what is wrong with it."""

from __future__ import annotations

import math

from genrekit.evaluation import GenreReport
from genrekit.page._markup import Html, element, join

__all__ = ["alerts", "headline", "percent"]


def percent(share: float) -> str:
    """A share as text."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def headline(report: GenreReport) -> Html:
    """Accuracy with its interval, beside what always answering one genre gives."""
    score = element("p", percent(report.accuracy), element("span", "accuracy"), class_="score")
    low, high = report.interval
    said = (
        f" are right: {percent(report.accuracy)}, and with 95 % confidence {percent(low)} to "
        f"{percent(high)} ({report.interval_name}). Always answering the most frequent genre gives "
        f"{percent(report.baseline)}."
    )
    counted = element("strong", f"{report.n_correct} of {len(report.y_true)} tracks")
    return element(
        "section",
        element("div", score, _strip(report), class_="hero"),
        element("p", counted, said, class_="lead"),
        _facts(report),
    )


def _strip(report: GenreReport) -> Html:
    """A line from 0 to 100 % with the interval, the accuracy and the baseline on it."""
    (low, high), base = report.interval, report.baseline
    # Near an end of the line the label is anchored by that end, and stays on the page.
    label = element(
        "span",
        f"most frequent genre {percent(base)}",
        style=f"left:{base:.2%};transform:translateX(-{base:.0%})",
    )
    line = element(
        "div",
        element("i", class_="interval", style=f"left:{low:.2%};width:{high - low:.2%}"),
        element("i", class_="dot", style=f"left:{report.accuracy:.2%}"),
        element("i", class_="base", style=f"left:{base:.2%}"),
        class_="line",
    )
    marks = (element("span", f"{p} %", style=f"left:{p}%") for p in (0, 25, 50, 75, 100))
    scale = element("div", *marks, class_="scale")
    return element("div", element("div", label, class_="above"), line, scale, class_="strip")


def _facts(report: GenreReport) -> Html:
    """The other numbers, each beside that of the baseline."""
    dummy = report.dummy
    shown = [
        ("accuracy by segment", report.segment_accuracy, _segments(report)),
        ("macro F1", report.macro_f1, _beside(dummy.macro_f1)),
        ("balanced accuracy", report.balanced_accuracy, _beside(dummy.balanced_accuracy)),
        ("log loss, lower is better", report.log_loss, _beside(dummy.log_loss, "shares of genres")),
        ("calibration error", report.calibration_error, "0 is best"),
    ]
    facts = [
        element("div", element("span", name), element("b", f"{value:.3f}"), element("small", note))
        for name, value, note in shown
        if not math.isnan(value)
    ]
    return element("div", *facts, class_="facts")


def _segments(report: GenreReport) -> str:
    """How many segments there are, and how sure their share is."""
    low, high = report.segment_interval
    n = 0 if report.segments is None else report.segments.sum()
    return f"of {n} segments, 95 % {low:.3f} to {high:.3f}"


def _beside(value: float, what: str = "most frequent genre") -> str:
    """What doing nothing gives."""
    return f"{what} {value:.3f}"


def alerts(report: GenreReport) -> Html | None:
    """What a reader must know before the numbers."""
    found = []
    if report.leakage:
        copies = report.leakage.count("content"), report.leakage.count("group")
        said = (
            f"Of {report.leakage.n_tested} tested tracks {copies[0]} have an identical copy in "
            f"training, {copies[1]} another track of their group. They are listed below."
        )
        found.append(_alert("bad", "The score is too high.", said))
    if report.n_failed:
        said = (
            f"{report.n_failed} of {len(report.y_true)} have no prediction because they could not "
            "be decoded. They count as wrong and are listed below."
        )
        found.append(_alert("warn", "Tracks without a prediction.", said))
    elif report.errors:
        said = f"{len(report.errors)} could not be decoded. They are listed below."
        found.append(_alert("warn", "Undecodable tracks.", said))
    fewest = int(report.support[report.support > 0].min())
    if fewest < 10:
        said = f"The smallest genre has {fewest}: what is said of it rests on little."
        found.append(_alert("note", "Few tracks.", said))
    return join(*found) if found else None


def _alert(kind: str, title: str, text: str) -> Html:
    """A framed remark."""
    return element("div", element("strong", title), " ", text, class_=f"alert {kind}", role="note")
