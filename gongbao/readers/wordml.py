"""The paragraphs of a Word document: their text, what of it is no text to label, and the boxes that stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gongbao.headings import level_of
from gongbao.lines import inked
from gongbao.reflow import ends_sentence

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = (f"{W}t", f"{_M}t", f"{W}delText")
_BREAKS = (f"{W}br", f"{W}cr")
# A box stands in a paragraph, and holds paragraphs of its own.
_BOX = f"{W}txbxContent"
_STRUCK = (f"{W}del", f"{W}moveFrom")
_LONGEST_HEADING = 30
_LABELLED = re.compile(r".{1,8}[：:]")


@dataclass
class Piece:
    """The text of a paragraph, what of it is no text to label, and the boxes that stand in it.

    `listed` counts what of its ink a table of contents holds.
    """

    text: list[str] = field(default_factory=list)
    aside: dict[str, list[str]] = field(default_factory=dict)
    boxes: list[Any] = field(default_factory=list)
    strong: bool = True
    listed: int = 0

    def before(self, after: Piece) -> Piece:
        """This piece with another that its paragraph goes on in."""
        aside = {reason: list(parts) for reason, parts in self.aside.items()}
        for reason, parts in after.aside.items():
            aside.setdefault(reason, []).extend(parts)
        strong = self.strong and after.strong
        text, boxes = [*self.text, *after.text], [*self.boxes, *after.boxes]
        return Piece(text, aside, boxes, strong, self.listed + after.listed)


class Contents:
    """Follows the fields of a document, which may run over paragraphs, for those that make a table of contents."""

    def __init__(self) -> None:
        self._open: list[bool] = []
        self._told = False

    def follow(self, element: Any) -> None:
        if element.tag == f"{W}fldChar":
            kind = element.get(f"{W}fldCharType")
            if kind == "begin":
                self._open.append(False)
            elif kind == "end" and self._open:
                self._open.pop()
        elif element.tag == f"{W}instrText" and self._open and not self._open[-1]:
            self._open[-1] = _is_contents(element.text)

    @property
    def inside(self) -> bool:
        return any(self._open)


def _is_contents(instruction: str | None) -> bool:
    words = (instruction or "").split()
    return words[:1] == ["TOC"] or (words[:1] == ["PAGEREF"] and words[1:2] != [] and words[1].startswith("_Toc"))


def read_paragraph(paragraph: Any, contents: Contents) -> Piece:
    """Read a paragraph's text, a line end for a break; boxes are left for later."""
    piece = Piece()
    outer = "placeholder" if any(_is_placeholder(above) for above in paragraph.iterancestors(f"{W}sdt")) else None
    stack: list[tuple[Any, str | None, bool]] = [(paragraph, outer, False)]
    while stack:
        element, reason, listed = stack.pop()
        tag = element.tag
        if not isinstance(tag, str) or tag == FALLBACK:
            continue
        if tag == _BOX:
            piece.boxes.append(element)
            continue
        contents.follow(element)
        if tag in _STRUCK:
            reason = "deleted"
        elif tag == f"{W}rt":
            reason = "ruby"
        elif tag == f"{W}sdt" and _is_placeholder(element):
            reason = "placeholder"
        elif tag == f"{W}r" and is_on(element.find(f"{W}rPr/{W}vanish")):
            reason = "hidden"
        elif tag == f"{W}fldSimple":
            listed = listed or _is_contents(element.get(f"{W}instr"))
        elif tag == f"{W}hyperlink":
            listed = listed or element.get(f"{W}anchor", "").startswith("_Toc")
        text = _own_text(element)
        if tag == f"{A}t":
            reason = "drawing"
        if text:
            if reason or tag == f"{W}delText":
                piece.aside.setdefault(reason or "deleted", []).append(text)
            else:
                piece.text.append(text)
                if text.strip():
                    piece.strong = piece.strong and is_on(element.getparent().find(f"{W}rPr/{W}b"))
                    piece.listed += inked(text) if listed or contents.inside else 0
        stack += [(child, reason, listed) for child in reversed(element)]
    return piece


def _own_text(element: Any) -> str:
    tag = element.tag
    if tag in _TEXT or tag == f"{A}t":
        return element.text or ""
    if tag in _BREAKS:
        return "\n"
    if tag == f"{W}noBreakHyphen":
        return "-"
    if tag == f"{W}sym":
        return _symbol(element.get(f"{W}char", ""))
    return "\t" if tag == f"{W}tab" and element.getparent().tag != f"{W}tabs" else ""


def _symbol(code: str) -> str:
    """A character that is named by its place in a font, which for Wingdings and the like is one of private use."""
    try:
        return chr(int(code, 16)) if not 0xD800 <= int(code, 16) <= 0xDFFF else ""
    except (ValueError, OverflowError):
        return ""


def _is_placeholder(control: Any) -> bool:
    """Whether a content control shows what asks to be replaced: 单击此处输入文字。"""
    return is_on(control.find(f"{W}sdtPr/{W}showingPlcHdr"))


def goes_on(paragraph: Any) -> bool:
    """Whether a paragraph's end was struck out, so that the next one is the rest of it."""
    return any(paragraph.find(f"{W}pPr/{W}rPr/{tag}") is not None for tag in (f"{W}del", f"{W}moveFrom"))


def joined(text: str, *, centred: bool = False) -> str:
    """Take out the breaks in mid-sentence, which are ones of layout; a short line may be a heading, and keeps its own.

    A break in text whose first line alone is indented by hand is one of layout, however short the line.
    """
    made = ""
    for line in text.split("\n"):
        pending = made.rpartition("\n")[2]
        indented = pending.startswith(("　　", "  ")) and not line.startswith(("　", " "))
        body = pending.strip()
        open_ = body and line.strip() and not ends_sentence(body) and not body.endswith(("：", ":"))
        new = level_of(line.strip()) is not None or _LABELLED.match(line.strip()) is not None
        prose = not centred and not new and ends_sentence(text) and level_of(body) is None
        if open_ and (body.endswith(("，", "、", ",")) or (prose and (indented or len(body) > _LONGEST_HEADING))):
            made = made.rstrip() + line.lstrip()
        else:
            made = f"{made}\n{line}" if made else line
    return made


def is_on(switch: Any) -> bool:
    return switch is not None and switch.get(f"{W}val", "1") not in ("0", "false", "off", "none")


def texts(root: Any) -> Iterator[str]:
    """Every piece of text below an element, but for the copy of a box that old programs read."""
    for element in root.iter(*_TEXT, f"{A}t", f"{W}noBreakHyphen", f"{W}sym"):
        text = _own_text(element)
        if text and not any(above.tag == FALLBACK for above in element.iterancestors()):
            yield text
