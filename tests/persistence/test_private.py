"""What saving and loading lean on inside scikit-learn is still where it was."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib import import_module

import numpy as np
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from genrekit.persistence import _private
from genrekit.persistence._private import PRIVATE_ATTRIBUTES, PRIVATE_TYPES, private

X = np.arange(24.0).reshape(12, 2)
Y = np.repeat(["a", "b", "c"], 4)
HINT = (
    "scikit-learn {version} no longer has {what}, which models/_private.py lists: "
    "follow it there and in the checks that read it, or bound scikit-learn in pyproject.toml"
)


def said(what):
    return HINT.format(version=sklearn.__version__, what=what)


@pytest.mark.parametrize("name", _private._HOMES)
def test_private_names_are_where_they_were(name):
    assert hasattr(import_module(_private._HOMES[name]), name), said(name)
    assert private(name) is getattr(import_module(_private._HOMES[name]), name)


@pytest.mark.parametrize("public", PRIVATE_TYPES)
def test_private_types_are_where_they_were(public):
    module, _, name = public.rpartition(".")
    if name == "_TemperatureScaling" and sklearn.__version__ < "1.8":
        pytest.skip("scikit-learn 1.8 and later")
    assert isinstance(getattr(import_module(module), name, None), type), said(public)


def test_private_attributes_are_there():
    calibrated = CalibratedClassifierCV(SVC(), cv=2).fit(X, Y).calibrated_classifiers_[0]
    models = [
        SVC().fit(X, Y),
        KNeighborsClassifier(algorithm="brute").fit(X, Y),
        calibrated,
        calibrated.calibrators[0],
    ]
    assert [type(model).__name__ for model in models] == list(PRIVATE_ATTRIBUTES)
    for model in models:
        for name in PRIVATE_ATTRIBUTES[type(model).__name__]:
            assert hasattr(model, name), said(f"{type(model).__name__}.{name}")


def test_trees_are_pickled_as_they_were():
    tree = RandomForestClassifier(1).fit(X, Y).estimators_[0].tree_
    cls, args, state = tree.__reduce__()
    assert cls is private("Tree"), said("Tree.__reduce__")
    assert [type(arg) for arg in args[::2]] == [int, int], said("Tree's arguments")
    assert set(state) == {"max_depth", "node_count", "nodes", "values"}, said("Tree's state")
    assert state["nodes"].dtype == private("NODE_DTYPE"), said("NODE_DTYPE")
    fields = {"left_child", "right_child", "feature", "threshold"}
    assert fields <= set(state["nodes"].dtype.names), said("the fields of NODE_DTYPE")


@pytest.mark.parametrize("home", ["sklearn.tree._tree", "sklearn.nowhere"])
def test_what_has_moved_is_told_when_it_is_needed(home, monkeypatch):
    monkeypatch.setitem(_private._HOMES, "Bush", home)
    with pytest.raises(
        ImportError, match=rf"has no {home}\.Bush, .* install an older scikit-learn"
    ):
        private("Bush")


def test_saving_and_loading_import_no_torch(tmp_path):
    """Where it is installed, skops would import it while it looks for estimators."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise RuntimeError('torch was imported')")
    code = f"""
        import sys

        from sklearn.linear_model import LogisticRegression
        import genrekit

        model = LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])
        genrekit.save(model, {str(tmp_path / "m.skops")!r})
        print(genrekit.load({str(tmp_path / "m.skops")!r}).predict([[1.0]])[0])
        assert "torch" not in sys.modules
        assert "sklearn.externals.array_api_compat.torch" not in sys.modules  # nor what stood in
    """
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "b"), done.stderr
