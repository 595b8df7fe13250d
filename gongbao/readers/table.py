"""Rows of a table to paragraphs: one column holds the text, the others are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from gongbao.documents import Aside, Paragraph
from gongbao.errors import GongbaoError
from gongbao.readers.reading import Reading
from gongbao.sentences import split_sentences

HEAD = 10
"""Rows among which the names of the columns are looked for."""
TEXT_COLUMNS = ("text", "正文", "段落", "文本", "内容", "paragraph", "content", "body")
"""Names under which the text is looked for, in this order, where none is given."""


def named_column(header: Sequence[str], reading: Reading) -> int | None:
    """Return which column holds the text, by the name given or a usual one; None where none does."""
    names = [name.strip().lower() for name in header]
    if reading.column is not None:
        wanted = reading.column.strip().lower()
        return names.index(wanted) if wanted in names else None
    for name in TEXT_COLUMNS:
        if name in names:
            return names.index(name)
    return None


def header_of(rows: Sequence[Sequence[Any]], reading: Reading) -> tuple[int, list[str], int] | None:
    """Find the row that names the columns among the first of a table: its index, the names, which holds the text.

    A title may stand above it. A table of one column needs none: then the index is -1 and the text begins at once.
    """
    for index, cells in enumerate(rows):
        names = names_of(cells)
        column = named_column(names, reading)
        if column is not None and sum(bool(as_text(cell).strip()) for cell in cells) > 0:
            return index, names, column
    if reading.column is None and rows and all(not as_text(cell).strip() for cells in rows for cell in cells[1:]):
        return -1, ["text"], 0
    return None


def no_column(header: Sequence[str], reading: Reading) -> GongbaoError:
    """The error for a table in which no column holds the text; it names those there are."""
    found = ", ".join(repr(name) for name in header[:20]) or "none"
    missing = "no column called " + repr(reading.column) if reading.column else "which column holds the text"
    advice = "" if reading.column else "; say --column NAME"
    return GongbaoError(f"{reading.path}: {missing}{advice} (columns: {found})")


def names_of(cells: Sequence[Any]) -> list[str]:
    """Return the names of columns, each once: one without a name is `column_3`, a second `year` is `year~2`."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = " ".join(as_text(cell).split()) or f"column_{number}"
        unique, count = name, 1
        while unique in names:
            count += 1
            unique = f"{name}~{count}"
        names.append(unique)
    return names


class Table:
    """Makes paragraphs of rows, one a row, their numbers and ids running through all the sheets of a file.

    A column `id` gives the ids, which must differ; a row without one is `document#number`. `document` and `heading` are
    read as what they say. A row that has other cells and no text is set aside (`empty-row`).
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._number = 0
        self._seen: dict[str, int] = {}

    def item(
        self, header: Sequence[str], column: int, line: int, cells: Sequence[Any], **more: Any
    ) -> Paragraph | Aside | None:
        """Return what a row holds, None where it is empty; `more` are keys for `extra` beside the other columns."""
        text = as_text(cells[column]) if column < len(cells) else ""
        if not text.strip():
            others = "\t".join(cell for cell in map(as_text, cells) if cell.strip())
            return Aside(self._reading.ledger.take(others), "empty-row", line) if others else None
        self._reading.ledger.take(text)
        self._number += 1
        extra = {}
        known: dict[str, str] = {}
        for index, cell in enumerate(cells):
            if index == column:
                continue
            name = header[index] if index < len(header) else f"column_{index + 1}"
            key = name.strip().lower()
            if key in ("id", "document", "heading") and key not in known:
                known[key] = as_text(cell).strip()
            if key != "id":
                extra[name] = plain(cell)
        heading = known.get("heading")
        return Paragraph(
            id=self._id(known.get("id", ""), line),
            text=text,
            sentences=tuple(split_sentences(text)),
            heading=(heading,) if heading else (),
            document=known.get("document") or self._reading.document,
            line=line,
            number=self._number,
            extra=extra | more,
        )

    def _id(self, given: str, line: int) -> str:
        found = given or f"{self._reading.document}#{self._number}"
        if found in self._seen:
            raise GongbaoError(
                f"{self._reading.path}:{line}: id {found!r} was used before, at line {self._seen[found]}"
            )
        self._seen[found] = line
        return found


def as_text(cell: Any) -> str:
    """Return a cell as text: nothing for an empty one and for NaN, 2024 for 2024.0, a date as YYYY-MM-DD.

    >>> as_text(2024.0), as_text(float("nan")), as_text(None), as_text("公报")
    ('2024', '', '', '公报')
    """
    if isinstance(cell, str):
        return cell
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell)


def plain(cell: Any) -> Any:
    """Return a cell as JSON can carry it; NaN and infinity are None."""
    if cell is None or isinstance(cell, (str, bool, int)):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, (list, tuple)):
        return [plain(item) for item in cell]
    if isinstance(cell, dict):
        return {str(key): plain(value) for key, value in cell.items()}
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"({len(cell)} bytes)"
    return as_text(cell)
