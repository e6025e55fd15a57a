"""With the program ffmpeg on the PATH, and without it: `make test-path` runs both."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate

from genrekit.audio import _open, available_decoders, load_audio
from genrekit.exceptions import AudioDecodeError

TOLD = os.environ.get("GENREKIT_TEST_FFMPEG")


@pytest.fixture(params=["pyav", "ffmpeg"])
def alone(request, monkeypatch):
    """The only decoder there is; skips where it can't be used."""
    if request.param not in available_decoders():
        pytest.skip(f"{request.param} can't be used here")
    found = _open._FINDERS[request.param]
    monkeypatch.setattr(_open, "_FINDERS", {request.param: found})


@pytest.fixture
def material(monkeypatch):
    """The files of the fuzzer, by name: what they are, and their bytes."""
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2] / "tools")
    pytest.importorskip("av")
    import fuzz_material

    yield {
        name: (form.loads, fuzz_material.content(name))
        for name, form in fuzz_material.FORMATS.items()
    }
    sys.modules.pop("fuzz_material", None)


@pytest.mark.skipif(TOLD is None, reason="make test-path says whether there is to be a program")
def test_the_program_is_there_or_not_as_told():
    assert ("ffmpeg" in available_decoders()) == (TOLD == "with")


def test_reads_what_the_others_read(alone, material, monkeypatch):
    ours = {name: load_audio(data) for name, (loads, data) in material.items() if loads}
    del ours["au g721_32 8000"]  # FFmpeg takes the halves of its bytes the other way round
    monkeypatch.undo()
    assert len(ours) > 40
    for name, y in ours.items():
        expected = load_audio(material[name][1])
        assert abs(len(y) - len(expected)) < 0.06 * 22050, name
        # Releases of FFmpeg differ in how much of an encoder's delay they cut off.
        alike = correlate(y, expected).max() / np.linalg.norm(y) / np.linalg.norm(expected)
        assert alike > 0.98, name


def test_what_is_no_audio_is_refused_by_path_too(alone, material, tmp_path):
    (tmp_path / "beside.wav").write_bytes(material["wav pcm_16 44100"][1])
    for name, (loads, data) in material.items():
        if loads is False:
            path = tmp_path / "page.mp3"
            path.write_bytes(data)
            for source in (path, data):
                with pytest.raises(AudioDecodeError):
                    print(name, load_audio(source).shape)
