"""What was evaluated on what, with what."""

from __future__ import annotations

import os
import platform
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import config_context

from genrekit._version import __version__
from genrekit.dsp.kernels import FLAVOUR
from genrekit.evaluation import GenreReport
from genrekit.page._markup import Html, element, join

__all__ = ["about", "facts"]

_PACKAGES = ("numpy", "scipy", "scikit-learn", "librosa", "soundfile", "soxr")


def about(report: GenreReport) -> str:
    """One line: what, how, when."""
    n_folds = len(report.fit_seconds)
    how = f"cross-validated in {n_folds} folds" if n_folds > 1 else "tested on one split"
    return (
        f"{len(report.y_true)} tracks in {len(report.classes)} genres, {how}. "
        f"{_today().isoformat()}"
    )


def _today() -> date:
    """Today, or the day that a build which is to be repeated gives to all that it makes."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return date.today() if given is None else datetime.fromtimestamp(int(given), UTC).date()


def facts(report: GenreReport, folder: str, estimator: Any) -> Html:
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
