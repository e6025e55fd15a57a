"""What is found below a folder, and what is counted."""

from __future__ import annotations

import os
import warnings

import pytest

from genrekit.datasets import find_audio, load_folder
from genrekit.exceptions import GenrekitWarning


def told(root, load=load_folder, **options):
    """What is said about a folder."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(root, **options)
    return [str(warning.message).removeprefix(f"{root}: ") for warning in caught]


def find(root, **options):
    return find_audio([root], **options)


@pytest.mark.parametrize("load", [load_folder, find])
def test_files_of_other_kinds_are_counted_in_one_sentence(make_files, load):
    root = make_files(
        "rock/a.ape", "rock/b.WV", "jazz/c.m4b", "jazz/d.dsf", "rock/x.webm", "rock/x.mka",
        "rock/x.MP4", "rock/cover.jpg", "jazz/back.JPG", "jazz/notes", "jazz/01. Some title",
    )  # fmt: skip
    assert told(root, load) == [
        "7 files of other kinds were passed over: 2 .jpg, 2 without an ending, 1 .mka, 1 .mp4, "
        "1 .webm (.mka, .mp4, .webm may hold sound: name such files to have them read)"
    ]


def test_many_kinds_are_summed_up(make_files):
    root = make_files(
        "r/a.wav",
        "j/b.wav",
        *(f"r/x.{kind}" for kind in ["cue", "jpg", "log", "m3u", "nfo", "pdf", "txt"]),
    )
    (message,) = told(root)
    assert message == (
        "7 files of other kinds were passed over: 1 .cue, 1 .jpg, 1 .log, 1 .m3u, 1 .nfo and "
        "2 more kinds"
    )


def test_nothing_is_said_where_there_is_nothing_to_say(make_files):
    assert told(make_files("r/a.wav", "j/b.wav", ".hidden", "r/.DS_Store", "r/._a.wav")) == []


def test_endings_that_are_asked_for_leave_others_out_unsaid(make_files):
    root = make_files("r/a.mp3", "j/b.mp3", "r/c.wav", "r/d.jpg")
    assert told(root, extensions=[".mp3"]) == []


def test_links_are_counted(make_files):
    root = make_files("music/rock/a.wav", "music/jazz/b.wav", "else/c.wav") / "music"
    (root / "rock" / "broken.wav").symlink_to("nowhere.wav")
    (root / "rock" / "self.wav").symlink_to("self.wav")
    (root / "jazz" / "up").symlink_to(root)
    (root / "jazz" / "here").symlink_to(".")
    (root / "jazz" / "out").symlink_to(root.parent / "else")
    (root / "jazz" / "rock").symlink_to(root / "rock")  # inside: its files are found anyway
    assert told(root) == [
        f"left out: 1 link that leads out of the folder (first: {root}/jazz/out); "
        f"2 links that lead nowhere (first: {root}/rock/broken.wav); "
        f"2 links to folders they lie in (first: {root}/jazz/here)"
    ]


def test_loose_files_are_counted(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav", "loose.mp3")
    said = f"left out: 1 audio file that is in no genre's folder (first: {root}/loose.mp3)"
    assert told(root) == [said]
    assert told(root, find) == []


def test_what_is_no_regular_file_is_counted_and_never_opened(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav")
    os.mkfifo(root / "rock" / "pipe.wav")
    assert told(root) == ["1 file of another kind was passed over: 1 special file"]


def test_what_systems_keep_for_themselves_is_no_music(make_files):
    trash = ["#recycle", "@eaDir", "$RECYCLE.BIN", "lost+found", "System Volume Information"]
    kept = make_files("jazz/a.wav", "rock/b.wav", "rock/Recycle/c.wav")
    make_files(*(f"{name}/x.wav" for name in trash), "rock/@Recycle/x.wav")
    assert told(kept) == []
    assert load_folder(kept).target.tolist() == ["jazz", "rock", "rock"]
    assert len(find(kept).paths) == 3
    assert len(find(kept / "#recycle").paths) == 1  # who names it means it


@pytest.fixture
def deny(monkeypatch):
    """Let folders be closed to us, even to those whom no mode stops."""
    listed, closed = os.scandir, []

    def scandir(path):
        if os.fspath(path) in closed:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    return lambda path: closed.append(str(path))


def test_a_closed_folder_costs_none_of_the_others(make_files, deny):
    root = make_files("rock/a.wav", "jazz/b.wav", "private/c.wav")
    deny(root / "private")
    assert told(root, find) == [
        f"left out: 1 folder that can't be listed (first: {root}/private: Permission denied)"
    ]
    with pytest.raises(PermissionError):  # a genre that is missing would be another task
        load_folder(root)
    deny(root)
    with pytest.raises(PermissionError):
        find(root)


def test_a_folder_that_may_be_listed_and_not_entered(make_files, monkeypatch):
    root = make_files("rock/a.wav", "jazz/b.wav")
    looked = os.stat

    def stat(path, **options):
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(f"{root}/jazz/"):
            raise PermissionError(13, "Permission denied", path)
        return looked(path, **options)

    monkeypatch.setattr("os.stat", stat)
    assert find(root).paths == [f"{root}/jazz/b.wav", f"{root}/rock/a.wav"]


def test_a_named_file_is_always_taken(make_files):
    root = make_files("x.mp4", "y.txt")
    assert find_audio([root / "x.mp4", root / "y.txt"]).paths == [f"{root}/x.mp4", f"{root}/y.txt"]


def test_an_error_says_what_there_was(make_files):
    root = make_files("rock/a.mp4", "rock/b.mp4")
    said = r"no audio files .*2 files of other kinds were passed over: 2 \.mp4 .* may hold sound"
    with pytest.raises(ValueError, match=said):
        find_audio([root])
    with pytest.raises(ValueError, match=r"no sub-folder with audio .*2 \.mp4"):
        load_folder(root)


@pytest.mark.parametrize(
    ("files", "genres"),
    [
        (["r/1.wav", "r/2.wav", "j/1.wav", "j/2.wav"], ["j", "j", "r", "r"]),
        (["r/1.wav", "r/2.wav", "j/1.wav"], ["", "", ""]),
        (["r/1.wav", "r/2.wav"], ["", ""]),
        (["r/1.wav", "r/2.wav", "j/1.wav", "j/2.wav", "x.wav"], [""] * 5),
        (["r/a/1.wav", "r/a/2.wav", "j/b/1.wav", "j/b/2.wav"], [""] * 4),
        (["1.wav"], [""]),
    ],
)
def test_which_folders_look_like_genres(make_files, files, genres):
    root = make_files(*files)
    assert find_audio([root], genres=None).genres == genres
    assert find_audio([root], genres=False).genres == [""] * len(files)
    by_name = [path.removeprefix(f"{root}/").rpartition("/")[0] for path in sorted(files)]
    assert find_audio([root], genres=True).genres == [name.partition("/")[0] for name in by_name]


@pytest.mark.parametrize("name", ["nan", "None", " "])
def test_a_folder_whose_name_is_no_genre(make_files, name):
    root = make_files("rock/a.wav", f"{name}/b.wav")
    with pytest.raises(ValueError, match="the name of a folder is "):
        load_folder(root)


def test_names_that_are_no_names(make_files, tmp_path):
    with pytest.raises(ValueError, match="name of a file or folder is empty"):
        find_audio([""])
    with pytest.raises(ValueError, match="name of the folder is empty"):
        load_folder("")
    with pytest.raises(TypeError, match="wrap it in a list"):
        find_audio(b"a.wav")
    assert find_audio([b"caf\xe9.wav"]).paths == [os.fsdecode(b"caf\xe9.wav")]
    long = "x" * 300
    assert find_audio([long]).paths == [long]
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_folder(long)


def test_the_home_folder_is_found(make_files, monkeypatch):
    root = make_files("music/rock/a.wav", "music/jazz/b.wav")
    monkeypatch.setenv("HOME", str(root))
    assert load_folder("~/music").paths == [f"{root}/music/jazz/b.wav", f"{root}/music/rock/a.wav"]
    assert find_audio(["~/music"]).paths == load_folder("~/music").paths


def test_names_and_genres_that_are_no_utf8(make_files):
    pd = pytest.importorskip("pandas")
    root = make_files("jazz/a.wav")
    folder = os.path.join(os.fsencode(root), b"ra\xef")
    os.mkdir(folder)
    with open(os.path.join(folder, b"caf\xe9.wav"), "wb") as file:
        file.write(b"x")
    tracks = load_folder(root, as_frame=True)
    assert os.fsencode(tracks.paths[1]).endswith(b"/ra\xef/caf\xe9.wav")
    assert isinstance(tracks.frame, pd.DataFrame)
    assert tracks.frame["path"].tolist() == tracks.paths
    assert (
        tracks.frame["genre"].tolist() == tracks.target.tolist() == ["jazz", os.fsdecode(b"ra\xef")]
    )


def test_a_warning_is_safe_to_print(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav")
    (root / "rock" / "\x1b[2J.wav").symlink_to("nowhere")
    with pytest.warns(GenrekitWarning, match=r"first: .*\\x1b\[2J\.wav"):
        load_folder(root)
