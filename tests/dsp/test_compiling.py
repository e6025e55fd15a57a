"""How kernels are compiled and kept, and that numba is still as the kernels know it."""

from __future__ import annotations

import ast
import atexit
import importlib
import io
import json
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from unittest import mock

import pytest
from packaging.requirements import Requirement

numba = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is compiled", allow_module_level=True)

from numba.core.caching import CacheImpl, FunctionCache  # noqa: E402

from genrekit.dsp import _compiling, kernels  # noqa: E402
from genrekit.dsp._compiling import kernel, lasting_folder  # noqa: E402

DSP = Path(_compiling.__file__).parent


def _double(value):
    return value + value


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where numba keeps what it compiles."""
    # By its variable: numba reads them all anew when one has changed since it last looked.
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    numba.config.reload_config()
    # Test processes that run side by side only read: see tests/conftest.py.
    monkeypatch.setattr(FunctionCache, "save_overload", FunctionCache._save_overload)
    yield tmp_path
    monkeypatch.undo()
    numba.config.reload_config()


@pytest.fixture
def terminal(monkeypatch):
    """A standard error that says it is a terminal."""
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(_compiling, "sys", mock.Mock(stderr=stream))
    _compiling._tell.cache_clear()
    yield stream
    _compiling._tell.cache_clear()


def _compiles():
    """Whether a new start would have to compile."""
    compiled = kernel(_double)
    assert compiled(21) == 42
    return not compiled.stats.cache_hits


# --- when a dependency moved ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["numba", "llvmlite"])
def test_dependency_is_one_that_the_kernels_were_tried_with(name):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    wanted = {Requirement(line).name: Requirement(line) for line in project["dependencies"]}[name]
    assert any(bound.operator == "<" for bound in wanted.specifier), f"{name} has no upper bound"
    assert wanted.specifier.contains(metadata.version(name), prereleases=True), (
        f"{name} {metadata.version(name)} is outside {wanted}: kernels lean on its inner parts. "
        "Run tests/dsp with it and, when all is well, move the bound in pyproject.toml"
    )


def test_what_the_kernels_lean_on_is_there():
    nodes = [node for path in DSP.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    leant_on = [
        (node.module, alias.name)
        for node in imports
        for alias in node.names
        if node.module.partition(".")[0] in ("numba", "llvmlite")
    ]
    assert len(leant_on) > 10
    missing = [pair for pair in leant_on if not hasattr(importlib.import_module(pair[0]), pair[1])]
    inner = ("load_overload", "save_overload", "flush", "_index_key", "cache_path")
    missing += [name for name in inner if not hasattr(FunctionCache, name)]
    assert not missing, f"numba or llvmlite moved what genrekit.dsp leans on: {missing}"


def test_compiled_kernels_run_and_are_kept(monkeypatch):
    monkeypatch.delenv("GENREKIT_KERNELS", raising=False)
    flavour, module = kernels._choose()
    versions = f"numba {metadata.version('numba')} and llvmlite {metadata.version('llvmlite')}"
    assert flavour == "numba", f"the kernels do not compile with {versions}: see the warning"
    assert isinstance(module.rolloff_bin._cache, _compiling._Cache), (
        f"with {versions}, a dispatcher does not keep its cache in _cache any more"
    )


# --- what is kept -----------------------------------------------------------------------------


def test_what_was_compiled_is_kept(folder):
    assert _compiles()
    assert not _compiles()
    assert Path(lasting_folder(kernel(_double))).parent == folder


def test_an_edit_of_what_is_compiled_in_makes_it_stale(folder, monkeypatch):
    assert _compiles()
    monkeypatch.setattr(_compiling, "_DIGEST", "of other lanes")
    assert _compiles()
    assert not _compiles()


def test_digest_is_of_every_file_that_is_compiled():
    named = {path.name for path in _compiling._SOURCES}
    compiled = {
        path.name
        for path in DSP.glob("*.py")
        if {"_compiling", "_lanes"} & set(path.read_text().replace(".", " ").split())
        or "import numba" in path.read_text()
    }
    assert {"_lanes.py", "_fft_numba.py", "_kernels_numba.py", "_rows_numba.py"} <= compiled
    assert compiled - {"kernels.py"} <= named


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", [b"", b"no pickle", None])
def test_damaged_files_are_compiled_again(folder, suffix, damage):
    assert _compiles()
    (path,) = folder.rglob(f"*{suffix}")
    path.write_bytes(path.read_bytes()[:-9] if damage is None else damage)
    assert _compiles()
    assert not _compiles()


def test_what_cannot_be_kept_runs_all_the_same(folder, monkeypatch):
    full = mock.Mock(side_effect=OSError(28, "No space left on device"))
    monkeypatch.setattr(FunctionCache, "save_overload", full)
    assert _compiles()
    full.assert_called_once()
    assert _compiles()


@pytest.fixture
def unwritable(monkeypatch):
    """No folder but one that is named can be written."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    named = [kind for kind in CacheImpl._locator_classes if "UserProvided" in kind.__name__]
    assert len(named) == 1
    monkeypatch.setattr(CacheImpl, "_locator_classes", named)
    _compiling._temporary_folder.cache_clear()
    yield
    _compiling._temporary_folder.cache_clear()


