"""Tables as text: their encoding, their rows, and errors that say which table and which line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["long_fields", "named", "numbered_rows"]

# Spreadsheet programs begin text with a mark that tells the encoding. UTF-32's begins as UTF-16's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def numbered_rows(
    table: Path, *, encoding: str | None = None, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of its last line."""
    text = io.StringIO(_text(table, encoding), newline="")
    # strict: a quote that is never closed would take all rows behind it for one cell.
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    with long_fields():
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                raise ValueError(f"{table}, line {reader.line_num}: {error}") from error
            if row is None:
                return
            if row:
                yield reader.line_num, row


@contextmanager
def long_fields() -> Iterator[None]:
    """Let a cell be longer than 128 kB: some biographies are."""
    limit = csv.field_size_limit(1 << 27)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


@contextmanager
def named(table: Path) -> Iterator[None]:
    """Name the table that turned out to be no text, or no CSV."""
    try:
        yield
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{table}: it is damaged, or no CSV in UTF-8 ({error})") from error


def _text(table: Path, encoding: str | None) -> str:
    """The content of a file."""
    with table.open("rb") as file:
        data = file.read()
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    used = encoding or marked or "utf-8"
    try:
        text = data.decode(used)
    except LookupError as error:
        raise ValueError(f"encoding={encoding!r}: Python knows none of that name") from error
    except UnicodeDecodeError as error:
        name = "UTF-8" if used.startswith("utf-8") else used
        raise ValueError(
            f"{table}: not {name} (byte {error.start}): save it as UTF-8, or pass its encoding, "
            "such as encoding='cp1252'"
        ) from error
    line = text.count("\n", 0, text.find("\0")) + 1 if "\0" in text else 0
    if line:
        raise ValueError(f"{table}, line {line}: it holds a null character; save it as UTF-8")
    return text
