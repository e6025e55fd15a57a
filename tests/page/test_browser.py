"""Pages as a browser shows them, where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

from genrekit.evaluation import GenreReport

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

# Asks the page in a frame how wide it is beside its frame, and who holds the focus keys.
_PROBE = """<iframe id="f" src="report.html" width="{width}" height="800"></iframe>
<pre id="out"></pre>
<script>f.onload = () => {{
  const page = f.contentDocument, root = page.documentElement;
  const reached = [...page.querySelectorAll("a[href], summary, input, [tabindex='0']")];
  const seen = reached.filter(element => element.offsetParent !== null).length;
  const fetched = f.contentWindow.performance.getEntriesByType("resource").length;
  out.textContent = JSON.stringify([root.scrollWidth, root.clientWidth, seen, fetched]);
}}</script>"""


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off_or_fetched(tmp_path, width):
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    genres = np.array([f"a genre of some length {i}" for i in range(12)])
    y, one = np.repeat(genres, 5), np.ones(1)
    table = rng.dirichlet(np.ones(12), size=60)
    report = GenreReport(y, genres[table.argmax(axis=1)], genres, one, one, probabilities=table)
    report.to_html(tmp_path / "report.html", features=rng.normal(size=(60, 4)))
    (tmp_path / "probe.html").write_text(_PROBE.format(width=width), encoding="utf-8")
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=5000", (tmp_path / "probe.html").as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    found = re.search(r'<pre id="out">\[([\d,]+)\]', shown)
    wide, room, reachable, fetched = map(int, found[1].split(","))
    assert room > 300
    assert wide <= room
    assert reachable >= 12 + 12 + 12  # genres in the table, their parts, boxes of the map
    assert fetched == 0
