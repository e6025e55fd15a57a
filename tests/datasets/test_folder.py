"""Folders with one sub-folder a genre."""

from __future__ import annotations

import numpy as np
import pytest

from genrekit import extract
from genrekit.datasets import AUDIO_EXTENSIONS, find_audio, load_folder
from genrekit.exceptions import AudioDecodeWarning, GenrekitWarning


def test_paths_genres_and_groups_agree(make_files):
    root = make_files("rock/b.mp3", "rock/a.wav", "jazz/z.flac")
    tracks = load_folder(root)
    assert tracks.paths == [
        str(root / name) for name in ("jazz/z.flac", "rock/a.wav", "rock/b.mp3")
    ]
    assert tracks.target.tolist() == ["jazz", "rock", "rock"]
    assert tracks.target_names == ["jazz", "rock"]
    assert len(np.unique(tracks.groups)) == 3
    assert "rock: 2" in tracks.DESCR
    assert "Tracks: 3" in tracks.DESCR


def test_relative_root_gives_relative_paths(make_files, monkeypatch):
    monkeypatch.chdir(make_files("m/rock/a.wav", "m/jazz/b.wav"))
    assert load_folder("m").paths == ["m/jazz/b.wav", "m/rock/a.wav"]


def test_nested_folders_belong_to_their_genre(make_files):
    root = make_files("rock/artist/album/a.wav", "jazz/b.wav")
    assert load_folder(root).target.tolist() == ["jazz", "rock"]


def test_what_is_left_out(make_files):
    root = make_files(
        "rock/a.WAV",
        "rock/._a.wav",
        "rock/.hidden/b.wav",
        "rock/cover.jpg",
        ".git/c.wav",
        "jazz/d.opus",
        "notes/readme.txt",
        "loose.mp3",
    )
    (root / "rock" / "folder.wav").mkdir()
    tracks = load_folder(root)
    assert [path.rsplit("/", 1)[1] for path in tracks.paths] == ["d.opus", "a.WAV"]
    assert tracks.target_names == ["jazz", "rock"]


@pytest.mark.parametrize("extensions", [[".mp3"], ["MP3"], {"mp3"}])
def test_extensions(make_files, extensions):
    root = make_files("rock/a.mp3", "rock/b.wav", "jazz/c.mp3")
    assert len(load_folder(root, extensions=extensions).paths) == 2


def test_extensions_as_one_string(make_files):
    with pytest.raises(TypeError, match="wrap it in a list"):
        load_folder(make_files("rock/a.mp3"), extensions=".mp3")


def test_links_out_of_the_tree_are_not_followed(make_files):
    root = make_files("outside/secret.wav", "music/rock/a.wav", "music/jazz/b.wav") / "music"
    (root / "rock" / "link.wav").symlink_to(root.parent / "outside" / "secret.wav")
    (root / "pop").symlink_to(root.parent / "outside")
    (root / "rock" / "broken.wav").symlink_to(root / "nowhere.wav")
    with pytest.warns(GenrekitWarning) as seen:
        tracks = load_folder(root)
    (message,) = (str(w.message) for w in seen)
    assert "left out: 2 links that lead out of the folder (first: " in message
    assert f"(first: {root / 'pop'}); 1 link that leads nowhere (first: " in message
    assert message.endswith("music/rock/broken.wav)")
    assert seen[0].filename == __file__
    assert len(tracks.paths) == 2
    assert tracks.target_names == ["jazz", "rock"]


def test_a_folder_of_links_alone_is_explained(make_files):
    root = make_files("store/a.wav", "music/rock/x.txt") / "music"
    (root / "rock" / "link.wav").symlink_to(root.parent / "store" / "a.wav")
    passed_over = r"passed over: 1 link that leads out of the folder \(first: .*link\.wav\)"
    for load, sources in ((load_folder, root), (find_audio, [root])):
        with pytest.raises(ValueError, match=passed_over):
            load(sources)


def test_find_audio_counts_links_out_of_a_folder(make_files):
    root = make_files("store/a.wav", "music/b.wav") / "music"
    (root / "link.wav").symlink_to(root.parent / "store" / "a.wav")
    with pytest.warns(GenrekitWarning, match="1 link that leads out of the folder"):
        assert find_audio([root]).paths == [str(root / "b.wav")]


def test_links_to_one_recording_share_a_group(make_files):
    root = make_files("rock/a.wav", "rock/b.wav", "jazz/c.wav")
    (root / "rock" / "again.wav").symlink_to(root / "rock" / "b.wav")
    tracks = load_folder(root)
    group = {path.rsplit("/", 1)[1]: g for path, g in zip(tracks.paths, tracks.groups, strict=True)}
    assert group["again.wav"] == group["b.wav"]
    assert len(set(group.values())) == 3


