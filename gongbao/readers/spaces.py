"""White space in the source of a page, as a browser shows it.

A run of blanks is one, and a line end between Chinese characters is none: sources are broken at any place. Blanks that
do not break, which Word puts in rows, are one too, and none between a number's mark and its text.
"""

from __future__ import annotations

import re

MARKUP_SPACE = " \t\n\r\f"
_RUN = re.compile(r"[ \t\n\r\f]+")
_FULL = "[^\x00-\u2013\u2030-\u2dff]"
_LINE_END = re.compile(rf"(?<={_FULL})\n+(?={_FULL})")
_BLANKS = re.compile(r"[ \n]+")
_CELL_END = re.compile(" ?\t ?")
_FIXED = re.compile(r"(?<=\S)[ \n]*\xa0[ \n\xa0]*(?=\S)")
_MARKED = re.compile(r"^(\s*[（(]?[一二三四五六七八九十百\d]{1,6}[、．.）)])[ \xa0]*\xa0[ \xa0]*(?=[\u4e00-\u9fff])")
_SOFT = dict.fromkeys(map(ord, "\x0b\x1c\x1d\x1e\x1f\x85\u2028\u2029"), " ")


def plain_runs(text: str) -> str:
    """Make each run of blanks one, a line end if it holds one, for that may stand between Chinese characters.

    >>> plain_runs("全会\\r\\n  指出 \\t a")
    '全会\\n指出 a'
    """
    return _RUN.sub(_run_of, text)


def _run_of(match: re.Match[str]) -> str:
    return "\n" if "\n" in match.group() or "\r" in match.group() else " "


def collapse(text: str, *, keep: bool) -> str:
    """Return a block's text as it is shown; `keep` is for preformatted text, whose blanks stay.

    >>> collapse("一、\xa0\xa0总体\\n要求 at\\nwork", keep=False)
    '一、总体要求 at work'
    """
    text = text.translate(_SOFT)
    if keep:
        return text
    if "\xa0" in text:
        text = _FIXED.sub(" ", _MARKED.sub(r"\1", text))
    return _CELL_END.sub("\t", _BLANKS.sub(" ", _LINE_END.sub("", text)).lstrip(" "))
