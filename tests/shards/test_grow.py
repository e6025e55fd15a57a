"""A table that grows: what is there is not computed again, and nothing mixes with it."""

from __future__ import annotations

import errno
import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import genrekit
from genrekit import AudioDecodeWarning, GenrekitWarning, extract, make_tracks, read_rows
from genrekit.audio import Decoded

pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is in the extra table")

FEATURES = ["rms", "spectral_centroid"]
pytestmark = pytest.mark.filterwarnings("ignore::genrekit.AudioDecodeWarning")


class Counting:
    """A decoder that notes what was read, in whichever process: files are as loud as they say."""

    cache_key = "counting"

    def __init__(self):
        self.read = []

    def __call__(self, source, *, offset, duration):
        self.read.append(str(source))
        loudness = len(Path(source).read_bytes()) / 1000
        return Decoded(8000, iter([np.full((8000, 1), loudness, np.float32)]))


@pytest.fixture
def decoder():
    return Counting()


@pytest.fixture
def paths(tmp_path):
    """Ten files of their own sizes."""
    (tmp_path / "m").mkdir()
    found = [tmp_path / "m" / f"{i}.wav" for i in range(10)]
    for i, path in enumerate(found):
        path.write_bytes(b"RIFF" + bytes(i))
    return list(map(str, found))


@pytest.fixture
def grow(tmp_path, decoder):
    """`extract` into one folder, by the decoder that counts."""
    told = {"sr": 8000, "stats": ["max"], "output": tmp_path / "rows", "decoder": decoder}
    return partial(extract, features=["rms"], **told)


def loudness(table):
    """What the decoder made of the files' sizes."""
    return np.round(table.to_numpy()[:, 0] * 1000).tolist()


def shards(folder):
    return sorted(name for name in os.listdir(folder) if name.startswith("rows-"))


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    root = tmp_path_factory.mktemp("rows")
    made = make_tracks(3, root=root, genres=["drone", "pluck"], sr=8000, duration=0.3)
    (root / "broken.wav").write_bytes(b"RIFF")
    return [*made.paths[:2], str(root / "broken.wav"), *made.paths[2:]]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("shard_size", [1, 3, 1000])
