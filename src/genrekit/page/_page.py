"""The page as a whole: its sections in order, its style, and what it was made with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from genrekit._version import __version__
from genrekit.evaluation import FamilyImportance, GenreReport
from genrekit.page import _charts as charts
from genrekit.page import _sections as sections
from genrekit.page._document import document, write_page
from genrekit.page._facts import about, facts
from genrekit.page._genre_section import each_genre
from genrekit.page._headline import alerts, headline
from genrekit.page._markup import Html, element
from genrekit.page._markup import sections as sections_of
from genrekit.page._names import short_names
from genrekit.page._players import Players
from genrekit.page._training_section import training

__all__ = ["write_report"]


def write_report(
    report: GenreReport,
    path: str | os.PathLike[str],
    *,
    title: str = "Genre report",
    estimator: Any = None,
    features: Any = None,
    importance: FamilyImportance | None = None,
    audio: str = "link",
    more: Mapping[str, Html] = MappingProxyType({}),
) -> None:
    """Write a report as one HTML page that needs nothing else: no network, no other file.

    Parameters
    ----------
    report : GenreReport
        What to show.
    path : path-like
        Where to write.
    title : str, default="Genre report"
        Heading of the page.
    estimator : estimator, optional
        What was cross-validated; its parameters are shown. Of a fitted one, where the report
        holds no trainings, the training too.
    features : Extraction or array-like of shape (n_tracks, n_features), optional
        Features of the tracks, in the order of the report; a map of the tracks is drawn of them.
    importance : FamilyImportance, optional
        What `importance_by_family` found; it is drawn.
    audio : {"link", "embed", "none"}, default="link"
        Players beside tracks that were taken for others: of the files where they are, whose way
        from the page, with the names of folders, is then part of it; of 10 seconds of each, held
        by the page, some 85 kB a track; or none.
    more : mapping of str to Html, default={}
        Further sections, by heading.

    Raises
    ------
    FileNotFoundError
        When the folder is not there.
    TypeError
        When `report` is none.
    ValueError
        When `features` has another number of rows than the report has tracks, or `audio` is
        unknown.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from genrekit import cross_validate_genres, write_report
    >>> X, y = load_wine(return_X_y=True)
    >>> path = Path(tempfile.mkdtemp(), "report.html")
    >>> write_report(cross_validate_genres(GaussianNB(), X, y, random_state=0), path)
    >>> path.exists()
    True
    """
    if not isinstance(report, GenreReport):
        raise TypeError(
            f"report must be a GenreReport, not a {type(report).__name__}: a Comparison has a "
            "to_html of its own"
        )
    shown = report, title, estimator, features, importance
    write_page(path, lambda at: _page(*shown, Players(audio, at), more))


def _page(
    report: GenreReport,
    title: str,
    estimator: Any,
    features: Any,
    importance: FamilyImportance | None,
    players: Players,
    more: Mapping[str, Html],
) -> str:
    """Put the sections together."""
    tracks = list(report.tracks) or [f"track {i}" for i in range(len(report.y_true))]
    folder, names = short_names([*tracks, *(error.path for error in report.errors)])
    short = [names[track] for track in tracks]
    parts = {
        "By genre": sections.genres(report),
        "Confusion": sections.confusion(report),
        "Genre by genre": each_genre(report, short, players),
        "Confused most": sections.mistakes(report, short, players),
        "Most confidently wrong": sections.surest(report, names, players),
        "Finding each genre": charts.curves(report),
        "Calibration": charts.calibration(report),
        "Map of the tracks": charts.tracks(report, tracks, features),
        "What matters": charts.importance(importance),
        "Training": training(report, estimator),
        "Folds and times": sections.folds(report),
        "Not decoded": sections.failures(report, tracks, names),
        "Leaks": sections.leaks(report, names),
        **more,
        "What was evaluated": facts(report, folder, estimator),
    }
    remark = players.remark()
    body: list[object] = [
        element("header", element("h1", title), element("p", about(report), class_="about")),
        alerts(report) or "",
        headline(report),
        *sections_of(parts),
        element(
            "footer", *([remark, " "] if remark else []), f"Written by genrekit {__version__}."
        ),
    ]
    return document(title, body)
