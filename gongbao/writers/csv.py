"""Rows as a table that spreadsheets open right: UTF-8 with a byte-order mark, formulas in cells defused."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from gongbao.answers import Words
from gongbao.files import draft
from gongbao.labels import Scheme
from gongbao.writers.cells import cells_of, columns_of
from gongbao.writers.writer import Writer

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Csv(Writer):
    """Writes paragraphs, a row each, in the columns of `cells.py`."""

    def __init__(self, file: TextIO, scheme: Scheme) -> None:
        self._table = csv.writer(file)
        self._scheme = scheme
        self._table.writerow(columns_of(scheme))

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        self._table.writerow(["" if cell is None else defused(cell) for cell in cells_of(row, self._scheme)])


@contextmanager
def write_csv(path: Path, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[Csv]:
    """Give a writer of a table, which appears when the block ends well."""
    with draft(path, "utf-8-sig") as file:
        yield Csv(file, scheme)


def defused(cell: Any) -> Any:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