def test_rows_are_those_of_the_table_in_memory(music, tmp_path, n_jobs, shard_size):
    whole = extract(music, FEATURES, on_error="nan")
    with pytest.warns(AudioDecodeWarning, match="1 of 7 tracks"):
        grown = extract(
            music, FEATURES, output=tmp_path / "new" / "rows", shard_size=shard_size, n_jobs=n_jobs
        )
    assert (grown.names, grown.errors) == (whole.names, whole.errors)
    table = grown.table
    np.testing.assert_array_equal(table.to_numpy(), whole.table)
    assert table.paths == music
    np.testing.assert_allclose(table.seconds, [0.3, 0.3, np.nan, 0.3, 0.3, 0.3, 0.3])
    assert set(table.remarks) == {"", "under 1 s"}
    assert len(shards(tmp_path / "new" / "rows")) == -(-7 // shard_size)


def test_a_shard_says_what_it_is_of(music, tmp_path):
    extract(music, ["rms"], output=tmp_path)
    schema = pq.read_schema(tmp_path / "rows-000000.parquet")
    labels = ["path", "size", "mtime_ns", "seconds", "error", "remark"]
    assert schema.names == [*labels, "rms_mean", "rms_std"]
    assert str(schema.field("rms_mean").type) == "double"
    about = json.loads(schema.metadata[b"genrekit"])
    assert about["version"] == genrekit.__version__
    assert about["parameters"]["features"] == ["rms"]
    assert about["parameters"]["sr"] == 22050
    # Other readers of such folders pass over what is no shard.
    frame = pytest.importorskip("pandas").read_parquet(tmp_path)
    assert frame["path"].tolist() == music
    assert frame["size"][0] == os.stat(music[0]).st_size


def test_only_what_is_new_or_changed_is_read(grow, paths, decoder, tmp_path):
    assert loudness(grow(paths[:6], shard_size=4).table) == [4, 5, 6, 7, 8, 9]
    decoder.read.clear()
    assert loudness(grow(paths[:6]).table) == [4, 5, 6, 7, 8, 9]
    assert decoder.read == []
    with open(paths[1], "ab") as file:
        file.write(bytes(50))
    # In the order of this call, whenever each was computed.
    table = grow([paths[9], *paths[:6], paths[8]], shard_size=4).table
    assert decoder.read == [paths[9], paths[1], paths[8]]
    assert loudness(table) == [13, 4, 55, 6, 7, 8, 9, 12]
    # What newer rows have taken the place of is gone, for other readers too.
    files = [pq.read_table(tmp_path / "rows" / name) for name in shards(tmp_path / "rows")]
    assert [file.num_rows for file in files] == [3, 2, 3]


def test_a_file_of_the_same_size_that_was_written_again(grow, paths, decoder):
    grow(paths[:3])
    decoder.read.clear()
    os.utime(paths[1], ns=(1, 1))
    grow(paths[:3])
    assert decoder.read == [paths[1]]


def test_a_track_named_twice_is_read_once(grow, paths, decoder):
    table = grow([paths[3], paths[1], paths[3]]).table
    assert decoder.read == [paths[3], paths[1]]
    assert loudness(table) == [7, 5, 7]


def test_rows_of_tracks_that_were_not_named_stay_and_are_told(grow, paths):
    grow(paths[:5])
    with pytest.warns(GenrekitWarning, match=f"stay: 2, the first of {paths[0]}"):
        table = grow(paths[2:7]).table
    assert table.paths == [*paths[2:7], *paths[:2]]
    assert loudness(table) == [6, 7, 8, 9, 10, 4, 5]


def test_a_row_stays_when_its_file_is_not_there_any_more(grow, paths, decoder):
    grow(paths)
    os.unlink(paths[4])
    decoder.read.clear()
    assert loudness(grow(paths).table) == list(range(4, 14))
    assert decoder.read == []


def test_what_failed_is_tried_again(music, tmp_path):
    good = Path(music[0]).read_bytes()
    path = tmp_path / "a.wav"
    (first,) = extract([path], ["rms"], output=tmp_path / "rows").errors
    assert first.reason == "there is no such file"
    extract([path], ["rms"], output=tmp_path / "rows")
    assert shards(tmp_path / "rows") == ["rows-000000.parquet"]  # there was nothing new to say
    path.write_bytes(good)
    found = extract([path], ["rms"], output=tmp_path / "rows")
    assert found.errors == []
    assert np.isfinite(found.table.to_numpy()).all()


def test_odd_names(tmp_path, music):
    good = Path(music[0]).read_bytes()
    odd = [
        os.fsencode(tmp_path) + b"/\xff\n%80.wav",
        os.fsencode(tmp_path) + b"/\xe4\xbd\xa0 '.wav",
    ]
    names = list(map(os.fsdecode, odd))
    for name in odd:
        with open(name, "wb") as file:
            file.write(good)
    assert extract(names, ["rms"], output=tmp_path / "rows").table.paths == names
    again = extract(names, ["rms"], output=tmp_path / "rows", decoder=None).table
    assert again.paths == names
    assert len(shards(tmp_path / "rows")) == 1


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"sr": 16000}, "sr=8000, and these would be of sr=16000"),
        ({"duration": 1.0}, "duration=None, and these would be of duration=1.0"),
        (
            {"features": ["tempo"]},
            r"features=\['rms'\], and these would be of features=\['tempo'\]",
        ),
        ({"stats": ["mean"]}, "other parameters or statistics, or .*"),
        (
            {"features": [("rms", genrekit.MFCCStats(n_mfcc=3))]},
            "other parameters or statistics, or .*",
        ),
        ({"decoder": None}, "another decoder"),
    ],
)
def test_rows_of_other_parameters_do_not_mix(grow, paths, tmp_path, other, said):
    grow(paths)
    before = sorted(os.listdir(tmp_path / "rows"))
    with pytest.raises(ValueError, match=f"holds rows of .*{said}: write into another folder"):
        grow(paths, **other)
    assert sorted(os.listdir(tmp_path / "rows")) == before
    assert loudness(read_rows(tmp_path / "rows")) == list(range(4, 14))


