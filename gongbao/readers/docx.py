"""Word documents: paragraphs, headings, tables and boxes in order; notes, heads and what was struck out set apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from gongbao.lines import Line, inked, width
from gongbao.readers.beside import beside, chunk_lines, paragraphs_of
from gongbao.readers.numbering import Numbering
from gongbao.readers.package import check_package
from gongbao.readers.reading import Reading
from gongbao.readers.styles import contents_styles, levels, outline_level
from gongbao.readers.wordml import FALLBACK, Contents, Piece, W, goes_on, joined, read_paragraph, texts

_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRONG_LEVEL = 7
_STRONG_LENGTH = 40
_STOP = re.compile(r"[。！？；;!?]")


def docx_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield a line for each paragraph and each row of a table, then what stands beside the text, with its reason.

    Automatic numbers (一、 as Word counts them) are written out. A heading's level comes from its style or outline
    level; a short bold line has a low one. Set apart: `footnote`, `running-head`, `comment`, `deleted` (tracked
    changes), `hidden`, `ruby`, `contents`, `placeholder` and `drawing` (text in diagrams). A file put in by reference
    is read in its place if it is a page or plain text; of another an empty line says that it was not (`not-read`).
    """
    import docx

    check_package(file, reading, ".docx")
    with reading.sound(".docx"):
        document = docx.Document(file)
        body = document.element.body
        roots = beside(document)
        for root in (body, *(root for _, root in roots)):
            for text in texts(root):
                reading.ledger.take(text)
        made = _Lines(document, reading)
        yield from made.blocks(body)
        for reason, root in roots:
            for paragraph in paragraphs_of(root):
                yield from made.lines("".join(texts(paragraph)), reason=reason)


class _Lines:
    """Numbers the lines as it makes them."""

    def __init__(self, document: Any, reading: Reading) -> None:
        self._levels = levels(document.styles.element)
        self._listed = contents_styles(document.styles.element)
        self._numbering = Numbering.of(document)
        self._parts = document.part.rels
        self._contents = Contents()
        self._reading = reading
        self._held: Piece | None = None
        self._number = self._start = 0

    def blocks(self, container: Any) -> Iterator[Line]:
        """Walk paragraphs and tables in order, through content controls and tracked insertions."""
        stack = [iter(container)]
        while stack:
            child = next(stack[-1], None)
            if child is None:
                stack.pop()
            elif child.tag == f"{W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{W}tbl":
                yield from self._release()
                yield from self._table(child)
            elif child.tag == f"{W}altChunk":
                yield from self._release()
                yield from self._chunk(child)
            elif isinstance(child.tag, str) and child.tag != FALLBACK:
                stack.append(iter(child))
        yield from self._release()

    def lines(
        self, text: str, reason: str | None = None, level: int | None = None, whole: bool = False
    ) -> Iterator[Line]:
        for raw in text.split("\n"):
            body = raw.strip()
            if not body:
                continue
            self._number += 1
            lead = raw[: len(raw) - len(raw.lstrip())]
            yield Line(self._number, self._start, body, width(lead), level=level, whole=whole, reason=reason)
            self._start += len(body)

    def _paragraph(self, element: Any) -> Iterator[Line]:
        piece = read_paragraph(element, self._contents)
        if self._held is not None:
            piece, self._held = self._held.before(piece), None
        if goes_on(element):
            self._held = piece
        else:
            yield from self._made(piece, element)

    def _release(self) -> Iterator[Line]:
        """What waits for the rest of its paragraph, where none comes."""
        piece, self._held = self._held, None
        if piece is not None:
            yield from self._made(piece, None)

    def _made(self, piece: Piece, element: Any) -> Iterator[Line]:
        text = "".join(piece.text)
        if text.strip():
            style = "" if element is None else _value(element, "pStyle")
            centred = element is not None and _value(element, "jc") == "center"
            label = "" if element is None else self._numbering.label(element)
            text = self._reading.ledger.take(label) + text.lstrip() if label else text
            listed = style in self._listed or piece.listed > 0.5 * inked(text)
            level = None if element is None or listed else self._level(element, text.strip(), piece.strong)
            yield from self.lines(joined(text, centred=centred), "contents" if listed else None, level)
        for reason, parts in piece.aside.items():
            yield from self.lines("".join(parts), reason=reason)
        for box in piece.boxes:
            yield from self.blocks(box)

    def _chunk(self, element: Any) -> Iterator[Line]:
        """The lines of a file that stands in the document by reference."""
        for line in chunk_lines(self._parts.get(element.get(_ID)), self._reading):
            self._number += 1
            yield replace(line, number=self._number, start=self._start)
            self._start += len(line.text)

    def _level(self, element: Any, text: str, strong: bool) -> int | None:
        if (given := outline_level(element)) is not None:
            return given
        level = self._levels.get(_value(element, "pStyle"))
        if level is None and strong and len(text) <= _STRONG_LENGTH and not _STOP.search(text) and "\n" not in text:
            return _STRONG_LEVEL
        return level

    def _table(self, table: Any) -> Iterator[Line]:
        rows = table.findall(f"{W}tr") + table.findall(f"{W}sdt/{W}sdtContent/{W}tr")
        for row in rows:
            cells = [cell for cell in row.iter(f"{W}tc") if _row_of(cell) is row]
            if len(cells) <= 1:
                # A frame round text, not a table.
                for cell in cells:
                    yield from self.blocks(cell)
                continue
            inside = [list(self.blocks(cell)) for cell in cells]
            if row.find(f"{W}trPr/{W}del") is not None:
                inside = [[replace(line, reason=line.reason or "deleted") for line in lines] for lines in inside]
            shown = [" ".join(line.text for line in lines if not line.reason) for lines in inside]
            yield from self.lines("\t".join(filter(None, shown)), whole=True)
            for line in (line for lines in inside for line in lines if line.reason):
                yield from self.lines(line.text, reason=line.reason)


def _value(paragraph: Any, name: str) -> str:
    """What a paragraph's properties say under a name."""
    found = paragraph.find(f"{W}pPr/{W}{name}")
    return "" if found is None else str(found.get(f"{W}val", ""))


def _row_of(cell: Any) -> Any:
    parent = cell.getparent()
    while parent is not None and parent.tag != f"{W}tr":
        parent = parent.getparent()
    return parent
