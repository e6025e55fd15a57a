import io
import pickle
from concurrent.futures import ThreadPoolExecutor

import fsspec
import numpy as np
import pytest

from genrekit.exceptions import AudioDecodeError
from genrekit.remote import RemoteFile, _file, _store, states_of

TRIES = 4


@pytest.fixture(scope="module")
def content():
    """A file of 40 blocks and some bytes."""
    return np.random.default_rng(0).bytes(40 * _file._BLOCK + 77)


@pytest.fixture
def remote(web, content):
    web.files["a.mp3"] = content
    return RemoteFile(web.url("a.mp3"))


def error_of(remote):
    with pytest.raises(AudioDecodeError) as caught:
        remote.read_all()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etags", [True, False])
def test_all_of_a_file(remote, web, content, ranges, etags):
    web.ranges, web.etags = ranges, etags
    assert remote.read_all() == content
    assert remote.read_all() == content
    assert web.sent == len(content)


def test_no_more_is_fetched_than_is_read_or_a_little(remote, web, content):
    with remote.open() as file:
        assert file.read(1000) == content[:1000]
        file.seek(-50, io.SEEK_END)
        assert file.read(100) == content[-50:]
        assert web.sent < 3 * _file._BLOCK
        file.seek(1 << 20)
        assert file.read(3 << 16) == content[1 << 20 : (1 << 20) + (3 << 16)]
        file.seek(1 << 20)
        assert file.read(9) == content[1 << 20 : (1 << 20) + 9]
    assert web.sent < 9 * _file._BLOCK
    remote.check_same()


def test_what_is_read_on_is_fetched_in_ever_fewer_requests(remote, web, content):
    with remote.open() as file:
        assert b"".join(iter(lambda: file.read(10_000), b"")) == content
    assert web.asked["a.mp3"] < 10
    assert web.sent == len(content)
    with remote.open() as file:  # and once
        assert file.read() == content
    assert web.sent == len(content)


def test_parts_in_any_order(remote, content):
    rng = np.random.default_rng(1)
    for start, count in rng.integers(0, [len(content), 200_000], (30, 2)).tolist():
        assert remote.read(start, count) == content[start : start + count]


def test_threads_share_a_file(remote, web, content):
    with ThreadPoolExecutor(4) as pool:
        read = [pool.submit(remote.read, n * 70_000, 70_000) for n in range(30)]
    assert b"".join(part.result() for part in read) == content[: 30 * 70_000]
    assert web.sent <= len(content)


@pytest.mark.parametrize("size", ["says nothing", ""])
def test_a_server_without_parts(remote, web, content, size):
    web.ranges = False
    web.faults["a.mp3"] = size
    with remote.open() as file:
        file.seek(-9, io.SEEK_END)
        assert file.read() == content[-9:]
        file.seek(200_000)
        assert file.read(5) == content[200_000:200_005]


def test_whole_or_in_parts(remote, web, content):
    assert remote.wanted(1.0) is remote
    assert remote.wanted(60.0) == content
    assert remote.wanted(None) == content
    assert remote.wanted(1.0) == content  # it is there already
    remote.release()
    assert remote.wanted(1.0) is remote


def test_files_that_do_not_fit_into_memory(remote, web, content, monkeypatch):
    monkeypatch.setattr(_store, "MOST", 1000)
    assert "more than 0 MB would have to be held in memory. Download it first" in error_of(remote)


def test_large_files_come_in_pieces_each_of_which_is_tried_again(remote, web, content, monkeypatch):
    monkeypatch.setattr(_store, "_PIECE", 1 << 20)
    web.faults["a.mp3"] = lambda n: "cuts" if n % 2 else ""
    assert remote.read_all() == content
    web.ranges = False
    web.faults.clear()
    assert RemoteFile(remote.url).read_all() == content


@pytest.mark.parametrize("fault", [500, 503, 429, 408, "stalls", "hangs", "cuts"])
def test_what_passes_is_tried_again(remote, web, content, fault):
    web.faults["a.mp3"] = lambda n: fault if n == 2 else ""
    assert remote.read_all() == content
    # Asked what it is, then read, twice, then asked whether it is the same.
    assert web.asked["a.mp3"] == 4


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (500, "its server failed 4 times (status 500). Run it again later"),
        (503, "its server failed 4 times (status 503)"),
        ("stalls", "its server was silent for 0.3 s, 4 times. Run it again later, or let the env"),
        ("hangs", "its server was silent for 0.3 s, 4 times"),
        ("cuts", "the connection broke 4 times"),
        ("says more", "it came cut off 4 times: 2,621,517 of 2,622,517 bytes"),
        ("says less", "it came cut off 4 times: more than 2,620,517 bytes"),
    ],
)
def test_what_does_not_pass_is_an_error(remote, web, fault, said):
    web.faults["a.mp3"] = lambda n: fault if n > 1 or fault in ("says more", "says less") else ""
    assert error_of(remote).startswith(f"{remote.url}: {said}")
    asked = web.asked["a.mp3"]
    assert error_of(remote).startswith(f"{remote.url}: {said}")
    assert web.asked["a.mp3"] == asked, "it failed already"
    assert TRIES <= asked <= 2 * TRIES + 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (401, "access to it is refused (401). Check its name, and the credentials"),
        (403, "access to it is refused (403). Check its name, and the credentials"),
        (404, "there is no such file"),
        (410, "there is no such file"),
        (400, "it can't be fetched"),
    ],
)
def test_what_stays_is_not_tried_again(remote, web, fault, said):
    web.faults["a.mp3"] = lambda n: fault if n > 1 else ""
    assert f"{remote.url}: {said}" in error_of(remote)
    assert web.asked["a.mp3"] == 2


