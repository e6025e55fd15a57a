"""`fetch_fma` against a server on this machine, with miniature archives in the published layout."""

from __future__ import annotations

import hashlib
import io
import stat
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from genrekit.datasets import _download, _fetch, fetch_fma, load_fma

pytestmark = pytest.mark.filterwarnings("ignore:.*known to be bad")


def archive(files, link=None):
    """A zip archive of name → content, compressed as the published ones are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as file:
        for name, content in files.items():
            file.writestr(name, content)
        if link:
            member = zipfile.ZipInfo(link)
            member.external_attr = (stat.S_IFLNK | 0o777) << 16
            file.writestr(member, "/etc")
    return buffer.getvalue()


class Server:
    """Serves files from memory; can break off, and forget what ranges are."""

    def __init__(self):
        self.files = {}
        self.requests = []  # (path, Range header)
        self.break_after = []  # bytes, for one response each
        self.ranges = True
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append((self.path, self.headers.get("Range")))
                server.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/fma"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        """One response."""
        content = self.files.get(handler.path.rpartition("/")[2])
        if content is None:
            handler.send_error(404)
            return
        asked = handler.headers.get("Range") if self.ranges else None
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if asked and start >= len(content):
            handler.send_error(416)
            return
        handler.send_response(206 if asked else 200)
        body = content[start:]
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.break_after.pop(0)] if self.break_after else body)


@pytest.fixture
def server(monkeypatch, fma_files):
    """A server with both archives of the miniature, whose digests are the published ones."""
    server = Server()
    publish(server, monkeypatch, "fma_metadata", archive(fma_files["fma_metadata"]))
    publish(server, monkeypatch, "fma_small", archive(fma_files["fma_small"]))
    monkeypatch.setattr(_download, "_PAUSE", 0)
    yield server
    server.http.shutdown()
    server.http.server_close()


def publish(server, monkeypatch, name, content, sha1=None):
    """Put an archive on the server."""
    server.files[f"{name}.zip"] = content
    monkeypatch.setitem(_fetch._SHA1, name, sha1 or hashlib.sha1(content).hexdigest())


def fetch(server, root, **options):
    """Fetch the miniature."""
    return fetch_fma("small", root, base_url=server.url, **{"verbose": 0, **options})


def test_what_is_fetched_can_be_loaded(server, tmp_path, fma_files):
    root = fetch(server, tmp_path / "new" / "fma")
    assert sorted(path.name for path in root.iterdir()) == ["fma_metadata", "fma_small"]
    assert len(load_fma(root, "small").paths) == 5
    content = (root / "fma_small/000/000002.mp3").read_bytes()
    assert content == fma_files["fma_small"]["fma_small/000/000002.mp3"]


def test_published_digests():
    assert _fetch._SHA1["fma_metadata"] == "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"
    assert _fetch._SHA1["fma_small"] == "ade154f733639d52e35e32f5593efe5be76c6d70"
    assert set(_fetch._SHA1) == {
        f"fma_{n}" for n in ("metadata", "small", "medium", "large", "full")
    }


def test_metadata_alone(server, tmp_path):
    fetch_fma("metadata", tmp_path, base_url=server.url + "/", verbose=0)
    assert [path for path, _ in server.requests] == ["/fma/fma_metadata.zip"]


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    fetch(server, tmp_path)
    server.requests.clear()
    fetch(server, tmp_path)
    assert server.requests == []


def test_archives_are_kept_on_request(server, tmp_path):
    fetch(server, tmp_path, keep_archives=True)
    (tmp_path / "fma_small" / "000" / "000002.mp3").unlink()
    assert (tmp_path / "fma_small.zip").read_bytes() == server.files["fma_small.zip"]


def test_a_broken_connection_is_taken_up_again(server, tmp_path):
    server.break_after = [100, 50]
    fetch(server, tmp_path)
    assert [asked for _, asked in server.requests[:3]] == [None, "bytes=100-", "bytes=150-"]
    assert len(load_fma(tmp_path).paths) == 5


def test_a_dead_connection_keeps_what_came_and_the_next_call_goes_on(server, tmp_path):
    server.break_after = [100] + [0] * _download._ATTEMPTS
    with pytest.raises(
        ConnectionError, match=r"fma_metadata\.zip: .*100 bytes are kept, call again"
    ):
        fetch(server, tmp_path)
    assert not (tmp_path / "fma_metadata").exists()
    server.requests.clear()
    fetch(server, tmp_path)
    assert server.requests[0] == ("/fma/fma_metadata.zip", "bytes=100-")


def test_a_server_without_ranges_starts_anew(server, tmp_path):
    server.ranges = False
    server.break_after = [100]
    fetch(server, tmp_path)
    assert len(load_fma(tmp_path).paths) == 5


def test_a_whole_part_is_only_checked(server, tmp_path):
    (tmp_path / "fma_metadata.zip.part").write_bytes(server.files["fma_metadata.zip"])
    fetch(server, tmp_path)
    assert (tmp_path / "fma_metadata" / "tracks.csv").is_file()


def test_an_archive_put_there_by_hand(server, tmp_path):
    whole, half = server.files["fma_metadata.zip"], server.files["fma_small.zip"][:200]
    (tmp_path / "fma_metadata.zip").write_bytes(whole)
    (tmp_path / "fma_small.zip").write_bytes(half)
    fetch(server, tmp_path)
    assert server.requests == [("/fma/fma_small.zip", "bytes=200-")]


def test_a_wrong_digest_is_an_error_and_leaves_nothing(server, tmp_path, monkeypatch):
    publish(server, monkeypatch, "fma_small", b"another file", sha1="0" * 40)
    with pytest.raises(ValueError, match=r"fma_small\.zip: its SHA-1 is .*published is 0000"):
        fetch(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fma_metadata"]


def test_no_such_archive_is_not_asked_for_twice(server, tmp_path):
    del server.files["fma_metadata.zip"]
    with pytest.raises(ConnectionError, match="404"):
        fetch(server, tmp_path)
    assert len(server.requests) == 1


def test_no_server(tmp_path, monkeypatch):
    monkeypatch.setattr(_download, "_PAUSE", 0)
    with pytest.raises(ConnectionError, match="refused"):
        fetch_fma("small", tmp_path, base_url="http://127.0.0.1:9", verbose=0)


@pytest.mark.parametrize(
    "name", ["../evil.txt", "fma_small/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:/evil.txt"]
)
def test_an_archive_that_writes_elsewhere_is_refused_whole(
    server, tmp_path, monkeypatch, fma_files, name
):
    publish(server, monkeypatch, "fma_small", archive({**fma_files["fma_small"], name: b"evil"}))
    root = tmp_path / "fma"
    with pytest.raises(ValueError, match="unsafe archive.*lies outside the folder fma_small"):
        fetch(server, root)
    assert {path.name for path in tmp_path.rglob("*.txt")} == {"README.txt"}
    assert not (root / "fma_small").exists()


def test_a_link_in_an_archive_is_refused(server, tmp_path, monkeypatch, fma_files):
    publish(server, monkeypatch, "fma_small", archive(fma_files["fma_small"], link="fma_small/etc"))
    with pytest.raises(ValueError, match="'fma_small/etc' is a link"):
        fetch(server, tmp_path)


def test_a_full_disk_is_found_before_unpacking(server, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(OSError, match="10 are free"):
        fetch(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fma_metadata.zip"]


@pytest.mark.parametrize(("free", "fits"), [(9, False), (10, True)])
def test_the_disk_must_hold_what_is_unpacked(free, fits, tmp_path, monkeypatch):
    """To the byte: neither half of it is enough, nor is more wanted."""
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    members = [zipfile.ZipInfo("a"), zipfile.ZipInfo("b")]
    members[0].file_size, members[1].file_size = 4, 6
    if fits:
        _download._check_space(members, tmp_path)
    else:
        with pytest.raises(OSError, match="unpacking takes 10 bytes, 9 are free"):
            _download._check_space(members, tmp_path)


def test_unpacking_that_was_interrupted_starts_anew(server, tmp_path):
    (tmp_path / ".fma_small.unpacking" / "fma_small").mkdir(parents=True)
    (tmp_path / ".fma_small.unpacking" / "fma_small" / "half.mp3").touch()
    fetch(server, tmp_path)
    assert not (tmp_path / "fma_small" / "half.mp3").exists()
    assert not (tmp_path / ".fma_small.unpacking").exists()


def test_progress(server, tmp_path, capsys):
    fetch(server, tmp_path, verbose=1)
    assert "fma_small.zip" in capsys.readouterr().err


def test_unknown_subset(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'small'"):
        fetch_fma("smalll", tmp_path)


def _no_zip(content):
    return b"<html>not found</html>"


def _cut(content):
    return content[: len(content) // 2]


def _flipped(content):
    place = content.index(b"fma_small/000/000002.mp3") + 40  # in what the first member holds
    return (
        content[:place] + bytes(b ^ 255 for b in content[place : place + 8]) + content[place + 8 :]
    )


@pytest.mark.parametrize("damage", [_no_zip, _cut, _flipped])
def test_a_damaged_archive_is_named(tmp_path, damage, fma_files):
    path = tmp_path / "fma_small.zip"
    path.write_bytes(damage(archive(fma_files["fma_small"])))
    with pytest.raises(ValueError, match=r"fma_small\.zip: a damaged archive \(.*delete it"):
        _download.unpack(path, tmp_path / "fma_small")
    assert list(tmp_path.iterdir()) == [path]
