"""Rows that a dask cluster computes: whoever dies, they are those of one process."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from genrekit import (
    AudioDecodeError,
    AudioFeatures,
    GenrekitWarning,
    extract,
    make_tracks,
    read_rows,
)
from genrekit.cli import main
from genrekit.engine import Batches, TrackCache, _workers
from genrekit.features import Frontend
from genrekit.features._table import make_plan
from genrekit.shards import _batch, _cluster
from genrekit.shards._folder import run_path
from genrekit.shards._identity import identity_of
from genrekit.shards._tracks import Tracks

pytest.importorskip("pyarrow", reason="pyarrow is in the extra table")
distributed = pytest.importorskip("distributed", reason="dask is in the extra cluster")

FEATURES = ["rms", "spectral_centroid"]
pytestmark = pytest.mark.filterwarnings("ignore::genrekit.AudioDecodeWarning")

# What the workers import: no test module can be.
MODULE = """
import os, signal, sys, time
from functools import partial
from pathlib import Path
import numpy as np
from genrekit.audio import Decoded

class Sized:
    '''Tracks are as loud as their files are long, take some time, and may end who reads them.'''

    cache_key = "sized"

    def __init__(self, log, pause=0.0, deadly="", deaths=0):
        self.log, self.pause, self.deadly, self.deaths = str(log), pause, deadly, deaths

    def __call__(self, source, *, offset, duration):
        with open(self.log, "a") as file:
            file.write(f"{Path(source).stem}\\n")
        if Path(source).stem == self.deadly:
            if Path(self.log).read_text().split().count(self.deadly) <= self.deaths:
                os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.pause)
        loudness = len(Path(source).read_bytes()) / 1000
        return Decoded(8000, iter([np.full((8000, 1), loudness, np.float32)]))
"""
CLIENT = """
import sys
from distributed import Client
import genrekit
from cluster_tracks import Sized

address, folder, log, *paths = sys.argv[1:]
genrekit.extract(paths, ["rms"], sr=8000, stats=["max"], decoder=Sized(log, 0.05), output=folder,
                 shard_size=3, client=Client(address))
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A cluster of two processes."""
    modules = tmp_path_factory.mktemp("modules")
    (modules / "cluster_tracks.py").write_text(MODULE)
    sys.path.insert(0, str(modules))  # workers have it from us
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**how, silence_logs=logging.CRITICAL) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    sys.path.remove(str(modules))


@pytest.fixture
def sized(client, tmp_path):
    """Makes a decoder that notes what it reads."""
    module = importlib.import_module("cluster_tracks")
    return lambda **how: module.Sized(tmp_path / "log", **how)


@pytest.fixture
def paths(tmp_path):
    """Thirty files of their own sizes."""
    (tmp_path / "m").mkdir()
    found = [tmp_path / "m" / f"t{i}.wav" for i in range(30)]
    for i, path in enumerate(found):
        path.write_bytes(b"RIFF" + bytes(i))
    return list(map(str, found))


@pytest.fixture
def grow(client, sized, tmp_path):
    """`extract` into one folder, on the cluster."""

    def grow(paths, decoder=None, **how):
        told = {"sr": 8000, "stats": ["max"], "output": tmp_path / "rows", "client": client}
        return extract(paths, ["rms"], decoder=decoder or sized(), **{**told, **how})

    return grow


def loudness(table):
    """What the decoder made of the files' sizes."""
    return np.round(table.to_numpy()[:, 0] * 1000).tolist()


def listed(folder):
    return [name for name in sorted(os.listdir(folder)) if not name.startswith("rows-")]


