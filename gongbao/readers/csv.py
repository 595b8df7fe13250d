"""Tables as text: comma-, semicolon- and tab-separated."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, TextIO

from gongbao.documents import Aside, Paragraph
from gongbao.errors import GongbaoError
from gongbao.readers.encoding import open_text
from gongbao.readers.reading import Reading
from gongbao.readers.table import HEAD, Table, header_of, names_of, no_column
from gongbao.reflow import ends_sentence


def csv_paragraphs(file: BinaryIO, reading: Reading) -> Iterator[Paragraph | Aside]:
    """Yield a paragraph a row of a .csv, whose separator is found in its first line (`,`, `;` or a tab)."""
    text = open_text(file, reading)
    first = text.readline(reading.limit)
    return _rows(first, text, max(",;\t", key=first.count), reading)


def tsv_paragraphs(file: BinaryIO, reading: Reading) -> Iterator[Paragraph | Aside]:
    """Yield a paragraph a row of a .tsv."""
    text = open_text(file, reading)
    return _rows(text.readline(reading.limit), text, "\t", reading)


def _rows(first: str, text: TextIO, delimiter: str, reading: Reading) -> Iterator[Paragraph | Aside]:
    before = csv.field_size_limit(min(reading.limit, 2**31 - 1))
    table = csv.reader(chain([first] if first else [], _lines(text, reading)), delimiter=delimiter, strict=True)
    begun = 1
    try:
        head: list[tuple[int, list[str]]] = []
        for row in table:
            begun = table.line_num + 1
            if any(row):
                head.append((table.line_num, row))
            if len(head) == HEAD:
                break
        if not head:
            return
        found = header_of([row for _, row in head], reading)
        if found is None:
            raise no_column(names_of(head[0][1]), reading)
        at, header, column = found
        for line, row in head[: max(at, 0)]:
            yield Aside(reading.ledger.take("\t".join(filter(None, row))), "above-table", line)
        made = Table(reading)
        for line, row in chain(head[at + 1 :], ((table.line_num, row) for row in table)):
            begun = line + 1
            if item := made.item(header, column, line, _fitted(row, header, column, delimiter, line, reading)):
                yield item
    except csv.Error as error:
        raise GongbaoError(f"{reading.path}:{begun}: the row that begins here is no row of a table: {error}") from error
    finally:
        csv.field_size_limit(before)


def _fitted(
    row: list[str], header: Sequence[str], column: int, delimiter: str, line: int, reading: Reading
) -> list[str]:
    """A row as it was meant, if it has more cells than there are columns: a text may hold separators unquoted.

    One in the last column, or the only one, has the rest. Raises GongbaoError where a text stands before others and
    stops in mid-sentence: which of the cells are its rest cannot be told. After a whole sentence they are cells that
    have no name.
    """
    if not any(cell.strip() for cell in row[len(header) :]):
        return row
    if len(header) > 1 and ends_sentence(row[column].strip()):
        return row
    if column == len(header) - 1:
        return [*row[:column], delimiter.join(row[column:])]
    raise GongbaoError(
        f"{reading.path}:{line}: {len(row)} cells, and {len(header)} columns: put what holds {delimiter!r} in quotes"
    )


def _lines(text: TextIO, reading: Reading) -> Iterator[str]:
    while line := text.readline(reading.limit + 1):
        if len(line) > reading.limit:
            raise reading.too_large("a line is longer")
        yield line
