"""The pages of a PDF, one at a time, within limits; pdfminer.six, the parser below pdfplumber, reads them.

It is used directly: pdfplumber describes each character in a dictionary, which takes longer than all the rest.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError
from pdfminer.pdffont import PDFUnicodeNotDefined
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFStream, resolve1, stream_value

from gongbao.errors import GongbaoError
from gongbao.readers.codes import complete, missed
from gongbao.readers.glyphs import Mark, Page, compose
from gongbao.readers.limits import CHARACTERS, CLAIMED, WORDS, mapped, refuse_bombs, widened, words
from gongbao.readers.reading import Reading

_FONTS = 100
_STROKES = 20_000
_SHORTEST = 5.0
_FARTHEST = 1e6
_UNMAPPED = re.compile(r"\(cid:-?\d+\)|\(code:[0-9a-f]+\)|\ufffd+")


def pages(file: BytesIO, reading: Reading) -> Iterator[Page]:
    """Yield the pages of a PDF; raises GongbaoError for one that needs a password, is a bomb or has no page."""
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    refuse_bombs(file.getvalue(), reading)
    try:
        document = PDFDocument(PDFParser(file), password="")
    except PDFEncryptionError as error:
        raise GongbaoError(f"{reading.path}: protected by a password; save it without one") from error
    number = 0
    resources = _Fonts(reading.path)
    left = WORDS + 10 * len(file.getbuffer())
    for number, page in enumerate(PDFPage.create_pages(document), 1):
        device = _Device(resources, f"{reading.path}: page {number}", min(WORDS, left))
        _Interpreter(resources, device).process_page(page)
        text = "".join([*(mark.text for mark in device.marks), *device.unmapped])
        made = compose(number, device.marks, device.unmapped, device.strokes)
        made.text = text
        yield made
        left -= device.spent
        # What was read stays in the document's cache: images, and drawing instructions of every page.
        cache = document._cached_objs
        for key in [key for key, (found, _) in cache.items() if isinstance(found, PDFStream)]:
            del cache[key]
        if len(resources._cached_fonts) > _FONTS:
            resources._cached_fonts.clear()
    if not number:
        raise GongbaoError(f"{reading.path}: no page in it; it is empty or damaged")


class _Fonts(PDFResourceManager):  # type: ignore[misc]
    """Refuses fonts whose tables claim more characters than there are: they would be filled for hours."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._claimed = 0

    def get_font(self, objid: object, spec: Mapping[str, object]) -> Any:
        if not objid or objid not in self._cached_fonts:
            claimed = 0
            for key, count in (("W", 3), ("W2", 5)):
                if isinstance(widths := resolve1(spec.get(key)), list):
                    claimed += widened([resolve1(item) for item in widths], count)
            for key in ("ToUnicode", "Encoding"):
                if isinstance(stream := resolve1(spec.get(key)), PDFStream):
                    claimed += mapped(stream.get_data())
            self._claimed += claimed
            if claimed > CLAIMED or self._claimed > 50 * CLAIMED:
                raise GongbaoError(f"{self._path}: a font claims {claimed} characters: damaged")
        font = super().get_font(objid, spec)
        complete(font, spec)
        return font


class _Interpreter(PDFPageInterpreter):  # type: ignore[misc]
    """Stops at a page that holds too many instructions, or whose forms draw each other over and over."""

    def execute(self, streams: Sequence[object]) -> None:
        for stream in streams:
            self.device.spend(words(stream_value(stream).get_data()) + 50)
        super().execute(streams)


class _Device(PDFTextDevice):  # type: ignore[misc]
    """Takes down the characters and the straight strokes that are drawn on a page."""

    def __init__(self, resources: PDFResourceManager, place: str, most: int) -> None:
        super().__init__(resources)
        self.marks: list[Mark] = []
        self.unmapped: list[str] = []
        self.strokes: list[tuple[float, float, float, float]] = []
        self.spent = 0
        self._place, self._most = place, most

    def spend(self, size: int) -> None:
        self.spent += size
        if self.spent > self._most:
            raise GongbaoError(f"{self._place}: drawn with more than {self._most} instructions; not read")

    def render_char(
        self,
        matrix: tuple[float, float, float, float, float, float],
        font: Any,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: object,
        graphicstate: object,
    ) -> float:
        try:
            text = font.to_unichr(cid) if cid >= 0 else missed(cid)
        except PDFUnicodeNotDefined:
            text = f"(cid:{cid})"
        width: float = font.char_width(cid) if cid >= 0 else font.default_width * font.hscale
        advance = width * fontsize * scaling
        a, b, c, d, e, f = matrix
        if font.is_vertical():
            vx, vy = font.char_disp(cid)
            left = -(fontsize * 0.5 if vx is None else vx * fontsize * 0.001)
            low = (1000 - vy) * fontsize * 0.001 + rise
            corners = ((left, low + advance), (left + fontsize, low))
            right = (-c, -d)
        else:
            low = font.get_descent() * fontsize + rise
            corners = ((0, low), (advance, low + fontsize))
            right = (a, b) if fontsize >= 0 else (-a, -b)
        xs = [a * x + c * y + e for x, y in corners]
        ys = [b * x + d * y + f for x, y in corners]
        size = abs(fontsize) * math.hypot(c, d)
        if len(self.marks) + len(self.unmapped) > CHARACTERS:
            raise GongbaoError(f"{self._place}: more than {CHARACTERS} characters; not read")
        if _UNMAPPED.fullmatch(text):
            self.unmapped.append(text)
        else:
            box = (min(xs), min(ys), max(xs), max(ys))
            # No number compares with a place that is none.
            sound = -_FARTHEST < box[0] <= box[2] < _FARTHEST and -_FARTHEST < box[1] <= box[3] < _FARTHEST
            self.marks.append(Mark(text, box, (e, f), max(size, 0.1), _turn(*right) if sound else None))
        return advance

    def paint_path(
        self, graphicstate: object, stroke: bool, fill: bool, evenodd: bool, path: Sequence[tuple[Any, ...]]
    ) -> None:
        if len(self.strokes) >= _STROKES:
            return
        a, b, c, d, e, f = self.ctm
        start: tuple[float, float] = (0, 0)
        here = start
        for kind, *at in path:
            there = start
            if kind != "h":
                x, y = float(at[-2]), float(at[-1])
                there = (a * x + c * y + e, b * x + d * y + f)
            if kind == "m":
                start = there
            elif kind in ("l", "h"):
                (x0, x1), (y0, y1) = sorted((here[0], there[0])), sorted((here[1], there[1]))
                if max(x1 - x0, y1 - y0) >= _SHORTEST and min(x1 - x0, y1 - y0) < 0.5:
                    self.strokes.append((x0, y0, x1, y1))
            here = there


def _turn(x: float, y: float) -> int | None:
    """The way that text along a vector reads; up to some ten degrees aslant is straight."""
    if abs(x) > 5 * abs(y):
        return 0 if x > 0 else 180
    if abs(y) > 5 * abs(x):
        return 90 if y > 0 else 270
    return None
