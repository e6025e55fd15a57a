"""Arrays on disk: what comes back, what is not believed, and what goes when there are too many."""

from __future__ import annotations

import errno
import io
import os
import pickle
import stat
import threading
import zlib

import joblib
import numpy as np
import pytest

from genrekit.engine._store import LARGEST, Store, open_store

NAME = "ab" * 20


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "memory" / "genrekit"), 1 << 20)


def plant(store: Store, body: bytes, name: str = NAME) -> None:
    """An entry of somebody else's making, its checksum right."""
    os.makedirs(store.folder, exist_ok=True)
    with open(store._path(name), "wb") as file:
        file.write(body + zlib.crc32(body).to_bytes(4, "little"))


def npy(shape: object, descr: str, data: bytes = b"") -> bytes:
    """An array as `numpy.save` writes it, whatever its header claims."""
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "arrays",
    [
        [np.arange(5.0)],
        [np.float32([[1, 2], [3, 4]]), np.arange(3.0), np.empty(0)],
        [np.arange(12.0).reshape(3, 4).T, np.arange(10.0)[::2]],
        [np.array([np.nan, -0.0, np.inf])],
        [],
    ],
    ids=lambda arrays: str([a.shape for a in arrays]),
)
def test_what_was_put_comes_back(store, arrays):
    assert store.get(NAME) is None
    written = store.put(NAME, arrays)
    assert written == os.path.getsize(store._path(NAME))
    found = store.get(NAME)
    assert len(found) == len(arrays)
    for kept, array in zip(found, arrays, strict=True):
        assert kept.dtype == array.dtype
        assert kept.shape == array.shape
        assert kept.tobytes() == array.tobytes()
    assert os.listdir(store.folder) == [f"{NAME}.npy"]


def test_an_entry_is_what_numpy_saves(store):
    store.put(NAME, [np.arange(4.0)])
    with open(store._path(NAME), "rb") as file:
        np.testing.assert_array_equal(np.load(file, allow_pickle=False), np.arange(4.0))


@pytest.mark.parametrize("other", [np.arange(7), np.arange(5.0), np.float32([1])], ids=str)
def test_the_last_one_counts(store, other):
    store.put(NAME, [np.arange(5.0)])
    store.put(NAME, [other.astype(float)])
    np.testing.assert_array_equal(store.get(NAME)[0], other)


class Bomb:
    """Runs when it is unpickled."""

    def __reduce__(self):
        return os.abort, ()


def test_nothing_is_unpickled(store, tmp_path):
    pickled = io.BytesIO()
    np.save(pickled, np.array([Bomb()], dtype=object), allow_pickle=True)
    plant(store, pickled.getvalue())
    assert store.get(NAME) is None
    for body in (pickle.dumps(Bomb()), b"\x80\x04."):
        plant(store, body)
        assert store.get(NAME) is None


@pytest.mark.parametrize(
    "body",
    [
        npy((10**12,), "<f8", bytes(64)),
        npy((2**62, 2**62), "<f4", bytes(64)),
        npy((0, 10**18), "<f8") * 3,
        npy((-1,), "<f8", bytes(64)),
        npy((9,), "<f8", bytes(64)),
        npy((8,), "|O", bytes(64)),
        npy((8,), "|u1", bytes(8)),
        npy((2,), "<c8", bytes(16)),
        npy((8,), "<U2", bytes(64)),
        npy("(" * 150 + ")" * 150, "<f8", bytes(64)),
        npy("-" * 9000 + "1", "<f8", bytes(64)),
        npy((1,), "<f8", bytes(9)),
        b"PK\x03\x04" + bytes(60),
        bytes(3),
    ],
    ids=lambda body: str(body[:60]),
)
def test_a_planted_header_takes_no_memory(store, body):
    plant(store, body)
    found = store.get(NAME)
    assert found is None or sum(array.nbytes for array in found) <= len(body)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "device", "huge"])
