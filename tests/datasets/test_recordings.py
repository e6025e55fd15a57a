"""Which files hold the same recording."""

from __future__ import annotations

import pytest

from genrekit.datasets._recordings import number_recordings, warn_of_two_genres
from genrekit.exceptions import GenrekitWarning


@pytest.fixture
def write(tmp_path):
    """Write files and give their paths."""

    def make(**contents):
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        return [str(tmp_path / name) for name in contents]

    return make


def test_same_content_shares_a_number(write):
    paths = write(a=b"one", b=b"two", c=b"one", d=b"three")
    assert number_recordings(paths).tolist() == [0, 1, 0, 2]


def test_same_size_and_middle_are_not_enough(write):
    middle = bytes(1 << 20)
    paths = write(a=b"1" + middle + b"1", b=b"2" + middle + b"1", c=b"1" + middle + b"2")
    assert number_recordings(paths).tolist() == [0, 1, 2]


def test_links_share_a_number(write, tmp_path):
    (path,) = write(a=b"one")
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    paths = [path, str(tmp_path / "link"), str(tmp_path / "broken"), path]
    assert number_recordings(paths).tolist() == [0, 0, 1, 0]


def test_empty_files_are_no_recording(write):
    assert number_recordings(write(a=b"", b=b"")).tolist() == [0, 1]


def test_only_files_of_one_size_are_opened(write, monkeypatch):
    paths = write(a=b"one", b=b"three")
    monkeypatch.setattr("builtins.open", None)
    assert number_recordings(paths).tolist() == [0, 1]


def test_recordings_in_two_genres_are_counted():
    paths, genres = ["a", "b", "c", "d", "e"], ["rock", "jazz", "rock", "pop", "rock"]
    with pytest.warns(GenrekitWarning) as seen:
        warn_of_two_genres("music", paths, genres, [0, 0, 1, 1, 2])
    assert str(seen[0].message) == (
        "music: 2 recordings stand in more than one genre, the first: a (rock) and b (jazz)"
    )


def test_copies_within_a_genre_are_no_matter(recwarn):
    warn_of_two_genres("music", ["a", "b", "c"], ["rock", "rock", "jazz"], [0, 0, 1])
    assert not recwarn


def test_none():
    assert number_recordings([]).tolist() == []
