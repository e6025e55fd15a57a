"""Libraries that live in an environment of their own, run by a worker in turn with ours."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from benchmarks._material import Track
from benchmarks._measure import Cost

_ROOT = Path(__file__).resolve().parents[1]


class Peers:
    """The worker, if there is an environment for it.

    Its Python is named by the environment variable ``GENREKIT_BENCH_PEERS``; default
    ``.venvs/peers/bin/python``.
    """

    def __init__(self) -> None:
        python = os.environ.get("GENREKIT_BENCH_PEERS", _ROOT / ".venvs" / "peers/bin/python")
        self.versions: dict[str, str] = {}
        self._worker: subprocess.Popen[bytes] | None = None
        if Path(python).is_file():
            command = [str(python), str(Path(__file__).with_name("_peer.py"))]
            pipe = subprocess.PIPE
            self._worker = subprocess.Popen(command, stdin=pipe, stdout=pipe)
            self.versions = self._answer()

    def __enter__(self) -> Peers:
        return self

    def __exit__(self, *exception: object) -> None:
        """End the worker: it stops when its input does."""
        if self._worker:
            self._worker.communicate()

    def missing(self, library: str) -> str:
        """Why a library can't be measured; empty if it can."""
        if library in self.versions:
            return ""
        return f"{library} is not installed in the Python that GENREKIT_BENCH_PEERS names"

    def cost(self, library: str) -> Cost:
        """CPU time that a library takes for its features of a track, ms."""

        def cost(track: Track) -> float:
            assert self._worker is not None
            samples = track.waveform.tobytes()
            request = json.dumps({"library": library, "n_bytes": len(samples)})
            self._worker.stdin.write(request.encode() + b"\n" + samples)
            self._worker.stdin.flush()
            return 1e3 * self._answer()["seconds"]

        return cost

    def _answer(self) -> dict[str, Any]:
        """The worker's next line."""
        line = self._worker.stdout.readline()
        if not line:
            raise RuntimeError("the worker with the other libraries ended; its error stands above")
        return json.loads(line)
