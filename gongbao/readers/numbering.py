"""The numbers that Word counts by itself, written out: 一、 （一） 1. stand nowhere in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from gongbao.readers.wordml import W, is_on

_DIGITS = "〇一二三四五六七八九"
_CHINESE = ("chinese", "japanese", "ideograph", "taiwanese")
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True)
class _Level:
    start: int
    form: str
    text: str
    legal: bool = False


@dataclass
class Numbering:
    """Counts the numbered paragraphs of a document, in order; `label` is asked once for each paragraph."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    """The list that each number belongs to; numbers of one list count on from one another."""
    restarts: dict[str, set[int]] = field(default_factory=dict)
    """The levels that a number begins anew."""
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Any) -> Numbering:
        """Read the numbering of a python-docx document; one without any numbers nothing."""
        found = cls()
        part = next(
            (rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/numbering")), None
        )
        if part is None:
            return found
        abstract = {
            one.get(f"{W}abstractNumId"): {int(level.get(f"{W}ilvl")): _level(level) for level in one.iter(f"{W}lvl")}
            for one in part.element.iter(f"{W}abstractNum")
        }
        for number in part.element.iter(f"{W}num"):
            base = number.find(f"{W}abstractNumId")
            if base is None:
                continue
            name, of = number.get(f"{W}numId"), base.get(f"{W}val")
            found.levels[name], found.lists[name] = dict(abstract.get(of, {})), of
            for own in number.iter(f"{W}lvlOverride"):
                found._override(name, own)
        for style in document.styles.element.iter(f"{W}style"):
            if (given := _given(style)) is not None:
                found.styles[style.get(f"{W}styleId")] = given
        return found

    def _override(self, number: str, own: Any) -> None:
        """Take what a number has in the place of a level of its list: another form, another start."""
        at, levels = int(own.get(f"{W}ilvl", "0")), self.levels[number]
        level, start = own.find(f"{W}lvl"), own.find(f"{W}startOverride")
        if level is not None:
            levels[at] = _level(level)
        if start is not None and at in levels:
            levels[at] = replace(levels[at], start=int(start.get(f"{W}val", "1")))
        if level is not None or start is not None:
            self.restarts.setdefault(number, set()).add(at)

    def label(self, paragraph: Any) -> str:
        """Return the number that Word shows before a paragraph, with what follows it; empty where there is none."""
        given = _given(paragraph)
        if given is None:
            style = paragraph.find(f"{W}pPr/{W}pStyle")
            given = self.styles.get(style.get(f"{W}val")) if style is not None else None
        if given is None or given[0] not in self.levels:
            return ""
        number, at = given
        levels = self.levels[number]
        if at not in levels:
            return ""
        counts = self._counts.setdefault(self.lists[number], {})
        for begun in self.restarts.pop(number, ()):
            counts.pop(begun, None)
        counts[at] = counts.get(at, levels[at].start - 1) + 1
        for lower in [level for level in counts if level > at]:
            del counts[lower]
        if levels[at].form in ("bullet", "none"):
            return ""

        def shown(match: re.Match[str]) -> str:
            index = int(match.group(1)) - 1
            level = levels.get(index)
            if level is None:
                return ""
            # 1.1 in the second level of a chapter that counts 一、: its text is in figures throughout.
            form = "decimal" if levels[at].legal and level.form not in ("bullet", "none") else level.form
            return written(counts.get(index, level.start), form)

        return re.sub(r"%([1-9])", shown, levels[at].text)


def written(number: int, form: str) -> str:
    """Write a number in one of Word's forms; a form that is not known is written in figures.

    >>> [written(n, "chineseCounting") for n in (3, 10, 12, 21)], written(4, "upperRoman")
    (['三', '十', '十二', '二十一'], 'IV')
    """
    if form.startswith(_CHINESE) and 0 < number < 100:
        tens, ones = divmod(number, 10)
        lead = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
        return lead + (_DIGITS[ones] if ones else "")
    if form.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    if form in ("lowerLetter", "upperLetter") and 0 < number <= 26:
        return chr((97 if form == "lowerLetter" else 65) + number - 1)
    if form in ("lowerRoman", "upperRoman") and 0 < number < 400:
        roman = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            roman += sign * count
        return roman.upper() if form == "upperRoman" else roman
    return str(number)


def _level(element: Any) -> _Level:
    def value(name: str, default: str) -> str:
        found = element.find(f"{W}{name}")
        return str(found.get(f"{W}val", default)) if found is not None else default

    return _Level(
        int(value("start", "1")), value("numFmt", "decimal"), value("lvlText", ""), is_on(element.find(f"{W}isLgl"))
    )


def _given(element: Any) -> tuple[str, int] | None:
    """The number and the level that a paragraph or a style asks for."""
    asked = element.find(f"{W}pPr/{W}numPr")
    number = asked.find(f"{W}numId") if asked is not None else None
    if asked is None or number is None:
        return None
    level = asked.find(f"{W}ilvl")
    return number.get(f"{W}val", ""), int(level.get(f"{W}val", "0")) if level is not None else 0
