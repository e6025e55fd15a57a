"""Consistency of a decision tree's arrays, checked before scikit-learn's compiled `Tree` is built.

`Tree` copies as many numbers as its arguments say and then walks to the child that stands in the
node, without looking at bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genrekit.persistence._private import private


def check_tree_state(args: tuple[Any, ...], state: dict[str, Any]) -> None:
    """Check what a `Tree` would be built from: constructor arguments and pickled state.

    Parameters
    ----------
    args : tuple
        ``(n_features, n_classes, n_outputs)``.
    state : dict
        ``max_depth``, ``node_count``, ``nodes`` and ``values``.

    Raises
    ------
    ValueError
        If an index or a shape would lead outside an array.
    """
    n_features, n_classes, n_outputs = args
    nodes, values = state["nodes"], state["values"]
    require(is_count(n_features), f"n_features is {n_features!r}")
    require(is_count(n_outputs), f"n_outputs is {n_outputs!r}")
    require(
        isinstance(n_classes, np.ndarray)
        and n_classes.dtype == np.intp
        and n_classes.shape == (n_outputs,)
        and n_classes.min() >= 1,
        "n_classes does not fit n_outputs",
    )
    # Compared whole: scikit-learn converts a permuted record by position, we read it by name.
    require(
        nodes.dtype == private("NODE_DTYPE") and nodes.ndim == 1,
        "the nodes are not those of a tree of the installed scikit-learn",
    )
    require(
        type(state["node_count"]) is int and 1 <= state["node_count"] == len(nodes),
        "node_count is not the number of nodes",
    )
    shape = (len(nodes), n_outputs, n_classes.max())
    require(
        values.shape == shape and values.dtype == np.float64,
        f"the values have shape {values.shape}, not {shape}",
    )
    require(np.all(np.isfinite(values)), "a value is not a finite number")
    _check_nodes(nodes, n_features, state["max_depth"])


def require(condition: object, message: str) -> None:
    """Raise the message unless the condition holds."""
    if not condition:
        raise ValueError(message)


def is_count(value: Any) -> bool:
    """Whether a value is a positive integer, of Python or numpy."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 1


def _check_nodes(nodes: np.ndarray, n_features: int, max_depth: Any) -> None:
    """The nodes form one tree, each node but the root the child of exactly one before it."""
    left, right = nodes["left_child"], nodes["right_child"]
    split = left != -1
    require(np.array_equal(split, right != -1), "a node has one child")
    parents = np.flatnonzero(split)
    # Children stand behind their parents, so a walk from the root always ends.
    require(np.all(left[split] > parents), "a left child does not follow its parent")
    require(np.all(right[split] > parents), "a right child does not follow its parent")
    children = np.sort(np.concatenate([left[split], right[split]]))
    require(
        np.array_equal(children, np.arange(1, len(nodes))), "the children are not the other nodes"
    )
    # Infinity parts what is missing from what is not.
    require(not np.isnan(nodes["threshold"][split]).any(), "a split is at no number")
    feature = nodes["feature"][split]
    require(np.all((feature >= 0) & (feature < n_features)), "a split is on a missing feature")
    # decision_path reserves max_depth + 1 cells a sample and does not look again.
    require(
        type(max_depth) is int and _depth(left, right) <= max_depth <= len(nodes),
        "max_depth is not the depth of the tree",
    )


def _depth(left: np.ndarray, right: np.ndarray) -> int:
    """Number of splits on the longest way down."""
    depth, level = -1, np.zeros(1, dtype=np.intp)
    while level.size:
        depth += 1
        inner = level[left[level] != -1]
        level = np.concatenate([left[inner], right[inner]])
    return depth
