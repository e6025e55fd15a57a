"""Searches over parameters as data: how they were scored is kept by name, never as code."""

from __future__ import annotations

import inspect
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring, get_scorer, get_scorer_names

from genrekit.exceptions import warn_caller

__all__ = ["is_search", "portable_search", "restore_scorers"]


def is_search(model: Any) -> bool:
    """Whether a model is a search; scikit-learn's base class of them is private.

    Parameters
    ----------
    model : object
        Anything.

    Returns
    -------
    bool
        True if it has their parameters.
    """
    own = {"estimator", "scoring", "refit", "cv"}
    return isinstance(model, BaseEstimator) and own <= vars(model).keys()


def portable_search(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a search that are data.

    What was found is kept: the refitted estimator, its parameters, and all scores. Scorers are
    kept by name, folds given as an iterator and distributions as what was drawn from them.

    Parameters
    ----------
    attributes : dict
        Of a search, fitted or not.

    Returns
    -------
    dict
        Those to save.

    Warns
    -----
    GenrekitWarning
        If `scoring` or `refit` is a function, which is left out.
    """
    kept = dict(attributes)
    kept.pop("scorer_", None)
    folds = kept.pop("_checked_cv_orig", None)
    if inspect.isgenerator(kept["cv"]) and folds is not None:
        kept["cv"] = list(folds.split())
    kept.update(_named_scores(kept))
    if "cv_results_" in kept and "param_distributions" in kept:
        tried = kept["cv_results_"]["params"]
        kept["param_distributions"] = _drawn(kept["param_distributions"], tried)
    return kept


def restore_scorers(search: Any) -> None:
    """Make the scorer of a fitted search anew, from the names in `scoring`; nothing else does.

    Parameters
    ----------
    search : GridSearchCV or another search
        Read from a file. It is changed.

    Raises
    ------
    ValueError
        If `scoring` or `refit` is not data, or no scorer goes by a name.
    """
    vars(search).pop("scorer_", None)
    scoring = search.scoring
    if _scoring_as_data(scoring) is not scoring or not isinstance(search.refit, (bool, str)):
        raise ValueError(f"the scores of a search go by name, not by {scoring!r}, {search.refit!r}")
    if not hasattr(search, "cv_results_"):
        return
    if isinstance(scoring, dict):
        search.scorer_ = {name: get_scorer(metric) for name, metric in scoring.items()}
    elif isinstance(scoring, list):
        search.scorer_ = {name: get_scorer(name) for name in scoring}
    else:
        search.scorer_ = check_scoring(search.estimator, scoring=scoring)


def _named_scores(attributes: dict[str, Any]) -> dict[str, Any]:
    """`scoring` and `refit` without code."""
    scoring, refit = attributes["scoring"], attributes["refit"]
    named = _scoring_as_data(scoring)
    lost = [f"scoring={scoring!r}"] if named is None and scoring is not None else []
    if callable(refit):
        lost.append(f"refit={refit!r}")
    if not lost:
        return {"scoring": named}
    warn_caller(
        f"{' and '.join(lost)} can't be saved, being code: in the file the search scores as its "
        "estimator does. What it found is saved as it is"
    )
    several = {"multimetric_": False} if named is None and "multimetric_" in attributes else {}
    return {"scoring": named, "refit": bool(refit), **several}


def _scoring_as_data(scoring: Any) -> Any:
    """`scoring` by the names of scikit-learn's scorers; None where that can't be."""
    if scoring is None or isinstance(scoring, str):
        return scoring
    if isinstance(scoring, dict):
        names = {name: _scorer_name(scorer) for name, scorer in scoring.items()}
        known = None not in names.values()
        return (scoring if names == scoring else names) if known else None
    if isinstance(scoring, list) and all(isinstance(name, str) for name in scoring):
        return scoring
    if isinstance(scoring, (tuple, set, frozenset)):
        return sorted(scoring)
    return _scorer_name(scoring)


def _scorer_name(scorer: Any) -> str | None:
    """The name under which scikit-learn has a scorer."""
    if isinstance(scorer, str):
        return scorer
    for name in get_scorer_names():
        if _same_scorer(scorer, get_scorer(name)):
            return name
    return None


def _same_scorer(scorer: Any, known: Any) -> bool:
    """Whether two scorers are alike but for the metadata they ask for."""
    if type(scorer) is not type(known):
        return False
    first, second = (
        {name: value for name, value in vars(item).items() if name != "_metadata_request"}
        for item in (scorer, known)
    )
    return first == second


def _drawn(distributions: Any, tried: list[dict[str, Any]]) -> Any:
    """Distributions with what was drawn of each in place of those that are no lists."""
    if not isinstance(distributions, dict):
        return [_drawn(item, tried) for item in distributions]
    return {
        name: [params[name] for params in tried if name in params]
        if hasattr(values, "rvs")
        else values
        for name, values in distributions.items()
    }
