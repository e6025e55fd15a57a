"""Genres in and out of files, with the sound as it was."""

from __future__ import annotations

import io
import os
import shutil
import struct

import av
import numpy as np
import pytest
import soundfile
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3, TALB, TCON, TPE1, TXXX
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4

from genrekit import tags as room
from genrekit.audio import Source, hash_samples
from genrekit.audio._open import open_audio
from genrekit.tags import (
    Change,
    Tagged,
    change_genres,
    read_tags,
    read_undo,
    restore_genres,
    write_undo,
)

from .._tagged import KINDS, make_sound

GENRES = ["hip-hop", "jazz"]


def change(path, after=GENRES):
    tagged = Tagged(path)
    return Change(str(path), tagged.stored, list(after), tagged.is_bare)


def samples(path):
    _, blocks = open_audio(Source(str(path), str(path)), offset=0.0, duration=None)
    return np.concatenate(list(blocks))


def read_by_av(path):
    with av.open(str(path)) as file:
        said = {**file.streams[0].metadata, **file.metadata}
    return {key.lower(): value for key, value in said.items()}


@pytest.fixture(params=KINDS)
def sound(request, tmp_path):
    """A file of each kind."""
    return make_sound(tmp_path / f"sound{request.param}")


def test_genres_go_in_and_out_and_the_samples_stay(sound):
    before, content, undo = samples(sound), sound.read_bytes(), change(sound)
    change_genres(undo)
    assert read_tags(sound).genres == GENRES
    assert read_by_av(sound)["genre"].split(";")[0] == "hip-hop"
    np.testing.assert_array_equal(samples(sound), before)
    assert restore_genres(undo)
    assert read_tags(sound).genres == []
    assert "genre" not in read_by_av(sound)
    np.testing.assert_array_equal(samples(sound), before)
    if undo.bare:
        assert sound.read_bytes() == content


def test_more_than_a_cover_in_front_of_the_sound(sound):
    # Long enough that every place in the file moves, and pages of Ogg are numbered anew.
    before = hash_samples(sound)
    undo = change(sound, [f"genre {i} " + "x" * 300 for i in range(300)])
    change_genres(undo)
    assert read_tags(sound).genres == undo.after
    assert hash_samples(sound) == before
    restore_genres(undo)
    assert (read_tags(sound).genres, hash_samples(sound)) == ([], before)


def test_other_tags_stay(tmp_path):
    path = make_sound(tmp_path / "sound.flac")
    file = FLAC(path)
    file["artist"], file["album"], file["Genre"] = "Ann", "Live", "Rock"
    picture = Picture()
    picture.data, picture.mime = b"\xff\xd8picture", "image/jpeg"
    file.add_picture(picture)
    file.save()
    undo = change(path)
    change_genres(undo)
    assert read_tags(path) == (GENRES, "Ann", "Live")
    assert FLAC(path).pictures[0].data == picture.data
    restore_genres(undo)
    assert read_tags(path) == (["Rock"], "Ann", "Live")


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version_and_frames_that_are_not_known(tmp_path, version):
    path = make_sound(tmp_path / "sound.mp3")
    frames = ID3()
    frames.add(TPE1(encoding=1, text=["Ann"]))
    frames.add(TALB(encoding=1, text=["Live"]))
    frames.add(TXXX(encoding=1, desc="mood", text=["calm"]))
    frames.add(TCON(encoding=1, text=["(17)"]))
    frames.save(path, v2_version=version)
    undo = change(path)
    assert undo.before == ["(17)"]
    assert read_tags(path) == (["Rock"], "Ann", "Live")
    change_genres(undo)
    found = MP3(path, translate=False).tags
    assert found.version[:2] == (2, version)
    assert found["TXXX:mood"].text == ["calm"]
    assert read_tags(path) == (GENRES, "Ann", "Live")
    restore_genres(undo)
    assert Tagged(path).stored == ["(17)"]


def test_what_says_that_there_is_no_genre(tmp_path):
    path = make_sound(tmp_path / "sound.mp3")
    for said in (["Unknown"], ["(255)"], [" unknown genre "], ["  "], []):
        undo = change(path, said)
        change_genres(undo)
        assert read_tags(path).genres == []
        assert Tagged(path).stored == said
    change_genres(change(path, ["Unknown", "Jazz "]))
    assert read_tags(path).genres == ["Jazz"]


