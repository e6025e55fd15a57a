"""Consistency of a loaded model, so that no array is indexed outside its bounds.

The compiled parts of scikit-learn trust the model: a tree walks to the child that stands in the
node, libsvm reads as many coefficients as there should be support vectors, the neighbour vote
counts in the cell that the label names. In a crafted file these can point anywhere. What follows
refuses such a file once it stands as Python objects and before anything is predicted. The nodes of
trees are checked even earlier, in `_tree_checks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaseEnsemble, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import BaseDecisionTree, DecisionTreeClassifier

from genrekit.models import NetworkClassifier, NoveltyMixin, TemperedClassifier, iter_objects
from genrekit.networks import CNNEmbedding, check_network
from genrekit.patches import MelInput
from genrekit.persistence._private import private
from genrekit.persistence._trained import check_trained
from genrekit.persistence._tree_checks import is_count, require

_SVC_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_MT19937_WORDS = 624


def check_model(model: Any) -> None:
    """Check every object reachable from a model.

    Parameters
    ----------
    model : object
        What was built from a file; nothing of it has been used yet.

    Raises
    ------
    ValueError
        If an attribute has a type, shape or index that does not fit the others.
    """
    for where, value in iter_objects(model):
        try:
            _check_not_shadowed(value)
            for types, check in _CHECKS:
                if isinstance(value, types):
                    check(value)
            if type(value).__name__ in _CHECKS_BY_NAME:
                _CHECKS_BY_NAME[type(value).__name__](value)
        except ValueError as error:
            raise ValueError(f"inconsistent {type(value).__name__} at {where}: {error}") from error


def _check_not_shadowed(value: Any) -> None:
    """No attribute of an instance replaces a method or a property of its class."""
    if isinstance(value, (type, np.ndarray)) or not hasattr(value, "__dict__"):
        return  # a masked array has its own
    for name in vars(value):
        inherited = getattr(type(value), name, None)
        require(
            not callable(inherited) and not isinstance(inherited, property),
            f"the attribute {name!r} hides a method",
        )


def _fitted(model: Any, *names: str) -> bool:
    """Whether a model has fitted attributes; having only some of them is an error."""
    missing = [name for name in names if name not in vars(model)]
    if len(missing) == len(names):
        return False
    require(not missing, f"the attributes {missing} are missing")
    return True


def _array(model: Any, name: str, *shape: int, kinds: str = "fiu") -> np.ndarray:
    """A fitted array, checked for its shape and the kind of its items, which are finite."""
    return _require_array(vars(model).get(name), name, *shape, kinds=kinds)


def _require_array(value: Any, name: str, *shape: int, kinds: str = "fiu") -> np.ndarray:
    """An array, checked as those of a model are."""
    require(
        isinstance(value, np.ndarray) and value.shape == shape and value.dtype.kind in kinds,
        f"{name} is not an array of shape {shape}",
    )
    require(value.dtype.kind != "f" or np.isfinite(value).all(), f"{name} holds no finite numbers")
    return value


def _number(model: Any, name: str) -> float:
    """A fitted number, which is finite."""
    value = vars(model).get(name)
    known = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    require(known and np.isfinite(value), f"{name} is {value!r}, not a finite number")
    return float(value)


def _n_features(model: Any) -> int:
    """``n_features_in_``; scikit-learn checks no input against a model that lacks it."""
    value = vars(model).get("n_features_in_")
    require(is_count(value), f"n_features_in_ is {value!r}")
    return value


def _n_classes(model: Any) -> int:
    """Number of classes."""
    classes = vars(model).get("classes_")
    require(
        isinstance(classes, np.ndarray) and classes.ndim == 1 and classes.size,
        "classes_ is not a list of classes",
    )
    kinds = [type(label) for label in classes.tolist()]
    require(set(kinds) <= {str, int, float, bool, bytes}, "a class is neither text nor number")
    labels = set(classes.tolist())
    require(len(labels) == len(kinds), "a class occurs twice")
    require(float not in kinds or np.isfinite(classes.astype(float)).all(), "a class is no number")
    return len(classes)


def _check_random_state(state: np.random.RandomState) -> None:
    """The Mersenne twister reads its next word at ``pos`` without looking."""
    position = state.get_state(legacy=False)["state"]["pos"]
    require(0 <= position <= _MT19937_WORDS, f"the position {position} is out of range")


def _check_generator(generator: np.random.Generator) -> None:
    """PCG64, the default, keeps no position; the others that do are not needed."""
    name = type(generator.bit_generator).__name__
    require(name == "PCG64", f"the bit generator is {name}, and only PCG64 is loaded")


def _check_decision_tree(model: BaseDecisionTree) -> None:
    """The tree agrees with the estimator, which checks the input on its behalf."""
    if not _fitted(model, "tree_", "n_outputs_"):
        return
    tree = model.tree_
    require(isinstance(tree, private("Tree")), "tree_ is not a Tree")
    require(tree.n_features == _n_features(model), "tree_ has another number of features")
    require(tree.n_outputs == model.n_outputs_, "tree_ has another number of outputs")
    if isinstance(model, DecisionTreeClassifier):
        require(tree.value.min() >= 0, "a class has a negative share of a leaf")
        n_classes = np.atleast_1d(model.n_classes_)
        require(np.array_equal(tree.n_classes, n_classes), "tree_ has other classes")
        require(tree.n_outputs > 1 or _n_classes(model) == n_classes[0], "classes_ does not fit")


def _check_forest(model: BaseEnsemble) -> None:
    """All trees are fitted on the features and the number of classes of the forest."""
    if not _fitted(model, "estimators_", "n_classes_", "classes_"):
        return
    n_features, n_classes = _n_features(model), _n_classes(model)
    require(model.n_classes_ == n_classes, "n_classes_ is not the number of classes")
    require(isinstance(model.estimators_, list) and model.estimators_, "it has no trees")
    for tree in model.estimators_:
        fits = isinstance(tree, DecisionTreeClassifier) and _fitted(tree, "tree_", "n_outputs_")
        require(
            fits and _n_features(tree) == n_features and tree.n_classes_ == n_classes,
            "a tree does not fit the forest",
        )


def _check_svc(model: SVC) -> None:
    """libsvm derives all lengths from the numbers of classes and of support vectors."""
    vectors = ("support_", "support_vectors_", "_n_support", "shape_fit_")
    coefficients = ("dual_coef_", "_dual_coef_", "intercept_", "_intercept_", "_probA", "_probB")
    if not _fitted(model, *vectors, *coefficients):
        return
    require(model.kernel in _SVC_KERNELS, f"the kernel is none of {_SVC_KERNELS}")
    require(_number(model, "_gamma") >= 0, "_gamma is negative")
    require(model._sparse is False and model._impl == "c_svc", "it is not a dense classifier")
    n_features, n_classes = _n_features(model), _n_classes(model)
    counts = _array(model, "_n_support", n_classes, kinds="i")
    require(counts.min() >= 0, "a class has a negative number of support vectors")
    n_vectors, n_pairs = int(counts.sum(dtype=np.int64)), n_classes * (n_classes - 1) // 2
    _array(model, "support_vectors_", n_vectors, n_features, kinds="f")
    support = _array(model, "support_", n_vectors, kinds="i")
    require(np.all((support >= 0) & (support < model.shape_fit_[0])), "support_ is out of range")
    for name in ("dual_coef_", "_dual_coef_"):
        _array(model, name, n_classes - 1, n_vectors, kinds="f")
    for name in ("intercept_", "_intercept_"):
        _array(model, name, n_pairs, kinds="f")
    n_probabilities = n_pairs if np.size(model._probA) else 0
    for name in ("_probA", "_probB"):
        _array(model, name, n_probabilities, kinds="f")


def _check_neighbors(model: KNeighborsClassifier) -> None:
    """The vote counts in a table indexed by label, over as many neighbours as asked for."""
    if not _fitted(model, "_fit_X", "_y", "_fit_method", "classes_", "n_samples_fit_"):
        return
    n_samples, n_classes = model.n_samples_fit_, _n_classes(model)
    require(is_count(n_samples), "n_samples_fit_ is not a number")
    _array(model, "_fit_X", n_samples, _n_features(model))
    labels = _array(model, "_y", n_samples, kinds="i")
    require(labels.min() >= 0 and labels.max() < n_classes, "a label is out of range")
    require(
        is_count(model.n_neighbors) and model.n_neighbors <= n_samples,
        f"n_neighbors is {model.n_neighbors!r}, with {n_samples} training samples",
    )


def _check_scaler(model: StandardScaler) -> None:
    """One mean and one scale a feature, or None where they are switched off."""
    if not _fitted(model, "mean_", "var_", "scale_"):
        return
    for name in ("mean_", "var_", "scale_"):
        if vars(model)[name] is not None:
            _array(model, name, _n_features(model))
    require(model.scale_ is None or np.all(model.scale_ != 0), "scale_ holds a zero")


def _check_pca(model: PCA) -> None:
    """Components are rows over the features."""
    if not _fitted(model, "components_", "mean_", "explained_variance_", "n_components_"):
        return
    n_components, n_features = model.n_components_, _n_features(model)
    _array(model, "components_", n_components, n_features)
    _array(model, "mean_", n_features)
    _array(model, "explained_variance_", n_components)


def _check_imputer(model: SimpleImputer) -> None:
    """One replacement a feature; NaN for one that was missing everywhere."""
    if _fitted(model, "statistics_"):
        values = vars(model)["statistics_"]
        require(
            isinstance(values, np.ndarray) and values.shape == (_n_features(model),),
            f"statistics_ is not an array of shape ({_n_features(model)},)",
        )
        plain = all(isinstance(value, (int, float)) for value in values.tolist())
        require(plain and not np.isinf(values.astype(float)).any(), "statistics_ holds no numbers")


def _check_logistic(model: LogisticRegression) -> None:
    """One row of coefficients a class, or one for two classes."""
    if not _fitted(model, "coef_", "intercept_", "classes_"):
        return
    n_classes = _n_classes(model)
    n_rows = 1 if n_classes == 2 else n_classes
    _array(model, "coef_", n_rows, _n_features(model))
    _array(model, "intercept_", n_rows)


def _check_dummy(model: DummyClassifier) -> None:
    """One prior a class."""
    if _fitted(model, "class_prior_", "classes_"):
        prior = _array(model, "class_prior_", _n_classes(model))
        require(prior.min() >= 0 and prior.max() <= 1, "class_prior_ holds no probabilities")


def _check_calibrated(model: CalibratedClassifierCV) -> None:
    """Every calibrated classifier speaks of the same classes."""
    if not _fitted(model, "calibrated_classifiers_", "classes_"):
        return
    n_classes = _n_classes(model)
    require(isinstance(model.calibrated_classifiers_, list), "it has no calibrated classifiers")
    for part in model.calibrated_classifiers_:
        calibrated = isinstance(part, private("_CalibratedClassifier"))
        require(calibrated, "a part is no calibrated classifier")
        require(np.shape(part.classes) == (n_classes,), "a part has other classes")
        # One calibrator for two classes and for temperature scaling, else one a class.
        require(len(part.calibrators) in (1, n_classes), "calibrators and classes do not fit")


def _check_sigmoid(calibrator: Any) -> None:
    """Two numbers."""
    if _fitted(calibrator, "a_", "b_"):
        _number(calibrator, "a_")
        _number(calibrator, "b_")


def _check_temperature(calibrator: Any) -> None:
    """One number."""
    if _fitted(calibrator, "beta_"):
        require(_number(calibrator, "beta_") > 0, "beta_ is not positive")


def _check_tempered(model: TemperedClassifier) -> None:
    """One factor, and a classifier of the same genres."""
    if not _fitted(model, "estimator_", "classes_", "factor_", "n_features_in_"):
        return
    require(_number(model, "factor_") > 0, "factor_ is not positive")
    _n_features(model)
    inner = np.asarray(getattr(model.estimator_, "classes_", ()))
    known = _n_classes(model) and np.array_equal(model.classes_, inner)
    require(known, "its classes are not those of the classifier inside")


def _check_trained(model: NetworkClassifier) -> None:
    """Card and file of its network fit each other, and it answers with each genre."""
    if not _fitted(model, "onnx_", "card_", "classes_"):
        return
    outputs = check_trained(vars(model)["card_"], vars(model)["onnx_"]).outputs
    n_classes = _n_classes(model)
    require(
        outputs.get("probabilities") == n_classes,
        f"its network has the outputs {dict(outputs)}, where {n_classes} probabilities are needed",
    )


def _check_novelty(model: NoveltyMixin) -> None:
    """Numbers in the space of the features, or none."""
    numbers = vars(model).get("novelty_")
    if numbers is None:
        return
    names = ("mean", "axes", "centres", "within", "total", "usual")
    known = isinstance(numbers, dict) and sorted(numbers) == sorted(names)
    require(known and np.ndim(numbers["centres"]) == 2, "novelty_ holds other numbers")
    n_centres, n_axes = numbers["centres"].shape
    n_features = len(np.atleast_1d(numbers["mean"]))
    shapes = (
        (n_features,),
        (n_features, n_axes),
        (n_centres, n_axes),
        *[(n_axes, n_axes)] * 2,
        (2,),
    )
    for name, shape in zip(names, shapes, strict=True):
        _require_array(numbers[name], f"novelty_: {name}", *shape)


def _check_heard(heard: MelInput) -> None:
    """It could stand in a card."""
    try:
        require(MelInput(**vars(heard)) == heard, "it is no mel spectrogram")
    except TypeError as error:
        raise ValueError(str(error)) from error


def _check_encoder(model: LabelEncoder) -> None:
    """The classes are a list."""
    if _fitted(model, "classes_"):
        _n_classes(model)


_CHECKS: tuple[tuple[type, Callable[[Any], None]], ...] = (
    (np.random.RandomState, _check_random_state),
    (np.random.Generator, _check_generator),
    (BaseDecisionTree, _check_decision_tree),
    (RandomForestClassifier, _check_forest),
    (SVC, _check_svc),
    (KNeighborsClassifier, _check_neighbors),
    (StandardScaler, _check_scaler),
    (PCA, _check_pca),
    (SimpleImputer, _check_imputer),
    (LogisticRegression, _check_logistic),
    (DummyClassifier, _check_dummy),
    (CalibratedClassifierCV, _check_calibrated),
    (LabelEncoder, _check_encoder),
    (TemperedClassifier, _check_tempered),
    (NoveltyMixin, _check_novelty),
    (CNNEmbedding, check_network),
    (NetworkClassifier, _check_trained),
    (MelInput, _check_heard),
)
# Private classes by their names: one that is not there was not built either.
_CHECKS_BY_NAME: dict[str, Callable[[Any], None]] = {
    "_SigmoidCalibration": _check_sigmoid,
    "_TemperatureScaling": _check_temperature,
}
