"""Saving a model to one file and loading it without executing anything."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from genrekit._version import __version__
from genrekit.exceptions import warn_caller
from genrekit.models import NetworkClassifier, iter_objects, named_children
from genrekit.networks import CNNEmbedding, ModelCard, get_card
from genrekit.persistence import _archive, _schema
from genrekit.persistence._model_checks import check_model
from genrekit.persistence._moves import follow_moves
from genrekit.persistence._portable import portable_copy, settle
from genrekit.persistence._private import load_skops
from genrekit.persistence._tree_checks import check_tree_state
from genrekit.persistence._trials import try_model

__all__ = ["load", "save"]

# How many leading numbers of the version must agree; None for all. librosa is only recorded.
_COMPARED = {"genrekit": None, "scikit-learn": None, "numpy": 1}


def save(model: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Save a model to one file.

    The file holds the model in the format of skops, which is data only, and a manifest with the
    SHA-256 of each part, the classes, the parameters and the versions of genrekit, scikit-learn,
    numpy and librosa. Pretrained networks stay where they are: each is referred to by name, or by
    the path of its card, and by SHA-256. One that was trained here is in the file, an ONNX file and
    its card, without code. Saving a model twice gives the same bytes.

    Parameters
    ----------
    model : estimator
        A `GenreClassifier`, a pipeline, a search or any other estimator, usually fitted. It is not
        changed. ``memory``, ``decoder``, ``checkpoint``, ``device``, ``n_jobs``,
        ``pre_dispatch``, ``verbose``, ``cache_size`` and ``cache_waveform`` are not saved, in it or
        in any estimator inside: in the file they have their default values. Nor are requests for
        metadata (``set_fit_request``). A search is saved with what it found; its scorers go by
        name, and what `RandomizedSearchCV` drew stands for the distributions it drew from. So does
        the function that makes the network of a `NetworkClassifier`, which predicts without it.
    path : str or path-like
        Where to write. An existing file is replaced at once and only when the new one is complete.

    Raises
    ------
    TypeError
        If something in the model can't be saved, such as a lambda; the message says where it is.
    ValueError
        If the model would not pass the checks of `load`.

    Warns
    -----
    GenrekitWarning
        If a search scores by a function, or a network is made by one, which is left out.

    See Also
    --------
    load : The other direction.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from genrekit.persistence import load, save
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["blues", "blues", "metal", "metal"]
    >>> model = LogisticRegression().fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, pathlib.Path(folder) / "model.skops")
    ...     load(pathlib.Path(folder) / "model.skops").predict([[3.0]])
    array(['metal'], dtype='<U5')
    """
    if not isinstance(model, BaseEstimator):
        raise TypeError(f"model must be a scikit-learn estimator, got a {type(model).__name__}")
    portable = portable_copy(model)
    networks = _note_networks(portable)
    check_model(portable)
    try_model(portable)
    members = _schema.normalise(_archive.unzip(_dump(portable)))
    _check_savable(members)
    data = _archive.write_archive(members, {**_describe(portable), "networks": networks})
    _archive.write_atomically(Path(path), data)


def load(path: str | os.PathLike[str], trusted: Collection[str | type] = ()) -> Any:
    """Load a model that `save` wrote, without executing anything from the file.

    Only types of a fixed list are built. Before that, the names in the file are compared with the
    list, the file with its SHA-256 manifest, and the nodes of decision trees with the bounds of
    their arrays; after that, the shapes, indices and numbers of all other parts, and whether a row
    of numbers gets through them. The manifest finds damage.
    It can't find a deliberate change by someone who also recomputed the manifest, which takes a
    signature: the checks keep such a file from running code or reading outside its arrays, but
    nothing can keep it from predicting nonsense.

    Parameters
    ----------
    path : str or path-like
        The file.
    trusted : collection of str or type, default=()
        Further types to build, as classes or by the dotted names of the error message, such as
        ``["my.module.MyClassifier"]``. Their contents are not checked, so trust only what you know
        in a file from someone you trust.

    Returns
    -------
    estimator
        The model as it was saved; ``memory``, ``decoder``, ``checkpoint``, ``device``, ``n_jobs``,
        ``pre_dispatch``, ``verbose``, ``cache_size`` and ``cache_waveform`` have their default
        values, whatever the file says, and can be set with ``set_params``.

    Raises
    ------
    ValueError
        If the file is damaged, inconsistent, not written by `save`, holds a type that is
        neither on the list nor trusted, or was saved with another network than goes by that name
        here. The message names the file and the reason.
    FileNotFoundError
        If there is no such file.

    Warns
    -----
    GenrekitWarning
        If the file was written under another version of genrekit or scikit-learn, or another major
        version of numpy: predictions may differ.

    See Also
    --------
    save : The other direction.

    Notes
    -----
    The list holds genrekit's estimators; scikit-learn's `Pipeline`, `StandardScaler`,
    `SimpleImputer`, `PCA`, `SVC`, `RandomForestClassifier` and its trees, `KNeighborsClassifier`
    by brute force, `LogisticRegression`, `DummyClassifier`, `CalibratedClassifierCV` with sigmoid
    or temperature calibration, `LabelEncoder`, the searches (`GridSearchCV`,
    `RandomizedSearchCV` and both by halving) and the splitters; numpy's arrays, scalars, dtypes
    and `RandomState`; and Python's plain types.

    Examples
    --------
    >>> from genrekit.persistence import load
    >>> load("model.skops", trusted=["my.module.MyClassifier"])  # doctest: +SKIP
    """
    names = _trusted_names(trusted)
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such model file")
    # A hostile file can make json, numpy, skops and scikit-learn raise anything at all.
    try:
        data = _archive.read_file(path)
        members, manifest = _archive.read_archive(data)
        _warn_of_versions(path, manifest["versions"])
        return _build(data, members, names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (Warning, OSError):  # the caller made warnings errors; it can't be opened
        raise
    except Exception as error:
        raise ValueError(
            f"{path}: it is damaged or genrekit.save did not write it "
            f"({type(error).__name__}: {error})"
        ) from error


def _build(data: bytes, members: Mapping[str, bytes], trusted: Collection[str]) -> Any:
    """Check, let skops build, check again."""
    moved = follow_moves(members)
    if moved is not members:
        members, data = moved, _archive.pack(moved)
    schema = _schema.parse_schema(members[_schema.FILE])
    allowed = _schema.check_schema(schema, members, trusted)
    for where, args, state in _schema.iter_trees(schema, members):
        try:
            check_tree_state(args, state)
        except ValueError as error:
            raise ValueError(f"inconsistent Tree at {where}: {error}") from error
    with warnings.catch_warnings():
        # One warning for the whole file has been given already.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        model = load_skops().loads(data, trusted=allowed)
    settle(model)
    check_model(model)
    try_model(model)
    return model


def _trusted_names(trusted: Collection[str | type]) -> frozenset[str]:
    """The dotted names of what the caller trusts."""
    items = () if isinstance(trusted, (str, bool, type)) else trusted
    names = frozenset(_schema.type_name(item) if isinstance(item, type) else item for item in items)
    if items is not trusted or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"trusted must be a list of dotted names or classes, got {trusted!r}; "
            "for one type write trusted=['my.module.MyClassifier']"
        )
    return names


