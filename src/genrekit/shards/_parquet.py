"""Parquet files: written whole or not at all, and read with little memory beside what is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genrekit._tables import sync_folder
from genrekit.shards._identity import LABELS, arrow

__all__ = ["give_back", "open_whole", "read_in_parts", "read_part", "text_column", "write_whole"]

# Rows that are read at a time, where all of them are wanted.
_PART = 10_000


def write_whole(path: Path, table: Any) -> None:
    """Write a Parquet file that is there whole, on disk, or not at all."""
    _, pq = arrow()
    part = path.with_name(f".genrekit-{os.urandom(4).hex()}.part")
    # Floats hardly repeat: dictionaries and statistics of them take time and give nothing.
    texts = [
        name for name, kind in LABELS.items() if kind == "string" and name in table.schema.names
    ]
    try:
        with part.open("xb") as file:
            pq.write_table(table, file, use_dictionary=texts, write_statistics=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync_folder(path.parent)
    except OSError as error:
        reason = f"{path}: can't be written: {error.strerror or error}"
        failure = type(error)(f"{reason}; the rows before it stay, and the next run goes on there")
        failure.errno = error.errno
        raise failure from error
    finally:
        part.unlink(missing_ok=True)


def read_part(file: Path, columns: list[str] | None) -> Any:
    """Some columns of a file, or all; `ValueError` if it is damaged."""
    with open_whole(file) as opened:
        return opened.read(columns, use_threads=False)


def read_in_parts(opened: Any, columns: list[str]) -> Any:
    """Some columns of a file, read without holding several times what they are in the end."""
    pa, _ = arrow()
    schema = pa.schema([opened.schema_arrow.field(name) for name in columns])
    parts = []
    for part in opened.iter_batches(_PART, columns=columns, use_threads=False):
        # What stays lies apart from what goes, for Arrow can give back only what is empty.
        stays = [pa.concat_arrays([part[name]], pa.system_memory_pool()) for name in columns]
        parts.append(pa.RecordBatch.from_arrays(stays, schema=schema))
        give_back()
    return pa.Table.from_batches(parts, schema)


def give_back() -> None:
    """Give to the system what Arrow does not use: it would keep it for the next time."""
    arrow()[0].default_memory_pool().release_unused()


@contextmanager
def open_whole(file: Path) -> Iterator[Any]:
    """A Parquet file, opened; says what to do about one that is damaged."""
    pa, pq = arrow()
    try:
        with pq.ParquetFile(file, memory_map=True) as opened:
            yield opened
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the file is not to blame
        raise ValueError(
            f"{file}: no whole Parquet file ({error}): remove it, and its rows are computed again"
        ) from error


def text_column(texts: list[str]) -> Any:
    """Texts as a column, made in parts for the same reason as `read_in_parts`."""
    pa, _ = arrow()
    parts = [texts[start : start + _PART] for start in range(0, len(texts), _PART)]
    return pa.chunked_array([pa.array(part, pa.string()) for part in parts], pa.string())
