import io
import zipfile

import fsspec
import pytest

from genrekit.datasets import find_audio, load_csv, load_folder, load_tags
from genrekit.exceptions import GenrekitWarning
from genrekit.remote import find_files, is_folder

NAMES = ["jazz/a.mp3", "jazz/deep/b.mp3", "rock/c d.wav"]


@pytest.fixture
def memory():
    """A folder of music in the memory of this process."""
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    for name in [*NAMES, "rock/notes.txt", ".hidden/d.mp3", "rock/._c.wav"]:
        fs.pipe(f"/music/{name}", b"x")
    yield fs
    fs.store.clear()


@pytest.mark.parametrize("root", ["memory://music", "memory://music/", "memory:///music/"])
def test_files_of_a_folder(memory, root):
    found = find_files(root)
    named = [(f"{root.rstrip('/')}/{name}", tuple(name.split("/")[:-1])) for name in NAMES]
    assert [file for file in found if "notes" not in file[0]] == named


def test_files_of_an_archive(memory):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in NAMES:
            archive.writestr(name, b"x")
    memory.pipe("/a.zip", file.getvalue())
    root = "zip://::memory://a.zip"
    assert [path for path, _ in find_files(root)] == [
        f"zip://{name}::memory://a.zip" for name in NAMES
    ]
    assert find_files("zip://jazz/::memory://a.zip")[1] == (
        "zip://jazz/deep/b.mp3::memory://a.zip",
        ("deep",),
    )
    assert find_audio([root], genres=True).genres == ["jazz", "jazz", "rock"]


def test_files_of_a_web_page(web):
    web.files["music/"] = b'<a href="../">up</a> <a href="a%20b.mp3">a b</a> <a href="?C=N">N</a>'
    assert find_audio([web.url("music/")]).paths == [web.url("music/a%20b.mp3")]


def test_what_is_a_folder(memory, web):
    files = {".mp3"}
    assert is_folder("memory://music", files)
    assert is_folder("s3://bucket/music/", files)
    assert not is_folder("s3://bucket/a.MP3", files)
    assert not is_folder("memory://none", files)
    assert not is_folder("zip://a.mp3::memory://music", files)
    assert not is_folder("foo://none/music", files)
    assert not is_folder(web.url("stream"), files)
    assert not web.asked


def test_what_a_nas_keeps_for_itself(memory):
    memory.pipe("/music/jazz/#recycle/x.mp3", b"x")
    memory.pipe("/music/@eaDir/x.mp3", b"x")
    assert find_audio(["memory://music"]).paths == [f"memory://music/{name}" for name in NAMES]


def test_load_folder(memory):
    tracks = load_folder("memory://music")
    assert tracks.paths == [f"memory://music/{name}" for name in NAMES]
    assert tracks.target.tolist() == ["jazz", "jazz", "rock"]
    assert tracks.groups.tolist() == [0, 1, 2]
    assert "Folder: memory://music" in tracks.DESCR
    with pytest.raises(ValueError, match="memory://music/rock: its 1 audio files are not in sub"):
        load_folder("memory://music/rock")
    with pytest.raises(ValueError, match="memory://none: no sub-folder with audio"):
        load_folder("memory://none")


def test_files_and_folders_together(memory):
    found = find_audio(["memory://music", "http://x.org/a.mp3", "b.wav"])
    assert found.paths == [
        *(f"memory://music/{name}" for name in NAMES),
        "http://x.org/a.mp3",
        "b.wav",
    ]
    with pytest.raises(ValueError, match="memory://empty/: no audio files in it"):
        find_audio(["memory://empty/"])


def test_addresses_in_a_table(tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text(
        "path,genre\ns3://b/a%20b.mp3,rock\ns3://b/a%20b.mp3,rock\nhttp://x/%E9.mp3,jazz\n"
    )
    tracks = load_csv(table)
    assert tracks.paths == ["s3://b/a%20b.mp3", "s3://b/a%20b.mp3", "http://x/%E9.mp3"]
    assert tracks.groups.tolist() == [0, 0, 1]


def test_secrets_in_warnings(tmp_path):
    table = tmp_path / "tracks.csv"
    table.write_text("path,genre\nhttp://me:word@x/a.mp3,rock\nhttp://me:word@x/a.mp3,jazz\n")
    with pytest.warns(GenrekitWarning, match="more than one genre: http://x/a.mp3") as caught:
        load_csv(table)
    assert "word" not in str(caught[0].message)


def test_what_is_read_here_only():
    with pytest.raises(ValueError, match="the folder must be on this machine"):
        load_tags("s3://bucket/music")