def test_only_a_file_of_our_own_is_read(store, tmp_path, kind):
    store.put("cd" * 20, [np.arange(3.0)])
    path = store._path(NAME)
    if kind == "link":
        os.symlink(store._path("cd" * 20), path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
    elif kind == "device":
        os.symlink("/dev/zero", path)
    else:
        with open(path, "wb") as file:
            file.truncate(4 * LARGEST)
    assert store.get(NAME) is None


def test_a_link_is_replaced_and_not_followed(store, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("dear")
    os.makedirs(store.folder)
    os.symlink(mine, store._path(NAME))
    store.put(NAME, [np.arange(3.0)])
    assert mine.read_text() == "dear"
    assert stat.S_ISREG(os.lstat(store._path(NAME)).st_mode)


def test_every_cut_and_every_flip_is_noticed(store):
    store.put(NAME, [np.arange(3.0)])
    with open(store._path(NAME), "rb") as file:
        good = file.read()
    harmed = [good[:n] for n in range(len(good))]
    harmed += [good[:i] + bytes([good[i] ^ 1]) + good[i + 1 :] for i in range(len(good))]
    for bad in harmed:
        with open(store._path(NAME), "wb") as file:
            file.write(bad)
        assert store.get(NAME) is None


def test_the_oldest_go_and_strangers_stay(store, tmp_path):
    names = [f"{i:040x}" for i in range(10)]
    for age, name in enumerate(names):
        store.put(name, [np.zeros(100)])
        os.utime(store._path(name), (1000 + age, 1000 + age))
    left = store._path("ef" * 20) + "." + "0" * 32  # by a process that was killed
    with open(left, "wb") as file:
        file.write(bytes(1000))
    os.utime(left, (10, 10))
    stranger = os.path.join(store.folder, "thesis.npy")
    with open(stranger, "wb") as file:
        file.write(bytes(10_000))
    os.utime(stranger, (1, 1))
    store.limit = 4 * os.path.getsize(store._path(names[0]))
    store.trim()
    kept = [name for name in names if store.get(name)]
    assert kept == names[-4:]
    assert not os.path.exists(left)
    assert os.path.getsize(stranger) == 10_000


def test_writers_side_by_side_never_show_a_half(store):
    whole = [np.full(50_000, i, dtype=np.float32) for i in range(4)]
    wrong, done = [], threading.Event()

    def write(array):
        for _ in range(30):
            store.put(NAME, [array])

    def look():
        while not done.is_set():
            found = store.get(NAME)
            if found is not None and len(set(found[0])) != 1:
                wrong.append(found)

    store.put(NAME, whole[:1])
    reader = threading.Thread(target=look)
    writers = [threading.Thread(target=write, args=(array,)) for array in whole]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert not wrong
    assert os.listdir(store.folder) == [f"{NAME}.npy"]


def test_a_write_that_fails_leaves_nothing(store):
    def arrays():
        yield np.zeros(1000)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        store.put(NAME, arrays())
    assert os.listdir(store.folder) == []
    assert store.get(NAME) is None


def test_a_folder_that_went_away_is_made_again(store):
    store.put(NAME, [np.zeros(3)])
    os.unlink(store._path(NAME))
    os.rmdir(store.folder)
    store.trim()
    assert store.get(NAME) is None
    store.put(NAME, [np.zeros(3)])
    assert store.get(NAME) is not None


# --- what a user passes -----------------------------------------------------------------------


def test_where_it_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    inside = str(tmp_path / "cache" / "genrekit")
    for memory in ("~/cache", "cache", tmp_path / "cache", joblib.Memory("cache", verbose=0)):
        assert open_store(memory).folder == inside
    assert open_store(None) is None
    assert open_store(joblib.Memory(None)) is None
    with pytest.raises(TypeError, match=r"path of a folder or a joblib.Memory, not 3"):
        open_store(3)


@pytest.mark.parametrize(
    ("size", "limit"), [("500M", 500 << 20), ("1.5k", 1536), ("2G", 2 << 30), ("9", 9)]
)
def test_sizes(monkeypatch, size, limit, tmp_path):
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", size)
    assert open_store(tmp_path).limit == limit


@pytest.mark.parametrize("size", ["plenty", "", "G", "nanG", "infM", "1T", "-1G", "-5"])
def test_sizes_that_are_none(monkeypatch, size, tmp_path):
    monkeypatch.setenv("GENREKIT_CACHE_SIZE", size)
    with pytest.raises(ValueError, match="such as 500M"):
        open_store(tmp_path)