def test_rows_of_a_version_with_other_numbers_do_not_mix(grow, paths, monkeypatch):
    grow(paths)
    monkeypatch.setattr("genrekit.shards._identity.CACHE_VERSION", 10**6)
    with pytest.raises(ValueError, match="would compute with other numbers"):
        grow(paths)


def test_a_number_spelt_in_another_way_is_the_same(grow, paths, decoder):
    grow(paths)
    decoder.read.clear()
    grow(paths, sr=np.float64(8000.0))
    assert decoder.read == []


def test_rows_of_a_newer_format(grow, paths, tmp_path, monkeypatch):
    monkeypatch.setattr("genrekit.shards._identity._FORMAT", 2)
    grow(paths)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="written by a newer genrekit"):
        grow(paths)
    with pytest.raises(ValueError, match="written by a newer genrekit"):
        read_rows(tmp_path / "rows")


def test_half_a_shard(grow, paths, tmp_path):
    grow(paths, shard_size=4)
    shard = tmp_path / "rows" / "rows-000001.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"rows-000001.parquet: no whole Parquet file .*: remove"):
        grow(paths)
    with pytest.raises(ValueError, match=r"rows-000001.parquet: no whole Parquet file"):
        read_rows(tmp_path / "rows")
    shard.unlink()
    assert loudness(grow(paths).table) == list(range(4, 14))


def test_folders_of_other_things(grow, paths, tmp_path):
    with pytest.raises(FileExistsError, match=r"a folder of other things \(0.wav\)"):
        grow(paths, output=tmp_path / "m")
    assert sorted(os.listdir(tmp_path / "m")) == [f"{i}.wav" for i in range(10)]
    with pytest.raises(NotADirectoryError, match="this is a file"):
        grow(paths, output=paths[0])
    pytest.importorskip("pandas").DataFrame({"a": [1]}).to_parquet(tmp_path / "rows-000000.parquet")
    with pytest.raises(ValueError, match="genrekit has not written it"):
        grow(paths, output=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sources": ["a.wav", np.ones(9)]}, "takes paths of files, and item 1 is a ndarray"),
        ({"sources": [b"RIFF"]}, "takes paths of files, and item 0 is a bytes"),
        ({"pooled": False}, "leave out pooled=False"),
        ({"shard_size": 0}, "shard_size must be an integer of at least 1"),
        ({"decoder": lambda source, **_: None}, "can't be told from others like it"),
        ({"features": [("path", genrekit.Tempo())]}, "can't be called 'path'"),
    ],
)
def test_wrong_arguments_are_told_before_a_folder_is_made(arguments, said, tmp_path):
    told = {"sources": ["a.wav"], "features": ["rms"], "output": tmp_path / "rows", **arguments}
    with pytest.raises(ValueError, match=said):
        extract(**told)
    assert not (tmp_path / "rows").exists()


def test_an_error_keeps_the_rows_before_it(music, tmp_path):
    with pytest.raises(genrekit.AudioDecodeError, match=r"broken\.wav"):
        extract(music, ["rms"], output=tmp_path, on_error="raise")
    with pytest.warns(GenrekitWarning, match="5 tracks have no row yet, for the run was stopped"):
        table = read_rows(tmp_path)
    assert table.paths == music[:2]
    assert table.n_missing == 5


def test_a_full_disk_stops_and_can_be_gone_on_with(grow, paths, decoder, tmp_path, monkeypatch):
    real, calls = os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 4:  # a listing, then a shard, each with its folder
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    said = (
        r"rows-000001.parquet: can't be written: No space left on device; the rows before it stay"
    )
    with pytest.raises(OSError, match=said) as error:
        grow(paths, shard_size=3)
    assert error.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert shards(tmp_path / "rows") == ["rows-000000.parquet"]
    assert not [name for name in os.listdir(tmp_path / "rows") if name.endswith(".part")]
    decoder.read.clear()
    assert loudness(grow(paths, shard_size=3).table) == list(range(4, 14))
    assert decoder.read == paths[3:]


def test_a_file_that_changes_while_it_is_read(tmp_path, paths):
    def changing(source, *, offset, duration):
        with open(source, "ab") as file:
            file.write(b"more")
        return Decoded(8000, iter([np.ones((800, 1), np.float32)]))

    changing.cache_key = "changing"
    extract(paths[:1], ["rms"], output=tmp_path / "rows", decoder=changing)
    before = os.path.getsize(paths[0])
    extract(paths[:1], ["rms"], output=tmp_path / "rows", decoder=changing)
    assert os.path.getsize(paths[0]) == before + 4  # so it was read again


