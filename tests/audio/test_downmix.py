"""What averaging the channels of a track leaves of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from genrekit.audio import Downmix, Remark, hearings, load_audio, stream_rates

SR = 8000


def sine(seconds=2.0, level=0.5):
    return (level * np.sin(0.3 * np.arange(int(seconds * SR)))).astype(np.float32)


def noted(*channels):
    downmix = Downmix()
    downmix(np.column_stack(channels), SR)
    return downmix


@pytest.mark.parametrize(
    ("difference", "cancels"), [(0.0, True), (0.0197, True), (0.02, False), (0.03, False)]
)
def test_channels_cancel_below_a_ten_thousandth_of_their_energy(difference, cancels):
    # (m, -(1 - d) m) leaves (d / 2)^2 of an energy that is (1 + (1 - d)^2) / 2 in the mean.
    m = sine()
    downmix = noted(m, (difference - 1) * m)
    ratio = (difference / 2) ** 2 / ((1 + (1 - difference) ** 2) / 2)
    assert downmix.left / downmix.had == pytest.approx(ratio, abs=1e-6)
    assert downmix.cancels == cancels


@pytest.mark.parametrize(
    "channels", [[sine()], [sine(), sine()], [sine(), 0 * sine()], [0 * sine(), 0 * sine()]]
)
def test_what_does_not_cancel(channels):
    assert not noted(*channels).cancels


def test_loud_blocks_need_not_be_added_up_to_decide():
    rng = np.random.default_rng(0)
    decided = []
    for _ in range(300):
        # Middle and side of each block, from nothing to full scale.
        middle, side = 10 ** rng.uniform([-4.0, -2.0], [-0.5, -0.3], (6, 2)).T
        middle[rng.random(6) < rng.choice([0.2, 1.0])] *= 1e-3
        left, right = middle + side, middle - side
        downmix = Downmix()
        for levels in zip(left, right, strict=True):
            downmix(np.full((64, 2), levels, np.float32), SR)
        share = np.mean(middle**2) / np.mean((left**2 + right**2) / 2)
        assert downmix.cancels == (share < 1e-4)
        decided.append(downmix.cancels)
    assert 50 < sum(decided) < 250


def test_six_channels_can_cancel():
    m = sine()
    assert noted(m, -m, 2 * m, -2 * m, 0 * m, 0 * m).cancels


@pytest.mark.parametrize(("dbfs", "silent"), [(-70.1, True), (-69.9, False)])
def test_silence_is_under_70_dbfs(dbfs, silent):
    noise = np.random.default_rng(0).standard_normal(2 * SR)
    noise *= 10 ** (dbfs / 20) / np.sqrt(np.mean(noise**2))
    assert (Remark.SILENT in noted(noise).remark) == silent


@pytest.mark.parametrize(("n", "short"), [(SR - 1, True), (SR, False)])
def test_short_is_under_a_second(n, short):
    assert (Remark.SHORT in noted(sine()[:n]).remark) == short


def test_energies_are_of_all_blocks_however_they_are_cut():
    stereo = 0.005 * np.random.default_rng(0).standard_normal((50_001, 2)).astype(np.float32)
    whole, parts = Downmix(), Downmix()
    whole(stereo, SR)
    for part in np.split(stereo, [1, 7, 20_000]):
        parts(np.asfortranarray(part), SR)
    assert whole.had == pytest.approx(np.mean(stereo.astype(float) ** 2) * 50_001, rel=1e-5)
    np.testing.assert_allclose(parts.numbers, whole.numbers, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int16", "float16", "float64"])
def test_blocks_of_other_types(dtype):
    block = (100 * np.column_stack([sine(), sine()])).astype(dtype)
    downmix = Downmix()
    assert downmix(block, SR).dtype == np.float32
    assert downmix.had == pytest.approx(np.mean(block.astype(float) ** 2) * len(block), rel=1e-3)


def test_energies_beyond_all_numbers_are_no_silence():
    downmix = noted(np.full(9000, 1e30, np.float32), np.full(9000, 1e30, np.float32))
    assert not downmix.cancels
    assert downmix.remark == Remark(0)


def test_it_is_read_again_by_the_first_channel_only_where_channels_cancel():
    def read(*channels):
        asked = []
        for downmix in hearings():
            asked.append(downmix.channel)
            found = downmix(np.column_stack(channels), SR)
        return asked, downmix.remark, found

    m = sine()
    assert read(m, m)[:2] == ([None], Remark(0))
    asked, remark, found = read(m, -m)
    assert (asked, remark) == ([None, 0], Remark.FIRST_CHANNEL)
    np.testing.assert_array_equal(found, m)


def test_samples_are_the_same_with_and_without_a_look_at_them():
    file = io.BytesIO()
    soundfile.write(
        file, np.random.default_rng(0).standard_normal((3 * SR, 3)) / 9, SR, "FLOAT", format="WAV"
    )
    blocks = stream_rates(file.getvalue(), [6000.0], downmix=Downmix())
    np.testing.assert_array_equal(
        np.concatenate([block for (block,) in blocks]), load_audio(file.getvalue(), sr=6000)
    )


def test_words():
    assert (Remark.SILENT | Remark.SHORT).text == "silent; under 1 s"
    assert Remark(0).text == ""
