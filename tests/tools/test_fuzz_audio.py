"""The fuzzer: it finds what is planted, keeps its file, and makes the same files from a seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("av")
if not Path("/proc/self/clear_refs").exists():
    pytest.skip("the fuzzer needs Linux's /proc", allow_module_level=True)

TOOLS = Path(__file__).resolve().parents[2] / "tools"

PLANTED = """
import os, time
import numpy as np
from genrekit.exceptions import AudioDecodeError

kept = []

def load(source, **excerpt):
    what = source if isinstance(source, bytes) else open(source, "rb").read()
    if what == b"crash":
        os.abort()
    if what == b"hang":
        time.sleep(60)
    if what == b"exception":
        raise ValueError("planted")
    if what == b"result":
        return np.array([np.nan], np.float32)
    if what == b"memory":
        np.ones(8_000_000)  # 61 MiB, and given back
    if what == b"open":
        kept.append(open(__file__))
    if what == b"loaded":
        return np.zeros(9, np.float32)
    raise AudioDecodeError("it", "is refused")
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.py").write_text(PLANTED)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.syspath_prepend(TOOLS)
        yield folder


def test_finds_what_is_planted(planted):
    from fuzz_audio import Case, Worker

    worker = Worker("planted:load", str(planted / "stderr.txt"), seconds=3.0, mib=50.0)
    found = {}
    kinds = ("refused", "crash", "hang", "exception", "result", "memory", "open", "loaded")
    try:
        for what in kinds:
            (planted / what).write_text(what)
            found[what] = worker.try_(Case(what, str(planted / what), False, False))
    finally:
        worker.stop()
    assert {what: found[what].kind for what in kinds} == {
        **{what: what for what in kinds},
        "result": "exception",
    }
    assert found["crash"].detail == "SIGABRT"
    assert found["exception"].detail == "ValueError: planted"
    assert 50 < found["memory"].mib < 100
    assert "planted.py" in found["open"].detail


def test_what_must_load_and_what_must_not(planted):
    from fuzz_audio import Case, Worker

    worker = Worker("planted:load", str(planted / "stderr.txt"), seconds=3.0, mib=50.0)
    try:
        for what, loads in (("loaded", False), ("refused", True)):
            (planted / what).write_text(what)
            case = Case(what, str(planted / what), True, False, loads)
            assert worker.try_(case).kind == "exception"
            assert worker.try_(case._replace(loads=not loads)).kind == what
    finally:
        worker.stop()


def fuzz(planted: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script itself on four files."""
    command = [sys.executable, str(TOOLS / "fuzz_audio.py"), "--seed", "3", "--count", "4"]
    command += arguments
    paths = os.pathsep.join([str(planted), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        command, cwd=planted, env=environment, capture_output=True, text=True, check=False
    )


def test_counts_by_format(planted):
    run = fuzz(planted, "--format", "text h", "--call", "planted:load", "--table", "table.txt")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not (planted / "fuzz-faults").exists()
    lines = (planted / "table.txt").read_text().splitlines()
    assert lines[1].split()[:4] == ["text", "4", ".", "4"]
    assert lines[2].split()[:4] == ["all", "4", ".", "4"]
    assert "4 files, seed 3" in "\n".join(lines)


def test_keeps_the_files_of_faults(planted):
    call = ("--call", "builtins:len")  # knows nothing of AudioDecodeError, and gives no waveform
    run = fuzz(planted, "--format", "text h", *call, "--keep", "kept")
    assert run.returncode == 1
    kept = sorted((planted / "kept").iterdir())
    assert [path.name.split(".")[:2] for path in kept] == [
        ["text-hls", "3-0"],
        ["text-hls", "3-2"],
        ["text-html", "3-1"],
        ["text-html", "3-3"],
    ]
    assert all(f"exception: kept/{path.name}" in run.stdout for path in kept)
    again = fuzz(planted, *call, "--replay", f"kept/{kept[0].name}")
    assert again.returncode == 1
    assert again.stdout.count(f"exception: kept/{kept[0].name}") == 4


def test_a_seed_gives_the_same_files(planted, tmp_path):
    from fuzz_audio import Material

    def digests(seed: int) -> list[str]:
        material = Material(["text", "adts", "mp3", "wav float"], seed, str(tmp_path))
        paths = [material.write(index).path for index in range(60)]
        return [hashlib.md5(Path(path).read_bytes()).hexdigest() for path in paths]

    assert digests(5) == digests(5)
    assert digests(5)[:18] == digests(6)[:18]  # the first of each format are undamaged
    assert digests(5)[-18:] != digests(6)[-18:]
