"""Finding cards by name, and downloads: only when asked for, whole and right or not at all."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genrekit.cli import main
from genrekit.exceptions import GenrekitWarning
from genrekit.networks import (
    CNNEmbedding,
    _session,
    fetch_model,
    get_card,
    list_models,
    locate,
    open_network,
)


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
    assert [card.name for card in list_models()] == ["msd-musicnn", "tiny"]
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
    assert len(list_models()) == 1
    assert get_card("msd-musicnn").outputs["tags"] == 50
    assert fetch_model("msd-musicnn").name == "msd-musicnn.onnx"


def test_a_broken_card_is_passed_over_with_a_warning(make_network):
    make_network(folder="data/models").with_name("broken.json").write_text("{")
    with pytest.warns(GenrekitWarning, match=r"broken\.json is no model card"):
        assert [card.name for card in list_models()] == ["msd-musicnn", "tiny"]


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
    assert rows[3].startswith("tiny")
    assert "CC0-1.0" in rows[3]
    assert rows[3].endswith("not downloaded")
    assert main(["models", "--fetch", "tiny"]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path).is_file()
    assert main(["models"]) == 0
    assert _networks(capsys)[3].endswith(path)
    Path(path).unlink()
    remote.write_text(json.dumps({**json.loads(remote.read_text()), "url": None}))
    assert main(["models"]) == 0
    assert _networks(capsys)[3].endswith("missing")


@pytest.mark.parametrize("ask", [get_card, fetch_model, locate])
@pytest.mark.parametrize("name", ["gtzan10", "msd-genres"])
def test_a_classifier_is_told_from_a_network(ask, name):
    """`genrekit models` lists both."""
    said = rf"{name}' is a classifier, not a network: genrekit\.GenreClassifier\.from_pretrained"
    with pytest.raises(ValueError, match=said):
        ask(name)
    with pytest.raises(ValueError, match=f"did you mean '{name}'"):
        ask(name + "s")
