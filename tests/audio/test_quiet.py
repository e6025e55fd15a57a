from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs glibc's stderr")

HEAD = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
def complain(text):
    libc.fputs(text, ctypes.c_void_p.in_dll(libc, "stderr"))
"""


def stderr_of(code, *arguments):
    """What a program writes to its standard error."""
    code = textwrap.dedent(code)
    code = HEAD + code
    told = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stderr


@pytest.fixture
def damaged(tmp_path, encode, sound):
    """An MP3 with zeros in the middle, and behind its end."""
    content = bytearray(encode(sound(5.0), kind="MP3"))
    middle = len(content) // 2
    content[middle : middle + 300] = bytes(300)
    path = tmp_path / "song.mp3"
    path.write_bytes(bytes(content) + bytes(3000))
    return str(path)


def test_libmpg123_has_something_to_say(damaged):
    code = "import soundfile\nsoundfile.SoundFile(sys.argv[1]).read(150_000)"
    assert "Note: Illegal Audio-MPEG-Header" in stderr_of(code, damaged)


@pytest.mark.parametrize("numba", ["import numba", ""])
def test_it_is_kept_quiet(damaged, numba):
    code = f"""
    {numba}
    from genrekit.audio import load_audio
    for source in (sys.argv[1], open(sys.argv[1], "rb").read()):
        try:
            load_audio(source)
        except ValueError:
            pass
    complain(b"afterwards\\n")
    """
    assert stderr_of(code, damaged) == "afterwards\n"


def test_others_are_heard():
    code = """
    from genrekit.audio._quiet import quiet
    with quiet():
        with quiet():
            complain(b"[src/libmpg123/parse.c:f():1] error: no\\n")
            complain(b"from C\\n")
            complain(b"Note: Trying to resync...\\n")
            print("from Python", file=sys.stderr, flush=True)
            os.write(2, b"from the system\\n")
        complain(b"Note: to all\\n")
    complain(b"Note: Trying to resync...\\n")
    """
    expected = "from Python\nfrom the system\nfrom C\nNote: to all\nNote: Trying to resync...\n"
    assert stderr_of(code) == expected


def test_threads_lose_nothing():
    code = """
    from genrekit.audio._quiet import quiet
    def work(number):
        for i in range(500):
            with quiet():
                complain(b"Warning: Xing stream\\n")
                complain(f"line {number} {i}\\n".encode())
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    """
    lines = stderr_of(code).splitlines()
    assert sorted(lines) == sorted(f"line {n} {i}" for n in range(4) for i in range(500))


def test_there_is_one_however_many_come_first():
    code = """
    from genrekit.audio._quiet import _redirection
    assert _redirection.cache_info().currsize == 1  # made by the import
    """
    assert stderr_of(code) == ""


def test_what_was_kept_is_thrown_away():
    code = """
    from genrekit.audio import _quiet
    _quiet._LARGE = 1000
    for i in range(100):
        with _quiet.quiet():
            complain(b"Note: Trying to resync...\\n" * 10)
            complain(f"{i}\\n".encode())
    assert os.fstat(_quiet._redirection().descriptor).st_size < 2000
    """
    assert stderr_of(code).split() == [str(i) for i in range(100)]


def test_a_fork_starts_anew():
    code = """
    from genrekit.audio._quiet import quiet
    with quiet():
        child = os.fork()
        if child == 0:
            complain(b"child\\n")
            with quiet():
                complain(b"Note: Trying to resync...\\n")
            os._exit(0)
        os.waitpid(child, 0)
        complain(b"parent\\n")
    """
    assert stderr_of(code) == "child\nparent\n"