def test_rows_are_those_of_one_process(client, tmp_path, caplog):
    made = make_tracks(3, root=tmp_path / "m", genres=["drone", "pluck"], sr=8000, duration=0.3)
    paths = [*made.paths[:2], str(tmp_path / "missing.wav"), *made.paths[2:]]
    whole = extract(paths, FEATURES, on_error="nan")
    with caplog.at_level(logging.INFO, "genrekit.shards"):
        grown = extract(paths, FEATURES, output=tmp_path / "rows", shard_size=2, client=client)
    np.testing.assert_array_equal(grown.table.to_numpy(), whole.table)
    assert (grown.names, grown.errors) == (whole.names, whole.errors)
    assert grown.table.paths == paths
    assert set(grown.table.remarks) == {"", "under 1 s"}
    assert listed(tmp_path / "rows") == [".lock", "_tracks.parquet"]
    told = [record.progress for record in caplog.records]
    assert (told[-1]["event"], told[-1]["done"], told[-1]["errors"]) == ("end", 7, 1)
    assert told[-1]["audio_hours"] == pytest.approx(6 * 0.3 / 3600, abs=1e-4)
    again = extract(paths[::-1], FEATURES, output=tmp_path / "rows", client=client)
    np.testing.assert_array_equal(again.table.to_numpy(), whole.table[::-1])
    assert len(os.listdir(tmp_path / "rows")) == 2 + 4  # the failure was nothing new


def test_a_worker_that_is_killed_costs_its_batch(grow, sized, paths, tmp_path):
    table = grow(paths, sized(deadly="t7", deaths=1), shard_size=5).table
    assert loudness(table) == list(range(4, 34))
    read = (tmp_path / "log").read_text().split()
    assert set(read) == {f"t{i}" for i in range(30)}
    assert read.count("t7") == 2
    assert len(read) <= 35
    assert listed(tmp_path / "rows") == [".lock", "_tracks.parquet"]


def test_a_client_that_is_killed_leaves_what_can_be_gone_on_with(grow, client, paths, tmp_path):
    (tmp_path / "client.py").write_text(CLIENT)
    where = [client.scheduler.address, tmp_path / "rows", tmp_path / "log"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, tmp_path / "client.py", *where, *paths]
    with subprocess.Popen(command, env=environment) as other:
        while not list((tmp_path).glob("rows/rows-*")):
            assert other.poll() is None
            time.sleep(0.01)
        with pytest.raises(BlockingIOError, match="another run writes here"):
            grow(paths)
        other.send_signal(signal.SIGKILL)
    # Its workers may still be at a batch, which comes to nothing.
    assert loudness(grow(paths).table) == list(range(4, 34))
    assert len(read_rows(tmp_path / "rows")) == 30
    assert len((tmp_path / "log").read_text().split()) <= 30 + 2 * 3 + 3
    time.sleep(0.2)
    assert loudness(grow(paths).table) == list(range(4, 34))
    assert listed(tmp_path / "rows") == [".lock", "_tracks.parquet"]


def test_a_worker_of_another_version_is_refused(grow, paths, tmp_path, monkeypatch):
    here = {**_batch.versions(), "numpy": "1.0"}
    monkeypatch.setattr(_cluster, "versions", lambda: here)
    said = f"refused: it has numpy {np.__version__} .here 1.0., so that its rows would differ"
    with pytest.raises(RuntimeError, match=said):
        grow(paths)
    assert not list((tmp_path / "rows").glob("rows-*"))
    monkeypatch.undo()
    assert loudness(grow(paths).table) == list(range(4, 34))


