"""Text that came from outside, made fit for where it goes: people, tables, spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

__all__ = ["as_column", "from_cell", "from_name", "printable", "to_cell", "to_name"]

# What moves a cursor, colours, ends lines, reverses the direction of reading or can't be encoded:
# C0, DEL and C1, the marks of bidirectional text, the two separators, halves of surrogate pairs.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_HALF = re.compile("[\ud800-\udfff]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}
# Python reads a byte that is no UTF-8 as one of the 128 code points from here on.
_BYTE = 0xDC00


def printable(text: object, *, keep: str = "") -> str:
    """Text for people: what could do something to a terminal or a page is spelled out instead."""
    return _UNPRINTABLE.sub(
        lambda found: found[0] if found[0] in keep else _spelled(found[0]), str(text)
    )


def _spelled(character: str) -> str:
    """A character as a Python string or a shell's quotes would spell it."""
    if _is_byte(character):
        return f"\\x{ord(character) - _BYTE:02x}"
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _is_byte(character: str) -> bool:
    """Whether it stands for a byte that is no UTF-8."""
    return "\udc80" <= character <= "\udcff"


# --- file names in tables ---------------------------------------------------------------------

# What reads as a byte, "%80" to "%FF", and what would read as one had it not been marked: only
# then a per cent sign becomes "%25", so that names such as "100% Pure.mp3" and "a%20b.mp3" stay.
_READS_AS_BYTE = re.compile("%(?=(?:25)*[89A-F][0-9A-F])")
_WRITTEN_BYTE = re.compile("%(25)?((?:25)*[89A-F][0-9A-F])")
# Addresses have such signs of their own, and no bytes.
_ADDRESS = re.compile("[a-z][a-z0-9+.-]+(?:::.*)?://", re.IGNORECASE)


def to_name(path: str) -> str:
    """A file name as tables and JSON hold it: "%XX" for each byte that is no UTF-8."""
    marked = path if _ADDRESS.match(path) else _READS_AS_BYTE.sub("%25", path)
    return _HALF.sub(_as_bytes, marked)


def from_name(text: str) -> str:
    """The file name that `to_name` wrote; text that it can't have written stands for itself."""
    if _ADDRESS.match(text):
        return text
    path = _WRITTEN_BYTE.sub(_from_bytes, text)
    return path if to_name(path) == text and _is_name(path) else text


def _as_bytes(found: re.Match[str]) -> str:
    """The bytes of half a surrogate pair."""
    # Other halves than Python's own are in names on Windows only.
    errors = "surrogateescape" if _is_byte(found[0]) else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", errors))


def _from_bytes(found: re.Match[str]) -> str:
    """A marked per cent sign without its mark, or a byte."""
    marked, rest = found.groups()
    return f"%{rest}" if marked else chr(_BYTE + int(rest, 16))


def _is_name(path: str) -> bool:
    """Whether Python may have got it from the file system: bytes that are UTF-8 come as text."""
    data = path.encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "surrogateescape") == path


def as_column(values: Sequence[Any]) -> Any:
    """Values for a column of a DataFrame; names that are no UTF-8 fit among objects only."""
    if not any(isinstance(value, str) and _HALF.search(value) for value in values):
        return values
    import pandas as pd

    return pd.Series(list(values), dtype=object)


# --- cells in spreadsheets --------------------------------------------------------------------

# A spreadsheet takes such a cell for a formula. An apostrophe in front says that it is text; it is
# also put before a cell that looks as if it had one already, so that taking one away is right.
_FORMULA = re.compile("'*[=@+\\-\t\r\n]")


def to_cell(text: str) -> str:
    """Text as CSV holds it: an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(cell: str) -> str:
    """The text that `to_cell` wrote."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