def test_tags_of_other_times(tmp_path):
    path = make_sound(tmp_path / "old.mp3")
    with path.open("ab") as file:  # ID3v1: 17 is Rock
        title, artist, album = (text.ljust(30, b"\0") for text in (b"Song", b"Ann", b"Live"))
        file.write(b"TAG" + title + artist + album + b"1971" + bytes(30) + bytes([17]))
    before = hash_samples(path)
    assert read_tags(path) == (["Rock"], "Ann", "Live")
    change_genres(change(path, ["Jazz"]))
    assert read_tags(path) == (["Jazz"], "Ann", "Live")
    assert path.read_bytes()[-1] == 8  # as ID3v1 numbers Jazz
    assert hash_samples(path) == before
    # Version 2.2 has names of three letters, and can't be written.
    path = tmp_path / "older.mp3"
    frame = b"\0Rock"
    tag = b"TCO" + len(frame).to_bytes(3, "big") + frame
    sound = make_sound(tmp_path / "x.mp3").read_bytes()
    path.write_bytes(b"ID3\2\0\0\0\0\0" + bytes([len(tag)]) + tag + sound)
    undo = change(path, ["jazz"])
    assert undo.before == ["Rock"]
    change_genres(undo)
    assert MP3(path, translate=False).tags.version[:2] == (2, 3)
    assert read_tags(path).genres == ["jazz"]


def _ape(path):
    tags = APEv2()
    tags.update({"Genre": ["Polka"], "Artist": "Ann", "Album": "Live"})
    tags.save(path)


def _id3(path):
    tags = ID3()
    for frame in (TCON, TPE1, TALB):
        tags.add(frame(encoding=3, text=[{TCON: "Polka", TPE1: "Ann", TALB: "Live"}[frame]]))
    tags.save(path)


def _freeform(path):
    file = MP4(path)
    file.update({"----:com.apple.iTunes:GENRE": b"Polka", "\xa9ART": "Ann", "\xa9alb": "Live"})
    file.save()


def _info(path):
    texts = (b"IGNR", b"Polka\0"), (b"ISFT", b"x\0"), (b"IART", b"Ann\0"), (b"IPRD", b"Live\0")
    entries = b"".join(k + struct.pack("<I", len(t)) + t + b"\0" * (len(t) % 2) for k, t in texts)
    chunk = b"LIST" + struct.pack("<I", len(entries) + 4) + b"INFO" + entries
    sound = path.read_bytes()
    size = struct.pack("<I", len(sound) - 8 + len(chunk))
    path.write_bytes(sound[:4] + size + sound[8:] + chunk)


@pytest.mark.parametrize(
    ("name", "put"), [("a.mp3", _ape), ("a.flac", _id3), ("a.m4a", _freeform), ("a.wav", _info)]
)
def test_tags_of_another_kind_are_not_overlooked(name, put, tmp_path):
    path = make_sound(tmp_path / name)
    put(path)
    before = hash_samples(path)
    assert read_tags(path) == (["Polka"], "Ann", "Live")
    undo = change(path, ["jazz"])
    assert undo.before == []  # of its own kind
    change_genres(undo)
    assert read_tags(path) == (["jazz"], "Ann", "Live")
    restore_genres(undo)
    assert read_tags(path) == (["Polka"], "Ann", "Live")
    assert hash_samples(path) == before


def test_a_broken_list_of_another_kind_is_none(tmp_path):
    path = make_sound(tmp_path / "a.wav")
    _info(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"IGNR\6\0\0\0", b"IGNR\xff\xff\xff\xff"))
    assert read_tags(path).artist == ""
    path.write_bytes(content[:-40])
    assert read_tags(path).album == ""


def test_several_genres_in_one_text(tmp_path):
    path = make_sound(tmp_path / "a.ogg")
    undo = change(path, ["Rock; Pop;", "R&B/Soul"])
    change_genres(undo)
    assert read_tags(path).genres == ["Rock", "Pop", "R&B/Soul"]
    assert Tagged(path).stored == ["Rock; Pop;", "R&B/Soul"]


