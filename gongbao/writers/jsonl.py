"""Rows as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbao.answers import Words
from gongbao.files import draft
from gongbao.labels import Scheme
from gongbao.writers.writer import Writer


class JsonLines(Writer):
    """Writes paragraphs, a row a line; what was set aside goes to a file of its own."""

    def __init__(self, write: Callable[[dict[str, Any]], None]) -> None:
        self._write = write

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        self._write(row)


@contextmanager
def write_jsonl(path: Path, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[JsonLines]:
    """Give a writer of a file of JSON lines, which appears when the block ends well."""
    with write_lines(path) as write:
        yield JsonLines(write)


@contextmanager
def write_lines(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes a row a line, UTF-8; the file appears when the block ends well."""
    with draft(path) as file:

        def write(row: dict[str, Any]) -> None:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

        yield write