def _note_networks(model: Any) -> dict[str, str]:
    """Let each embedding in a copy, fitted or not, carry its network's SHA-256; all of these."""
    networks: dict[str, str] = {}
    for _, part in iter_objects(model):
        if isinstance(part, NetworkClassifier) and hasattr(part, "card_"):
            networks |= ModelCard.from_json(part.card_).references
        if isinstance(part, CNNEmbedding):
            if not hasattr(part, "sha256_"):
                part.sha256_ = get_card(part.model).sha256
            networks[str(part.model)] = part.sha256_
    return networks


def _dump(model: BaseEstimator) -> bytes:
    """The model as a skops file, or an error that says what in it can't be saved."""
    try:
        return load_skops().dumps(model)
    except Exception as error:  # skops raises whatever the object's own code does
        where, value = _culprit("model", model, set())
        raise TypeError(
            f"{where} can't be saved: it is a {_schema.type_name(type(value))} ({error})"
        ) from error


def _culprit(where: str, value: Any, seen: set[int]) -> tuple[str, Any]:
    """The innermost part of a model that skops can't save, and its place."""
    seen.add(id(value))
    for place, child in named_children(where, value):
        if id(child) in seen:
            continue
        try:
            load_skops().dumps(child)
        except Exception:
            return _culprit(place, child, seen)
    return where, value


def _check_savable(members: Mapping[str, bytes]) -> None:
    """Find what skops writes but can't or may not read: lambdas, local classes, bound methods."""
    schema = _schema.parse_schema(members[_schema.FILE])
    names = set()
    for node in _schema.iter_nodes(schema):
        if not _importable(node.type_name):
            raise TypeError(
                f"{node.where} can't be saved: {node.type_name} can't be imported; "
                "define it by name at the top level of a module"
            )
        names.add(node.type_name)
    try:
        _schema.check_schema(schema, members, trusted=names)
    except ValueError as error:
        raise TypeError(f"the model can't be saved: {error}") from error


def _importable(name: str) -> bool:
    """Whether a dotted name leads to something."""
    module, _, attribute = name.rpartition(".")
    return hasattr(sys.modules.get(module) or import_module(module), attribute)


def _describe(model: BaseEstimator) -> dict[str, Any]:
    """What the manifest tells a reader about the model."""
    classes = getattr(model, "classes_", None)
    return {
        "class": _schema.type_name(type(model)),
        "classes": None if classes is None else [str(label) for label in np.asarray(classes)],
        "parameters": {name: repr(value) for name, value in model.get_params().items()},
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Versions of what decides how a model behaves."""
    distributions = ("scikit-learn", "numpy", "librosa")
    return {"genrekit": __version__} | {name: metadata.version(name) for name in distributions}


def _warn_of_versions(path: Path, written: Mapping[str, str]) -> None:
    """Say once which versions differ from those that wrote the file."""
    here = _versions()
    different = [
        f"{name} {written[name]} (here {here[name]})"
        for name, depth in _COMPARED.items()
        if written[name].split(".")[:depth] != here[name].split(".")[:depth]
    ]
    if different:
        warn_caller(
            f"{path} was written under {', '.join(different)}; "
            "its predictions may differ here, so check them or fit the model again"
        )
