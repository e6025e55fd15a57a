"""Docstrings say what signatures say, also where a linter that reads the source can't see it."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from genrekit._docstrings import parameters_of
from genrekit.features import (
    ALL_FEATURES,
    AudioFeatures,
    Frontend,
    extract,
    iter_rows,
    transformers,
)
from genrekit.features.transformers import AudioTransformer, MFCCStats

numpydoc = pytest.importorskip("numpydoc", reason="numpydoc is in the extras lint and docs")

ROOMS = (
    "audio datasets displays dsp engine evaluation features heads models networks page persistence "
    "views"
)
# Parameters that are not described, that do not exist, in another order, without a type, …
CHECKS = {"PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR10", "RT01", "RT03"}

GENERATED = re.compile(r"set_\w+_request$")  # by scikit-learn, with its docstrings
WRITTEN = (bool, int, float, str, tuple)  # defaults that a docstring can quote


def _public():
    """Public functions, classes and their methods by name, each once."""
    found = {}
    for room in ["genrekit", *(f"genrekit.{room}" for room in ROOMS.split())]:
        module = importlib.import_module(room)
        for name in module.__all__:
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            home = f"{thing.__module__}.{thing.__qualname__}"
            if home.startswith("genrekit."):
                found[home] = thing
                if inspect.isclass(thing):
                    found |= _methods(home, thing)
    return found


def _methods(home, cls):
    """Its own public methods."""
    own = {name: inspect.unwrap(getattr(cls, name)) for name in vars(cls) if name[0] != "_"}
    own = {name: method for name, method in own.items() if not GENERATED.match(name)}
    return {f"{home}.{name}": method for name, method in own.items() if callable(method)}


PUBLIC = _public()


def _described(thing, *sections):
    """Name → type of what sections of a docstring describe."""
    from numpydoc.docscrape import NumpyDocString

    parsed = NumpyDocString(inspect.getdoc(thing) or "")
    entries = [entry for section in sections for entry in parsed[section]]
    return {name: entry.type for entry in entries for name in re.split(", ", entry.name)}


def _parameters(thing):
    """Parameters of a function or class by name, as docstrings write it."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    found = inspect.signature(thing).parameters.values()
    return {stars.get(p.kind, "") + p.name: p for p in found if p.name not in ("self", "cls")}


def _is_called(thing):
    """Whether users call it with parameters of ours."""
    return not getattr(thing, "_is_protocol", False) and not (
        inspect.isclass(thing) and issubclass(thing, BaseException)
    )


# One line is enough for a helper, as for the linter.
LONG = [
    name
    for name, thing in PUBLIC.items()
    if "\n" in (inspect.getdoc(thing) or "") and _is_called(thing)
]


@pytest.mark.parametrize("name", LONG)
def test_every_parameter_is_described(name):
    from numpydoc.validate import validate

    thing = PUBLIC[name]
    errors = {code: text for code, text in validate(name)["errors"] if code in CHECKS}
    if inspect.isclass(thing) and not _described(thing, "Parameters"):
        # What users are given and never make says what it has.
        assert set(_parameters(thing)) <= set(_described(thing, "Attributes"))
        errors.pop("PR01", None)
    if inspect.isclass(thing) and issubclass(thing, AudioTransformer):
        errors.pop("PR03", None)  # its own come first, before those that all transformers have
    assert not errors


@pytest.mark.parametrize("name", LONG)
def test_defaults_are_those_of_the_signature(name):
    parameters = _parameters(PUBLIC[name])
    for key, text in _described(PUBLIC[name], "Parameters", "Other Parameters").items():
        default = parameters[key].default
        _, given, said = text.partition(", default=")
        if isinstance(default, WRITTEN) and default != ():
            assert said == repr(default).replace("'", '"'), (key, text)
        elif default is None:
            assert text.endswith(", optional") or text == "ignored", (key, text)
        elif default is inspect.Parameter.empty:
            assert not given, (key, text)
            assert not text.endswith("optional"), (key, text)


@pytest.mark.parametrize("name", PUBLIC)
def test_types_are_told_in_one_dialect(name):
    sections = ("Parameters", "Attributes", "Returns", "Yields")
    for key, text in _described(PUBLIC[name], *sections).items():
        assert ", shape" not in text, (key, text)
        assert "None, optional" not in text, (key, text)


def test_transformers_list_what_all_of_them_have():
    shared = _described(AudioTransformer, "Parameters")
    assert set(shared) == set(_parameters(AudioTransformer))
    for row in ALL_FEATURES.values():
        shell = getattr(transformers, row.transformer)
        described = list(_described(shell, "Parameters"))
        assert described == [*row.defaults, *shared]


@pytest.mark.parametrize("name", PUBLIC)
def test_nothing_stands_for_parameters_any_more(name):
    assert "..." not in _described(PUBLIC[name], "Parameters")


def test_the_front_end_is_described_in_the_same_words():
    frontend = _entries(Frontend)
    del frontend["array_sr"], frontend["native"], frontend["pad"]
    assert len(frontend) == 10
    for thing in (extract, iter_rows, AudioFeatures):
        found = _entries(thing)
        assert {name: found[name] for name in frontend if name != "sr"} == {
            name: text for name, text in frontend.items() if name != "sr"
        }
    assert _entries(extract)["sr"] == _entries(iter_rows)["sr"] == frontend["sr"]
    assert _entries(AudioFeatures)["sr"][1].startswith(frontend["sr"][1].removesuffix("."))


def test_a_docstring_takes_what_its_signature_has():
    def shared(a, b, c):
        """Do this.

        Parameters
        ----------
        a : int
            First.

            And more.
        b : {"x", "y"}, default="x"
            Second.
        c : int
            Third.

        Returns
        -------
        int
            Nothing of this.
        """

    def other(z, b, a):
        """Do that.

        Parameters
        ----------
        z : int
            Last.
        ... : see `shared`
            The others.
        b : str
            Mine.

        Notes
        -----
        None.
        """

    def bare(c):
        """Do it."""

    def silent(c):
        pass

    assert parameters_of(shared)(other) is other
    assert list(_entries(other)) == ["z", "a", "b"]
    assert _entries(other)["a"] == ("int", "First.\n\nAnd more.")
    assert _entries(other)["b"] == ("str", "Mine.")
    assert other.__doc__.endswith("Mine.\n\nNotes\n-----\nNone.")
    assert parameters_of(shared)(bare).__doc__ == (
        "Do it.\n\nParameters\n----------\nc : int\n    Third.\n"
    )
    assert parameters_of(shared)(silent).__doc__ is None
    assert parameters_of(silent)(bare) is bare


def _entries(thing):
    """Type and text of what a docstring describes as parameters."""
    from numpydoc.docscrape import NumpyDocString

    found = NumpyDocString(inspect.getdoc(thing))["Parameters"]
    return {entry.name: (entry.type, "\n".join(entry.desc)) for entry in found}


def test_a_transformer_of_ones_own_lists_them_too():
    class Short(MFCCStats):
        """First line."""

    class Long(MFCCStats):
        """First line.

        Attributes
        ----------
        a : int
            One.

        Parameters
        ----------
        sr : float, default=8000
            Another.
        """

    class Bare(MFCCStats):
        pass

    assert Short.__doc__.startswith("First line.\n\nParameters\n----------\nsr : float, optional\n")
    assert list(_described(Long, "Parameters")) == list(_described(Short, "Parameters"))
    assert _described(Long, "Parameters")["sr"] == "float, default=8000"
    assert _described(Long, "Attributes") == {"a": "int"}
    assert Bare.__doc__ is None
