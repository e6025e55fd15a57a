"""`Frontend` checks its values; `Spectra` keeps what was requested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genrekit.dsp import BLOCK_FRAMES, make_request
from genrekit.exceptions import AudioDecodeError
from genrekit.features import FEATURES, WAVEFORM, AudioFeatures, Frontend, Spectra, SpectralCentroid
from genrekit.features._feature import FeaturePart


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sr": 0}, "sr must be a number above 0"),
        ({"sr": "22050"}, "sr must be a number above 0"),
        ({"n_fft": 1}, "n_fft must be an integer of at least 2"),
        ({"n_fft": 2048.0}, "n_fft must be an integer"),
        ({"hop_length": 0}, "hop_length must be an integer of at least 1"),
        ({"hop_length": 4096}, "hop_length=4096 is above n_fft=2048"),
        ({"win_length": 0}, "win_length must be an integer of at least 1"),
        ({"win_length": 4096}, "win_length=4096 is above n_fft=2048"),
        ({"pad_mode": "reflekt"}, "unknown pad_mode 'reflekt': did you mean 'reflect'"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"offset": -1}, "offset must be a number of at least 0"),
        ({"window": np.ones(2048)}, "window must be the name of one of scipy.signal's"),
        ({"duration": 0}, "duration must be a number above 0"),
        ({"center": "no"}, "center must be True or False, not 'no'"),
        ({"sr": np.array(8000.0)}, "sr must be a number above 0"),
        ({"sr": b"8000"}, "sr must be a number above 0"),
        ({"sr": np.True_}, "sr must be a number above 0"),
        ({"sr": 10**400}, "sr must be a number above 0"),
        ({"n_fft": 2**40}, "n_fft must be an integer of at most 1048576"),
        ({"n_fft": np.array(512)}, "n_fft must be an integer of at least 2"),
    ],
)
def test_values_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        Frontend(**options)
    with pytest.raises(ValueError, match=message):
        AudioFeatures(["rms"], **options).fit([np.ones(100)])


def test_frontends_with_the_same_values_are_one():
    assert len({Frontend(n_fft=1024), Frontend(n_fft=1024), Frontend()}) == 2
    assert Frontend(n_fft=np.int64(1024)) == Frontend(n_fft=1024)


def test_numbers_of_numpy_are_numbers_of_python(music):
    """The same result for what is equal, whatever was computed before."""
    plain, numpys = Frontend(sr=22050), Frontend(sr=np.float32(22050), n_fft=np.int16(2048))
    assert {type(value) for value in vars(numpys).values()} <= {int, float, str, bool, type(None)}
    for name, value in [("fmin", 0.5), ("fmax", 7000.5)]:
        ours = Spectra(music[:9000], numpys).get("mel", **{name: np.float32(value)})
        np.testing.assert_array_equal(
            ours, Spectra(music[:9000], plain).get("mel", **{name: value})
        )


def test_what_was_not_requested_is_gone_with_the_samples(music):
    rms = make_request("mean_square")
    spectra = Spectra(iter([music[:5000], music[5000:9000]]), requests=[rms])
    assert spectra.seconds == pytest.approx(9000 / 22050)
    assert spectra.get("mean_square").shape == (1, 18)
    with pytest.raises(KeyError, match="moments"):
        spectra.get("moments")
    with pytest.raises(KeyError, match="waveform was not requested"):
        _ = spectra.waveform


def test_blocks_are_kept_on_request(music):
    blocks = [music[:5000], music[5000:9000]]
    spectra = Spectra(iter(blocks), Frontend(dtype="float64"), requests=[WAVEFORM])
    np.testing.assert_array_equal(spectra.waveform, music[:9000])
    assert spectra.waveform.dtype == np.float64
    assert spectra.get("moments").shape == (3, 18)


def test_waveform_gives_everything_once(music, monkeypatch):
    spectra = Spectra(music)
    moments = spectra.get("moments")
    monkeypatch.setattr(Frontend, "sweep", None)
    assert spectra.get("moments") is moments


@pytest.mark.parametrize("samples", [np.empty(0), iter([]), iter([np.empty(0)])])
def test_no_samples(samples):
    with pytest.raises(AudioDecodeError, match="it holds no samples"):
        Spectra(samples)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.full(3000, 1000, np.int16), r"int16; divide integers by their full scale \(32768"),
        (np.ones(3000, bool), "can't be read as audio"),
        (np.ones((2, 3000)), "has 2 dimensions, expected 1"),
        ([0.1, 0.2], "can't be read as audio: float"),
        ([np.ones(3000, np.int32)], "samples are int32"),
    ],
)
def test_samples_that_are_no_floats(samples, message):
    with pytest.raises(AudioDecodeError, match=message):
        Spectra(samples)
    if isinstance(samples, np.ndarray) and samples.ndim == 1:  # in the words of extraction
        with pytest.raises(AudioDecodeError, match=message):
            AudioFeatures(["rms"]).fit_transform([samples])


def test_a_front_end_is_no_sampling_rate():
    with pytest.raises(ValueError, match="frontend must be a Frontend, not a int"):
        Spectra(np.ones(3000), 22050)


def test_nobody_changes_what_others_read(music):
    spectra = Spectra(music[:9000])
    for name in ("moments", "mel", "change", "crossings"):
        with pytest.raises(ValueError, match="read-only"):
            spectra.get(name)[:] = 0
    for row in FEATURES.values():
        frames = row.function(spectra)
        expected = frames.copy()
        frames[:] = 0  # one's own
        np.testing.assert_array_equal(row.function(spectra), expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(bad):
    y = np.zeros(100000)
    y[90000] = bad
    with pytest.raises(AudioDecodeError, match="contains NaN or infinity"):
        Spectra(y)


def test_bare_arrays_may_have_a_rate_of_their_own(music):
    class Slow(FeaturePart):
        """Hears at 8000 Hz whatever it is given."""

        def frontend(self, inherited):
            return replace(inherited, sr=8000, array_sr=inherited.sr)

    features = AudioFeatures([("slow", Slow(FEATURES["spectral_centroid"])), "rms"], sr=16000)
    array, pair = features.fit_transform([music, (music, 16000)])
    np.testing.assert_array_equal(array, pair)
    alone = SpectralCentroid(sr=8000).fit_transform([(music, 16000)])
    np.testing.assert_array_equal(array[:2], alone[0])


@pytest.mark.parametrize("rows", [12, 128])
def test_blocks_of_a_long_track(rows):
    """Thirty blocks: one at a time, several at a time, and joined already."""
    frontend = Frontend(n_fft=512, hop_length=16)
    y = np.random.default_rng(0).standard_normal(30 * BLOCK_FRAMES * 16)
    request = make_request("mel", {"n_mels": rows})
    spectra, whole = (Spectra(iter([y]), frontend, [request]) for _ in range(2))
    expected = whole.get("mel", n_mels=rows)
    for track in (spectra, whole):
        blocks = list(track.blocks("mel", n_mels=rows))
        assert len(blocks) > 1
        assert max(block.size for block in blocks) <= max(1 << 15, rows * BLOCK_FRAMES)
        np.testing.assert_array_equal(np.concatenate(blocks, axis=1), expected)


def test_blocks_answer_to_their_old_name(music):
    track = Spectra(music)
    with pytest.warns(FutureWarning, match="now Spectra.blocks"):
        old = list(track.tiles("mean_square"))
    assert [block.shape for block in old] == [block.shape for block in track.blocks("mean_square")]
