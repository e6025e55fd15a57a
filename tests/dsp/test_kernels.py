"""The compiled kernels against their numpy twins, and which of the two is chosen.

Arrays are small so that the file also runs with NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import warnings
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import genrekit.dsp
from genrekit.dsp import _kernels_numpy, kernels
from genrekit.exceptions import GenrekitWarning

BINS = 61
# Fewer frames than lanes, exactly as many, and groups that overlap.
FRAMES = [8, 16, 37]
# How many of their last arguments they write to; the others return a new array.
WRITING = {"power_spectra": 1}
KERNELS = [name for name in kernels.__all__ if name in _kernels_numpy.__all__]


def _full(dtype, frames=8):
    """Arguments of each kernel, ordinary sizes."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(16 + 8 * frames).astype(dtype)
    spectrum = rng.random((BINS, frames)).astype(dtype) ** 4
    weights = rng.random((4, BINS)).astype(np.float32)
    # From its first bin, in the middle, empty, longer than a partial sum.
    start, stop = np.array([0, 7, 20, 3]), np.array([1, 19, 20, BINS])
    power = spectrum.copy()
    power[:, 1] = 0
    power[:, 2] = 1e35  # a product of 16 of them leaves the range of float64
    rows = np.concatenate([spectrum[:5], np.full((1, frames), 0.1, dtype)])
    return {
        "band_extremes": (spectrum, start[[0, 1, 3]], stop[[0, 1, 3]], np.array([1, 3, 5])),
        "central_moments": (rows,),
        "log_sums": (power, 1e-10),
        "mean_square": (signal, 17, 7, 7),
        "medians": (rows,),
        "power_spectra": (signal, np.hanning(16), 8, np.empty((2, 9, frames), dtype)),
        "project": (weights, start, stop, spectrum),
        "rolloff_bin": (spectrum, 0.85),
        "spectral_change": (spectrum, spectrum[:, 3].copy()),
        "spectral_moments": (spectrum, np.linspace(0, 11025, BINS)),
        "zero_crossings": (signal, 17, 7, 7, 5, 50),
    }


def _tiny(dtype):
    """Arguments of each kernel, the smallest sizes."""
    one = np.full((1, 1), 0.5, dtype)
    signal = np.array([0.5, -0.5], dtype)
    first, last = np.array([0]), np.array([1])
    return {
        "band_extremes": (one, first, last, np.array([1])),
        "central_moments": (one,),
        "log_sums": (one, 1e-10),
        "mean_square": (signal, 2, 1, 1),
        "medians": (one,),
        "power_spectra": (signal, np.ones(2), 1, np.empty((2, 2, 1), dtype)),
        "project": (np.ones((1, 1), np.float32), first, last, one),
        "rolloff_bin": (one, 0.85),
        "spectral_change": (one, one[:, 0].copy()),
        "spectral_moments": (one, np.zeros(1)),
        "zero_crossings": (signal, 2, 1, 1, 0, 2),
    }


def _silent(dtype):
    """Arguments of each kernel, all samples 0."""
    return {name: _each_input(np.zeros_like, args) for name, args in _full(dtype).items()}


def _each_input(change, arguments):
    """The arguments with the arrays of samples, spectra and weights changed."""
    return tuple(
        change(argument)
        if isinstance(argument, np.ndarray) and argument.dtype.kind in "fc"
        else argument
        for argument in arguments
    )


def _split(name, arguments):
    """What a kernel reads and what it writes to."""
    n_read = len(arguments) - WRITING.get(name, 0)
    return arguments[:n_read], arguments[n_read:]


def _run(module, name, arguments, layout=np.copy):
    """All that a kernel gives, when what it reads is laid out in some way."""
    read, written = _split(name, arguments)
    read, written = _each_input(layout, read), _each_input(np.zeros_like, written)
    before = [np.copy(argument) for argument in read]
    result = getattr(module, name)(*read, *written)
    for argument, copy in zip(read, before, strict=True):
        np.testing.assert_array_equal(argument, copy)
    if not written:
        return [result]
    assert np.shares_memory(result, written[0])
    return written