def test_a_full_disk_of_a_worker_stops_what_can_be_gone_on_with(client, grow, paths, tmp_path):
    client.run(resource.setrlimit, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    try:
        with pytest.raises(RuntimeError, match=r"failed: OSError: .* can't be written: File too l"):
            grow(paths, retries=1)
    finally:
        everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        client.run(resource.setrlimit, resource.RLIMIT_FSIZE, everything)
    assert listed(tmp_path / "rows") == [".lock", "_tracks.parquet"]
    assert loudness(grow(paths).table) == list(range(4, 34))


def test_an_error_keeps_the_rows_before_it(client, tmp_path):
    made = make_tracks(2, root=tmp_path / "m", genres=["drone"], sr=8000, duration=0.3)
    paths = [*made.paths, str(tmp_path / "missing.wav")]
    with pytest.raises(AudioDecodeError, match=r"missing\.wav: there is no such file"):
        extract(paths, ["rms"], output=tmp_path / "rows", client=client, on_error="raise")
    with pytest.warns(GenrekitWarning, match="1 tracks have no row yet"):
        assert read_rows(tmp_path / "rows").paths == made.paths


def test_what_was_computed_is_kept_and_known_again(client, grow, sized, paths, tmp_path):
    grow(paths, memory=tmp_path / "memory")
    table = grow(paths, memory=tmp_path / "memory", output=tmp_path / "others").table
    assert loudness(table) == list(range(4, 34))
    assert len((tmp_path / "log").read_text().split()) == 30


def test_the_command_line_and_relative_paths(client, tmp_path, monkeypatch, capsys):
    make_tracks(2, root=tmp_path / "m", genres=["drone"], sr=8000, duration=0.3)
    monkeypatch.chdir(tmp_path)
    address = client.scheduler.address
    arguments = ["extract", "m", "missing.wav", "-o", "rows/", "--features", "rms"]
    with pytest.raises(SystemExit):
        main([*arguments, "--cluster", address, "--n-jobs", "2"])
    (tmp_path / "missing.wav").write_bytes(b"RIFF")
    assert main([*arguments, "--cluster", address]) == 3
    out, err = capsys.readouterr()
    assert "2 of 3 files, 2 features" in out
    assert "genrekit: missing.wav: " in err
    table = read_rows("rows")
    assert [path.split(os.sep)[0] for path in table.paths] == ["m", "m", "missing.wav"]
    whole = extract(table.paths[:2], ["rms"]).table
    np.testing.assert_array_equal(table.to_numpy()[:2], whole)


# --- joblib's own way there ---------------------------------------------------------------------


def test_joblib_gives_the_same_rows(sized, paths):
    paths = [*paths[:20], "missing.wav", *paths[20:]]
    whole = extract(paths, ["rms"], sr=8000, decoder=sized(), on_error="nan")
    with joblib.parallel_config("dask"):
        found = extract(paths, ["rms"], sr=8000, decoder=sized(), on_error="nan")
        with pytest.raises(AudioDecodeError, match=r"missing\.wav"):
            extract(paths, ["rms"], sr=8000, decoder=sized(), on_error="raise")
        # Waveforms and frames go one by one, for they are large.
        waves = [np.full(8000, 0.1), np.full(800, 0.2)]
        (near, far) = extract(waves, ["rms"], sr=8000, pooled=False).table
    np.testing.assert_array_equal(found.table, whole.table)
    assert found.errors == whole.errors
    assert (near["rms"].shape, far["rms"].shape) == ((1, 16), (1, 2))


def test_calls_go_in_parcels():
    sent = []

    def parallel(calls):
        for function, args, _ in calls:
            sent.append(function)
            yield function(*args)

    parallel.n_jobs = 1
    calls = (partial(pow, i, 2) for i in range(2500))
    found = list(_workers._in_parcels(calls, Batches([0] * 2500, 1000), parallel))
    assert found == [i**2 for i in range(2500)]
    assert len(sent) < 30


def test_a_search_decodes_what_it_would_on_one_machine(client, sized, paths, tmp_path):
    heard = {"sr": 8000, "decoder": sized(), "memory": tmp_path / "memory"}
    pipeline = make_pipeline(AudioFeatures(["rms"], **heard), SGDClassifier(random_state=0))
    search = GridSearchCV(pipeline, {"sgdclassifier__alpha": [1e-3, 1e-1]}, cv=3)
    grown = extract(paths, ["rms"], output=tmp_path / "rows", client=client, **heard)
    y = np.arange(30) % 2
    with joblib.parallel_config("dask"):
        far = search.fit(paths, y).cv_results_["mean_test_score"]
    assert len((tmp_path / "log").read_text().split()) == 30
    search = GridSearchCV(SGDClassifier(random_state=0), {"alpha": [1e-3, 1e-1]}, cv=3)
    np.testing.assert_array_equal(search.fit(grown.table, y).cv_results_["mean_test_score"], far)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"output": None}, ValueError, r"client= takes output=.*parallel_config\(.dask"),
        ({"n_jobs": 2}, ValueError, "n_jobs= does not go with client="),
        ({"client": "tcp://127.0.0.1:8786"}, TypeError, r"must be a dask\.distributed\.Client"),
        ({"retries": -1}, ValueError, "retries must be an integer of at least 0"),
    ],
)
def test_wrong_arguments(grow, paths, tmp_path, arguments, error, said):
    with pytest.raises(error, match=said):
        grow(paths, **arguments)
    assert not (tmp_path / "rows").exists()


