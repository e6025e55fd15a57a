import sys
from pathlib import Path

import pytest

from genrekit import extract
from genrekit.datasets import find_audio
from genrekit.remote import is_address, refuse_address, without_secrets
from genrekit.remote._address import scrubbed


@pytest.mark.parametrize(
    "address",
    [
        "s3://bucket/a.mp3",
        "HTTPS://example.org/a.mp3",
        "zip://a.mp3::s3://bucket/album.zip",
        "zip://AC::DC.mp3::album.zip",
        "simplecache::s3://bucket/a.mp3",
        "memory://a.mp3",
    ],
)
def test_addresses(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "path",
    [
        "a.mp3",
        "/music/a.mp3",
        r"C:\music\a.mp3",
        "C:/music/a.mp3",
        "C://music/a.mp3",
        "AC::DC.mp3",
        "music/a://b.mp3",
        "s3:/bucket/a.mp3",  # what pathlib makes of one
        "file:///music/a.mp3",
        "",
    ],
)
def test_paths(path):
    assert not is_address(path)
    assert without_secrets(path) == path


@pytest.mark.parametrize("name", ["http://example.org/a.wav", "zip::a://b.wav"])
def test_a_file_here_that_is_called_like_an_address(name, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(parents=True)
    Path(name).write_bytes(Path(files[0]).read_bytes())
    assert not is_address(name)
    assert extract([name], ["rms"]).table.tolist() == extract(files[:1], ["rms"]).table.tolist()


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:word@example.org/a.mp3", "https://example.org/a.mp3"),
        ("https://ghp_0123@example.org/a@b.mp3", "https://example.org/a@b.mp3"),
        ("ftp://me@example.org/a.mp3", "ftp://example.org/a.mp3"),
        ("s3://key:secret@bucket/a.mp3", "s3://bucket/a.mp3"),
        ("zip://me@home.mp3::album.zip", "zip://me@home.mp3::album.zip"),
        ("zip://a.mp3::https://me:word@x.org/b.zip", "zip://a.mp3::https://x.org/b.zip"),
        ("https://x.org/a.mp3?v=2&key-pair-id=K&Signature=S&Expires=9", "https://x.org/a.mp3?v=2"),
        ("https://x.org/a.mp3?X-Amz-Signature=S&X-Amz-Date=D", "https://x.org/a.mp3"),
        ("https://x.org/a.mp3?sv=1&se=2&sr=b&sig=S", "https://x.org/a.mp3"),
        ("https://x.org/a.mp3?id=1&sr=b", "https://x.org/a.mp3?id=1&sr=b"),
        ("s3://bucket/what?.mp3", "s3://bucket/what?.mp3"),
        ("https://x.org/get?author=Ann", "https://x.org/get?author=Ann"),
    ],
)
def test_secrets_are_not_shown(address, shown):
    assert without_secrets(address) == shown


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "password", "auth", "hmac"])
def test_what_may_be_a_secret_is_told_apart_all_the_same(name):
    one, other = (without_secrets(f"https://x.org/get?{name}={word}") for word in ("one", "two"))
    assert "one" not in one
    assert one != other
    assert one == without_secrets(f"https://x.org/get?{name}=one")
    assert without_secrets(one) == one, "it has none any more"


def test_long_values_are_not_shown():
    assert "0123" not in without_secrets(f"https://x.org/get?x={'0123' * 20}")


def test_addresses_in_a_text():
    text = "403, url='https://me:word@x.org/a.mp3?X-Amz-Signature=S', see http://y.org/?token=T"
    assert scrubbed(text).startswith("403, url='https://x.org/a.mp3', see http://y.org/?token=~")


def test_what_must_be_here():
    refuse_address("rows", "output=")
    with pytest.raises(ValueError, match=r"output= must be on this machine.* s3://b/rows is an"):
        refuse_address("s3://me:word@b/rows", "output=")


def test_a_path_never_needs_fsspec(files, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for memory in (None, tmp_path / "memory"):
        assert extract(files, ["rms"], memory=memory).table.shape == (3, 2)
    assert len(find_audio([tmp_path]).paths) == 3
