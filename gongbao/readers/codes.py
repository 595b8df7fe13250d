"""Codes of a PDF's text that its fonts' tables do not hold: the parser drops them without a word.

Most encodings for Chinese say themselves which character a code is: of UniGB-UCS2-H, for one, it is Unicode, and the
table that comes with pdfminer.six lacks `·` and `•`. A code whose encoding says nothing stands as its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pdfminer.cmapdb import CMap, CMapBase
from pdfminer.pdffont import PDFCIDFont, PDFUnicodeNotDefined
from pdfminer.pdftypes import PDFStream, resolve1

_CODECS = (
    (re.compile(r"Uni.*-(?:UCS2|UTF16)"), "utf-16-be"),
    (re.compile(r"Uni.*-UTF32"), "utf-32-be"),
    (re.compile(r"GB(?:pc|Kp?)?-EUC|GBK2K"), "gb18030"),
    (re.compile(r"B5pc|ETen|HK"), "big5hkscs"),
    (re.compile(r".*-RKSJ"), "cp932"),
    (re.compile(r"KSC(?:ms|pc)?-(?:EUC|UHC)"), "cp949"),
)
_NAMED, _UNNAMED = -1, -0x200000
"""Where the numbers of such codes begin, downwards: those that are characters, and the others."""


def complete(font: Any, spec: Mapping[str, object]) -> None:
    """Have a font read every code: those missing in its table come as numbers below 0, which `missed` reads."""
    if not isinstance(font, PDFCIDFont) or not isinstance(font.cmap, CMap):
        return
    encoding: Any = resolve1(spec.get("Encoding"))
    if isinstance(encoding, PDFStream):
        encoding = resolve1(encoding.get("CMapName"))
    font.cmap = _Complete(font, str(getattr(encoding, "name", "")), "ToUnicode" in spec)


def missed(cid: int) -> str:
    """Return the text for a number below 0.

    >>> missed(-1 - ord("·")), missed(-0x200000 - 0xABCD)
    ('·', '(code:abcd)')
    """
    return chr(_NAMED - cid) if cid > _UNNAMED else f"(code:{_UNNAMED - cid:04x})"


class _Complete(CMapBase):  # type: ignore[misc]
    """A font's table of codes that drops none; `mapped` says that the font itself has a table of their characters."""

    def __init__(self, font: Any, name: str, mapped: bool) -> None:
        super().__init__(**font.cmap.attrs)
        self._font = font
        self._tree: Any = font.cmap.code2cid
        self._codec = next((codec for pattern, codec in _CODECS if pattern.match(name)), None)
        # A table under a name of its own is not read by the parser; the font's other one is by code then.
        self._mapped = mapped and not self._tree
        self._named: dict[int, bool] = {}

    def decode(self, code: bytes) -> Iterator[int]:
        at = 0
        while at < len(code):
            cid, end = self._find(code, at)
            if cid is None:
                end = at + self._length(code, at)
                yield self._name(code[at:end])
            elif self._has_name(cid):
                yield cid
            else:
                named = self._name(code[at:end])
                yield named if named > _UNNAMED else cid
            at = end

    def _find(self, code: bytes, at: int) -> tuple[int | None, int]:
        """The number that the table has for the code that begins here, and where the code ends."""
        tree = self._tree
        for end in range(at, len(code)):
            tree = tree.get(code[end])
            if tree is None:
                break
            if isinstance(tree, int):
                return tree, end + 1
        return None, at

    def _has_name(self, cid: int) -> bool:
        if cid not in self._named:
            try:
                self._font.to_unichr(cid)
                self._named[cid] = True
            except PDFUnicodeNotDefined:
                self._named[cid] = False
        return self._named[cid]

    def _length(self, code: bytes, at: int) -> int:
        if self._codec == "utf-32-be":
            return 4
        if self._codec == "utf-16-be":
            return 4 if 0xD8 <= code[at] < 0xDC else 2
        if self._codec is not None:
            return 1 if code[at] < 0x80 else 2
        return _depth(self._tree.get(code[at], self._tree)) if self._tree else 2

    def _name(self, code: bytes) -> int:
        number = int.from_bytes(code[:4])
        if self._mapped and self._has_name(number):
            return number
        try:
            text = code.decode(self._codec) if self._codec else ""
        except UnicodeError:
            text = ""
        return _NAMED - ord(text) if len(text) == 1 else _UNNAMED - number


def _depth(tree: Any) -> int:
    """How many bytes the first code of a table has."""
    depth = 0
    while isinstance(tree, dict) and tree and depth < 4:
        depth, tree = depth + 1, next(iter(tree.values()))
    return max(depth, 1)
