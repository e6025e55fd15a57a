"""What people pass as a track, brought to one of the forms that are read."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genrekit.engine._tracks import MatrixRow, TrackSegment, is_file
from genrekit.exceptions import AudioDecodeError

__all__ = [
    "as_array",
    "as_track",
    "is_missing",
    "is_number",
    "is_pair_like",
    "is_swapped_pair",
    "is_waveform_like",
]

# Whoever has a collection knows the item's place in it.
_NAMELESS = "<track>"


def as_array(X: Any) -> Any:
    """An array or table of tracks as an array, 1-D where it is one column; the rest as it is.

    Parameters
    ----------
    X : object
        What a user passed as a collection of tracks.

    Returns
    -------
    object
        Rows of numbers are of the type `MatrixRow`.

    Raises
    ------
    ValueError
        If it has several columns, one of them of paths, or some of its numbers are masked.
    """
    array = np.asarray(X) if hasattr(X, "to_numpy") else X
    if not isinstance(array, np.ndarray) or array.ndim != 2:
        return array
    if np.ma.isMaskedArray(array) and np.ma.getmaskarray(array).any():
        raise ValueError("X is a masked array with masked samples: fill them first, X.filled(0)")
    if array.dtype.kind not in "OUT":
        return array.view(MatrixRow)
    if array.shape[1] == 1:
        return array[:, 0]
    if paths := [i for i, cell in enumerate(array[:1].ravel()) if is_file(cell)]:
        names = list(getattr(X, "columns", range(array.shape[1])))
        pick = f"X[{names[paths[0]]!r}]" if hasattr(X, "columns") else f"X[:, {paths[0]}]"
        raise ValueError(
            f"expected a list of tracks, got a table with the columns {_listed(names)}: pass the "
            f"one that holds the tracks, such as {pick}"
        )
    return array


def is_waveform_like(value: Any) -> bool:
    """An array, a tensor, or a list of numbers or of lists of them."""
    if isinstance(value, (list, tuple)):
        # A list of arrays is a collection that stands where one track should.
        nested = bool(value) and isinstance(value[0], (list, tuple)) and is_waveform_like(value[0])
        return nested or (bool(value) and is_number(value[0]))
    if hasattr(value, "__array__"):
        return getattr(value, "shape", None) != ()
    return isinstance(value, array)


def is_number(value: Any) -> bool:
    """A number of Python's, numpy's or a tensor's."""
    if isinstance(value, (str, bytes)):  # numpy's strings have a shape too
        return False
    return isinstance(value, Number) or (
        hasattr(value, "__array__") and getattr(value, "shape", None) == ()
    )


def is_pair_like(item: Any) -> bool:
    """Something like a waveform and its sampling rate."""
    # The number tells a pair from a list of two tracks.
    return _is_two(item) and is_waveform_like(item[0]) and is_number(item[1])


def is_swapped_pair(item: Any) -> bool:
    """Sampling rate and waveform, the order in which scipy.io.wavfile gives them."""
    return _is_two(item) and is_number(item[0]) and is_waveform_like(item[1])


def _is_two(item: Any) -> bool:
    """A tuple or list of two."""
    return isinstance(item, (tuple, list)) and len(item) == 2


def as_track(item: Any) -> Any:
    """A path, bytes, file object, array of floats or ``(y, sr)`` pair; `AudioDecodeError` if none.

    Parameters
    ----------
    item : object
        One of these, or what has the same meaning: lists, tensors and other arrays for a waveform;
        a dict with ``array`` and ``sampling_rate``, or ``bytes`` or ``path``, as data sets of
        Hugging Face hold.

    Returns
    -------
    object
        The track.
    """
    if isinstance(item, Mapping):
        item = _of_mapping(item)
    if is_file(item) or isinstance(item, TrackSegment):
        return item
    if _is_two(item) and is_waveform_like(item[0]) and not is_waveform_like(item[1]):
        return _waveform(item[0]), _rate(item[1])
    if isinstance(item, np.ndarray) or is_waveform_like(item):
        return _waveform(item)
    if is_missing(item):
        raise AudioDecodeError(_NAMELESS, f"it is missing ({item})")
    kind = type(item).__name__
    raise AudioDecodeError(_NAMELESS, f"a {kind} is no track: pass a path, bytes or a waveform")


def _of_mapping(item: Mapping[str, Any]) -> Any:
    """What a dict holds; the samples, where they are decoded already."""
    if item.get("array") is not None and "sampling_rate" in item:
        return item["array"], item["sampling_rate"]
    for key in ("bytes", "path"):
        if is_file(item.get(key)):
            return item[key]
    raise AudioDecodeError(
        _NAMELESS,
        "a dict is a track if it has the keys 'array' and 'sampling_rate', or 'bytes' or 'path'; "
        f"this one has {_listed(item)}",
    )


def _listed(names: Iterable[Any]) -> str:
    """Names for a message."""
    return ", ".join(map(repr, names)) or "none"


def _waveform(value: Any) -> NDArray[Any]:
    """An array; floats in this machine's order of bytes, and of a precision that is computed in."""
    if np.ma.isMaskedArray(value):
        if np.ma.getmaskarray(value).any():
            hint = "Fill them first, with y.filled(0)"
            raise AudioDecodeError(_NAMELESS, "it is a masked array with masked samples", hint=hint)
        value = value.data
    try:
        samples = value if isinstance(value, np.ndarray) else np.asarray(value)
    except Exception as error:
        kind = type(value).__name__
        raise AudioDecodeError(_NAMELESS, f"a {kind} can't be read as an array: {error}") from error
    if samples.dtype.kind != "f" or samples.dtype in (np.float32, np.float64):
        return samples
    return samples.astype(np.float32 if samples.dtype.itemsize <= 4 else np.float64)


def _rate(sr: Any) -> Any:
    """A sampling rate as a number."""
    if hasattr(sr, "item") and getattr(sr, "shape", None) == ():
        sr = sr.item()
    if not isinstance(sr, Real) or isinstance(sr, bool):
        raise AudioDecodeError(_NAMELESS, f"its sampling rate must be a number of Hz, not {sr!r}")
    return sr


def is_missing(item: Any) -> bool:
    """None, NaN, or what pandas puts in their place, which need not be imported for it."""
    if isinstance(item, Real):
        return bool(item != item)
    return item is None or type(item).__name__ in ("NAType", "NaTType")
