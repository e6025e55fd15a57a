"""A web server on this machine that serves bytes, and misbehaves as it is told."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

import pytest

from genrekit.remote import _patience

# How long a server says nothing, and how long one that is asked is waited for, seconds.
_SILENT, PATIENCE = 0.9, 0.3


class Server:
    """Files by name, what is wrong with them, and what was asked and sent."""

    def __init__(self, port):
        self.port = port
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        """Forget everything."""
        self.files = {}
        self.faults = {}
        self.etags = True
        self.ranges = True
        self.asked = Counter()
        self.sent = 0

    def count(self, n_bytes):
        """Bytes that are on their way, or did not arrive."""
        with self.lock:
            self.sent += n_bytes

    def url(self, name, user="", query=""):
        """The address of a file."""
        return f"http://{user}127.0.0.1:{self.port}/{name}{query}"

    def fault(self, name):
        """What goes wrong this time: a function takes the number of the request."""
        with self.lock:
            self.asked[name] += 1
            fault = self.faults.get(name, "")
            return fault(self.asked[name]) if callable(fault) else fault


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def handle(self):
        with suppress(ConnectionError):  # whoever has seen enough goes
            super().handle()

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body):
        server = self.server.genrekit
        name = self.path.partition("?")[0].lstrip("/")
        fault = server.fault(name)
        if isinstance(fault, int) or (name not in server.files and fault != "redirect"):
            self.send_error(fault or 404)
            return
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", server.url("secret", query="?X-Amz-Signature=hidden"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if fault == "stalls":
            time.sleep(_SILENT)
            self.close_connection = True
            return
        self._send(server, name, fault, body)

    def _send(self, server, name, fault, body):
        data = server.files[name]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        part = bool(asked) and server.ranges
        start = int(asked[1]) if part else 0
        if start > len(data):
            self.send_error(416)
            return
        stop = min(int(asked[2] or len(data) - 1) + 1, len(data)) if part else len(data)
        size = stop - start
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        if fault != "says nothing":
            wrong = {"says more": 1000, "says less": -1000}.get(fault, 0) if not body else 0
            self.send_header("Content-Length", str(size + wrong))
        else:
            self.close_connection = True
        if server.etags:
            self.send_header("ETag", f'"{crc32(data)}"')
        self.end_headers()
        if not body:
            return
        content = data[start:stop]
        if fault == "cuts":
            content, self.close_connection = content[: size // 2], True
        try:
            if fault == "hangs":
                self.wfile.write(content[: size // 2])
                self.wfile.flush()
                time.sleep(_SILENT)
                self.close_connection = True
                return
            server.count(len(content))  # first: whoever has all of it may look at once
            try:
                self.wfile.write(content)
            except OSError:
                server.count(-len(content))
                raise
        except OSError:
            self.close_connection = True


@contextmanager
def serving():
    """A server that runs meanwhile."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    http.genrekit = Server(http.server_address[1])
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield http.genrekit
    finally:
        http.shutdown()
        http.server_close()


@pytest.fixture(scope="session")
def _one_server():
    with serving() as server:
        yield server


@pytest.fixture
def web(_one_server, monkeypatch):
    """A web server without files, which nobody waits long for."""
    monkeypatch.setenv("GENREKIT_REMOTE_TIMEOUT", str(PATIENCE))
    monkeypatch.setattr(_patience, "_PAUSES", (0.01, 0.02, 0.03))
    _one_server.reset()
    return _one_server