def test_mode_times_and_links_stay(sound, tmp_path):
    os.chmod(sound, 0o640)
    os.utime(sound, ns=(10**18, 10**18 + 12345))
    link = tmp_path / f"link{sound.suffix}"
    link.symlink_to(sound)
    change_genres(change(link))
    assert link.is_symlink()
    assert read_tags(sound).genres == GENRES
    assert (sound.stat().st_mode & 0o777, sound.stat().st_mtime_ns) == (0o640, 10**18 + 12345)
    assert sorted(path.name for path in tmp_path.iterdir()) == [link.name, sound.name]


def test_a_check_that_fails_leaves_the_file_and_nothing_beside(sound, tmp_path):
    content = sound.read_bytes()

    def check(path, copy):
        assert (path, path.read_bytes()) == (sound, content)
        assert copy.parent == tmp_path
        raise ValueError("it sounds otherwise")

    with pytest.raises(ValueError, match="it sounds otherwise"):
        change_genres(change(sound), check=check)
    assert sound.read_bytes() == content
    assert list(tmp_path.iterdir()) == [sound]


def test_what_changed_meanwhile_is_left_alone(sound):
    undo = change(sound)
    change_genres(undo)
    with pytest.raises(ValueError, match="changed meanwhile"):
        change_genres(undo)

    def touch(path, copy):
        os.utime(path, ns=(1, 1))

    with pytest.raises(ValueError, match="changed meanwhile"):
        change_genres(change(sound, ["rock"]), check=touch)
    change_genres(change(sound, ["folk"]))
    with pytest.raises(ValueError, match="changed since"):
        restore_genres(undo)
    assert read_tags(sound).genres == ["folk"]


def test_restoring_twice_does_nothing(sound):
    undo = change(sound)
    assert not restore_genres(undo)
    change_genres(undo)
    assert restore_genres(undo)
    assert not restore_genres(undo)


def test_read_only_files_are_left_alone(sound, monkeypatch):
    undo, content = change(sound), sound.read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=r"sound\..*read-only"):
        change_genres(undo)
    assert sound.read_bytes() == content


def test_a_full_disk_leaves_the_file(sound, tmp_path, monkeypatch):
    undo, content = change(sound), sound.read_bytes()

    def copy2(source, target):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", copy2)
    with pytest.raises(OSError, match="No space left"):
        change_genres(undo)
    assert sound.read_bytes() == content
    assert list(tmp_path.iterdir()) == [sound]


def test_files_of_other_kinds_say_so(tmp_path):
    for name, content in {
        "page.mp3": b"<!doctype html>" * 50,
        "empty.flac": b"",
        "text.txt": b"hello",
        "half.m4a": b"\0\0\0\x20ftypM4A ",
        "noise.ogg": np.random.default_rng(0).bytes(4000),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="its tags can't be"):
            read_tags(tmp_path / name)
    with pytest.raises(ValueError, match="its tags can't be read"):
        read_tags(tmp_path / "missing.mp3")


def test_damaged_files_give_tags_or_say_what_is_wrong(sound, tmp_path):
    rng, content, said = np.random.default_rng(0), sound.read_bytes(), []
    path = tmp_path / f"broken{sound.suffix}"
    for _ in range(30):
        broken = bytearray(content[: rng.integers(10, len(content))])
        for place in rng.integers(0, min(len(broken), 600), 20):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        said.append(told(path))
    assert all(text == "read" or text.startswith("its tags") for text in said)
    assert len(set(said)) > 1


def told(path):
    try:
        read_tags(path)
    except ValueError as error:
        return str(error)
    return "read"