def _read_only_view(array):
    """The same numbers, read-only and not contiguous."""
    view = np.repeat(array, 2, axis=-1)[..., ::2]
    view.flags.writeable = False
    assert view.size == 1 or not view.flags.c_contiguous
    return view


def _read_only(array):
    """The same numbers, read-only."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


@pytest.fixture(scope="module")
def compiled():
    pytest.importorskip("numba")
    return importlib.import_module("genrekit.dsp._kernels_numba")


MAKES = [_tiny, _silent, *(partial(_full, frames=frames) for frames in FRAMES)]


@pytest.mark.parametrize("make", MAKES, ids=["tiny", "silent", *map(str, FRAMES)])
@pytest.mark.parametrize(
    ("dtype", "layout"),
    [
        ("float32", np.copy),
        ("float64", np.copy),
        ("float32", _read_only),
    ],
)
@pytest.mark.parametrize("name", KERNELS)
def test_compiled_kernel_agrees_with_numpy(compiled, name, dtype, layout, make):
    arguments = make(dtype)[name]
    with np.errstate(divide="raise", invalid="raise"):  # silence divides by nothing
        expected = _run(_kernels_numpy, name, arguments)
    got = _run(compiled, name, arguments, layout)
    for one, other in zip(got, expected, strict=True):
        _assert_agree(name, one, other)


@pytest.mark.parametrize("rows", [1, 4, 6])
def test_long_sums_are_as_exact_as_short_ones(compiled, rows):
    """Partial sums in single precision must stay short: 4096 terms would be 40 times as wrong."""
    n_bins = 4096
    spectrum = np.full((n_bins, 16), 0.1, np.float32)
    weights = np.ones((rows, n_bins), np.float32)
    start, stop = np.zeros(rows, int), np.full(rows, n_bins)
    exact = n_bins * float(np.float32(0.1))
    got = compiled.project(weights, start, stop, spectrum)
    assert got.shape == (rows, 16)
    np.testing.assert_allclose(got, exact, rtol=1e-6)


def _assert_agree(name, got, expected):
    """Equal to 1e-6 of the maximum of each quantity."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert np.isfinite(expected).all()
    # Rows of spectra and signals are one quantity; rows of results are several, as are columns
    # of moments.
    axis = {"power_spectra": None, "medians": None, "central_moments": 0}.get(name, 1)
    scale = np.abs(expected).max(axis=axis, keepdims=True)
    assert (np.abs(got - expected) <= 1e-6 * scale).all()


