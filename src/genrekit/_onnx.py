"""How estimators of ours become ONNX: what skl2onnx asks one for that it does not know.

It looks for the methods ``onnx_shape_calculator`` and ``onnx_converter`` of an estimator, which
give these functions: so ``skl2onnx.to_onnx(classifier.pipeline_, ...)`` needs nothing registered.
"""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["convert_reducer", "convert_tempered", "reduced_shape", "tempered_shapes"]


def reduced_shape(operator: Any) -> None:
    """Coordinates."""
    from skl2onnx.common.data_types import FloatTensorType

    n_components = operator.raw_operator.pca_.n_components_
    operator.outputs[0].type = FloatTensorType([None, n_components])


def convert_reducer(scope: Any, operator: Any, container: Any) -> None:
    """Nodes of a `PCAReducer`: those of its scaler, then of its components."""
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator

    reducer, version = operator.raw_operator, {"op_version": container.target_opset}
    scaled = OnnxSubEstimator(reducer.scaler_, operator.inputs[0], **version)
    turned = OnnxSubEstimator(reducer.pca_, scaled, output_names=operator.outputs, **version)
    turned.add_to(scope, container)


def tempered_shapes(operator: Any) -> None:
    """A genre, and a probability of each."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    classes = operator.raw_operator.classes_
    label = Int64TensorType if classes.dtype.kind in "iu" else StringTensorType
    operator.outputs[0].type = label([None])
    operator.outputs[1].type = FloatTensorType([None, len(classes)])


def convert_tempered(scope: Any, operator: Any, container: Any) -> None:
    """Nodes of a `TemperedClassifier`: a linear one with its scores stretched, or margins."""
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator
    from skl2onnx.algebra.onnx_ops import OnnxIdentity

    tempered, version = operator.raw_operator, {"op_version": container.target_opset}
    given = operator.inputs[0]
    if hasattr(tempered.estimator_, "support_"):
        genres, probabilities = _of_margins(tempered, given, version)
    else:
        options = {"zipmap": False}
        both = OnnxSubEstimator(_stretched(tempered), given, options=options, **version)
        genres, probabilities = both[0], both[1]
    for found, output in zip((genres, probabilities), operator.outputs, strict=True):
        OnnxIdentity(found, output_names=[output], **version).add_to(scope, container)


def _stretched(tempered: Any) -> Any:
    """A linear classifier with the factor in its numbers: it says the softmax of scores."""
    linear = copy.copy(tempered.estimator_)
    linear.coef_ = tempered.factor_ * linear.coef_
    linear.intercept_ = tempered.factor_ * linear.intercept_
    return linear


def _of_margins(tempered: Any, given: Any, version: dict[str, Any]) -> tuple[Any, Any]:
    """Of a support vector machine: how far each genre is ahead of the others."""
    from skl2onnx.algebra import onnx_ops as ops
    from skl2onnx.algebra.onnx_operator import OnnxSubEstimator

    margins = OnnxSubEstimator(tempered.estimator_, given, options={"zipmap": False}, **version)[1]
    if len(tempered.classes_) > 2:
        least, most = np.array(-1, np.float32), np.array(1, np.float32)
        margins = ops.OnnxClip(margins, least, most, **version)
    ahead = tempered.factor_ * _ahead(len(tempered.classes_))
    sums = ops.OnnxMatMul(margins, ahead.astype(np.float32), **version)
    probabilities = ops.OnnxSoftmax(sums, axis=1, **version)
    best = ops.OnnxArgMax(probabilities, axis=1, keepdims=0, **version)
    named = ops.OnnxArrayFeatureExtractor(_plain(tempered.classes_), best, **version)
    return ops.OnnxReshape(named, np.array([-1], np.int64), **version), probabilities


def _ahead(n_classes: int) -> NDArray[np.float64]:
    """What each margin adds to the score of each genre."""
    if n_classes == 2:
        return -np.eye(2) / 2  # of two genres there are two margins, with the other sign
    pairs = list(combinations(range(n_classes), 2))
    rows = np.zeros((len(pairs), n_classes))
    for row, (first, second) in zip(rows, pairs, strict=True):
        row[first], row[second] = 1, -1
    return rows


def _plain(classes: NDArray[Any]) -> NDArray[Any]:
    """Genres as ONNX holds them."""
    return classes.astype(np.int64 if classes.dtype.kind in "iu" else str)
