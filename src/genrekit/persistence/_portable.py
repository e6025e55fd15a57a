"""A model without what belongs to one machine: as it is saved, and as it comes back."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from genrekit.exceptions import warn_caller
from genrekit.models import iter_objects
from genrekit.persistence._searches import is_search, portable_search, restore_scorers

__all__ = ["RUNTIME_PARAMETERS", "portable_copy", "settle"]

# How a model runs on one machine, not what it is: what names a place on it, code of its own or
# its memory and processors. In a file from elsewhere they would be somebody else's say in that.
RUNTIME_PARAMETERS = (
    *("memory", "decoder", "checkpoint", "device"),
    *("n_jobs", "pre_dispatch", "verbose", "cache_size", "cache_waveform"),
)
# What made a network, of no use once it is trained; where it is code it goes by its name.
_MAKERS = ("network", "backbone")
# What scikit-learn notes when metadata is requested: an object of a private class, of use to `fit`.
_REQUESTS = "_metadata_request"


def portable_copy(model: BaseEstimator) -> BaseEstimator:
    """A copy with default runtime parameters throughout; arrays and other leaves are shared."""
    lost: dict[str, str] = {}
    copied: BaseEstimator = _copied(model, {}, lost)
    if lost:
        told = " and ".join(f"{maker}={name!r}" for name, maker in lost.items())
        warn_caller(
            f"{told} can't be saved, being code: the file holds the name. What has been trained "
            "predicts as before, and to train it again takes what goes by that name"
        )
    return copied


def settle(model: Any) -> None:
    """Give what a file held default runtime parameters, whatever the file says, in place.

    Parameters
    ----------
    model : object
        What was built from a file; nothing of it has been used yet.
    """
    for _, part in list(iter_objects(model)):
        if isinstance(part, BaseEstimator):
            vars(part).pop(_REQUESTS, None)
            vars(part).update(_runtime_defaults(part))
        if is_search(part):
            restore_scorers(part)


def _copied(value: Any, memo: dict[int, tuple[Any, Any]], lost: dict[str, str]) -> Any:
    """The copy of one part of a model; `lost` gains the names of code that is left out."""
    new: Any
    if id(value) in memo:  # what is one object in the model stays one object in the copy
        return memo[id(value)][1]
    if isinstance(value, dict):
        new = copy.copy(value)
        memo[id(value)] = value, new
        new.update(_copied_items(value, memo, lost))
    elif type(value) in (list, tuple):
        new = type(value)(_copied(item, memo, lost) for item in value)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        new = value.copy()
        items = new.view(np.ndarray)  # also of a masked array
        for index in np.ndindex(items.shape):
            items[index] = _copied(items[index], memo, lost)
    elif isinstance(value, BaseEstimator) or _is_plain_object(value):
        new = object.__new__(type(value))
        memo[id(value)] = value, new
        vars(new).update(_copied_items(_portable_attributes(value), memo, lost))
    else:
        new = value
    memo[id(value)] = value, new  # the original too: another could come to lie where it lay
    return new


def _copied_items(
    items: dict[Any, Any], memo: dict[int, tuple[Any, Any]], lost: dict[str, str]
) -> Any:
    """What stands under each name; what makes a network goes by its own."""
    return {
        key: _copied(_named(_maker_in(key), item, lost), memo, lost) for key, item in items.items()
    }


def _maker_in(key: Any) -> str | None:
    """Which of the parameters that may be code goes by a name, in a search or a pipeline too."""
    last = key.rpartition("__")[2].removeprefix("param_") if isinstance(key, str) else key
    return last if last in _MAKERS else None


def _named(maker: str | None, value: Any, lost: dict[str, str]) -> Any:
    """The names of functions and modules in the place of these, also in a list of them."""
    if maker is None:
        return value
    if type(value) in (list, tuple):
        return type(value)(_named(maker, item, lost) for item in value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.copy()
        items = value.view(np.ndarray)
        for index in np.ndindex(items.shape):
            items[index] = _named(maker, items[index], lost)
    elif callable(value) and not isinstance(value, BaseEstimator):
        made = getattr(value, "func", value)  # of a partial
        value = getattr(made, "__name__", type(made).__name__)
        lost[value] = maker
    return value


def _portable_attributes(value: Any) -> dict[str, Any]:
    """The attributes that are saved."""
    attributes = {**vars(value), **_runtime_defaults(value)}
    attributes.pop(_REQUESTS, None)
    return portable_search(attributes) if is_search(value) else attributes


def _is_plain_object(value: Any) -> bool:
    """Whether a value is nothing but its attributes, as pickle would see it."""
    plain = ("__new__", "__reduce__", "__reduce_ex__")
    return (
        hasattr(value, "__dict__")
        and not callable(value)
        and all(getattr(type(value), name) is getattr(object, name) for name in plain)
    )


def _runtime_defaults(value: Any) -> dict[str, Any]:
    """The constructor's defaults of those runtime parameters that an estimator has."""
    if not isinstance(value, BaseEstimator):
        return {}
    parameters = inspect.signature(type(value)).parameters
    defaults = {
        name: parameters[name].default
        for name in RUNTIME_PARAMETERS
        if name in parameters and name in vars(value)
    }
    return {
        name: None if default is inspect.Parameter.empty else default
        for name, default in defaults.items()
    }
