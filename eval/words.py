"""Words for pages and the terminal: counts with their nouns, names that fit, text without control characters."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from gongbao.lines import clean

PERCENT = "\u00a0%"
"""What follows a number; a line does not break before it."""
INTERVAL = f"95{PERCENT}"
"""The head of a column of intervals."""
LONGEST = 28
"""Columns of a terminal that a name in a figure may take: a Chinese character takes two."""

_TAG = re.compile(r"<(?=[A-Za-z/!?])")


def many(count: int, noun: str) -> str:
    """A count with its noun.

    >>> many(1, "document"), many(0, "document"), many(1200, "paragraph")
    ('1 document', '0 documents', '1,200 paragraphs')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def plain(text: str) -> str:
    """Text fit for Markdown: clean, and nothing in it is a tag of HTML.

    >>> print(plain("<b> p < 0.05"))
    \\<b> p < 0.05
    """
    return _TAG.sub(r"\\<", clean(text))


def shorten(name: str, longest: int = LONGEST) -> str:
    """A name in one line, clean, whose middle is left out where it takes more than `longest` columns.

    >>> shorten("a" * 20 + "b" * 20), shorten("甲" * 20, 12)
    ('aaaaaaaaaaaaaa…bbbbbbbbbbbbb', '甲甲甲…甲甲')
    """
    name = clean(" ".join(name.split()))
    if columns(name) <= longest:
        return name
    half = longest // 2
    head = sum(end <= half for end in accumulate(map(columns, name)))
    tail = sum(end <= longest - half - 1 for end in accumulate(map(columns, reversed(name))))
    return f"{name[:head]}…{name[len(name) - tail :]}"


def columns(text: str) -> int:
    """Columns that a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def ems(text: str) -> float:
    """The width of a text in ems, rather too much: a Chinese character takes one, and so does what may be as wide."""
    return sum(_em(char) for char in text)


def _em(char: str) -> float:
    # Ambiguous ones, … among them, are as wide as Chinese characters in their fonts.
    if unicodedata.east_asian_width(char) in "WFA" or char in "MW@%mw":
        return 1.0
    return 0.8 if char.isupper() else 0.65
