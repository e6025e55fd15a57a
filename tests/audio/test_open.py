from __future__ import annotations

import subprocess
import sys
import threading
import warnings
from functools import partial

import numpy as np
import pytest

from genrekit import extract
from genrekit.audio import Decoded, _open, available_decoders, load_audio, stream_audio
from genrekit.exceptions import AudioDecodeError

# What looks like a recording, so that decoders are asked.
WAV = b"RIFF\x04\x00\x00\x00WAVE"


@pytest.fixture
def fake(monkeypatch):
    """A function that installs decoders, given as keywords, in place of the real ones."""

    def install(**decoders):
        found = {name: partial(_open.Installed, decode, "1") for name, decode in decoders.items()}
        monkeypatch.setattr(_open, "_FINDERS", found)

    return install


def decoder_of(*items, closed=None):
    """A decoder that yields blocks of the given values, raises the given errors."""

    def decode(source, *, offset, duration):
        def blocks():
            try:
                for item in items:
                    if isinstance(item, Exception):
                        raise item
                    yield np.full((100, 1), item, np.float32)
            finally:
                if closed is not None:
                    closed.append(True)

        return Decoded(8000, blocks())

    return decode


def test_available_decoders():
    versions = available_decoders()
    order = ["soundfile", "pyav", "audioread", "ffmpeg"]
    assert list(versions) == [name for name in order if name in versions]
    assert "libsndfile" in versions["soundfile"]


def test_without_any_decoder_the_installation_is_named_not_the_file(fake, tmp_path, encode, sound):
    path = tmp_path / "song.wav"
    path.write_bytes(encode(sound(1.0)))
    fake()
    with pytest.raises(ImportError, match=r"no audio decoder works here.*reinstall soundfile"):
        load_audio(path)
    with pytest.raises(ImportError, match="no audio decoder works here"):
        extract([path], "rms", on_error="nan")
    assert len(load_audio(path, decoder=_open._soundfile().decode)) == 22050


def test_decoders_are_looked_for_once_and_only_when_needed(monkeypatch, encode, sound):
    asked = []

    def finder(name, *items):
        def find():
            asked.append(name)
            return _open.Installed(decoder_of(*items), "1")

        return find

    finders = {"one": finder("one", 0.5), "two": finder("two", 0.25)}
    monkeypatch.setattr(_open, "_FINDERS", finders)
    for _ in range(2):
        load_audio(encode(sound(0.1)))
        assert asked == ["one"]
    assert available_decoders() == {"one": "1", "two": "1"}
    assert asked == ["one", "two"]


def test_missing_libraries_are_left_out(monkeypatch):
    def missing():
        raise ImportError

    def broken():
        raise OSError("libsndfile.so: no such file")

    finders = {"soundfile": broken, "pyav": missing, "audioread": lambda: "found"}
    monkeypatch.setattr(_open, "_FINDERS", finders)
    assert list(_open.installed()) == [("audioread", "found")]


def test_next_decoder_takes_over_before_the_first_block(fake):
    fake(one=decoder_of(ValueError("no")), two=decoder_of(), three=decoder_of(0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = load_audio(WAV, sr=8000)
    np.testing.assert_array_equal(y, np.full(100, 0.5))


def test_failure_to_open_is_a_failure_before_the_first_block(fake):
    def refuses(source, *, offset, duration):
        raise RuntimeError

    fake(one=refuses, two=decoder_of(0.5))
    assert len(load_audio(WAV, sr=8000)) == 100


def test_failure_after_the_first_block_is_final(fake):
    def never(source, *, offset, duration):
        pytest.fail("another decoder was tried")

    fake(one=decoder_of(0.5, RuntimeError("lost sync.")), two=never)
    with pytest.raises(AudioDecodeError, match="damaged or truncated") as caught:
        load_audio(WAV, sr=8000)
    assert caught.value.tried == (("one", "lost sync"),)


def test_all_fail(fake):
    fake(one=decoder_of(ValueError()), two=decoder_of(KeyError("k")))
    with pytest.raises(AudioDecodeError, match="no decoder could read it") as caught:
        load_audio(WAV)
    assert caught.value.tried == (("one", "ValueError"), ("two", "'k'"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError("std::bad_alloc"), "there is not enough memory for it"),
        (RecursionError("maximum recursion depth exceeded"), "maximum recursion depth exceeded"),
        (OSError(24, "Too many open files", "song.mp3"), "Too many open files"),
        (OSError(11, "Error number -24 occurred"), "Too many open files"),
        (ValueError("Error number -1414549496 occurred"), "its data make no sense"),
        (ValueError("Error number 7000 occurred."), "its data make no sense"),
    ],
)
def test_numbers_of_errors_are_turned_into_words(fake, error, words):
    fake(one=decoder_of(error), two=decoder_of(0.5, error))
    assert len(next(stream_audio(WAV, sr=8000))) == 100  # the next one is asked
    fake(one=decoder_of(error))
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(WAV)
    assert caught.value.tried == (("one", words),)
    fake(one=decoder_of(0.5, error))
    with pytest.raises(AudioDecodeError, match=words):
        load_audio(WAV)


def test_no_samples(fake):
    fake(one=decoder_of(), two=decoder_of(ValueError("no")))
    with pytest.raises(AudioDecodeError, match="<bytes>: it holds no samples"):
        load_audio(WAV)


@pytest.mark.parametrize("how", ["end", "stop", "decoder fails", "consumer fails", "bad samples"])
def test_decoder_is_closed(fake, how):
    closed = []
    last = {"decoder fails": RuntimeError("no"), "bad samples": np.nan}.get(how, 0.5)
    fake(one=decoder_of(0.5, 0.5, last, closed=closed))
    blocks = stream_audio(WAV, sr=8000)
    next(blocks)
    assert not closed
    if how == "stop":
        blocks.close()
    elif how == "consumer fails":
        with pytest.raises(KeyError):
            blocks.throw(KeyError("mine"))
    elif how == "end":
        list(blocks)
    else:
        with pytest.raises(AudioDecodeError):
            list(blocks)
    assert closed


def test_threads_give_the_same(encode, sound):
    content = encode(sound(3.0), kind="MP3")
    expected = load_audio(content)
    results = [None] * 4

    def work(i):
        results[i] = load_audio(content)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for y in results:
        np.testing.assert_array_equal(y, expected)


def test_import_is_light():
    code = (
        "import sys, genrekit.audio\n"
        "heavy = {'soundfile', 'soxr', 'av', 'audioread', 'librosa', 'sklearn', 'numba', 'scipy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
