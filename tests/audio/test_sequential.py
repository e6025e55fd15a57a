from __future__ import annotations

import ctypes
import functools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

import genrekit.dsp.kernels  # what is tested needs numba loaded  # noqa: F401
from genrekit.audio import _sequential, load_audio
from genrekit.audio._callbacks import HEAD
from genrekit.audio._sequential import SequentialFile, _MemoryFile, open_sequential
from genrekit.exceptions import AudioDecodeError

from .conftest import FORMATS, samples_of


@pytest.fixture
def in_place(monkeypatch):
    """A function that calls another while libsndfile reads by itself."""

    def call(function, *args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(_sequential, "_callbacks", lambda: None)
            return function(*args, **kwargs)

    return call


@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
@pytest.mark.parametrize(("offset", "duration"), [(0.0, None), (2.5, 1.25), (3.3331, None)])
def test_same_samples_in_memory(tmp_path, encode, sound, in_place, kind, subtype, offset, duration):
    content = encode(sound(6.0, 48000), 48000, kind, subtype)
    path = tmp_path / "song.mp3"  # what it contains counts
    path.write_bytes(content)
    assert isinstance(open_sequential(content), _MemoryFile)
    assert isinstance(open_sequential(str(path)), _MemoryFile)
    expected = in_place(samples_of, str(path), offset, duration)
    np.testing.assert_array_equal(samples_of(content, offset, duration), expected)
    np.testing.assert_array_equal(samples_of(str(path), offset, duration), expected)


@pytest.mark.parametrize("name", ["000002.mp3", "000140.mp3"])
def test_same_samples_of_real_music(data_dir, in_place, name):
    path = str(data_dir / "fma_clips" / name)
    np.testing.assert_array_equal(load_audio(path), in_place(load_audio, path))


def test_what_is_read_in_place(tmp_path, encode, sound, monkeypatch):
    content = encode(sound(0.5))
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    assert type(open_sequential(str(path))) is SequentialFile
    monkeypatch.setattr(_sequential, "_WHOLE", len(content) - 1)
    assert type(open_sequential(content)) is SequentialFile


def test_a_song_is_not_read_whole_for_a_few_seconds(encode, sound):
    content = encode(sound(120.0, channels=1), kind="MP3", subtype="MPEG_LAYER_III")
    for seconds, kind in [(120.0, _MemoryFile), (1.0, SequentialFile), (None, _MemoryFile)]:
        with open_sequential(content, seconds) as file:
            assert type(file) is kind
    np.testing.assert_array_equal(
        samples_of(content, 0.0, 1.0), samples_of(content)[: round(1.0 * 44100)]
    )


def test_threads_read_their_own_files(encode, sound):
    contents = [encode(sound(s), kind="MP3", subtype="MPEG_LAYER_III") for s in (1.0, 2.0, 3.0)]
    expected = [samples_of(content) for content in contents]
    with ThreadPoolExecutor(3) as threads:
        for found, samples in zip(
            threads.map(samples_of, contents * 10), expected * 10, strict=True
        ):
            np.testing.assert_array_equal(found, samples)


def test_what_soundfile_keeps_to_itself_is_where_it_was():
    """Where this fails sound is still decoded, through Python objects or system calls: slower."""
    moved = f"soundfile {soundfile.__version__} moved what audio/_sequential.py reads MP3s with: "
    for name in ("_ffi", "_snd"):
        assert hasattr(soundfile, name), moved + name
    for name in ("sf_open_virtual", "sf_error"):
        assert hasattr(soundfile._snd, name), moved + name
    for name in ("NULL", "cast", "from_buffer", "new"):
        assert hasattr(soundfile._ffi, name), moved + name
    fields = {name for name, _ in soundfile._ffi.typeof("SF_VIRTUAL_IO").fields}
    assert fields >= {"get_filelen", "seek", "read", "tell"}, moved + "SF_VIRTUAL_IO"
    assert hasattr(soundfile.SoundFile, "_open"), moved + "SoundFile._open"
    assert _sequential._callbacks() is not None, moved + "the callbacks can't be handed over"


def fails_with(error):
    """A function that raises."""

    def fail(*args):
        raise error

    return fail


OPENINGS = [
    soundfile.SoundFile._open,
    fails_with(AttributeError("_snd")),
    fails_with(RuntimeError("cdata")),
    fails_with(ValueError("cast")),
    fails_with(MemoryError()),
]


@pytest.mark.parametrize("opening", OPENINGS)
def test_works_without_what_soundfile_keeps_to_itself(encode, sound, monkeypatch, opening):
    content = encode(sound(0.5))
    expected = samples_of(content)
    monkeypatch.setattr(_MemoryFile, "_open", opening)
    assert type(open_sequential(content)) is SequentialFile
    np.testing.assert_array_equal(samples_of(content), expected)


def test_works_without_compiled_functions(encode, sound, monkeypatch):
    content = encode(sound(0.5))
    expected = samples_of(content)
    _sequential._compiled_callbacks.cache_clear()
    monkeypatch.setitem(sys.modules, "genrekit.audio._callbacks", None)
    try:
        assert type(open_sequential(content)) is SequentialFile
        np.testing.assert_array_equal(samples_of(content), expected)
    finally:
        _sequential._compiled_callbacks.cache_clear()


@pytest.mark.parametrize("cut", [100, 5000])
def test_same_words_for_what_is_damaged(tmp_path, encode, sound, in_place, cut):
    path = tmp_path / "song.mp3"
    content = encode(sound(2.0), kind="MP3", subtype="MPEG_LAYER_III")
    path.write_bytes(content[:cut])
    with pytest.raises(AudioDecodeError) as expected:
        in_place(load_audio, path)
    with pytest.raises(AudioDecodeError) as caught:
        load_audio(path)
    assert str(caught.value) == str(expected.value)


def test_numba_is_not_imported_for_it(tmp_path, encode, sound):
    path = tmp_path / "song.mp3"
    path.write_bytes(encode(sound(0.5), kind="MP3", subtype="MPEG_LAYER_III"))
    code = (
        "import sys; from genrekit.audio import load_audio; "
        f"assert len(load_audio({str(path)!r})) > 10_000; assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def callback(name, *kinds):
    """A compiled function as Python calls it."""
    from genrekit.audio._callbacks import ADDRESSES

    return ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(ADDRESSES[name])


def test_callbacks_are_those_of_a_file():
    memory = np.concatenate([np.zeros(HEAD, np.uint8), np.arange(100, dtype=np.uint8)])
    memory[:HEAD].view(np.int64)[1] = 100
    at = ctypes.c_void_p(memory.ctypes.data)
    seek = callback("seek", ctypes.c_int64, ctypes.c_int, ctypes.c_void_p)
    read = callback("read", ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
    tell = functools.partial(callback("tell", ctypes.c_void_p), at)
    target = np.zeros(100, np.uint8)
    assert callback("get_filelen", ctypes.c_void_p)(at) == 100
    assert read(target.ctypes.data, 3, at) == tell() == 3
    assert target[:4].tolist() == [0, 1, 2, 0]
    assert seek(-10, 2, at) == tell() == 90
    assert read(target.ctypes.data, 50, at) == 10
    assert target[:11].tolist() == [*range(90, 100), 0]
    assert seek(-1, 1, at) == 99
    assert seek(-1, 0, at) == -1
    assert tell() == 99
    assert seek(200, 0, at) == 200  # beyond the end, where nothing is read
    assert read(target.ctypes.data, 1, at) == 0


def test_a_place_before_the_start_of_a_file_in_memory():
    file = _sequential._Bytes(b"0123456789")
    assert file.seek(4) == 4
    assert file.seek(-1) == 4
    assert file.seek(-20, 2) in (0, 4)  # Python goes to the start then
    assert file.seek(-1, 2) == 9