def test_an_asynchronous_client(paths, tmp_path):
    client = SimpleNamespace(submit=0, cancel=0, nthreads=0, asynchronous=True)
    with pytest.raises(ValueError, match="must not be an asynchronous one"):
        extract(paths, ["rms"], output=tmp_path / "rows", client=client)


# --- what a worker does, without one -----------------------------------------------------------


@pytest.fixture
def job(tmp_path):
    """A run whose file is there."""
    plan = make_plan(["rms"], None, Frontend(sr=8000))
    (tmp_path / "rows").mkdir()
    run_path(tmp_path / "rows", "0" * 8).touch()
    told = ["nan", identity_of(plan, None), _batch.versions()]
    return _batch.Job(str(tmp_path / "rows"), "0" * 8, TrackCache(plan, None), None, *told)


def test_what_a_worker_writes_is_no_shard_yet(job, tmp_path):
    (path,) = make_tracks(1, root=tmp_path / "m", genres=["drone"], sr=8000, duration=0.3).paths
    tracks = Tracks.of([path, "missing.wav", "gone.wav"])
    written = _batch.describe_batch(job, _batch.Batch(7, tracks, {2: "there is no such file"}))
    assert written.part == ".batch-00000000-000007"
    rows = list(written.rows(10))
    assert [row.index for row in rows] == [10, 11, 12]
    assert [row.error and row.error.path for row in rows] == [None, "missing.wav", "gone.wav"]
    assert rows[0].seconds == pytest.approx(0.3)
    shard = importlib.import_module("pyarrow.parquet").read_table(tmp_path / "rows" / written.part)
    assert shard["path"].to_pylist() == [path, "missing.wav"]  # the other failed so before


def test_a_run_that_has_ended_gets_nothing(job, paths, tmp_path):
    run_path(tmp_path / "rows", "0" * 8).unlink()
    with pytest.raises(FileNotFoundError, match="has ended, or this worker does not see the fold"):
        _batch.describe_batch(job, _batch.Batch(0, Tracks.of(paths), {}))
    assert os.listdir(tmp_path / "rows") == []


def test_a_worker_that_sees_no_music(job, paths):
    tracks = Tracks.of(paths)
    for path in paths:
        os.unlink(path)
    with pytest.raises(FileNotFoundError, match="does not see it, nor any other of 30 tracks"):
        _batch.describe_batch(job, _batch.Batch(0, tracks, {}))


@pytest.mark.parametrize(
    ("future", "found", "error", "said"),
    [
        ("cancelled", None, ConnectionError, "scheduler has gone, .* next run goes on"),
        (
            "error",
            ModuleNotFoundError("No module named 'genrekit'"),
            ModuleNotFoundError,
            "install",
        ),
        ("error", OSError(errno.EIO, "bad"), RuntimeError, r"failed: OSError: \[Errno 5\] bad"),
        ("error", "killed", RuntimeError, "first of them a.wav, ended 4 workers .* memory"),
    ],
)
def test_what_goes_wrong_is_told(future, found, error, said):
    if found == "killed":
        found = distributed.KilledWorker("task", None, 3)
    with pytest.raises(error, match=said):
        _cluster._checked(SimpleNamespace(status=future), (type(found), found, None), "a.wav")
