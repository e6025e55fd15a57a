"""What type checkers and editors see of the package is what it has."""

from __future__ import annotations

import ast
import importlib
import importlib.resources
import inspect
from collections import defaultdict

import pytest

import genrekit
from genrekit import engine, features

RIGHT = """
import genrekit
from genrekit import AudioFeatures, GenreClassifier, MFCCStats, RMS, load_audio
from genrekit.engine import AudioExtractor
from genrekit.features import FEATURES, Frontend, SpectralCentroid, mfcc

reveal_type(MFCCStats(n_mfcc=3, sr=16000, stats=["mean"]))
part: AudioExtractor = RMS().set_params(n_fft=1024)
genrekit.Tempo(start_bpm=90.0).set_output(transform="pandas").fit_transform([])
GenreClassifier(features=AudioFeatures([MFCCStats(), "rms"]))
reveal_type(genrekit.extract([]))
"""
# A line each, and what is said of it.
WRONG = {
    "from genrekit import GenreClassifer": 'has no attribute "GenreClassifer"',
    "from genrekit.features import MFCC": 'has no attribute "MFCC"',
    "from genrekit.engine import AudioTransformer": 'has no attribute "AudioTransformer"',
    "from genrekit.models import GenreClasifier": 'has no attribute "GenreClasifier"',
    "from genrekit.evaluation import LearningDisplay": 'has no attribute "LearningDisplay"',
    "genrekit.MFCCStats(n_mfc=3)": 'Unexpected keyword argument "n_mfc"',
    "genrekit.MFCCStats(n_mfcc='3')": 'incompatible type "str"; expected "int"',
    "genrekit.RMS(3)": "Too many positional arguments",
    "genrekit.AudioFeatures(srr=8000)": 'Unexpected keyword argument "srr"',
    "genrekit.CNNEmbedding(n_jbos=2)": 'Unexpected keyword argument "n_jbos"',
    "genrekit.load_audio('a.mp3', ofset=1)": 'Unexpected keyword argument "ofset"',
    "genrekit.Tempo().fitt([])": 'has no attribute "fitt"',
}


def _seen(module):
    """Name → home of what a module imports for type checkers, a star's names one by one."""
    (block,) = (
        node
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    )
    names = {}
    for statement in block.body:
        if not statement.module.startswith("genrekit"):
            continue
        for alias in statement.names:
            starred = importlib.import_module(statement.module)
            found = starred.__all__ if alias.name == "*" else [alias.name]
            names.update(dict.fromkeys(found, statement.module))
    return names


def test_type_checkers_see_the_names_that_are_loaded_when_used():
    shells = [row.transformer for row in features.FEATURES.values()]
    seen = _seen(genrekit)
    assert {name: home for name, home in seen.items() if name not in shells} == genrekit._HOME_OF
    assert set(seen) == {*genrekit._HOME_OF, *shells}
    assert set(dir(genrekit)) == {"__version__", *seen}
    for module in (features, engine):
        assert set(_seen(module)) == set(module._LATE)
        assert set(module._LATE) <= set(module.__all__)
    for module in (genrekit, features, engine):
        for name, home in _seen(module).items():
            assert getattr(module, name) is getattr(importlib.import_module(home), name)


def test_names_are_listed_once_and_exist():
    for module in (genrekit, features, engine):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
    assert dir(genrekit) == sorted(genrekit.__all__)
    starred = {}
    exec("from genrekit import *", starred)
    assert set(genrekit.__all__) <= set(starred)
    assert {"MFCCStats", "GenreClassifier", "extract", "__version__"} <= set(dir(genrekit))


def test_mypy_tells_names_and_parameters_that_do_not_exist(tmp_path):
    api = pytest.importorskip("mypy.api", reason="mypy is in the extra lint")
    file = tmp_path / "uses.py"
    file.write_text(RIGHT + "\n".join(WRONG) + "\n", encoding="utf-8")
    config = tmp_path / "mypy.ini"
    # As whoever installs genrekit has it: its own modules are read, what is wrong in them not told.
    package = importlib.resources.files("genrekit").parent
    config.write_text(f"[mypy]\nmypy_path={package}\nfollow_imports=silent\n", encoding="utf-8")
    options = ["--config-file", str(config), "--strict", "--ignore-missing-imports"]
    out, err, _ = api.run([*options, "--cache-dir", str(tmp_path / "cache"), str(file)])
    assert not err
    said = defaultdict(str)
    for line in out.splitlines():
        if "uses.py:" in line:
            said[int(line.partition("uses.py:")[2].partition(":")[0])] += line
    right = {number: text for number, text in said.items() if number <= RIGHT.count("\n")}
    assert [text.partition("Revealed type is ")[2] for text in right.values()] == [
        '"genrekit.features.transformers.cepstral.MFCCStats"',
        '"genrekit.features._extract.Extraction"',
    ], out
    for number, (line, message) in enumerate(WRONG.items(), RIGHT.count("\n") + 1):
        assert message in said[number], (line, out)
