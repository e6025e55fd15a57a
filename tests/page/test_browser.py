"""Pages as a browser shows them, where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from genrekit.evaluation import GenreReport

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)

# Asks the page in a frame how wide it is beside its frame, and what a keyboard reaches.
_PROBE = """<iframe id="f" src="report.html" width="{width}" height="800"></iframe>
<pre id="out"></pre>
<script>f.onload = () => {{
  const page = f.contentDocument, root = page.documentElement;
  const reached = [...page.querySelectorAll("a[href], summary, input, [tabindex='0']")];
  const seen = reached.filter(element => element.offsetParent !== null).length;
  out.textContent = JSON.stringify([root.scrollWidth, root.clientWidth, seen]);
}}</script>"""


@pytest.fixture
def served(tmp_path):
    """The address of a folder, and the paths that were asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *args):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off_or_fetched(tmp_path, served, width):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    genres = np.array([f"a genre of some length {i}" for i in range(12)])
    y, one = np.repeat(genres, 5), np.ones(1)
    table = rng.dirichlet(np.ones(12), size=60)
    tracks = [str(tmp_path / f"{i}.wav") for i in range(60)]
    for track in tracks:  # there, so that they have players, which must not ask for them yet
        (tmp_path / track).write_bytes(b"RIFF")
    answers = genres[table.argmax(axis=1)]
    report = GenreReport(y, answers, genres, one, one, probabilities=table, tracks=tracks)
    report.to_html(tmp_path / "report.html", features=rng.normal(size=(60, 4)))
    (tmp_path / "probe.html").write_text(_PROBE.format(width=width), encoding="utf-8")
    address, asked = served
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"]
    command += [f"{address}/probe.html"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.search(r'<pre id="out">\[([\d,]+)\]', shown)
    wide, room, reachable = map(int, found[1].split(","))
    assert room > 300
    assert wide <= room
    assert reachable >= 12 + 12 + 12  # genres in the table, their parts, boxes of the map
    assert set(asked) - {"/favicon.ico"} == {"/probe.html", "/report.html"}
