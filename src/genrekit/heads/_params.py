"""Checks of the parameters of `GenreClassifier`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genrekit._validation import check_number, did_you_mean

__all__ = ["check_names", "check_settable", "check_share"]


def check_names(owner: Any, params: Iterable[str], known: Iterable[str]) -> None:
    """Nested names up to the first ``__``; what follows is checked by its owner."""
    for name in params:
        if name.partition("__")[0] not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"{type(owner).__name__} has no parameter {name!r}: {hint}")


def check_settable(name: str, owner: Any) -> None:
    """``model__C`` needs a model: a short name such as "svm" has no parameters."""
    if "__" in name and not hasattr(owner, "set_params"):
        first, _, rest = name.partition("__")
        raise ValueError(
            f"{name!r} can't be set while {first} is {owner!r}: pass an object that has the "
            f"parameter {rest!r} as {first}, such as SVC(C=1.0) as model"
        )


def check_share(name: str, value: Any) -> None:
    """A probability, or None."""
    if value is not None:
        check_number(name, value, minimum=0)
        if value > 1:
            raise ValueError(f"{name} is a probability, 0 to 1, not {value!r}")
