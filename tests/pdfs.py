"""PDFs for the tests: invented prose set in columns, with heads, page numbers, tables and what else is printed."""

from __future__ import annotations

import math
import random
from io import BytesIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"
WIDTH, HEIGHT = 595.0, 842.0
pdfmetrics.registerFont(UnicodeCIDFont(FONT))

_OPENINGS = [
    "全会指出",
    "会议强调",
    "全省上下要",
    "各地各部门要",
    "坚持以人民为中心",
    "澜江省委认为",
    "要看到",
    "今年以来",
]
_CLAUSES = [
    "扎实推动高质量发展",
    "加快建设现代化产业体系",
    "把科技创新摆在突出位置",
    "一件事情接着一件事情办",
    "布局建设3家省实验室",
    "完成投资1200亿元",
    "办好面向社会的Open Day活动",
    "让更多家庭的“一老一小”得到照料",
    "落实《澜江干流岸线修复方案》",
    "淘汰落后锅炉400台",
    "守住不发生重特大事故的底线",
    "增长6.5%左右",
]


def prose(seed: int, count: int = 8) -> list[str]:
    """Invented paragraphs of one to five sentences."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        sentences = []
        for _ in range(draw.randint(1, 5)):
            clauses = draw.sample(_CLAUSES, draw.randint(2, 4))
            sentences.append("，".join([draw.choice(_OPENINGS), *clauses]) + "。")
        made.append("".join(sentences))
    return made


def broken(text: str, room: float, size: float, indent: float = 2.0) -> list[str]:
    """Break a paragraph in lines as print does: no stop begins a line, no opening mark ends one, no word is cut."""
    units: list[str] = []
    for char in text:
        word = units and units[-1][-1].isascii() and char.isascii() and units[-1][-1] != " " and char != " "
        if units and (word or char in "，。；：！？、”》）%" or units[-1][-1] in "“《（"):
            units[-1] += char
        else:
            units.append(char)
    made, line = [], ""
    for unit in units:
        left = room - (0 if made else indent * size)
        if line and pdfmetrics.stringWidth((line + unit).rstrip(), FONT, size) > left + 0.01:
            made.append(line.rstrip())
            line = unit.lstrip()
        else:
            line += unit
    return [*made, line]


class Press:
    """A PDF in the making. `y` counts downwards; `justified` stretches full lines to the column's edge."""

    def __init__(self, size: float = 10.5, leading: float = 17.0, **options: object) -> None:
        self.file = BytesIO()
        self.canvas = Canvas(self.file, pagesize=(WIDTH, HEIGHT), **options)
        self.size, self.leading = size, leading
        self.page = 1
        self.head = ""
        self.numbered = False

    def put(self, x: float, y: float, text: str, size: float | None = None, spread: float = 0.0) -> None:
        self.canvas.setFont(FONT, size or self.size)
        self.canvas.drawString(x, HEIGHT - y, text, charSpace=spread)

    def centred(self, y: float, text: str, size: float | None = None) -> None:
        self.put((WIDTH - pdfmetrics.stringWidth(text, FONT, size or self.size)) / 2, y, text, size)

    def turn(self) -> None:
        """End the page."""
        if self.head:
            self.put(70, 45, self.head, self.size * 0.8)
        if self.numbered:
            self.centred(810, f"- {self.page} -", 9)
        self.canvas.showPage()
        self.page += 1

    def flow(
        self,
        paragraphs: list[str],
        columns: int = 1,
        *,
        gutter: float = 24.0,
        top: float = 80.0,
        bottom: float = 780.0,
        balanced: bool = False,
        justified: bool = True,
        ragged: float = 0.0,
        indent: float = 2.0,
    ) -> float:
        """Set paragraphs in columns, over as many pages as they take; return the last page's lowest line."""
        room = (WIDTH - 140 - gutter * (columns - 1)) / columns
        column, y, low = 0, top, top
        set_up = [broken(paragraph, room, self.size, indent) for paragraph in paragraphs]
        if balanced:
            bottom = top + self.leading * (math.ceil(sum(map(len, set_up)) / columns) - 1) + 0.1
        for made in set_up:
            for at, line in enumerate(made):
                if y > bottom:
                    column, y = column + 1, top + ragged * ((column + 1) % columns)
                    if column == columns:
                        self.turn()
                        column, y, low = 0, top, top
                shift = 0.0 if at else indent * self.size
                spare = room - shift - pdfmetrics.stringWidth(line, FONT, self.size)
                spread = spare / (len(line) - 1) if justified and at < len(made) - 1 and len(line) > 1 else 0.0
                self.put(70 + column * (room + gutter) + shift, y, line, spread=spread)
                low = max(low, y)
                y += self.leading
        return low

    def table(self, x: float, y: float, rows: list[list[str]], widths: list[float], height: float = 22.0) -> float:
        """Draw a ruled table and return its lower edge."""
        edges = [x, *(x + sum(widths[: at + 1]) for at in range(len(widths)))]
        self.canvas.grid(edges, [HEIGHT - y - height * at for at in range(len(rows) + 1)])
        for row, cells in enumerate(rows):
            for edge, cell in zip(edges, cells, strict=False):
                self.put(edge + 4, y + height * row + 15, cell)
        return y + height * len(rows)

    def done(self) -> bytes:
        self.turn()
        self.canvas.save()
        return self.file.getvalue()
