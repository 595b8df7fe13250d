"""The registry of formats: which suffix is read how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gongbao.documents import Aside, Paragraph
from gongbao.errors import GongbaoError
from gongbao.lines import Line
from gongbao.readers.csv import csv_paragraphs, tsv_paragraphs
from gongbao.readers.docx import docx_lines
from gongbao.readers.html import html_lines, mhtml_lines
from gongbao.readers.jsonl import jsonl_paragraphs
from gongbao.readers.markdown import markdown_lines
from gongbao.readers.parquet import parquet_paragraphs
from gongbao.readers.pdf import pdf_lines
from gongbao.readers.reading import Reading
from gongbao.readers.text import text_lines
from gongbao.readers.xlsx import xlsx_paragraphs


@dataclass(frozen=True)
class Prose:
    """A format of lines; `own` says that a line is a paragraph already, `paged` that it has pages."""

    lines: Callable[[BinaryIO, Reading], Iterator[Line]]
    own: bool = False
    paged: bool = False


Rows = Callable[[BinaryIO, Reading], Iterator[Paragraph | Aside]]

PROSE: dict[str, Prose] = {
    ".txt": Prose(text_lines),
    ".md": Prose(markdown_lines, own=True),
    ".docx": Prose(docx_lines, own=True),
    ".pdf": Prose(pdf_lines, own=True, paged=True),
    ".html": Prose(html_lines, own=True),
    ".htm": Prose(html_lines, own=True),
    ".mhtml": Prose(mhtml_lines, own=True),
    ".mht": Prose(mhtml_lines, own=True),
}
ROWS: dict[str, Rows] = {
    ".jsonl": jsonl_paragraphs,
    ".csv": csv_paragraphs,
    ".tsv": tsv_paragraphs,
    ".xlsx": xlsx_paragraphs,
    ".parquet": parquet_paragraphs,
}
ZIP = ".zip"
KNOWN = (*PROSE, *ROWS, ZIP)

_OFFICE = "with LibreOffice: soffice --headless --convert-to {to} FILE"
CONVERT = {
    ".doc": _OFFICE.format(to="docx"),
    ".wps": _OFFICE.format(to="docx"),
    ".rtf": _OFFICE.format(to="docx"),
    ".odt": _OFFICE.format(to="docx"),
    ".et": _OFFICE.format(to="xlsx"),
    ".xls": _OFFICE.format(to="xlsx"),
    ".ods": _OFFICE.format(to="xlsx"),
    ".ofd": "to PDF with the program that opens it (no well-kept library reads GB/T 33190)",
}
"""Formats that are not read, and how to turn them into one that is."""


def refuse(path: str, suffix: str) -> GongbaoError:
    """The error for a file of another kind."""
    if suffix in CONVERT:
        return GongbaoError(f"{path}: {suffix} is not read; convert it {CONVERT[suffix]}")
    return GongbaoError(f"{path}: cannot read {suffix or 'a file without a suffix'} (known: {', '.join(KNOWN)})")
