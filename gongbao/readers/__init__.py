"""Readers: files of any known format to documents.

One file a format; `formats.py` maps suffixes to them. A reader takes an open binary file and a `Reading`, tells the
reading's ledger every piece of text that it finds, and yields either lines, which `segment` makes paragraphs of, or a
table's paragraphs, a row each. `inputs.py` finds the files and opens them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gongbao import metadata
from gongbao.documents import Aside, Document, Paragraph
from gongbao.readers.formats import PROSE, ROWS
from gongbao.readers.inputs import (
    STDIN,
    Source,
    expand,
    files_below,
    opened,
    passed_over,
    printable,
    source_of,
    split_missing,
)
from gongbao.readers.reading import LIMIT, Reading
from gongbao.segment import Segmented, segment_lines

__all__ = [
    "LIMIT",
    "STDIN",
    "Source",
    "examine",
    "expand",
    "files_below",
    "passed_over",
    "printable",
    "read",
    "split_missing",
    "stream",
]


def read(
    source: Source | str | Path, encoding: str | None = None, *, column: str | None = None, limit: int = LIMIT
) -> Document:
    """Read a file, or standard input for `-`, into a document; a bare path's document takes the file's name as its id.

    `encoding` is that of the text, found out if it is not given; `column` the one that holds a table's text; `limit`
    the bytes that a file may have, unpacked. Raises GongbaoError, in one line, for a suffix that no reader knows, a
    file that cannot be read, and a file that its reader refuses.
    """
    *items, document = examine(source, encoding, column=column, limit=limit)
    assert isinstance(document, Document)
    return replace(
        document,
        paragraphs=tuple(item for item in items if isinstance(item, Paragraph)),
        aside=tuple(item for item in items if isinstance(item, Aside)),
    )


def stream(
    source: Source | str | Path, encoding: str | None = None, *, column: str | None = None, limit: int = LIMIT
) -> Iterator[Paragraph | Aside]:
    """Yield a file's paragraphs and what was set apart, as `read` finds them; tables are read row by row."""
    for item in examine(source, encoding, column=column, limit=limit):
        if not isinstance(item, Document):
            yield item


def examine(
    source: Source | str | Path, encoding: str | None = None, *, column: str | None = None, limit: int = LIMIT
) -> Iterator[Paragraph | Aside | Document]:
    """Yield what `stream` does, and last the document without its paragraphs: its title, metadata and ledger."""
    source = source_of(source)
    reading = Reading(source.name, source.id, encoding, column, limit)
    ledger = reading.ledger
    title: str | None = None
    aside: Sequence[Aside] = ()
    with opened(source, reading) as (file, suffix):
        if suffix in ROWS:
            for item in ROWS[suffix](file, reading):
                ledger.give(item)
                yield item
        else:
            made = _segmented(suffix, file, reading)
            title, aside = made.title, made.aside
            items: list[Paragraph | Aside] = [*made.paragraphs, *aside]
            for item in items:
                ledger.give(item)
                yield item
    day, number, issuer = metadata.describe(title, aside)
    yield Document(source.id, title, source.name, (), (), ledger.encoding, day, number, issuer, ledger)


def _segmented(suffix: str, file: BinaryIO, reading: Reading) -> Segmented:
    prose = PROSE[suffix]
    lines = list(prose.lines(file, reading))
    paged = prose.paged or any(line.page > 1 for line in lines)
    return segment_lines(lines, reading.document, paged=paged, own=prose.own)
