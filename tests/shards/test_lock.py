"""One writer at a time, with locks and where there are none."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from genrekit.shards._lock import only_writer

fcntl = pytest.importorskip("fcntl")


@pytest.fixture(params=["lock", "lease"])
def kind(request, monkeypatch):
    """With locks, and on a file system that has none."""

    def none(descriptor, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    if request.param == "lease":
        monkeypatch.setattr(fcntl, "flock", none)
    return request.param


def test_the_second_is_refused_until_the_first_is_done(kind, tmp_path):
    with only_writer(tmp_path):
        with pytest.raises(BlockingIOError, match="another run writes here"), only_writer(tmp_path):
            pass
        assert (tmp_path / ".lease").exists() == (kind == "lease")
    with only_writer(tmp_path):
        pass
    assert not (tmp_path / ".lease").exists()


def test_a_lease_that_nobody_renews_is_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr("genrekit.shards._lock._lock", lambda descriptor: None)
    lease = tmp_path / ".lease"
    lease.touch()
    with pytest.raises(BlockingIOError, match="another run"), only_writer(tmp_path):
        pass
    assert lease.exists()
    age = lease.stat().st_mtime - 61
    os.utime(lease, (age, age))
    with only_writer(tmp_path):
        assert lease.stat().st_mtime > age + 60
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_lease_is_renewed(tmp_path, monkeypatch):
    monkeypatch.setattr("genrekit.shards._lock._lock", lambda descriptor: None)
    monkeypatch.setattr("genrekit.shards._lock._RENEWED", 0.01)
    with only_writer(tmp_path):
        os.utime(tmp_path / ".lease", (1, 1))
        for _ in range(500):
            if (tmp_path / ".lease").stat().st_mtime > 1:
                break
            time.sleep(0.01)
        assert (tmp_path / ".lease").stat().st_mtime > 1


def test_other_errors_of_locks_are_told(tmp_path, monkeypatch):
    def broken(descriptor, operation):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(OSError, match="Input/output error"), only_writer(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_worker_that_outlives_its_parent_keeps_no_lock(tmp_path):
    script = (
        "import multiprocessing, os, sys, time\n"
        "from pathlib import Path\n"
        "from genrekit.shards._lock import only_writer\n"
        "with only_writer(Path(sys.argv[1])):\n"
        "    worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(30,))\n"
        "    worker.start()\n"
        "    print(worker.pid, flush=True)\n"
        "    os._exit(0)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        orphan = int(parent.stdout.readline())
    try:
        os.kill(orphan, 0)  # it lives
        with only_writer(tmp_path):
            assert (tmp_path / ".lock").exists()
    finally:
        os.kill(orphan, signal.SIGKILL)
