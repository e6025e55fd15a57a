"""What a model file may be made of, checked on skops' raw schema before skops builds anything.

skops describes a model as a tree of nodes in ``schema.json``. Each node names a *loader*, which
decides how the node is turned into an object, and a type. Both must stand in `LOADERS` below (or
among the estimators of `estimator_types`). skops has a list of trusted types of its own, which
covers all of scikit-learn and numpy's functions; it is not enough here.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from genrekit.models import place
from genrekit.patches import MelInput
from genrekit.persistence._private import PRIVATE_TYPES

FILE = "schema.json"

# Public names where there are any: scikit-learn moves its private modules between versions.
SKLEARN_TYPES = frozenset(
    {
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.decomposition.PCA",
        "sklearn.dummy.DummyClassifier",
        "sklearn.ensemble.RandomForestClassifier",
        "sklearn.impute.SimpleImputer",
        "sklearn.linear_model.LogisticRegression",
        "sklearn.neighbors.KNeighborsClassifier",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing.LabelEncoder",
        "sklearn.preprocessing.StandardScaler",
        "sklearn.svm.SVC",
        "sklearn.tree.DecisionTreeClassifier",
        *(f"sklearn.model_selection.{name}" for name in ("GridSearchCV", "RandomizedSearchCV")),
        *PRIVATE_TYPES,
        *(
            f"sklearn.model_selection.{name}"
            for name in (
                *("KFold", "GroupKFold", "StratifiedKFold", "StratifiedGroupKFold"),
                *("LeaveOneGroupOut", "LeavePGroupsOut", "PredefinedSplit"),
                *("ShuffleSplit", "GroupShuffleSplit", "StratifiedShuffleSplit"),
            )
        ),
    }
)
# Every estimator in the `__all__` of these is allowed, so a new feature needs no registration.
GENREKIT_PACKAGES = ("genrekit.features", "genrekit.models", "genrekit.networks")

_SCALARS = frozenset(
    f"numpy.{name}"
    for name in (
        *("bool", "bool_", "str_", "float16", "float32", "float64"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    )
)
_PRIMITIVES = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "bool"))

# Loader -> the types it may build. The types of ``load(path, trusted=...)`` are added to those in
# _OPEN_LOADERS. What is missing here is never used: MethodNode, OperatorFuncNode and PartialNode
# hide what they call, CachedNode hides what it refers to, and nothing we save needs the others.
LOADERS: dict[str, frozenset[str]] = {
    "ConstructorFromReduceNode": frozenset(),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "DictNode": frozenset({"builtins.dict"}),
    "FunctionNode": frozenset(),
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": frozenset(),
    # A type of two places: numpy 2 gives it the first name, numpy 1 the second.
    "MaskedArrayNode": frozenset({"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}),
    "NdArrayNode": frozenset({"numpy.ndarray"}) | _SCALARS,
    "ObjectNode": frozenset(),  # and estimator_types()
    "RandomGeneratorNode": frozenset(),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "SetNode": frozenset({"builtins.set"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple", "genrekit.exceptions.TrackError"}),
    "TypeNode": _PRIMITIVES | _SCALARS,
}
_OPEN_LOADERS = frozenset(
    {
        *("ConstructorFromReduceNode", "DictNode", "FunctionNode", "LossNode"),
        *("ObjectNode", "RandomGeneratorNode", "TupleNode", "TypeNode"),
    }
)
# Older protocols select other loaders of the same names, newer ones are unknown.
PROTOCOL = 2


class SchemaNode(NamedTuple):
    """One node of the schema."""

    where: str
    loader: str
    type_name: str
    state: dict[str, Any]


@cache
def estimator_types() -> frozenset[str]:
    """The estimators that are built without ``trusted``, under the names skops gives them."""
    names = set()
    for public in SKLEARN_TYPES:
        module, _, name = public.rpartition(".")
        cls = getattr(importlib.import_module(module), name, None)
        if cls is not None:  # else it belongs to a newer scikit-learn
            names.add(type_name(cls))
    names.add(
        type_name(MelInput)
    )  # what a network hears, as a parameter; it is checked as a card is
    for package in map(importlib.import_module, GENREKIT_PACKAGES):
        exported = (getattr(package, name) for name in package.__all__)
        names.update(type_name(cls) for cls in exported if _is_estimator(cls))
    return frozenset(names)


def type_name(cls: type) -> str:
    """The dotted name under which skops files a class."""
    return f"{cls.__module__}.{cls.__name__}"


def parse_schema(data: bytes) -> dict[str, Any]:
    """Parse ``schema.json`` and check its protocol."""
    schema = json.loads(data)
    if type(schema["protocol"]) is not int or schema["protocol"] != PROTOCOL:
        raise ValueError(
            f"it uses skops' protocol {schema['protocol']!r}, and this genrekit knows {PROTOCOL}"
        )
    return schema


def iter_nodes(schema: dict[str, Any]) -> Iterator[SchemaNode]:
    """Every node of the schema, parents first."""
    stack = [("model", schema)]
    while stack:
        where, state = stack.pop()
        name = f"{state['__module__']}.{state['__class__']}"
        node = SchemaNode(where, state["__loader__"], name, state)
        yield node
        stack.extend(reversed(list(_children(node))))


def check_schema(
    schema: dict[str, Any], members: Mapping[str, bytes], trusted: Iterable[str] = ()
) -> list[str]:
    """Refuse a schema that names anything outside the list; return the list."""
    allowed = _allowed_types(trusted)
    seen: dict[int, dict[str, Any]] = {}
    owners: dict[str, int] = {}
    untrusted: dict[str, SchemaNode] = {}
    for node in iter_nodes(schema):
        if node.loader not in allowed:
            raise ValueError(
                f"{node.where} is a {node.type_name} stored as a {node.loader}, "
                "which genrekit never loads"
            )
        if node.type_name not in allowed[node.loader]:
            _refuse_if_closed(node)
            untrusted.setdefault(node.type_name, node)
        elif node.type_name not in _built_in(node.loader):
            _check_class(node)
        _check_id(node, seen)
        _check_file(node, members, owners)
    if untrusted:
        raise ValueError(_untrusted_message(untrusted))
    return sorted(frozenset().union(*allowed.values()))


def iter_trees(
    schema: dict[str, Any], members: Mapping[str, bytes]
) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Place, constructor arguments and state of each decision tree, none of them built."""
    for node in iter_nodes(schema):
        if node.loader == "TreeNode":
            args = _plain(node.state["__reduce__"]["args"], members)
            yield node.where, args, _plain(node.state["content"], members)


