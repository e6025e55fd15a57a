"""The zip file around a model: nothing is unpacked that its directory does not make plausible."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

from genrekit.persistence import _archive
from genrekit.persistence._persistence import load, save

MB = 1024**2


@pytest.fixture
def saved(tmp_path):
    """A small model in a file."""
    path = tmp_path / "model.skops"
    save(DummyClassifier().fit([[0.0], [1.0]], ["a", "b"]), path)
    return path


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, members, compression=zipfile.ZIP_DEFLATED):
    """These members, with a manifest that is right."""
    members = dict(members)
    manifest = json.loads(members.pop("genrekit.json"))
    manifest["sha256"] = _archive._hashes(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("genrekit.json", json.dumps(manifest))
        for name, content in members.items():
            archive.writestr(name, content)


def assert_refused(path, message, most=3 * MB):
    """By that message, and without more memory than a few MB."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"model\.skops: .*{message}"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def zeros(n_bytes):
    """An array of nothing but zeros, as a file."""
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(n_bytes // 8))
    return buffer.getvalue()


def test_what_unpacks_to_far_more_than_it_is(saved):
    rewrite(saved, members_of(saved) | {"bomb.npy": zeros(64 * MB)})
    assert saved.stat().st_size < MB
    assert_refused(saved, "unpack to 67.* bytes from .*, which no model does")


def test_many_small_bombs_count_together(saved):
    bomb = zeros(MB)
    rewrite(saved, members_of(saved) | {f"{i}bomb.npy": bomb for i in range(40)})
    assert_refused(saved, "which no model does")


def test_a_bomb_among_much_else(saved):
    """The whole is below the ratio, and still above the limit of all."""
    sizes = [(_archive.MAX_BYTES // 2 + 1, 2**30)] * 2
    infos = []
    for i, (size, packed) in enumerate(sizes):
        info = zipfile.ZipInfo(f"{i}.npy")
        info.file_size, info.compress_size, info.header_offset = size, packed, i * (packed + 100)
        infos.append(info)
    with pytest.raises(ValueError, match="unpack to 2147483650 bytes, more than the limit"):
        _archive._check_sizes(infos, 2**31 + 400)


def test_schemas_are_small(saved):
    members = members_of(saved)
    members["schema.json"] += b" " * 20 * MB
    rewrite(saved, members, zipfile.ZIP_STORED)
    assert_refused(saved, "its schema of 2.* bytes is too large for . members")


def test_more_members_than_there_can_be(saved):
    members = members_of(saved) | {f"{i}.npy": b"" for i in range(10, 66_000)}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert_refused(saved, "does not end as such files do")


def change(path, edit):
    """Change the bytes of a file: the directory begins at ``start``, the last record at ``end``."""
    data = bytearray(path.read_bytes())
    end = len(data) - 22
    (start,) = struct.unpack_from("<L", data, end + 16)
    edit(data, start, end)
    path.write_bytes(data)


def test_a_directory_longer_than_its_members(saved):
    """zipfile reads as many bytes as it is told, and makes an object of every few of them."""
    change(saved, lambda data, _, end: struct.pack_into("<HH", data, end + 8, 1, 1))
    assert_refused(saved, "a directory of .* bytes is too large for 1 members")


def test_members_that_overlap(saved):
    def edit(data, start, end):
        second = start + 46 + struct.unpack_from("<H", data, start + 28)[0]
        struct.pack_into("<L", data, second + 42, 10)

    change(saved, edit)
    assert_refused(saved, "lies inside another one")


@pytest.mark.parametrize("by", [-1, 1, 1000])
def test_a_member_of_another_size_than_declared(by, saved):
    def edit(data, start, end):
        (size,) = struct.unpack_from("<L", data, start + 24)
        struct.pack_into("<L", data, start + 24, size + by)

    change(saved, edit)
    assert_refused(saved, "damaged|not of the size that it declares")


def test_declared_sizes_are_kept_to(saved, monkeypatch):
    """Whatever zipfile may give."""
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: io.BytesIO(bytes(10**6)))
    with pytest.raises(ValueError, match="not of the size that it declares"):
        _archive.read_archive(saved.read_bytes())


@pytest.mark.parametrize("place", ["before", "between", "behind"])
def test_bytes_that_belong_to_nothing(place, saved, tmp_path):
    data = saved.read_bytes()
    (start,) = struct.unpack_from("<L", data, len(data) - 6)
    cut = {"before": 0, "between": start, "behind": len(data)}[place]
    with saved.open("wb") as file:
        file.write(data[:cut])
        file.truncate(64 * MB)
        file.seek(64 * MB)
        file.write(data[cut:])
    assert_refused(saved, "not a model file, or a damaged one")


def test_a_large_file_that_is_none_is_not_read(saved):
    with saved.open("wb") as file:
        file.truncate(1900 * MB)  # takes no room
    assert_refused(saved, "not a model file")


def test_a_record_that_points_before_the_beginning(saved):
    """The directory there, and then its members."""
    whole = saved.read_bytes()
    change(saved, lambda data, _, end: struct.pack_into("<HL", data, end + 10, 2**16 - 1, 10**6))
    assert_refused(saved, "not a model file, or a damaged one")
    saved.write_bytes(whole)
    change(saved, lambda data, _, end: struct.pack_into("<L", data, end + 16, 2**31))
    assert_refused(saved, "lies inside another one")


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(OSError, match=str(tmp_path)):
        load(tmp_path)


def test_uniform_models_are_saved_all_the_same(tmp_path, monkeypatch):
    """What would be taken for a bomb is saved as it is."""
    monkeypatch.setattr(_archive, "_SPARE", 10_000)
    X = np.zeros((20_000, 4))
    X[0] = 1
    model = KNeighborsClassifier(1, algorithm="brute").fit(X, [1, *[0] * 19_999])
    save(model, tmp_path / "m.skops")
    assert load(tmp_path / "m.skops").predict([[1.0] * 4, [0.0] * 4]).tolist() == [1, 0]
    assert (tmp_path / "m.skops").stat().st_size > X.nbytes


def test_what_load_would_refuse_is_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(_archive, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="unpack to .* bytes, more than the limit of 100"):
        save(DummyClassifier(), tmp_path / "m.skops")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("dtype", "shape"), [("<U0", "(1000000000000,)"), ("|V0", "(5,)"), ("<U0", "(64, 64)")]
)
def test_arrays_of_items_without_bytes(dtype, shape):
    """Any number of them fits into nothing, and numpy would count them all."""
    body = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    body += b" " * ((-len(body) - 11) % 64) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body
    if shape == "(5,)":  # a few do no harm, and such are saved
        _archive._check_npy("a.npy", content)
    else:
        with pytest.raises(ValueError, match=r"a\.npy does not hold the .* array of shape"):
            _archive._check_npy("a.npy", content)


def test_a_file_of_one_member_is_no_model(tmp_path):
    path = Path(tmp_path / "model.skops")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    assert_refused(path, "it has no genrekit.json")
