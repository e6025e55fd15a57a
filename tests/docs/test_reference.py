"""What is public stands in the reference, once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import genrekit
import genrekit.displays
from genrekit.features import TRANSFORMERS

API = Path(__file__).parents[2] / "docs" / "api"
# Each a name in a list of autosummary. The features are written from their table.
LISTED = Counter(
    name
    for page in API.glob("[a-z]*.rst")
    for name in re.findall(r"^   ([A-Za-z_]\w*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
)
# Of use to those who read the code: the table behind a picture, and where points come to lie.
INNER = {"confusion_counts", "lay_out_map"}


@pytest.mark.parametrize(
    "names", [dir(genrekit), genrekit.displays.__all__], ids=["top", "displays"]
)
def test_public_names_are_listed(names):
    wanted = set(names) - set(TRANSFORMERS) - INNER - {"__version__"}
    assert len(wanted) > 10
    assert wanted - set(LISTED) == set()


def test_no_name_is_listed_twice():
    assert [name for name, count in LISTED.items() if count > 1] == []
