"""The table of file name endings."""

from __future__ import annotations

import pytest

from genrekit.datasets import AUDIO_EXTENSIONS
from genrekit.formats._endings import AUDIO_SUFFIXES, VIDEO_SUFFIXES


def test_endings_are_lower_case_and_dotted():
    for suffix in AUDIO_SUFFIXES | VIDEO_SUFFIXES:
        assert suffix.startswith(".")
        assert suffix == suffix.lower()
        assert "." not in suffix[1:]


def test_nothing_is_both():
    assert not AUDIO_SUFFIXES & VIDEO_SUFFIXES
    assert AUDIO_EXTENSIONS == AUDIO_SUFFIXES


@pytest.mark.parametrize(
    "name",
    ["ape", "wv", "m4b", "dsf", "dff", "mpc", "tta", "tak", "spx", "ac3"],
)
def test_what_is_listed(name):
    assert f".{name}" in AUDIO_SUFFIXES


@pytest.mark.parametrize("name", ["webm", "mka", "mp4", "mkv", "mov"])
def test_what_is_counted(name):
    assert f".{name}" in VIDEO_SUFFIXES