def normalise(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members anew, objects and arrays numbered in order where skops uses their addresses."""
    schema = _unify(parse_schema(members[FILE]))
    ids: dict[int | str, int] = {}
    files: dict[str, str] = {}
    for node in iter_nodes(schema):
        if node.loader == "SetNode":  # its order is that of this process
            node.state["content"].sort(key=_texts)
        # From 1 on: skops takes an id of 0 for none.
        # Equal numbers and texts are one: whether they were one object is an accident of the code.
        same = node.state["content"] if node.loader == "JsonNode" else node.state["__id__"]
        node.state["__id__"] = ids.setdefault(same, len(ids) + 1)
        if "file" in node.state:
            node.state["file"] = files.setdefault(node.state["file"], f"{len(files)}.npy")
    arrays = {new: members[old] for old, new in files.items()}
    return {FILE: json.dumps(schema).encode(), **arrays}


def _texts(state: dict[str, Any]) -> list[str]:
    """What an item of a set can be sorted by: its texts and numbers, and the types around them."""
    return [
        node.state["content"] if node.loader == "JsonNode" else node.type_name
        for node in iter_nodes(state)
    ]


def _unify(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe an object that occurs twice by equal nodes; skops numbers its helpers anew."""
    first: dict[int, dict[str, Any]] = {}
    for node in iter_nodes(schema):
        original = first.setdefault(node.state["__id__"], node.state)
        if original is not node.state:
            node.state.clear()
            node.state.update(original)
    return json.loads(json.dumps(schema))  # no dict stands in two places any more


def _built_in(loader: str) -> frozenset[str]:
    """The types that a loader builds whoever is trusted."""
    return estimator_types() if loader == "ObjectNode" else LOADERS[loader]


def _is_estimator(cls: Any) -> bool:
    """Whether an exported name is an estimator class."""
    return isinstance(cls, type) and issubclass(cls, BaseEstimator)


def _allowed_types(trusted: Iterable[str]) -> dict[str, frozenset[str]]:
    """`LOADERS` with our estimators and with what the caller trusts."""
    allowed = {**LOADERS, "ObjectNode": estimator_types()}
    # Trusting a type that is listed adds nothing: a Tree must not come by a loader without checks.
    extra = frozenset(trusted).difference(*allowed.values())
    return {
        loader: types | extra if loader in _OPEN_LOADERS else types
        for loader, types in allowed.items()
    }


def _children(node: SchemaNode) -> Iterator[tuple[str, dict[str, Any]]]:
    """The nodes that skops' loader of this name would descend into."""
    where, loader, _, state = node
    if loader == "DictNode":
        yield place(where, ".keys()"), state["key_types"]
        yield from ((place(where, f".{key}"), value) for key, value in state["content"].items())
    elif loader in ("ListNode", "SetNode", "TupleNode"):
        yield from ((place(where, f"[{i}]"), value) for i, value in enumerate(state["content"]))
    elif loader == "NdArrayNode" and state["type"] == "json":
        yield from ((place(where, f"[{i}]"), value) for i, value in enumerate(state["content"]))
        yield place(where, ".shape"), state["shape"]
    elif loader in ("ConstructorFromReduceNode", "DTypeNode", "ObjectNode", "RandomStateNode"):
        if state.get("content") is not None:
            yield where, state["content"]
    elif loader == "MaskedArrayNode":
        yield from ((place(where, f".{name}"), state["content"][name]) for name in ("data", "mask"))
    elif loader == "RandomGeneratorNode":
        yield from ((where, state["content"][name]) for name in ("bit_generator", "seed_seq"))
    elif loader in ("LossNode", "TreeNode"):
        yield where, state["__reduce__"]["args"]
        yield where, state["content"]


def _refuse_if_closed(node: SchemaNode) -> None:
    """No amount of trust makes a loader with a fixed set of types build another one."""
    if node.loader not in _OPEN_LOADERS:
        raise ValueError(f"{node.where} is a {node.type_name}, which no {node.loader} may build")


def _check_id(node: SchemaNode, seen: dict[int, dict[str, Any]]) -> None:
    """Nodes of one id are one object for skops, which reads the first: so all must be equal."""
    number = node.state["__id__"]
    if type(number) is not int:
        raise ValueError(f"{node.where} has the object id {number!r}, which is not a number")
    if seen.setdefault(number, node.state) != node.state:
        raise ValueError(f"{node.where} has the object id {number} of a different object")


def _check_file(node: SchemaNode, members: Mapping[str, bytes], owners: dict[str, int]) -> None:
    """An array's file is there, and is that of one array only: each would be another copy."""
    file = node.state.get("file")
    if file is None:
        return
    if file not in members or not file.endswith(".npy"):
        raise ValueError(f"{node.where} refers to {file!r}, which is no array in this file")
    if owners.setdefault(file, node.state["__id__"]) != node.state["__id__"]:
        raise ValueError(f"{node.where} refers to {file!r}, which is another array's")


def _check_class(node: SchemaNode) -> None:
    """A type that the caller trusts is a class, which its module has been imported for."""
    module, _, name = node.type_name.rpartition(".")
    trusted = getattr(importlib.import_module(module), name, None)
    if node.loader != "FunctionNode" and not isinstance(trusted, type):
        raise ValueError(f"{node.where} is a {node.type_name}, which is no class")


def _untrusted_message(untrusted: dict[str, SchemaNode]) -> str:
    """Name what is not on the list, where it stands and how to load it all the same."""
    listed = ", ".join(f"{name} (at {node.where})" for name, node in sorted(untrusted.items()))
    refused = {name: _never_offered(node) for name, node in sorted(untrusted.items())}
    offered = [name for name, reason in refused.items() if not reason]
    message = f"it holds types that are not loaded by default: {listed}."
    for name, reason in refused.items():
        message += f" {name} {reason}." if reason else ""
    if len(offered) < len(refused):
        return f"{message} A file that calls what it likes can do anything: do not load it"
    return (
        f"{message} If you know them and trust whoever made the file, "
        f"use genrekit.load(path, trusted={offered})"
    )


def _never_offered(node: SchemaNode) -> str:
    """Why nobody should be told to trust a type; nothing is imported to find out."""
    module, _, name = node.type_name.rpartition(".")
    if module.partition(".")[0] in sys.stdlib_module_names:
        return "is a part of Python, not of a model"
    if node.loader == "FunctionNode":
        return "is a function, not a class"
    if module not in sys.modules:  # nothing can be said; a constructor is called as it stands
        called = node.loader == "ConstructorFromReduceNode"
        return "is in a module that is not imported here" if called else ""
    known = isinstance(getattr(sys.modules[module], name, None), type)
    return "" if known else "is not a class"


def _plain(state: dict[str, Any], members: Mapping[str, bytes]) -> Any:
    """The value of a node made of JSON, arrays, tuples and dicts only, as trees are."""
    loader = state["__loader__"]
    if loader == "JsonNode":
        return json.loads(state["content"])
    if loader == "NdArrayNode" and state["type"] == "numpy":
        return np.load(io.BytesIO(members[state["file"]]), allow_pickle=False)
    if loader == "TupleNode":
        return tuple(_plain(item, members) for item in state["content"])
    if loader == "DictNode":
        return {key: _plain(value, members) for key, value in state["content"].items()}
    raise ValueError(f"a decision tree has no place for a {loader}")