def test_identical_files_share_a_group(make_files):
    root = make_files("rock/a.wav", "rock/b.wav", "jazz/c.wav")
    (root / "jazz" / "copy.wav").write_bytes((root / "rock" / "a.wav").read_bytes())
    two = r"1 recording stands in more than one genre: .*copy\.wav \(jazz\) and .*a\.wav \(rock\)"
    with pytest.warns(GenrekitWarning, match=two):
        tracks = load_folder(root)
    group = {path.rsplit("/", 1)[1]: g for path, g in zip(tracks.paths, tracks.groups, strict=True)}
    assert group["copy.wav"] == group["a.wav"]
    assert len(set(group.values())) == 3


def test_an_unreadable_file_is_listed_and_decoding_tells(make_files, monkeypatch):
    root = make_files("rock/a.wav", "jazz/b.wav")  # of the same size, so that both are opened

    def deny(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", deny)
    tracks = load_folder(root)
    monkeypatch.undo()
    assert len(set(tracks.groups)) == 2
    with pytest.warns(AudioDecodeWarning):
        result = extract(tracks.paths, ["rms"])  # no audio either
    assert [error.path for error in result.errors] == tracks.paths


def test_frame_and_X_y(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav")
    tracks = load_folder(root, as_frame=True)
    assert tracks.frame.columns.tolist() == ["path", "genre", "group"]
    assert tracks.frame["path"].tolist() == tracks.paths
    paths, target = load_folder(root, return_X_y=True)
    assert paths == tracks.paths
    assert target.tolist() == ["jazz", "rock"]
    X, y = load_folder(root, return_X_y=True, as_frame=True)
    assert X.tolist() == paths
    assert y.tolist() == ["jazz", "rock"]
    assert load_folder(root).frame is None
    assert load_folder(root).split is None


@pytest.mark.usefixtures("no_pandas")
def test_a_frame_without_pandas_names_the_extra(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav")
    with pytest.raises(ImportError, match=r"pip install 'genrekit\[table\]'"):
        load_folder(root, as_frame=True)


def test_a_loop_of_folders_ends(make_files):
    root = make_files("rock/a.wav", "jazz/b.wav")
    (root / "rock" / "loop").symlink_to(root)
    assert len(load_folder(root).paths) == 2


def test_a_root_that_is_a_link_works(make_files):
    root = make_files("music/rock/a.wav", "music/jazz/b.wav")
    (root / "link").symlink_to(root / "music")
    assert len(load_folder(root / "link").paths) == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "is empty.*one sub-folder a genre"),
        (["a.wav", "b.wav"], "2 audio files are not in sub-folders.*one sub-folder a genre"),
        (["rock/a.txt"], r"no sub-folder with audio.*\.mp3.*one sub-folder a genre"),
        (["rock/a.wav", "rock/b.wav"], "only one genre, 'rock'"),
    ],
)
def test_another_layout_is_explained(make_files, files, message):
    with pytest.raises(ValueError, match=message):
        load_folder(make_files(*files))


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        load_folder(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder(make_files):
    with pytest.raises(NotADirectoryError, match="is a file"):
        load_folder(make_files("a.wav") / "a.wav")


def test_an_unreadable_folder_is_not_left_out_unsaid(make_files, monkeypatch):
    root = make_files("rock/a.wav", "jazz/b.wav")

    def deny(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", deny)
    with pytest.raises(PermissionError):
        load_folder(root)


def test_find_audio_expands_folders_and_keeps_files(make_files):
    root = make_files("music/rock/b.wav", "music/a.mp3", "music/x.txt", "odd.xyz")
    files = find_audio([root / "music", root / "odd.xyz", root / "missing.wav"])
    names = [path.removeprefix(f"{root}/") for path in files.paths]
    assert names == ["music/a.mp3", "music/rock/b.wav", "odd.xyz", "missing.wav"]
    assert files.genres == ["", "rock", "", ""]


def test_find_audio_in_a_folder_without_any(make_files):
    with pytest.raises(ValueError, match="no audio files"):
        find_audio([make_files("a.txt")])


def test_find_audio_of_one_path(make_files):
    with pytest.raises(TypeError, match="wrap it in a list"):
        find_audio(str(make_files("a.wav")))


def test_endings_are_lower_case_and_dotted():
    assert all(ending.startswith(".") and ending == ending.lower() for ending in AUDIO_EXTENSIONS)


def test_real_music(data_dir):
    tracks = load_folder(data_dir / "gtzan_clips")
    assert len(tracks.paths) == 70
    assert np.unique(tracks.target, return_counts=True)[1].tolist() == [7] * 10
    assert len(set(tracks.groups)) == 70
