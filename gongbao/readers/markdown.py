"""Markdown: headings by their number signs; what is markup alone is set apart, the rest is text as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from gongbao.lines import Line
from gongbao.readers.reading import Reading
from gongbao.readers.text import text_lines

_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_MARKUP = re.compile(r"(?:```|~~~).{0,40}|\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?\s*)?|(?:[-*_]\s*){3,}|#{1,6}")


def markdown_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield a file's lines: headings with their level, the first of level 1 the title; rows of tables as they are."""
    titled = False
    for line in text_lines(file, reading):
        heading = _HEADING.fullmatch(line.text)
        if heading:
            signs, text = heading.groups()
            yield replace(line, text=signs, reason="markup")
            title = len(signs) == 1 and not titled
            titled = titled or title
            yield replace(line, text=text, start=line.start + heading.start(2), level=0 if title else len(signs))
        elif _MARKUP.fullmatch(line.text):
            yield replace(line, reason="markup")
        else:
            yield replace(line, whole=line.text.startswith("|"))
