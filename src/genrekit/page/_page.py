"""The page as a whole: its sections in order, its style, and what it was made with."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from sklearn import config_context

from genrekit._tables import atomic_path, check_writable
from genrekit._version import __version__
from genrekit.dsp.kernels import FLAVOUR
from genrekit.evaluation import GenreReport
from genrekit.page import _sections as sections
from genrekit.page._document import document
from genrekit.page._headline import alerts, headline
from genrekit.page._markup import Html, element, join
from genrekit.page._names import short_names
from genrekit.page._training_section import training

__all__ = ["write_report"]

_PACKAGES = ("numpy", "scipy", "scikit-learn", "librosa", "soundfile", "soxr")


def write_report(
    report: GenreReport,
    path: str | os.PathLike[str],
    *,
    title: str = "Genre report",
    estimator: Any = None,
    features: Any = None,
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
    features : array-like of shape (n_tracks, n_features), optional
        Features of the tracks, in the order of the report; a map of the tracks is drawn of them.
    more : mapping of str to Html, default={}
        Further sections, by heading.

    Raises
    ------
    FileNotFoundError
        When the folder is not there.
    ValueError
        When `features` has another number of rows than the report has tracks.
    """
    path = Path(path)
    check_writable(path)
    page = _page(report, title, estimator, features, more)
    with atomic_path(path) as part:
        part.write_text(page, encoding="utf-8")


def _page(
    report: GenreReport, title: str, estimator: Any, features: Any, more: Mapping[str, Html]
) -> str:
    """Put the sections together."""
    tracks = list(report.tracks) or [f"track {i}" for i in range(len(report.y_true))]
    folder, names = short_names([*tracks, *(error.path for error in report.errors)])
    parts = {
        "By genre": sections.genres(report),
        "Confusion": sections.confusion(report),
        "Confused most": sections.mistakes(report, [names[track] for track in tracks]),
        "Most confidently wrong": sections.surest(report, names),
        "Calibration": sections.calibration(report),
        "Map of the tracks": sections.tracks(report, features),
        "Training": training(report, estimator),
        "Folds and times": sections.folds(report),
        "Not decoded": sections.failures(report, tracks, names),
        "Leaks": sections.leaks(report, names),
        **more,
        "What was evaluated": _facts(report, folder, estimator),
    }
    there = {name: part for name, part in parts.items() if part is not None}
    body: list[object] = [
        element("header", element("h1", title), element("p", _about(report), class_="about")),
        alerts(report) or "",
        headline(report),
        element("nav", *(element("a", name, href=f"#{_anchor(name)}") for name in there)),
        *(
            element("section", element("h2", name), part, id=_anchor(name))
            for name, part in there.items()
        ),
        element("footer", f"Written by genrekit {__version__}."),
    ]
    return document(title, body)


def _anchor(name: str) -> str:
    """The name of a section in links."""
    return name.lower().replace(" ", "-")


def _about(report: GenreReport) -> str:
    """One line: what, how, when."""
    n_folds = len(report.fit_seconds)
    how = f"cross-validated in {n_folds} folds" if n_folds > 1 else "tested on one split"
    return (
        f"{len(report.y_true)} tracks in {len(report.classes)} genres, {how}. "
        f"{date.today().isoformat()}"
    )


def _facts(report: GenreReport, folder: str, estimator: Any) -> Html:
    """What was evaluated on what, with what."""
    genres = zip(report.classes, report.support, strict=True)
    failed = f", {report.n_failed} of them without a prediction" if report.n_failed else ""
    facts: dict[str, object] = {
        "tracks": f"{len(report.y_true)}{failed}",
        "genres": ", ".join(f"{genre} ({n})" for genre, n in genres),
        "folder": element("code", Path(folder).name) if folder else "",
        "groups": _groups(report),
        "folds": f"{len(report.fit_seconds)}; a track is predicted in one, by a model that was "
        "fitted on others",
        "interval": f"95 % {report.interval_name}. It takes the models of the folds as they are, "
        "and so is somewhat too narrow",
        "versions": ", ".join(f"{name} {version}" for name, version in _versions()),
        "machine": f"{platform.platform(terse=True)}, {platform.machine()}",
    }
    rows = (
        part
        for name, fact in facts.items()
        if fact
        for part in (element("dt", name), element("dd", fact))
    )
    return join(element("dl", *rows), "" if estimator is None else _parameters(estimator))


def _parameters(estimator: Any) -> Html:
    """The estimator with all its parameters, the defaults too: they may differ elsewhere."""
    with config_context(print_changed_only=False):
        return element("pre", repr(estimator))


def _groups(report: GenreReport) -> str:
    """What was kept on one side of each split."""
    if report.groups is None:
        return "none given: tracks of one artist or album may stand on both sides of a split"
    n_groups = len(np.unique(report.groups))
    if not report.is_grouped:
        return (
            f"{n_groups}, one a track: tracks of one artist or album may stand on both sides of a "
            "split"
        )
    split = report.leakage is not None and report.leakage.count("group")
    return f"{n_groups}, {'which some splits break up' if split else 'each on one side of a split'}"


def _versions() -> list[tuple[str, str]]:
    """Versions of what the numbers depend on."""
    own = [("genrekit", __version__), ("Python", platform.python_version())]
    others = [(name, metadata.version(name)) for name in _PACKAGES]
    return [*own, *others, ("kernels", FLAVOUR)]
