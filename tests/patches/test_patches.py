"""Patches of a track: which they are, what they hold, and the source they come from."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit.features import Spectra
from genrekit.networks import Patches, get_card, iter_batches
from genrekit.patches._patches import iter_patches, patch_starts

MEL = {"kind": "mel", "sr": 8000, "patch": 3, "n_fft": 64, "hop_length": 32, "n_mels": 5}


@pytest.mark.parametrize("gain", [None, 10000.0])
def test_a_mel_input_is_power_or_its_logarithm(make_network, gain):
    card = get_card(make_network(input={**MEL, "gain": gain}))
    y = np.random.default_rng(0).standard_normal(800).astype(np.float32)
    spectra = Spectra(y, card.input.frontend(), card.input.requests())
    (signal,) = card.input.blocks(spectra)
    assert signal.shape == (card.input.count(spectra), 5) == (26, 5)
    power = spectra.get("mel", n_mels=5).T
    expected = power if gain is None else np.log10(1 + gain * power)
    starts = np.array([0, 20])
    for start, patch in zip(starts, card.input.cut(spectra, starts), strict=True):
        own = expected[start : start + card.input.patch]
        np.testing.assert_allclose(patch[: len(own)], own, rtol=1e-6)


def test_patches_cover_a_track():
    signal = np.arange(10)
    starts = patch_starts(10, 4, 3, None)
    found = [patch.tolist() for patch in iter_patches(iter([signal]), starts, 4)]
    assert found == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    starts = patch_starts(3, 4, 3, None)
    assert [p.tolist() for p in iter_patches(iter([signal[:3]]), starts, 4)] == [[0, 1, 2, 0]]
    assert patch_starts(4, 4, 3, 5).tolist() == [0]
    assert patch_starts(1000, 10, 10, 3).tolist() == [160, 500, 830]


@pytest.mark.parametrize("patch", [1, 3, 7, 40, 100, 130])
@pytest.mark.parametrize("step", [1, 5, 60])
@pytest.mark.parametrize("most", [None, 4])
def test_patches_do_not_depend_on_the_blocks(patch, step, most):
    signal = np.arange(240).reshape(120, 2)
    starts = patch_starts(120, patch, step, most)
    whole = list(iter_patches(iter([signal]), starts, patch))
    assert [found[0, 0] // 2 for found in whole] == starts.tolist()
    for length in (1, 4, 16, 119):
        blocks = iter(np.array_split(signal, range(length, 120, length)))
        np.testing.assert_array_equal(list(iter_patches(blocks, starts, patch)), whole)


def test_a_long_track_is_never_in_one_block():
    """The same patches, bit for bit, as of the joined mel spectrogram."""
    heard = get_card("msd-musicnn").input
    y = np.random.default_rng(0).standard_normal(40 * 16000).astype(np.float32)
    spectra = Spectra.begin(heard.frontend(), heard.requests())
    for block in np.array_split(y, 7):
        spectra.push(block)
    spectra.finish()
    starts = patch_starts(heard.count(spectra), heard.patch, heard.steps(1), 20)
    longest = max(len(block) for block in heard.blocks(spectra))
    found = list(heard.cut(spectra, starts))
    joined = spectra.get("mel", n_mels=96).T
    assert longest < len(joined) / 2
    for start, patch in zip(starts, found, strict=True):
        own = joined[start : start + heard.patch]
        np.testing.assert_array_equal(patch, np.log10(1 + np.float32(10000) * own))


@pytest.mark.parametrize(
    ("heard", "hop", "most"),
    [
        ({"kind": "waveform", "sr": 8000, "patch": 8}, 0.001, None),
        ({"kind": "waveform", "sr": 8000, "patch": 8}, 0.0005, 7),
        ({"kind": "waveform", "sr": 8000, "patch": 900}, 1.0, None),
        (MEL, 0.02, None),
        ({**MEL, "gain": 100.0, "quiet_level": 1.0}, 0.02, 2),
    ],
)
def test_a_source_of_patches_is_what_an_embedding_hears(make_network, heard, hop, most):
    card = get_card(make_network(input=heard))
    y = np.random.default_rng(0).standard_normal(800).astype(np.float32)
    frontend = card.input.frontend(offset=0.5)
    spectra = Spectra(y, frontend, card.input.requests())
    source = Patches(spectra, card.input, patch_hop=hop, max_patches=most)
    starts = patch_starts(card.input.count(spectra), card.input.patch, card.input.steps(hop), most)
    found = list(source)
    np.testing.assert_array_equal(found, list(card.input.cut(spectra, starts)))
    np.testing.assert_array_equal(np.concatenate(list(iter_batches(source, 3))), found)
    np.testing.assert_allclose(source.times, 0.5 + starts / card.input.per_second)
    assert len(source) == len(found) == len(source.times)
    assert found[0].shape == card.input.shape


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patch_hop": 0}, "patch_hop must be a number above 0"),
        ({"max_patches": 0}, "max_patches must be an integer of at least 1"),
    ],
)
def test_wrong_settings_of_a_source(tiny, settings, message):
    heard = get_card(tiny).input
    with pytest.raises(ValueError, match=message):
        Patches(Spectra(np.zeros(8), heard.frontend(), heard.requests()), heard, **settings)


def test_batches():
    numbers = [batch.tolist() for batch in iter_batches(iter(range(5)), 2)]
    assert numbers == [[0, 1], [2, 3], [4]]
    assert list(iter_batches([], 3)) == []
    with pytest.raises(ValueError, match="size must be an integer of at least 1, not 0"):
        next(iter_batches([1], 0))
