"""Text from outside: for people, in tables, in spreadsheets."""

from __future__ import annotations

import os

import numpy as np
import pytest

from genrekit._text import as_column, from_cell, from_name, printable, to_cell, to_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Beyoncé – «Déjà vu» 🎵.mp3", "Beyoncé – «Déjà vu» 🎵.mp3"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("bell\x07 null\x00 del\x7f c1\x9b", r"bell\x07 null\x00 del\x7f c1\x9b"),
        ("\u202egpj.mp3\u2066\u200f", r"\u202egpj.mp3\u2066\u200f"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("caf\udce9", r"caf\xe9"),
        ("half \ud800", r"half \ud800"),
    ],
)
def test_what_terminals_obey_is_spelled_out(text, shown):
    assert printable(text) == shown
    assert printable(printable(text)) == shown


def test_what_is_kept_is_kept():
    assert printable("a\n\x1bb", keep="\n") == "a\n\\x1bb"


NAMES = [
    b"plain.wav",
    b"caf\xe9.wav",
    b"caf\xc3\xa9.wav",
    b"100% Pure.mp3",
    b"a%20b.mp3",
    b"%41.wav",
    b"%E9.wav",
    b"%e9.wav",
    b"%25E9.wav",
    b"%2525E9%E9\xe9%25\xe9.wav",
    b"Beyonc%C3%A9.mp3",
    b"\xff\xfe%\xed\xa0\x80%80",
    b"%",
    b"%\xe9",
    b"%2\xe9",
    b"",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_go_into_tables_and_come_back(name):
    path = os.fsdecode(name)
    text = to_name(path)
    text.encode("utf-8")  # no halves of surrogate pairs
    assert from_name(text) == path


def test_any_bytes_come_back():
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"%25E9A8Fe\xe9\xc3\xa9\xff/.", dtype=np.uint8)
    names = {os.fsdecode(bytes(rng.choice(letters, size=n % 12))) for n in range(5000)}
    texts = {to_name(name) for name in names}
    assert len(texts) == len(names) > 3000
    assert {from_name(text) for text in texts} == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"caf\xe9.wav", "caf%E9.wav"),
        (b"%E9.wav", "%25E9.wav"),
        (b"%41 100%25.wav", "%41 100%25.wav"),
        ("é.wav".encode(), "é.wav"),
        (b"s3://bucket/%E9%25E9.wav", "s3://bucket/%E9%25E9.wav"),
    ],
)
def test_how_names_are_written(name, text):
    assert to_name(os.fsdecode(name)) == text


@pytest.mark.parametrize(
    "text", ["Beyonc%C3%A9.mp3", "a%20b", "%41", "%e9", "\udce9", "http://x/%E9"]
)
def test_text_that_no_name_gives_stands_for_itself(text):
    assert from_name(text) == text


def test_halves_that_only_windows_has_can_be_written():
    assert to_name("\ud800") == "%ED%A0%80"


@pytest.mark.parametrize("start", ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1", "\r=1", "\n=1"])
@pytest.mark.parametrize("quotes", ["", "'", "''"])
def test_formulas_get_an_apostrophe_that_comes_off(start, quotes):
    text = quotes + start
    assert to_cell(text) == f"'{text}"
    assert from_cell(to_cell(text)) == text


@pytest.mark.parametrize("text", ["", "rock", "'Tis Pity", "'", "a=1", "''", "R&B"])
def test_other_cells_stay(text):
    assert to_cell(text) == text
    assert from_cell(text) == text


def test_formulas_of_a_table_made_by_hand_stay():
    assert from_cell("=a.wav") == "=a.wav"


def test_names_that_are_no_utf8_fit_into_a_frame():
    pd = pytest.importorskip("pandas")
    names = ["a.wav", "caf\udce9.wav"]
    assert pd.DataFrame({"path": as_column(names)})["path"].tolist() == names
    assert as_column(names[:1]) == names[:1]