def test_each_shard_is_told(grow, paths, caplog):
    with caplog.at_level(logging.INFO, "genrekit.shards"):
        grow(["missing.wav", *paths], shard_size=4)
    told = [record.progress for record in caplog.records]
    assert [one["event"] for one in told] == ["shard", "shard", "shard", "end"]
    assert [one["done"] for one in told] == [4, 8, 11, 11]
    assert told[0]["shard"] == "rows-000000.parquet"
    assert told[0]["left_seconds"] is not None
    assert told[2]["left_seconds"] == 0
    assert told[3]["reasons"] == {"there is no such file": 1}
    assert told[3]["audio_hours"] == pytest.approx(10 / 3600, abs=1e-4)


def test_what_is_left_is_told_by_bytes(grow, paths, caplog):
    with open(paths[9], "ab") as file:
        file.write(bytes(10**6))
    with caplog.at_level(logging.INFO, "genrekit.shards"):
        grow(paths, shard_size=5)
    first = caplog.records[0].progress
    assert first["left_seconds"] > 1000 * first["seconds"]  # five of ten tracks, but few bytes


def test_a_bar_shows_bytes_and_tracks(grow, paths, capsys):
    grow(paths, verbose=1)
    assert "10/10 tracks" in capsys.readouterr().err


# --- processes that die ------------------------------------------------------------------------

MODULE = """
import time
import numpy as np
import genrekit
from genrekit.audio import Decoded

class Slow:
    cache_key = "slow"

    def __init__(self, pause=0.01):
        self.pause = pause

    def __call__(self, source, *, offset, duration):
        time.sleep(self.pause)
        noise = np.random.default_rng(int(str(source).split("-")[-2])).uniform(-1, 1, (800, 1))
        return Decoded(8000, iter([noise.astype(np.float32)]))

def grow(folder, paths, **how):
    return genrekit.extract(paths, ["rms"], output=folder, shard_size=5, **how).table
"""
CHILD = """
import sys
from slow_tracks import Slow, grow

grow(sys.argv[1], sys.argv[2:], decoder=Slow(), n_jobs=2)
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    """What the processes run, for this one."""
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "slow_tracks.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_tracks", raising=False)
    return importlib.import_module("slow_tracks")


@pytest.fixture
def names(tmp_path):
    """Sixty files."""
    found = [str(tmp_path / f"t-{i}-.wav") for i in range(60)]
    for name in found:
        Path(name).write_bytes(b"RIFF")
    return found


@pytest.fixture
def start(child, tmp_path, names):
    """Start a process that grows a table slowly."""
    command = [sys.executable, tmp_path / "child.py", tmp_path / "rows", *names]
    return lambda: subprocess.Popen(command)


def wait_for_shards(folder, n):
    while not folder.exists() or len(shards(folder)) < n:
        time.sleep(0.005)


def test_killed_runs_go_on_where_they_were(start, child, names, tmp_path):
    for n in (2, 6):
        with start() as run:
            wait_for_shards(tmp_path / "rows", n)
            run.send_signal(signal.SIGKILL)
        assert n <= len(shards(tmp_path / "rows")) < 12
    grown = child.grow(tmp_path / "rows", names, decoder=child.Slow(0))
    whole = child.grow(tmp_path / "whole", names, decoder=child.Slow(0))
    assert grown.paths == whole.paths == names
    np.testing.assert_array_equal(grown.to_numpy(), whole.to_numpy())
    assert np.isfinite(grown.to_numpy()).all()
    assert not [name for name in os.listdir(tmp_path / "rows") if name.endswith(".part")]


def test_two_writers(start, child, names, tmp_path):
    with start() as first:
        wait_for_shards(tmp_path / "rows", 1)
        with pytest.raises(BlockingIOError, match="another run writes here: wait until it has"):
            child.grow(tmp_path / "rows", names, decoder=child.Slow(0))
    assert first.returncode == 0
    assert len(read_rows(tmp_path / "rows")) == 60
