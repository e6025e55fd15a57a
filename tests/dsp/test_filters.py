"""Filter tables against librosa's and scipy's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.fft

from genrekit.dsp import chroma_filters, dct_basis, mel_filters
from genrekit.dsp.filters import contrast_bands, fft_frequencies, fft_tables
from genrekit.exceptions import GenrekitWarning


@pytest.mark.parametrize(("sr", "n_fft"), [(22050, 2048), (16000, 400), (44100, 1023), (8000, 2)])
def test_frequencies_are_librosas(sr, n_fft):
    expected = librosa.fft_frequencies(sr=sr, n_fft=n_fft)
    np.testing.assert_array_equal(fft_frequencies(sr, n_fft), expected)


@pytest.mark.filterwarnings("ignore:Empty filters", "ignore:.*fall between the bins")
@pytest.mark.parametrize(
    ("sr", "n_fft", "n_mels", "fmin", "fmax"),
    [
        (22050, 2048, 128, 0.0, None),
        (16000, 512, 40, 20.0, 7600.0),
        (44100, 2048, 96, 300.0, 1200.0),
        (22050, 1023, 20, 0.0, 900.0),
        (96000, 4096, 1, 0.0, None),
    ],
)
def test_mel_filters_are_librosas_bit_for_bit(sr, n_fft, n_mels, fmin, fmax):
    expected = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    got = mel_filters(sr, n_fft, n_mels, fmin, fmax)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)


def test_htks_filters_are_triangles_over_mel():
    """As TensorFlow's: each rises to 1 from the middle of the one before; 0 Hz counts nowhere."""
    weights = mel_filters(16000, 8192, 20, 0.0, 7000.0, "htk")
    mels = 1127 * np.log(1 + np.arange(4097) / 8192 * 16000 / 700)
    middles = np.linspace(0, 1127 * np.log(11), 22)[1:-1]
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights[:, 0], 0)
    np.testing.assert_allclose(mels[weights.argmax(axis=1)], middles, atol=2)
    between = (mels > middles[0]) & (mels < middles[-1])
    np.testing.assert_allclose(weights[:, between].sum(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(weights[:, mels > 1127 * np.log(11)], 0)


def test_mel_filters_between_bins_are_named():
    with pytest.warns(GenrekitWarning, match="of 127 mel filters fall between the bins"):
        weights = mel_filters(22050, 256, 127)
    assert (weights.max(axis=1) == 0).any()


@pytest.mark.parametrize(("fmin", "fmax"), [(11025.0, None), (500.0, 400.0)])
def test_mel_edges_must_be_in_order(fmin, fmax):
    with pytest.raises(ValueError, match="fmin must lie between 0 and fmax"):
        mel_filters(22050, 2048, 40, fmin, fmax)


@pytest.mark.parametrize(
    ("sr", "n_fft", "n_chroma", "tuning"),
    [
        (22050, 2048, 12, 0.0),
        (22050, 2048, 12, 0.37),
        (16000, 1024, 24, -0.2),
        (44100, 4095, 36, 0),
    ],
)
def test_chroma_filters_are_librosas_bit_for_bit(sr, n_fft, n_chroma, tuning):
    expected = librosa.filters.chroma(sr=sr, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning)
    got = chroma_filters(sr, n_fft, n_chroma, tuning)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(("n_rows", "n_columns"), [(20, 128), (1, 1), (7, 7)])
def test_dct_basis_is_scipys(n_rows, n_columns):
    x = np.random.default_rng(0).standard_normal(n_columns)
    expected = scipy.fft.dct(x, norm="ortho")[:n_rows]
    np.testing.assert_allclose(dct_basis(n_rows, n_columns) @ x, expected, atol=1e-13)


def test_contrast_bands_share_their_bins_out():
    start, stop, count = contrast_bands(22050, 2048)
    assert start[0] == 0
    assert stop[-1] == 1025
    np.testing.assert_array_equal(start[1:], stop[:-1])
    assert (count >= 1).all()
    assert (count <= stop - start).all()


@pytest.mark.parametrize(
    ("sr", "n_fft", "n_bands", "message"),
    [
        (8000, 2048, 6, "use fewer n_bands or a higher sr"),
        (22050, 64, 6, "is too short for bands from fmin=200 Hz: use a larger one"),
        (22050, 32, 5, "is too short for bands from fmin=200 Hz: use a larger one"),
    ],
)
def test_contrast_bands_that_do_not_fit(sr, n_fft, n_bands, message):
    with pytest.raises(ValueError, match=message):
        contrast_bands(sr, n_fft, n_bands)


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_sizes_are_whole_and_above_zero(value):
    for name, table in (
        ("n_mels", mel_filters),
        ("n_chroma", chroma_filters),
        ("n_bands", contrast_bands),
    ):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1"):
            table(22050, 2048, value)


def test_nobody_changes_anothers_filters():
    for table in (mel_filters, chroma_filters):
        expected = table(22050, 2048, 12).copy()
        table(22050, 2048, 12)[:] = 0
        np.testing.assert_array_equal(table(22050, 2048, 12), expected)


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (fft_frequencies, (0, 512), "sr must be a number above 0"),
        (mel_filters, ("22050", 2048), "sr must be a number above 0"),
        (mel_filters, (22050, 2048, 40, np.nan), "fmin must be a number of at least 0, not nan"),
        (mel_filters, (22050, 2048, 40, -1.0), "fmin must be a number of at least 0, not -1.0"),
        (mel_filters, (22050, 2048, 40, 0.0, "8000"), "fmax must be a number above 0"),
        (chroma_filters, (22050, 2048, 12, None), "tuning must be a number of at least -1"),
        (chroma_filters, (22050, 2048, 12, 30.0), "tuning must be a number .* at most 1, not 30"),
        (contrast_bands, (22050, 2048, 6, 0.0), "fmin must be a number above 0"),
        (contrast_bands, (22050, 2048, 99), "use fewer n_bands"),
        (contrast_bands, (22050, 2048, 6, 200.0, 1), "quantile must lie between 0 and 1, not 1"),
        (dct_basis, (20, 13), "n_rows=20 is above n_columns=13"),
        (dct_basis, ([20], 40), r"n_rows must be an integer of at least 1, not \[20\]"),
        (fft_tables, (24,), "n_fft must be a power of two here, not 24"),
    ],
)
def test_tables_that_there_are_not(table, arguments, message):
    with pytest.raises(ValueError, match=message):
        table(*arguments)


def test_true_is_not_one():
    """They are equal, and what was kept for one would be found for the other."""
    assert dct_basis(1, 40).shape == (1, 40)
    with pytest.raises(ValueError, match="n_rows must be an integer of at least 1, not True"):
        dct_basis(True, 40)


def test_a_table_is_built_once():
    assert dct_basis(13, 40) is dct_basis(13, 40)