@pytest.mark.parametrize("fault", [403, 404, 500])
def test_the_same_where_nothing_is_told_of_it(remote, web, fault):
    web.faults["a.mp3"] = fault
    said = {403: "refused (403)", 404: "no such file", 500: "(status 500)"}[fault]
    assert said in error_of(remote)


def test_parts_that_fail_on_the_way(remote, web):
    web.faults["a.mp3"] = lambda n: "cuts" if n > 2 else ""
    assert remote.read(0, 9)
    with pytest.raises(AudioDecodeError, match="the connection broke"):
        remote.read(1 << 20, 9)
    with pytest.raises(AudioDecodeError, match="the connection broke"):
        remote.check()


def test_secrets_stay_here(web):
    address = web.url("none.mp3", "me:word@", "?v=2&token=hidden&X-Amz-Signature=0123")
    for fault in (404, 403, 500, 400):
        web.faults["none.mp3"] = fault
        said = error_of(RemoteFile(address))
        assert said.startswith(f"http://127.0.0.1:{web.port}/none.mp3?v=2&token=~")
        assert not [word for word in ("me:", "word", "hidden", "0123") if word in said]


def test_secrets_of_where_it_leads_to(web):
    web.files["secret"] = b""
    web.faults = {"a.mp3": "redirect", "secret": 400}
    said = error_of(RemoteFile(web.url("a.mp3")))
    assert "400" in said
    assert "hidden" not in said


def test_a_redirect(web, content):
    web.files["secret"] = content
    web.faults["a.mp3"] = "redirect"
    assert RemoteFile(web.url("a.mp3")).read_all() == content


def test_a_file_that_changes_while_it_is_read(remote, web, content):
    def change(n):
        web.files["a.mp3"] = content[::-1] if n > 2 else content
        return ""

    web.faults["a.mp3"] = change
    with remote.open() as file:
        file.read(9)
    with pytest.raises(AudioDecodeError, match=r"it changed while it was read. Run it again"):
        remote.check_same()
    web.asked.clear()
    assert "it changed while it was read" in error_of(RemoteFile(remote.url))


def test_a_file_that_becomes_shorter(remote, web, content):
    remote.read(0, 9)
    web.files["a.mp3"] = content[:-200_000]
    with pytest.raises(AudioDecodeError, match="it changed while it was read"):
        remote.read(len(content) - 9, 9)


def test_keys_tell_versions_apart(remote, web, content):
    key = remote.key()
    assert RemoteFile(remote.url).key() == key
    assert web.sent == 0
    web.files["a.mp3"] = content[::-1]
    assert RemoteFile(remote.url).key() != key


def test_keys_where_nothing_is_told_of_versions(remote, web, content):
    web.etags = False
    key = remote.key()
    assert RemoteFile(remote.url).key() == key
    web.files["a.mp3"] = content[::-1]
    assert RemoteFile(remote.url).key() != key
    assert web.sent == 3 * len(content)
    remote.key()
    assert web.sent == 3 * len(content)


def test_keys_hold_no_secrets(web, content):
    web.files["a.mp3"] = content
    signed = [web.url("a.mp3", "me:word@", f"?Signature={word}") for word in ("one", "two")]
    keys = [RemoteFile(address).key() for address in signed]
    assert keys[0] == keys[1]
    assert "word" not in repr(keys)


def test_what_other_processes_get(remote, content):
    remote.read_all()
    copy = pickle.dumps(remote)
    assert len(copy) < 1000
    assert pickle.loads(copy).read_all() == content


def test_states(web, content):
    web.files = {"a": content, "b": content[:9]}
    urls = list(map(web.url, "abc"))
    (a, b, gone) = states_of(urls)
    assert a[0] == len(content)
    assert b[0] == 9
    assert gone == (-1, -1)
    web.files["b"] = content[9:18]
    assert states_of(urls)[1] != b
    web.etags = False
    assert states_of(urls[1:2]) == [(9, 0)]
    assert states_of([]) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/a.mp3", "its server can't be reached"),
        ("foo://x/a.mp3", "foo:// is no kind of address that fsspec knows. Check its beginning"),
        ("memory://none.mp3", "there is no such file"),
        ("zip://a.mp3::none.zip", "there is no such file"),
        ("memory://folder", "it is a folder, not a file. Let its address end in /"),
    ],
)
def test_other_errors(address, said):
    fsspec.filesystem("memory").pipe("/folder/a.mp3", b"")
    assert f"{address}: {said}" in error_of(RemoteFile(address))


def test_a_store_whose_package_is_not_there(monkeypatch):
    def missing(*args, **kwargs):
        raise ImportError("Please install gcsfs to access Google Storage")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    said = error_of(RemoteFile("gs://bucket/a.mp3"))
    assert "gs:// takes another package than those that are installed. Please install gcs" in said


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf"])
def test_a_time_out_that_is_none(remote, text, monkeypatch):
    monkeypatch.setenv("GENREKIT_REMOTE_TIMEOUT", text)
    with pytest.raises(ValueError, match="GENREKIT_REMOTE_TIMEOUT must be a number of seconds"):
        remote.read_all()


def test_what_the_user_configured_wins(remote, monkeypatch):
    monkeypatch.setitem(fsspec.config.conf, "http", {"client_kwargs": {"timeout": 7, "auth": None}})
    assert _store._options(remote.url) == {"http": {"client_kwargs": {"timeout": 7, "auth": None}}}
    assert _store._options("memory://a") == {}
    assert _store._options("s3://b/a")["s3"]["config_kwargs"]["read_timeout"] == 0.3
