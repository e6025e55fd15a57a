"""Arrays that are handed out more than once can't be written to, wherever they are kept."""

from __future__ import annotations

import dataclasses
import functools
import gc
import importlib
import pkgutil

import numpy as np
import pytest

import genrekit
from genrekit.dsp import dct_basis, kernels, stft_window
from genrekit.dsp.filters import contrast_bands, fft_tables
from genrekit.features import FEATURES, SETS

CACHE = type(functools.lru_cache(lambda: None))


def _modules():
    names = [module.name for module in pkgutil.walk_packages(genrekit.__path__, "genrekit.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def _caches():
    """Every functools cache of the package, by name."""
    _modules()
    found = [thing for thing in gc.get_objects() if type(thing) is CACHE]
    own = [cache for cache in found if (cache.__module__ or "").startswith("genrekit.")]
    return {f"{cache.__module__}.{cache.__qualname__}": cache for cache in own}


def _arrays(value):
    """The arrays in a value, however deep."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        yield from (array for item in value.values() for array in _arrays(item))
    elif isinstance(value, (tuple, list, set, frozenset)):
        yield from (array for item in value for array in _arrays(item))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _arrays(vars(value))


def test_what_is_kept_is_read_only():
    noise = np.random.default_rng(0).standard_normal(5000)
    for features in (list(FEATURES), *SETS):
        genrekit.extract([noise], features, on_error="raise")
    caches = _caches()
    tables = {name for name in caches if name.startswith("genrekit.dsp.")}
    others = ("genrekit.dsp._compiling.", "genrekit.dsp.parameters.")  # they hold no tables
    tables = {name for name in tables if not name.startswith(others)}
    if kernels.FLAVOUR == "numpy":
        tables -= {"genrekit.dsp._fft_numba._tables", "genrekit.dsp.filters.fft_tables"}
    assert len(tables) >= 4
    for name in tables:
        assert caches[name].cache_info().currsize, f"{name}: let this test call it"
    kept = {name: list(_arrays(gc.get_referents(cache))) for name, cache in caches.items()}
    assert all(kept[name] for name in tables)
    writable = {name for name, arrays in kept.items() if any(a.flags.writeable for a in arrays)}
    assert not writable, f"{writable}: make them with genrekit.dsp._shared.shared"


def test_arrays_of_modules_are_read_only():
    writable = [
        f"{module.__name__}.{name}"
        for module in _modules()
        for name, value in vars(module).items()
        if any(array.flags.writeable for array in _arrays(value))
    ]
    assert not writable


@pytest.mark.parametrize(
    "table",
    [stft_window("hann", 64, 64), stft_window("hamming", 32, 64), dct_basis(13, 40)]
    + [*fft_tables(64), *contrast_bands(22050, 2048)],
)
def test_a_table_can_not_be_written_to(table):
    with pytest.raises(ValueError, match="read-only"):
        table[:] = 0
