"""Raw text to lines, and the blocks that lines are put together to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]+"
)
# Print stretches a line by spaces between full-width characters and figures; the space after 第十二条 was written.
_STRETCH = re.compile(r"(?<=[^\x00-\x2f\x3a-\x7f])\s+(?=[^\x00-\x2f\x3a-\x7f])|(?<=\d)\s+(?=[^\x00-\x7f])")
_ARTICLE = re.compile(r"第[一二三四五六七八九十百零〇\d]{1,6}[编章节条]$")
_BLANK = re.compile(rf"(?:\s|{_INVISIBLE.pattern})+")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_RARE = re.compile(r"[^ -~\n\t一-鿿]")
_SOFT_NEWLINE = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")


@dataclass
class Line:
    """A line with text on it; never changed once it is made (to freeze it would take as long as all the rest).

    `number` is 1-based, as an editor counts; `start` is the text's offset in the document, its invisible characters
    removed; `indent` is the width of the white space before it; `gap` says that a blank line stands before it. What a
    format itself says: the `level` of a heading (0 a title, 1 the highest heading, …), that a line is a paragraph
    beyond doubt (`whole`: a row of a table), and the `reason` to set it apart (a footnote).
    """

    number: int
    start: int
    text: str
    indent: float = 0.0
    gap: bool = False
    page: int = 1
    level: int | None = None
    whole: bool = False
    reason: str | None = None

    width: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.width = width(self.text)


@dataclass(frozen=True)
class Block:
    """Lines that belong together: a paragraph, or text to keep apart if there is a `reason`."""

    lines: tuple[Line, ...]
    wrapped: bool = False
    reason: str | None = None

    @cached_property
    def text(self) -> str:
        """The lines joined: with nothing between, but a space between two Latin words."""
        return join(line.text for line in self.lines)

    def cut(self, length: int) -> tuple[Block, Block]:
        """Cut after the first `length` characters that are not white space."""
        for index, line in enumerate(self.lines):
            inked = len(line.text) - sum(map(str.isspace, line.text))
            if length > inked:
                length -= inked
                continue
            at = 0
            while length:
                length -= not line.text[at].isspace()
                at += 1
            head, tail = line.text[:at].rstrip(), line.text[at:]
            rest = tail.lstrip()
            first = (*self.lines[:index], replace(line, text=head)) if head else self.lines[:index]
            moved = replace(line, text=rest, start=line.start + len(line.text) - len(rest), indent=0.0, gap=False)
            return (
                replace(self, lines=first),
                replace(self, lines=((moved,) if rest else ()) + self.lines[index + 1 :]),
            )
        return self, replace(self, lines=())


def read_lines(text: str) -> Iterator[Line]:
    """Yield the lines that hold text, white space at their edges and invisible characters removed.

    A form feed begins a new page; it, a vertical tab and Unicode's separators end a line but do not count as one.

    >>> [(line.number, line.text, line.indent, line.gap) for line in read_lines("a\\r\\n\\r\\n　　b")]
    [(1, 'a', 0.0, False), (3, 'b', 2.0, True)]
    """
    text = _INVISIBLE.sub("", text)
    start, page, number, gap = 0, 1, 0, False
    paged = _SOFT_NEWLINE.search(text) is not None
    while start <= len(text):
        number += 1
        newline = _NEWLINE.search(text, start)
        end = newline.start() if newline else len(text)
        blank = True
        while True:
            soft = _SOFT_NEWLINE.search(text, start, end) if paged else None
            stop = soft.start() if soft else end
            raw = text[start:stop]
            body = raw.lstrip()
            if body:
                lead = len(raw) - len(body)
                indent = width(raw[:lead]) if lead else 0.0
                yield Line(number, start + lead, body.rstrip(), indent, gap, page)
                blank, gap = False, False
            if soft is None:
                break
            page += soft.group() == "\x0c"
            start = soft.end()
        gap = gap or blank
        start = newline.end() if newline else len(text) + 1


def inked(text: str) -> int:
    """Return the number of characters that are neither white space nor invisible.

    >>> inked("a b\u200b\u3000公")
    3
    """
    return len(_BLANK.sub("", text))


_UNSHOWN = ("Cc", "Cf", "Cs", "Cn")


def clean(text: str) -> str:
    """Text for a page or a terminal: control and format characters but line feed and tab, halves, none at all: U+FFFD.

    >>> clean("a\\x1b[31m\\u202eb\\nc")
    'a�[31m�b\\nc'
    """
    return _RARE.sub(lambda found: "\ufffd" if unicodedata.category(found[0]) in _UNSHOWN else found[0], text)


def in_one_line(text: str) -> str:
    """Show line ends, as a file's name may hold them, without ending the line."""
    return text.replace("\n", "\\n").replace("\r", "\\r")


def width(text: str) -> float:
    """Return the width in full-width characters.

    >>> width("5月30日，AI")
    5.5
    """
    return len(text) - len(text.encode("ascii", "ignore")) / 2


def join(texts: Iterable[str]) -> str:
    """Join the lines of a paragraph.

    >>> join(["加快打造发展新质", "生产力，举办Open", "Day活动20", "场"])
    '加快打造发展新质生产力，举办Open Day活动20场'
    """
    parts: list[str] = []
    last = ""
    for text in texts:
        if last and text and _spaced(last, text[0]):
            parts.append(" ")
        parts.append(text)
        last = text[-1:] or last
    return "".join(parts)


def unstretched(text: str) -> str:
    """Take out the spaces that print puts between characters.

    >>> unstretched("5月 30日，全 会"), unstretched("第十二条 本办法")
    ('5月30日，全会', '第十二条 本办法')
    """
    return _STRETCH.sub(_unstretch, text)


def _unstretch(match: re.Match[str]) -> str:
    return match.group() if _ARTICLE.search(match.string[max(0, match.start() - 9) : match.start()]) else ""


def _spaced(last: str, first: str) -> bool:
    latin = first.isascii() and first.isalpha()
    return latin and last.isascii() and (last.isalpha() or last in ",.:;)")
