"""The characters and ruling lines that are printed on a page, in coordinates that run right and down."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gongbao.lines import inked

_NEAR = 1.0
"""Points that a character printed twice may lie apart."""
_CELL = 4.0
# Unicode gives the radicals of this block no equivalents; these are the ones that are characters in their own right.
_RADICALS = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
        "母民虎西见角贝车长门青韦页风飞马骨鬼鱼鸟麦黄齐齿龙龟",
        strict=True,
    )
)


@dataclass(slots=True)
class Glyph:
    """A printed character: its box, the baseline that it stands on, its font size, and whether white space precedes."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    base: float
    size: float
    spaced: bool = False


@dataclass(slots=True)
class Rule:
    """A ruling line, horizontal or vertical: one of its two dimensions is 0."""

    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(slots=True)
class Mark:
    """A character as the page description places it: y runs upwards, `turn` is the way it reads, in degrees.

    0 is upright, 90 reads upwards, 270 downwards (so do the columns of vertical writing), None is aslant.
    """

    text: str
    box: tuple[float, float, float, float]
    origin: tuple[float, float]
    size: float
    turn: int | None


@dataclass
class Page:
    """A page: the way it reads, the glyphs that read so, what else is printed on it, and its text as it was found."""

    number: int
    way: int = 0
    text: str = ""
    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    rotated: list[str] = field(default_factory=list)
    overprinted: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)


def compose(
    number: int, marks: Sequence[Mark], unmapped: list[str], strokes: Iterable[tuple[float, float, float, float]]
) -> Page:
    """Turn a page so that most of its characters are upright; drop those that were printed twice for boldness."""

    ways = dict.fromkeys((0, 90, 180, 270), 0)
    for mark in marks:
        if mark.turn is not None and not mark.text.isspace():
            ways[mark.turn] += 1
    way = max(ways, key=ways.__getitem__)
    page = Page(number, way, unmapped=unmapped)
    spaced = False
    seen: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
    for mark in marks:
        text = mark.text
        if not text.isalnum() and (count := inked(text)) < len(text):
            text = "".join(char for char in text if inked(char))
            spaced = spaced or not count
        if not text:
            continue
        text = _unified(text)
        if mark.turn != way:
            page.rotated.append(text)
            continue
        x0, top, x1, bottom = _turned(mark.box, way)
        base = _turned((*mark.origin, *mark.origin), way)[1]
        if _repeated(mark, x0, base, seen):
            page.overprinted.append(text)
            continue
        page.glyphs.append(Glyph(text, x0, top, x1, bottom, base, mark.size, spaced))
        spaced = False
    page.rules = [Rule(*_turned(stroke, way)) for stroke in strokes]
    return page


def _turned(box: tuple[float, float, float, float], way: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    if way == 0:
        return x0, -y1, x1, -y0
    if way == 90:
        return y0, x0, y1, x1
    if way == 180:
        return -x1, y0, -x0, y1
    return -y1, -x1, -y0, -x0


def _repeated(mark: Mark, x: float, y: float, seen: dict[tuple[str, int, int], list[tuple[float, float]]]) -> bool:
    """Whether the same character was printed here before, but for a shift; the cells of a grid keep this linear."""
    near = min(_NEAR, 0.3 * mark.size)
    for column in range(int((x - near) // _CELL), int((x + near) // _CELL) + 1):
        for row in range(int((y - near) // _CELL), int((y + near) // _CELL) + 1):
            for left, base in seen.get((mark.text, column, row), ()):
                if abs(x - left) <= near and abs(y - base) <= near:
                    return True
    cell = seen.setdefault((mark.text, int(x // _CELL), int(y // _CELL)), [])
    # Type smaller than the eye can read would make a cell long.
    if len(cell) < 50:
        cell.append((x, y))
    return False


def _unified(text: str) -> str:
    """Radicals, which some fonts name in place of characters that look the same (⺠ for 民), as those characters."""
    if max(text) < "\u2e80" or min(text) > "\u2fdf":
        return text
    return "".join(_RADICALS.get(char) or unicodedata.normalize("NFKC", char) for char in text)
