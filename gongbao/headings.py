"""Headings by their form, and the path of headings above a paragraph."""

from __future__ import annotations

import re

from gongbao.documents import Kind
from gongbao.sentences import split_sentences

LONGEST_HEADING = 40
LONGEST_SECTION = 60
"""For a heading of 一、 and above, without a stop: plenum decisions have them this long."""

_HAN = "[一二三四五六七八九十百零〇]{1,6}"
_MARKS = (
    rf"第(?:{_HAN}|\d{{1,3}})[编篇]",
    rf"第(?:{_HAN}|\d{{1,3}})章",
    rf"第(?:{_HAN}|\d{{1,3}})节",
    rf"第(?:{_HAN}|\d{{1,3}})条",
    rf"{_HAN}[、．.](?![二三四五六七八九十]{{1,2}}[、产])",
    rf"[（(]{_HAN}[)）][、．.]?",
    r"\d{1,3}(?:[.．](?!\d)|、)",
    r"[（(]\d{1,3}[)）]|\d{1,3}[)）]",
    "[①-⑳]",
    "——|――",
)
_FIRST = frozenset("第一二三四五六七八九十百零〇（(—―①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
_MARK = re.compile("|".join(f"({mark})" for mark in _MARKS))
_ARTICLE, _SECTION, _ITEM, _DASH = 3, 4, 6, 9
_PLAIN = 10
_LIST_END = re.compile(r"[；;](?:[和或及]|以及|并且)?$")
_SENTENCE_END = re.compile(r"[。！？；;!?…][”’）)」』》】]*$")
_UNFINISHED = ("，", "、", ",")
_STOPS = re.compile(r"[，。；：！？,;:!?…]")
_DATE = re.compile(r"日$|[）)]$|^附件|\d{4}-\d\d")
_ATTACHED = re.compile(r"附件?\s*[：:]\s*[1１]?")
_GREETING = re.compile(r"[：:]$")


def level_of(text: str) -> int | None:
    """Return the level of the number that a line opens with, 0 the highest, or None.

    第一章 stands above 第一节 above 一、 above （一） above 1. above （1）.

    >>> [level_of(text) for text in ("第二章 总则", "一、总体要求", "（一）目标", "1.做强", "3.5%的增速")]
    [1, 4, 5, 6, None]
    """
    if text[:1] not in _FIRST and not text[:1].isdecimal():
        return None
    match = _MARK.match(text)
    return match.lastindex - 1 if match and match.lastindex and match.end() < len(text) else None


def is_title(text: str) -> bool:
    """Tell whether a line at the head of a document may be (part of) its title: short, unnumbered, no sentence."""
    return (
        len(text) <= 60
        and level_of(text) is None
        and not _SENTENCE_END.search(text)
        and not _GREETING.search(text)
        and not text.endswith(_UNFINISHED)
        and "。" not in text
    )


class Outline:
    """Follows a document's headings: `place` answers what each paragraph is and which headings stand above it.

    >>> outline = Outline()
    >>> outline.place("一、总体要求", "坚持稳中求进。")
    ('heading', ())
    >>> outline.place("坚持稳中求进。", "")
    ('body', ('一、总体要求',))
    """

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []
        self._lists: set[int] = set()
        self._bodies: set[int] = set()
        self._introduced = False
        self._attached = False
        self._marked = False

    def place(
        self, text: str, following: str, marked: int | None = None, *, row: bool = False
    ) -> tuple[Kind, tuple[str, ...]]:
        """Return the kind of a paragraph and the path of headings above it; `following` is the paragraph after it.

        `marked` is the level that the document's format gives a heading, 1 the highest: it stands as 一、 does, unless
        the line bears a number of its own. Whole sentences and long lines are no headings, however they are marked;
        nor is the row of a table.
        """
        level = None if row else self._heading_level(text, following)
        if marked is not None and len(text) <= LONGEST_SECTION and not _SENTENCE_END.search(text):
            own = level_of(text)
            level = max(_SECTION - 1 + marked, 0) if own is None else own
            self._marked = True
        if level is None:
            return "body", tuple(heading for _, heading in self._path)
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        above = tuple(heading for _, heading in self._path)
        self._path.append((level, text))
        return "heading", above

    def _heading_level(self, text: str, following: str) -> int | None:
        level = level_of(text)
        # What is attached is a list, though its first member stands on the line that says so.
        self._attached = _ATTACHED.match(text) is not None or (self._attached and level is not None and level >= _ITEM)
        introduced, self._introduced = self._introduced, text.endswith(("：", ":"))
        if level is None:
            self._lists.clear()
            return self._plain_level() if _is_plain_heading(text, following) else None
        if self._is_list_item(level, text, following):
            return None
        self._lists = {other for other in self._lists if other < level}
        # A short sentence among numbered paragraphs is one of them, though it would pass for a heading.
        among = introduced or level in self._bodies
        among = among or (level_of(following) == level and not _is_numbered_heading(following, level))
        found = _is_numbered_heading(text, level) and not (among and text.endswith("。"))
        self._bodies = {other for other in self._bodies if other < level} | (set() if found else {level})
        return level if found else None

    def _is_list_item(self, level: int, text: str, following: str) -> bool:
        """Members of a list end in ； up to the last, which ends in 。; names numbered one after another are a list."""
        listed = level in self._lists
        if self._attached and level >= _ITEM and len(text) <= LONGEST_HEADING:
            return True
        ends = _LIST_END.search(text) is not None
        siblings = _ITEM <= level < _DASH and level_of(following) == level
        if ends or (siblings and len(text) <= LONGEST_HEADING):
            self._lists.add(level)
            return True
        if listed and level_of(following) != level and not text.endswith(("：", ":")):
            self._lists.discard(level)
        return listed

    def _plain_level(self) -> int:
        """A heading without number or mark is a section of its own where sections bear none, else the lowest."""
        numbered = any(level <= _SECTION and level_of(heading) is not None for level, heading in self._path)
        return _PLAIN if numbered or self._marked else _SECTION


def _is_numbered_heading(text: str, level: int) -> bool:
    stopped = _SENTENCE_END.search(text) is not None
    if len(text) > (LONGEST_SECTION if level <= _SECTION and not stopped else LONGEST_HEADING):
        return False
    if text.endswith(_UNFINISHED):
        return False
    if _GREETING.search(text):
        return len(text) <= 20 and "，" not in text and level != _ARTICLE
    if not stopped:
        return "。" not in text
    # `（三）提高全社会文明程度。` alone on its line is a heading; `第三十九条 本细则自公布之日起施行。` is not.
    if level in (_ARTICLE, _DASH) or not text.endswith("。"):
        return False
    return len(split_sentences(text)) == 1 and len(re.findall("[，,：:；;]", text)) <= 1


def _is_plain_heading(text: str, following: str) -> bool:
    """A short line without a number, a stop or a date, before a paragraph that is a sentence or a numbered heading."""
    if not 4 <= len(text) <= 30 or _STOPS.search(text) or _DATE.search(text) or text.endswith(_UNFINISHED):
        return False
    heads_text = _SENTENCE_END.search(following) is not None and len(following) > len(text)
    return heads_text or level_of(following) == _SECTION + 1
