"""What is done to clips is what the table says."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from benchmarks.robustness import CONDITIONS, SR, Clip, format_table, measure

from genrekit import load_audio


@pytest.fixture
def clip(tmp_path):
    """A tone of six seconds."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(6 * SR) / SR)
    soundfile.write(tmp_path / "tone.flac", tone, SR)
    return Clip(tmp_path / "tone.flac", tmp_path, 0)


def _read(track):
    y, sr = track if isinstance(track, tuple) else (load_audio(track, sr=SR), SR)
    return y, sr


@pytest.mark.parametrize(
    ("condition", "seconds", "level"),
    [
        ("FLAC, 22.05 kHz", 6, 1.0),
        ("MP3, 320 kbit/s", 6, 1.0),
        ("MP3, 128 kbit/s", 6, 1.0),
        ("20 dB quieter", 6, 0.1),
        ("from 44.1 kHz", 6, 1.0),
        ("from 8 kHz", 6, 1.0),
        ("first 10 s", 6, 1.0),
        ("first 5 s", 5, 1.0),
        ("white noise, 20 dB below", 6, 1.005),
    ],
)
def test_conditions(condition, seconds, level, clip):
    if condition.startswith("MP3"):
        pytest.importorskip("av")
    y, sr = _read(CONDITIONS[condition](clip))
    assert len(y) / sr == pytest.approx(seconds, abs=0.1)
    rms = 0.5 / np.sqrt(2)
    assert np.sqrt(np.mean(y**2)) == pytest.approx(level * rms, rel=0.05)


def test_bit_rates(clip):
    pytest.importorskip("av")
    for kbps in (320, 128, 64):
        size = CONDITIONS[f"MP3, {kbps} kbit/s"](clip).stat().st_size
        assert size == pytest.approx(6 * kbps * 1000 / 8, rel=0.05)


def test_table(clip):
    pytest.importorskip("av")

    class Stub:
        """Knows quiet from loud."""

        def predict(self, tracks):
            levels = [np.abs(_read(track)[0]).max() for track in tracks]
            return np.where(np.array(levels) > 0.2, "rock", "folk")

    rows = measure([clip.path], Stub())
    text = format_table(rows, np.array(["rock"]))
    assert "on 1 clips of 15 to 30 s (1 rock)" in text
    assert text.count("   * - ") == 1 + len(CONDITIONS)
    right = [row.condition for row in rows if row.found[0] == "rock"]
    assert set(CONDITIONS) - set(right) == {"20 dB quieter"}
