"""The set "gtzan57" gives the table that circulates."""

from __future__ import annotations

import csv

import librosa
import numpy as np
import pytest

from genrekit import AudioFeatures, extract

REFLECT = {"pad_mode": "reflect"}


@pytest.fixture(scope="module")
def synthetic(music):
    """Column → value for synthetic music."""
    result = extract([music], "gtzan57")
    return dict(zip(result.names, result.table[0], strict=True))


def test_row_of_the_published_table(data_dir):
    with open(data_dir / "gtzan_features_30s.csv", newline="") as file:
        published = next(row for row in csv.DictReader(file) if row["clip"] == "blues.00000")
    features = AudioFeatures("gtzan57")
    (row,) = features.fit_transform([data_dir / "gtzan_clips" / "blues" / "blues.00000.flac"])
    names = features.get_feature_names_out().tolist()
    assert names == [name for name in published if name not in ("clip", "length", "label")]
    assert len(names) == 57
    np.testing.assert_allclose(row, [float(published[name]) for name in names], rtol=5e-6)


def test_chroma_is_pooled_over_pitch_classes_and_frames(synthetic, music):
    frames = librosa.feature.chroma_stft(y=music, sr=22050, **REFLECT)
    assert synthetic["chroma_stft_mean"] == pytest.approx(frames.mean(), rel=1e-5)
    assert synthetic["chroma_stft_var"] == pytest.approx(frames.var(), rel=1e-5)


def test_mfccs_are_numbered_from_one(synthetic, music):
    mel = librosa.feature.melspectrogram(y=music, sr=22050, **REFLECT)
    frames = librosa.feature.mfcc(S=librosa.power_to_db(mel), sr=22050)
    for i, row in enumerate(frames, start=1):
        assert synthetic[f"mfcc{i}_mean"] == pytest.approx(row.mean(), abs=1e-3)
        assert synthetic[f"mfcc{i}_var"] == pytest.approx(row.var(), rel=1e-4)


def test_tempo_is_the_beat_trackers(synthetic, music):
    mel = librosa.feature.melspectrogram(y=music, sr=22050, **REFLECT)
    log_mel = librosa.power_to_db(mel)
    onsets = librosa.onset.onset_strength(S=log_mel, sr=22050, aggregate=np.median)
    bpm, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=22050)
    assert synthetic["tempo"] == pytest.approx(np.squeeze(bpm), rel=1e-6)


def test_harmonic_and_percussive_parts_add_up(music):
    y = music[: 40 * 512]
    part = dict(AudioFeatures("gtzan57")._given())[""]
    harmonic, percussive = part.frames(y)
    np.testing.assert_allclose(harmonic + percussive, y, atol=1e-5)
    assert harmonic.std() > 0.05
    assert percussive.std() > 0.05


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large", "ignore:Trying to estimate tuning")
@pytest.mark.parametrize("length", [1, 10, 1000, 1025, 2048, 5000])
def test_short_clips_are_finite(music, length):
    for y in (music[:length], np.zeros(length)):
        assert np.isfinite(AudioFeatures("gtzan57").fit_transform([y])).all()


def test_silence_has_no_beat():
    with pytest.warns(UserWarning, match="Trying to estimate tuning"):
        result = extract([np.zeros(22050)], "gtzan57")
    assert result.table[0, result.names.index("tempo")] == 0