def test_unwritable_folders_mean_a_temporary_one(unwritable, monkeypatch):
    removed_at_the_end = mock.Mock()
    monkeypatch.setattr(atexit, "register", removed_at_the_end)
    first, second = kernel(_double), kernel(_double)
    assert first(21) == second(21) == 42
    assert numba.config.CACHE_DIR == ""  # other people's functions do not go there
    folder = Path(first.stats.cache_path).parent
    assert folder.name.startswith("genrekit-numba-")
    assert Path(second.stats.cache_path).parent == folder
    assert lasting_folder(first) is None
    ((remove, *arguments), options) = removed_at_the_end.call_args
    remove(*arguments, **options)
    assert not folder.exists()


def test_without_any_folder_kernels_are_compiled_and_not_kept(unwritable, monkeypatch):
    monkeypatch.setattr(_compiling, "_temporary_folder", mock.Mock(side_effect=FileNotFoundError))
    compiled = kernel(_double)
    assert compiled(21) == 42
    assert lasting_folder(compiled) is None


# --- what people are told ---------------------------------------------------------------------


def test_a_terminal_is_told_once_and_where(folder, terminal):
    assert _compiles()
    assert not _compiles()
    other = kernel(_half)
    assert other(3.0) == 1.5
    (line,) = terminal.getvalue().splitlines()
    assert line.startswith("genrekit compiles its kernels, up to half a minute, once: they are")
    assert str(folder) in line


def _half(value):
    return value / 2


def test_a_terminal_is_told_what_to_do_where_nothing_can_be_kept(unwritable, terminal):
    kernel(_double)(21)
    assert "let the environment variable NUMBA_CACHE_DIR name one" in terminal.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nobody_else_is_told(folder, monkeypatch, stream):
    monkeypatch.setattr(_compiling, "sys", mock.Mock(stderr=stream))
    _compiling._tell.cache_clear()
    assert _compiles()
    assert stream is None or not stream.getvalue()


# --- what is compiled -------------------------------------------------------------------------


def _compiled_by(features):
    """Kernel to its signatures, after tracks were described in a new process."""
    script = f"""
import json
import numpy as np
import genrekit
from genrekit.dsp import _fft_numba, _kernels_numba, _rows_numba
noise = np.random.default_rng(0).standard_normal(22050)
genrekit.extract([noise, noise[:300]], {features!r}, on_error="raise")
modules = vars(_fft_numba) | vars(_kernels_numba) | vars(_rows_numba)
kernels = {{n: f for n, f in modules.items() if hasattr(f, "signatures")}}
bare = {{n for n, f in kernels.items() if "no_cpython_wrapper" in f.targetoptions}}
print(json.dumps({{n: len(f.signatures) for n, f in kernels.items() if n not in bare}}))
"""
    environment = {k: v for k, v in os.environ.items() if k != "GENREKIT_KERNELS"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return {name: count for name, count in json.loads(done.stdout).items() if count}


def test_only_what_is_asked_for_is_compiled():
    assert set(_compiled_by(["rms"])) == {"mean_square", "central_moments", "_medians"}


def test_each_kernel_is_compiled_once():
    """Read-only tables and others, or literals and variables, would each be compiled anew."""
    everything = [*(name for name in ("mel", "mfcc", "chroma", "tonnetz", "tempo"))]
    counts = _compiled_by(everything) | _compiled_by("standard")
    assert set(counts.values()) == {1}, counts
    assert len(counts) == 11
