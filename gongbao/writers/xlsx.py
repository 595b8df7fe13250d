"""Rows as a workbook: the paragraphs with a filter and a colour scale, counts by document, where they come from."""

from __future__ import annotations

import errno
import math
import os
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gongbao.answers import Words
from gongbao.errors import GongbaoError
from gongbao.files import whole
from gongbao.labels import NONE, Scheme
from gongbao.lines import width
from gongbao.writers.cells import extra_of
from gongbao.writers.writer import Writer

LONGEST = 32_000
"""Characters that a cell holds; what a longer text has beyond stands in the sheet `long texts`, part by part."""
ROWS = 1_048_575
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LEFT = (("id", 22), ("document", 20), ("number", 8), ("kind", 9), ("heading", 30), ("page", 6), ("line", 6))
_TEXT = (("text", 80), ("labels", 24), ("review", 14))
_RIGHT = (("evidence", 60), ("offsets", 20), ("model", 24), ("decision", 14), ("extra", 30))
_LINE, _TALLEST = 15, 12
"""The height of a line in points, and the lines that a row has at most."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Xlsx(Writer):
    """Writes the paragraphs as they come, and the other sheets at the end."""

    def __init__(self, book: Any, scheme: Scheme, run: Mapping[str, Any]) -> None:
        self._book = book
        self._scheme = scheme
        self._run = run
        self._rows = 0
        self._long: list[tuple[str, int, str]] = []
        self._counts: dict[str, Counter[str]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        columns = [*_LEFT, *_TEXT, *((label, 14) for label in scheme.ids), *_RIGHT]
        self._sheet = _sheet(book, "paragraphs", columns, frozen="B2")
        first = len(_LEFT) + len(_TEXT) + 1
        self._scale = (first, first + len(scheme) - 1)
        self._width = len(columns)

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        if self._rows == ROWS:
            raise GongbaoError(f"a sheet holds {ROWS:,} rows and no more: write .parquet, .csv or .jsonl")
        self._rows += 1
        text = row["text"]
        extra = extra_of(row)
        self._long += [
            (row["id"], part, text[at : at + LONGEST]) for part, at in enumerate(range(LONGEST, len(text), LONGEST), 2)
        ]
        evidence = [
            f"{label}: {text[where['start'] : where['end']].strip()}" for label, where in row["evidence"].items()
        ]
        cells = [
            *(row[key] for key, _ in _LEFT[:4]),
            " > ".join(row["heading"]),
            row["page"],
            row["line"],
            text[:LONGEST],
            "; ".join(row["labels"]),
            "; ".join(row["review"]),
            *(row["scores"][label] for label in self._scheme.ids),
            "\n".join(evidence)[:LONGEST],
            "; ".join(f"{label} {where['start']}-{where['end']}" for label, where in row["evidence"].items()),
            row["model"],
            row["decision"],
            extra and extra[:LONGEST],
        ]
        # A spreadsheet does not grow its rows when it opens them.
        lines = max(math.ceil(width(text) / _TEXT[0][1] * 2), len(evidence), 1)
        self._sheet.row_dimensions[self._rows + 1].height = min(lines, _TALLEST) * _LINE
        self._sheet.append([_cell(self._sheet, cell) for cell in cells])
        del self._sheet.row_dimensions[self._rows + 1]
        self._counts.setdefault(row["document"], Counter()).update([*(row["labels"] or [NONE]), ""])

    def document(self, row: dict[str, Any]) -> None:
        self._documents[row["document"]] = row

    def finish(self) -> None:
        """Write what is known at the end: the filter and the colours, counts by document, provenance."""
        from openpyxl.formatting.rule import ColorScaleRule
        from openpyxl.utils import get_column_letter as letter

        last = self._rows + 1
        self._sheet.auto_filter.ref = f"A1:{letter(self._width)}{last}"
        scale = ColorScaleRule("num", 0, "FFFFFF", "num", 0.5, "DCEBF7", "num", 1, "3D85C6")
        if self._rows:
            self._sheet.conditional_formatting.add(f"{letter(self._scale[0])}2:{letter(self._scale[1])}{last}", scale)
        labels = (*self._scheme.ids, NONE)
        described = ("title", "date", "number", "issuer")
        columns = [
            ("document", 30),
            ("title", 48),
            *((name, 18) for name in described[1:]),
            ("paragraphs", 12),
            *((n, 12) for n in labels),
        ]
        sheet = _sheet(self._book, "documents", columns, frozen="B2")
        for document, counts in self._counts.items():
            known = self._documents.get(document, {})
            cells = [document, *(known.get(name) for name in described), counts[""], *(counts[n] for n in labels)]
            sheet.append([_cell(sheet, cell) for cell in cells])
        sheet.auto_filter.ref = f"A1:{letter(len(columns))}{len(self._counts) + 1}"
        if self._long:
            sheet = _sheet(self._book, "long texts", [("id", 24), ("part", 8), ("text", 80)], frozen="A2")
            for parts in self._long:
                sheet.append([_cell(sheet, cell) for cell in parts])
        sheet = _sheet(self._book, "provenance", [("what", 20), ("value", 80)], frozen="A2")
        for key, value in self._run.items():
            sheet.append([_cell(sheet, key), _cell(sheet, None if value is None else str(value))])


@contextmanager
def write_xlsx(path: Path, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[Xlsx]:
    """Give a writer of a workbook, which appears when the block ends well; the same rows give the same bytes."""
    from lxml.etree import SerialisationError
    from openpyxl import Workbook

    with whole(path) as partial:
        book = Workbook(write_only=True)
        writer = Xlsx(book, scheme, run)
        made = partial.with_name(f"{partial.name}.zip")
        try:
            yield writer
            writer.finish()
            book.save(made)
            _still(made, partial)
        except BaseException as error:
            # Sheets that are left open complain, one by one, when they are collected.
            for sheet in book.worksheets:
                with suppress(Exception):
                    sheet.close()
                    # The file that it was kept in, which openpyxl removes when it saves or when Python ends.
                    sheet._writer.cleanup()
            if isinstance(error, SerialisationError):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir()) from error
            raise
        finally:
            made.unlink(missing_ok=True)


def _sheet(book: Any, title: str, columns: Sequence[tuple[str, int]], frozen: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = book.create_sheet(title)
    sheet.freeze_panes = frozen
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    for index, (_, wide) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(index)].width = wide
    head = []
    for name, _ in columns:
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1D5FA8")
        head.append(cell)
    sheet.append(head)
    return sheet


def _cell(sheet: Any, value: Any) -> Any:
    """Text is text: a cell that begins with `=` is no formula; what XML cannot carry is U+FFFD."""
    if value is None:
        return None
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    cell = WriteOnlyCell(sheet, _ILLEGAL.sub("\ufffd", value) if isinstance(value, str) else value)
    cell.alignment = Alignment(wrap_text=isinstance(value, str), vertical="top")
    if not isinstance(value, str):
        if isinstance(value, float):
            cell.number_format = "0.00"
        return cell
    cell.data_type = "s"
    if value.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
    return cell


def _still(made: Path, target: Path) -> None:
    """Pack a workbook anew without the times of its making."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            entry = zipfile.ZipInfo(info.filename, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with old.open(info) as source, new.open(entry, "w") as copy:
                if info.filename == "docProps/core.xml":
                    copy.write(re.sub(rb">\d{4}-\d\d-\d\dT[\d:.]+Z<", b">1980-01-01T00:00:00Z<", source.read()))
                    continue
                while block := source.read(1 << 20):
                    copy.write(block)
