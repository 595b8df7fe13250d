"""Spreadsheets: a row is a paragraph, in every sheet that has a column of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from gongbao.documents import Aside, Paragraph
from gongbao.readers.package import check_package
from gongbao.readers.reading import Reading
from gongbao.readers.table import HEAD, Table, as_text, header_of, names_of, no_column


def xlsx_paragraphs(file: BinaryIO, reading: Reading) -> Iterator[Paragraph | Aside]:
    """Yield a paragraph a row of every sheet with a column of text; where there are several, `extra` keeps the `sheet`.

    The header is looked for in the first rows; what stands above it is set aside (`above-table`). A cell that shows a
    formula's result holds that; a formula that was never computed is set aside (`formula`), and so are the rows of
    sheets without a column of text (`other-sheet`).
    """
    from openpyxl import load_workbook

    check_package(file, reading, ".xlsx")
    with reading.sound(".xlsx"):
        shown = load_workbook(file, read_only=True, data_only=True)
        written = load_workbook(file, read_only=True)
        try:
            heads = [(sheet, written[sheet.title], _head(sheet)) for sheet in shown.worksheets]
            found = [(sheet, sources, head, header_of([c for _, c in head], reading)) for sheet, sources, head in heads]
            named = [header for _, _, _, header in found if header and header[0] >= 0]
            if not named and not any(header for _, _, _, header in found) and any(head for _, _, head in heads):
                raise no_column([name for _, _, head in heads if head for name in names_of(head[0][1])], reading)
            # A sheet of one column without a name is a table only where no other sheet names its text.
            tables = sum(header is not None and (header[0] >= 0 or not named) for _, _, _, header in found)
            table = Table(reading)
            for sheet, sources, head, header in found:
                if header is None or (named and header[0] < 0):
                    yield from _others(sheet, reading, "other-sheet", 0, None)
                    continue
                at, names, column = header
                start = head[at][0] if at >= 0 else 0
                yield from _others(sheet, reading, "above-table", 0, start)
                more = {"sheet": sheet.title} if tables > 1 else {}
                for line, cells, formulas in _rows(sheet, sources, start):
                    if column < len(cells) and cells[column] is None and formulas[column] is not None:
                        yield Aside(reading.ledger.take(as_text(formulas[column])), "formula", line)
                    elif item := table.item(names, column, line, cells, **more):
                        yield item
        finally:
            shown.close()
            written.close()


def _head(sheet: Any) -> list[tuple[int, Sequence[Any]]]:
    """A sheet's first rows that have a cell, with their numbers."""
    # What a sheet says of its size may be a million empty rows.
    sheet.reset_dimensions()
    filled = (
        (line, cells)
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1)
        if any(as_text(cell).strip() for cell in cells)
    )
    return list(islice(filled, HEAD))


def _others(sheet: Any, reading: Reading, reason: str, start: int, end: int | None) -> Iterator[Aside]:
    """Set the rows after `start` and before `end` aside."""
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if end is not None and line >= end:
            return
        if line > start and (text := "\t".join(filter(None, map(as_text, cells)))):
            yield Aside(reading.ledger.take(text), reason, line)


def _rows(sheet: Any, formulas: Any, start: int) -> Iterator[tuple[int, Sequence[Any], Sequence[Any]]]:
    formulas.reset_dimensions()
    pairs = zip(sheet.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True)
    for line, (cells, sources) in enumerate(pairs, 1):
        if line > start:
            yield line, cells, sources
