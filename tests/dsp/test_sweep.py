"""One pass over a track, and the table of what it can compute."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.dsp import (
    BLOCK_FRAMES,
    INTERMEDIATES,
    Sweep,
    frame_count,
    kernels,
    make_request,
    mel_filters,
)
from genrekit.dsp.intermediates import Grid

GRID = {"sr": 22050, "n_fft": 512, "hop_length": 128}
Y = np.random.default_rng(0).standard_normal(60000)
# What is carried from one block of frames to the next is there at three edges.
assert frame_count(len(Y), 512, 128) > 3 * BLOCK_FRAMES


def _run(requests, blocks, **options):
    sweep = Sweep(requests, **(GRID | options))
    for block in blocks:
        sweep.push(block)
    return {request: np.concatenate(b, axis=1) for request, b in sweep.finish().items()}


@pytest.fixture(scope="module")
def requests():
    small = {"n_bands": 4, "n_mels": 20}
    return [make_request(name, small) for name in INTERMEDIATES]


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_result_does_not_depend_on_how_samples_come(requests, dtype, pad_mode):
    whole = _run(requests, [Y], dtype=dtype, pad_mode=pad_mode)
    rng = np.random.default_rng(1)
    for n_cuts in (1, 5, 300):
        cuts = np.sort(rng.integers(0, len(Y), n_cuts))
        parts = _run(requests, np.split(Y, cuts), dtype=dtype, pad_mode=pad_mode)
        for request in requests:
            np.testing.assert_array_equal(parts[request], whole[request], err_msg=request[0])


def test_shape_and_precision(requests):
    for dtype in ("float32", "float64"):
        for request, values in _run(requests, [Y], dtype=dtype).items():
            assert values.shape[1] == frame_count(len(Y), 512, 128), request
            assert values.dtype == dtype, request


def test_each_intermediate_is_the_same_alone(requests):
    together = _run(requests, [Y])
    for request in requests:
        np.testing.assert_array_equal(_run([request], [Y])[request], together[request])


def test_power_is_the_squared_stft():
    request = make_request("power")
    got = _run([request], [Y], dtype="float64")[request]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(Y, 256), 512)[::128]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    expected = np.abs(np.fft.rfft(frames * window)).T ** 2
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_spectra_and_intermediates_are_computed_once(monkeypatch, requests):
    calls = []
    for name in ("power_spectra", "project"):
        kernel = getattr(kernels, name)
        monkeypatch.setattr(
            kernels, name, lambda *a, name=name, kernel=kernel: calls.append(name) or kernel(*a)
        )
    _run([*requests, *requests], [Y])
    assert calls.count("power_spectra") == 4  # blocks
    assert calls.count("project") == 8  # mel and chroma


def test_change_is_told_at_the_edges_of_blocks_too():
    """Frame by frame from all magnitudes at once."""
    power, change = make_request("power"), make_request("change")
    got = _run([power, change], [Y], dtype="float64")
    magnitude = np.sqrt(got[power])
    shape = magnitude / magnitude.sum(axis=0)
    expected = np.append(0.0, (np.diff(shape, axis=1) ** 2).sum(axis=0))
    np.testing.assert_allclose(got[change][0], expected, rtol=1e-9)
    assert expected[BLOCK_FRAMES::BLOCK_FRAMES].all()


def test_a_track_without_samples_of_a_frame():
    request = make_request("mean_square")
    values = _run([request], [np.ones(10)], center=False)[request]
    np.testing.assert_allclose(values, [[10 / 512]])


def test_requests_take_what_their_intermediate_has():
    assert make_request("rolloff", {"roll_percent": 0.5, "n_mels": 3}) == (
        "rolloff",
        (("roll_percent", 0.5),),
    )
    assert make_request("moments", {"n_mels": 3}) == make_request("moments")
    assert make_request("mel", {"n_mels": 128}) == make_request("mel")
    with pytest.raises(KeyError, match="mell"):
        make_request("mell")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sr": 0}, "sr must be a number above 0"),
        ({"n_fft": True}, "n_fft must be an integer of at least 2, not True"),
        ({"hop_length": 600}, "hop_length=600 is above n_fft=512"),
        ({"win_length": 513}, "win_length=513 is above n_fft=512"),
        ({"window": "hamn"}, "window='hamn' can't be made by scipy.signal"),
        ({"window": ["hann"]}, "window must be the name of one of scipy.signal's windows"),
        ({"window": ("kaiser", ["a"])}, "can't be made by scipy.signal"),
        ({"window": ("kaiser", float("nan"))}, "is not finite"),
        ({"center": 1}, "center must be True or False, not 1"),
        ({"pad_mode": None}, "unknown pad_mode None"),
        ({"dtype": np.float32}, "unknown dtype"),
    ],
)
def test_parameters_that_can_not_be_meant(options, message):
    with pytest.raises(ValueError, match=message):
        Sweep([make_request("power")], **(GRID | options))


def test_requests_are_checked():
    for name, params in [("mel", {"n_mels": 0}), ("rolloff", {"roll_percent": np.nan})]:
        with pytest.raises(ValueError, match=f"{next(iter(params))} must"):
            Sweep([make_request(name, params)], **GRID)


@pytest.mark.parametrize("samples", [np.ones(9, np.int16), np.ones((2, 9)), [0.5, 0.5]])
def test_samples_are_checked(samples):
    with pytest.raises(ValueError, match="samples are int16|2 dimensions|can't be read as audio"):
        Sweep([make_request("power")], **GRID).push(samples)


@pytest.mark.parametrize("params", [{"n_mels": 40}, {"n_mels": 20, "fmin": 300.0, "fmax": 5000.0}])
def test_mel_filters_are_zero_where_kernels_do_not_look(params):
    """And they look at no bin that is not there, which compiled ones would read all the same."""
    row = INTERMEDIATES["mel"]
    weights, start, stop, _ = row.tables(Grid(22050.0, 512, 128), **{**row.params, **params})
    for filter_, first, last in zip(weights, start, stop, strict=True):
        np.testing.assert_array_equal(np.flatnonzero(filter_)[[0, -1]], [first, last - 1])


def test_bands_may_sum_magnitudes():
    """Of a tone, whose power is the square of its magnitude."""
    y = np.sin(2 * np.pi * 1000 * np.arange(4000) / 16000)
    requests = [make_request("power"), make_request("mel", {"n_mels": 20, "power": 1})]
    sweep = Sweep(requests, sr=16000, n_fft=512, hop_length=128, dtype="float64")
    sweep.push(y)
    power, bands = (np.concatenate(blocks, axis=1) for blocks in sweep.finish().values())
    np.testing.assert_allclose(bands, mel_filters(16000, 512, 20) @ np.sqrt(power), rtol=1e-6)


@pytest.mark.parametrize("n_samples", [1, 300, 5000])
def test_padding_may_be_of_any_length(n_samples):
    y = np.random.default_rng(0).standard_normal(n_samples)
    request = make_request("power")

    def blocks(samples, **options):
        sweep = Sweep([request], **{**GRID, "center": False, **options})
        for part in np.array_split(samples, 7):
            sweep.push(part)
        return np.concatenate(sweep.finish()[request], axis=1)

    padded = np.pad(y, 13, mode="reflect" if n_samples > 13 else "symmetric")
    mode = "reflect" if n_samples > 13 else "symmetric"
    np.testing.assert_array_equal(blocks(y, pad=13, pad_mode=mode), blocks(padded))
