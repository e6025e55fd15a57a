"""Players in notebooks."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from genrekit import listen
from genrekit.exceptions import AudioDecodeError


@pytest.fixture
def played(monkeypatch):
    """What goes into IPython's player, which need not be installed."""
    calls = []
    display = types.ModuleType("IPython.display")
    display.Audio = lambda data, **options: calls.append((data, options)) or "player"
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return calls


def test_an_excerpt_at_a_rate(played, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    ramp = np.linspace(0, 0.5, 16000, dtype=np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, 8000)
    assert listen(tmp_path / "ramp.wav", offset=1.0, duration=0.5, sr=8000) == "player"
    data, options = played[0]
    np.testing.assert_allclose(data, ramp[8000:12000], atol=1e-4)
    assert options == {"rate": 8000, "normalize": False}


def test_waveforms_and_pairs_are_as_loud_as_they_are(played):
    y = np.full(22050 * 40, 0.25, np.float32)
    listen(y)
    listen((np.full(100, 2.0, np.float32), 22050), duration=None)
    assert len(played[0][0]) == 30 * 22050
    assert played[0][0].max() == 0.25
    assert played[1][0].max() == 1.0


def test_bad_input(played):
    with pytest.raises(TypeError, match="not int"):
        listen(5)
    with pytest.raises(AudioDecodeError, match="no such file"):
        listen("missing.mp3")


def test_without_ipython_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ImportError, match="pip install ipython"):
        listen(np.zeros(10, np.float32))


def test_with_the_real_one():
    Audio = pytest.importorskip("IPython.display").Audio
    player = listen(np.zeros(22050, np.float32))
    assert isinstance(player, Audio)
    assert "<audio" in player._repr_html_()