@pytest.mark.parametrize("name", KERNELS)
def test_numpy_kernel_takes_read_only_views(name):
    arguments = _full("float64")[name]
    expected = _run(_kernels_numpy, name, arguments)
    got = _run(_kernels_numpy, name, arguments, _read_only_view)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("module", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("n_fft", "hop_length"),
    [(16, 16), (32, 8), (16, 6), (64, 64), (24, 8), (17, 7), (8, 1), (2, 2)],
)
def test_frames_of_the_waveform_by_their_definition(request, module, n_fft, hop_length):
    kernels = request.getfixturevalue("compiled") if module == "numba" else _kernels_numpy
    signal = np.random.default_rng(n_fft).standard_normal(64)
    signal[::5] = 1e-11  # as good as 0, which is positive
    signal[2::5] = -1e-11
    n_frames = 1 + (len(signal) - n_fft) // hop_length
    frames = [signal[t * hop_length : t * hop_length + n_fft] for t in range(n_frames)]
    window = np.hanning(n_fft)
    out = kernels.power_spectra(signal, window, hop_length, np.empty((2, 1 + n_fft // 2, n_frames)))
    magnitude = np.abs(np.fft.rfft(frames * window)).T
    np.testing.assert_allclose(out, [magnitude**2, magnitude], atol=1e-12)
    energy = kernels.mean_square(signal, n_fft, hop_length, n_frames)
    np.testing.assert_allclose(energy[0], [np.mean(frame**2) for frame in frames], rtol=1e-12)
    for first, last in [(0, 64), (8, 64), (0, 40), (9, 33), (64, 64), (0, 0), (20, 21)]:
        got = kernels.zero_crossings(signal, n_fft, hop_length, n_frames, first, last)
        expected = _crossings(signal, n_fft, hop_length, n_frames, first, last)
        np.testing.assert_allclose(got[0], expected, rtol=1e-12, err_msg=f"{first} to {last}")


def _crossings(signal, n_fft, hop_length, n_frames, first, last):
    """Pair by pair: both samples in the frame, both real."""
    negative = signal < -1e-10
    return [
        sum(
            negative[i] != negative[i - 1]
            for i in range(t * hop_length + 1, t * hop_length + n_fft)
            if first < i < last
        )
        / n_fft
        for t in range(n_frames)
    ]


def test_both_flavours_have_the_same_names(compiled):
    assert compiled.__all__ == _kernels_numpy.__all__
    assert all(callable(getattr(compiled, name)) for name in _kernels_numpy.__all__)
    assert _kernels_numpy.__all__ == KERNELS


def test_constant_rows_have_no_shape():
    # 0.1 is not a binary fraction: the mean of many differs from it in the last bit.
    moments = _kernels_numpy.central_moments(np.full((1, 1001), 0.1))
    np.testing.assert_array_equal(moments, [[0.1, 0, 0, 0, 0.1, 0.1]])


# --- which flavour runs -----------------------------------------------------------------------


def test_numpy_kernels_on_request(monkeypatch):
    monkeypatch.setenv("GENREKIT_KERNELS", "numpy")
    assert kernels._choose() == ("numpy", _kernels_numpy)


def test_numba_kernels_by_default(monkeypatch, compiled):
    monkeypatch.delenv("GENREKIT_KERNELS", raising=False)
    assert kernels._choose() == ("numba", compiled)


@pytest.mark.parametrize("wanted", ["nmpy", "NumPy", "1", " "])
def test_unknown_kernels_on_request(monkeypatch, wanted):
    monkeypatch.setenv("GENREKIT_KERNELS", wanted)
    with pytest.raises(ValueError, match="GENREKIT_KERNELS must be 'numba' or 'numpy', not"):
        kernels._choose()


def _fail(*args):
    raise AttributeError("'PointerType' object has no attribute 'pointee'\nat line 3")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (None, "halted; None in sys.modules"),  # numba is missing
        (SimpleNamespace(), "no attribute 'central_moments'"),  # or has moved something
        (SimpleNamespace(central_moments=_fail), r"no attribute 'pointee'\)"),  # or can't compile
    ],
)
def test_numpy_kernels_with_a_warning_where_numba_fails(monkeypatch, module, reason):
    monkeypatch.delenv("GENREKIT_KERNELS", raising=False)
    monkeypatch.delattr(genrekit.dsp, "_kernels_numba", raising=False)
    if module:
        monkeypatch.setattr(genrekit.dsp, "_kernels_numba", module, raising=False)
    monkeypatch.setitem(sys.modules, "genrekit.dsp._kernels_numba", module)
    with pytest.warns(GenrekitWarning, match=f"numba can't be used .*{reason}") as caught:
        assert kernels._choose() == ("numpy", _kernels_numpy)
    assert len(caught) == 1


def test_everything_runs_without_numba():
    script = """
import sys, warnings
sys.modules["numba"] = None
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import numpy as np
    import genrekit
    from genrekit.dsp import kernels
    table = genrekit.extract([np.ones(3000), np.ones(2000)], ["rms", "mfcc"]).table
own = [w for w in caught if w.category.__name__ == "GenrekitWarning"]
print(kernels.FLAVOUR, len(own), bool(np.isfinite(table).all()))
"""
    environment = {k: v for k, v in os.environ.items() if k != "GENREKIT_KERNELS"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["numpy", "1", "True"], done.stderr


def test_compiling_gives_no_warning(compiled):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled.rolloff_bin(np.ones((3, 2), np.float32), 0.5)
