"""Against the API of S3, as moto serves it; it is not among the tests' own packages."""

import fsspec
import numpy as np
import pytest

from genrekit import extract
from genrekit.datasets import load_folder
from genrekit.exceptions import AudioDecodeError
from genrekit.remote import RemoteFile, _patience

pytest.importorskip("s3fs", reason="pip install 'moto[server]' s3fs for the tests of S3")


@pytest.fixture(scope="module")
def bucket():
    """A file system with one bucket, which addresses lead to."""
    moto = pytest.importorskip("moto.server", reason="pip install 'moto[server]'")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"endpoint_url": f"http://{host}:{port}", "key": "id", "secret": "hidden"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fsspec.config.conf, "s3", options)
        patch.setattr(_patience, "_PAUSES", (0.01,))
        fs = fsspec.filesystem("s3")
        fs.mkdir("music")
        yield fs
    server.stop()


def test_tracks_in_a_bucket(bucket, files, tmp_path):
    for path, name in zip(files, ("rock/a.wav", "rock/b.wav", "jazz/c d.wav"), strict=True):
        bucket.put_file(path, f"music/{name}")
    tracks = load_folder("s3://music")
    names = ["jazz/c d.wav", "rock/a.wav", "rock/b.wav"]
    assert tracks.paths == [f"s3://music/{name}" for name in names]
    here = extract([files[2], *files[:2]], ["rms"]).table
    for memory in (None, tmp_path, tmp_path):
        found = extract(tracks.paths, ["rms"], memory=memory, n_jobs=2)
        np.testing.assert_array_equal(found.table, here)


def test_parts_and_versions(bucket):
    content = np.random.default_rng(0).bytes(3_000_000)
    bucket.pipe("music/a.mp3", content)
    remote = RemoteFile("s3://music/a.mp3")
    assert remote.wanted(1.0) is remote
    assert remote.read(2_000_000, 9) == content[2_000_000:2_000_009]
    key = remote.key()
    bucket.pipe("music/a.mp3", content[::-1])
    assert RemoteFile("s3://music/a.mp3").key() != key
    with pytest.raises(AudioDecodeError, match="it changed while it was read"):
        remote.check_same()
    assert RemoteFile("s3://music/a.mp3").read_all() == content[::-1]


@pytest.mark.parametrize("name", ["music/none.mp3", "none/a.mp3"])
def test_what_is_not_there(bucket, name):
    with pytest.raises(AudioDecodeError, match=f"s3://{name}: there is no such file"):
        RemoteFile(f"s3://{name}").read_all()


@pytest.mark.parametrize("fault", [503, "stalls", "cuts", 403])
def test_what_passes_is_tried_four_times_and_no_more(web, monkeypatch, fault):
    endpoint = f"http://127.0.0.1:{web.port}"
    options = {"endpoint_url": endpoint, "key": "id", "secret": "hidden"}
    monkeypatch.setitem(fsspec.config.conf, "s3", options)
    web.files["b/a.mp3"] = b"x"
    web.faults["b/a.mp3"] = lambda n: fault if n > 1 else ""
    with pytest.raises(AudioDecodeError, match="4 times" if fault != 403 else "refused") as caught:
        RemoteFile("s3://b/a.mp3").read_all()
    assert "hidden" not in str(caught.value)
    # What is open is asked what it is once more before its parts are.
    assert web.asked["b/a.mp3"] <= (2 if fault == 403 else 9)