def odd_files(folder):
    """Files as programs write them, and what becomes of each."""
    noise = np.random.default_rng(0).integers(-9999, 9999, 22051, dtype=np.int16)
    for name, subtype in (("odd.wav", "PCM_U8"), ("float.wav", "FLOAT"), ("odd.aiff", "PCM_S8")):
        soundfile.write(folder / name, noise, 22050, subtype=subtype)
    with soundfile.SoundFile(folder / "list.wav", "w", 22050, 1) as file:
        file.title = "in a chunk of its own"
        file.write(noise)
    plain = (folder / "list.wav").read_bytes()
    (folder / "junk behind.wav").write_bytes(plain + b"junkjunkjunk")
    start = plain.index(b"data") + 4
    sizes = plain[:4] + b"\xff" * 4 + plain[8:start] + b"\xff" * 4 + plain[start + 4 :]
    (folder / "sizes not known.wav").write_bytes(sizes)
    (folder / "cut.wav").write_bytes(plain[:-1000])
    mp3 = make_sound(folder / "plain.mp3").read_bytes()
    ape = b"APETAGEX" + bytes([208, 7, 0, 0, 32]) + bytes(19)
    (folder / "ape and v1.mp3").write_bytes(mp3 + ape + b"TAG" + bytes(124) + b"\xff")
    (folder / "zeros in front.mp3").write_bytes(bytes(3000) + mp3)
    (folder / "called otherwise.wav").write_bytes(mp3)
    (folder / "called otherwise.mp3").write_bytes(plain)
    flac = make_sound(folder / "plain.flac").read_bytes()
    (folder / "id3.flac").write_bytes(b"ID3\4\0\0\0\0\0\x14" + bytes(20) + flac)
    return dict.fromkeys(folder.iterdir(), True) | {
        folder / "sizes not known.wav": False,
        folder / "cut.wav": False,
    }


def test_odd_files_are_written_with_their_sound_or_not_at_all(tmp_path):
    for path, works in odd_files(tmp_path).items():
        content, before, undo = path.read_bytes(), hash_samples(path), change(path)
        if works:
            change_genres(undo)
            assert read_tags(path).genres == GENRES
            assert hash_samples(path) == before
            restore_genres(undo)
        else:
            with pytest.raises(ValueError, match="its tags can't be written: "):
                change_genres(undo)
            assert path.read_bytes() == content
        assert read_tags(path).genres == []
        assert hash_samples(path) == before


def test_a_kind_that_is_not_written_is_named(tmp_path):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(2000), 8000, format="WAV")
    path = tmp_path / "song.ape"
    path.write_bytes(b"MAC \x96\x0f" + bytes(200) + file.getvalue())
    with pytest.raises(ValueError, match="its tags"):
        read_tags(path)


def test_undo_files_come_back_whole_and_are_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "undo.jsonl"
    odd = os.fsdecode(b"caf\xe9.mp3")
    changes = [
        Change("a.mp3", ["Rock\n"], ["jazz"], False),
        Change(str(tmp_path / odd), [], ["ä\ud800"], True),
    ]
    write_undo(path, changes)
    assert read_undo(path) == [changes[0]._replace(path=str(tmp_path / "a.mp3")), changes[1]]
    with pytest.raises(FileExistsError, match="is there already"):
        write_undo(path, [])
    with pytest.raises(FileNotFoundError, match="can't be written"):
        write_undo(tmp_path / "no" / "undo.jsonl", [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"path,genre\n",
        b"[]\n",
        b'{"genrekit": "undo of write-tags", "version": 2}\n',
        b'{"genrekit": "undo of write-tags", "version": 1}\n{"path": "a"}\n',
        b'{"genrekit": "undo of write-tags", "version": 1}\n7\n',
        b'{"genrekit": "undo of write-tags", "version": 1}\n'
        b'{"path": "a", "before": "rock", "after": [], "bare": false}\n',
        b'{"genrekit": "undo of write-tags", "version": 1}\n'
        b'{"path": "a", "before": [1], "after": [], "bare": false}\n',
        b"\xff\xfe",
    ],
)
def test_what_is_no_undo_file(tmp_path, content):
    path = tmp_path / "undo.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no undo file of write-tags"):
        read_undo(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_undo(tmp_path / "other")


def test_mutagen_is_asked_for_by_name(tmp_path, monkeypatch):
    path = make_sound(tmp_path / "a.wav")
    monkeypatch.setitem(__import__("sys").modules, "mutagen", None)
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[tags\]'"):
        room.read_tags(path)
