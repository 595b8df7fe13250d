"""Raw text to paragraphs and sentences, in stages: lines, asides, re-flow, headings, sentences.

    read_lines     the text's lines, invisible characters removed                     (lines.py)
    reflow         lines joined where print broke them                                (reflow.py)
    blocks         page numbers and the like out, re-flow, datelines and bylines cut off (asides.py)
    assemble       headings and their paths (headings.py), the title, sentences (sentences.py)

Nothing is lost: every character that is neither white space nor invisible is in exactly one block, in order. A reader
whose format has paragraphs of its own calls `assemble` and needs no re-flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gongbao import asides
from gongbao.documents import Aside, Kind, Paragraph
from gongbao.headings import Outline, is_title
from gongbao.lines import Block, Line, read_lines
from gongbao.reflow import ends_sentence, reflow
from gongbao.sentences import split_sentences

__all__ = ["Segmented", "assemble", "blocks", "segment", "split_sentences"]

# Print stretches a line by spaces between full-width characters and figures; the space after 第十二条 was written.
_STRETCH = re.compile(r"(?<=[^\x00-\x2f\x3a-\x7f])\s+(?=[^\x00-\x2f\x3a-\x7f])|(?<=\d)\s+(?=[^\x00-\x7f])")
_TITLE_LINES = 3
_ARTICLE = re.compile(r"第[一二三四五六七八九十百零〇\d]{1,6}[编章节条]$")


@dataclass(frozen=True)
class Segmented:
    """What a text was made into."""

    paragraphs: tuple[Paragraph, ...]
    aside: tuple[Aside, ...]
    title: str | None


def segment(text: str, document: str = "") -> Segmented:
    """Make paragraphs of raw text; ids are `document#1`, `document#2`, …

    Title lines and headings are paragraphs of kind `heading`; a page is given where the text has form feeds. Of text
    that was hard-wrapped, spaces between full-width characters and figures are dropped (「5月 30日」), as print put
    them there; other text is kept as it is.

    >>> made = segment("公报\\n\\n一、总体要求\\n\\n　　新华社北京7月1日电 坚持稳中求进。要干。", "d")
    >>> made.title, [p.text for p in made.paragraphs], made.paragraphs[2].heading
    ('公报', ['公报', '一、总体要求', '坚持稳中求进。要干。'], ('一、总体要求',))
    >>> made.aside
    (Aside(text='新华社北京7月1日电', reason='dateline', line=5),)
    """
    return assemble(blocks(text), document, paged="\f" in text.rstrip())


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text: paragraphs, and between them what is set apart, each with its reason."""
    kept: list[Line] = []
    gap = False
    lines = list(read_lines(text))
    heads = _running_heads(lines)
    for line in lines:
        reason = asides.line_reason(line.text)
        if reason is None and heads and asides.form(line.text) in heads:
            reason = "running-head"
        if reason:
            gap = gap or line.gap
            yield Block((line,), reason=reason)
        else:
            kept.append(replace(line, gap=line.gap or gap) if gap else line)
            gap = False
    front = True
    paragraphs = list(reflow(kept))
    for index, block in enumerate(paragraphs):
        for part in _set_apart(block, front=front, last=index == len(paragraphs) - 1):
            yield part
            front = front and (part.reason is not None or is_title(part.text))


def assemble(made: Iterable[Block], document: str = "", *, paged: bool = False) -> Segmented:
    """Number the blocks' paragraphs, find title and headings, and split the sentences."""
    outline = Outline()
    paragraphs: list[Paragraph] = []
    aside: list[Aside] = []
    title: list[str] = []
    opening = True
    pending = [(block, block.text.replace("\t", " ")) for block in made]
    following = _following(pending)
    for (block, text), after in zip(pending, following, strict=True):
        if block.reason:
            aside.append(Aside(text, block.reason, block.lines[0].number))
            opening = opening and not (title and block.reason in ("note", "speaker"))
            continue
        opening = opening and len(title) < _TITLE_LINES and is_title(text)
        kind: Kind = "heading"
        path: tuple[str, ...] = ()
        if opening:
            title.append(text)
        else:
            kind, path = outline.place(text, after)
        if kind == "body" and block.wrapped:
            text = _STRETCH.sub(_unstretch, text)
        number = len(paragraphs) + 1
        paragraphs.append(
            Paragraph(
                id=f"{document}#{number}",
                text=text,
                sentences=tuple(split_sentences(text)),
                kind=kind,
                heading=path,
                page=block.lines[0].page if paged else None,
                document=document,
                number=number,
            )
        )
    aside.sort(key=lambda item: item.line)
    return Segmented(tuple(paragraphs), tuple(aside), " ".join(title) or None)


def _running_heads(lines: Sequence[Line]) -> frozenset[str]:
    edges = []
    for index, line in enumerate(lines):
        first = index == 0 or lines[index - 1].page != line.page
        last = index + 1 == len(lines) or lines[index + 1].page != line.page
        if (first or last) and not ends_sentence(line.text):
            edges.append((line.page, line.text))
    return asides.running_heads(edges)


def _set_apart(block: Block, *, front: bool, last: bool) -> Iterator[Block]:
    """Yield a paragraph in up to three parts: what opens it (a dateline), itself, what closes it (credits)."""
    reason = asides.block_reason(block.text, front=front)
    if reason:
        yield replace(block, reason=reason)
        return
    for reason, measure in (("jump", asides.jump), ("dateline", asides.dateline)):
        text = block.text
        if length := measure(text):
            head, block = block.cut(_inked(text[:length]))
            yield replace(head, reason=reason)
    closing: list[Block] = []
    while found := asides.credit(text := block.text, last=last):
        block, tail = block.cut(_inked(text[: found[0]]))
        closing.insert(0, replace(tail, reason=found[1]))
    yield block
    yield from closing


def _inked(text: str) -> int:
    return len(text) - sum(map(str.isspace, text))


def _following(pending: Sequence[tuple[Block, str]]) -> list[str]:
    """For each block the text of the next paragraph."""
    following: list[str] = []
    after = ""
    for block, text in reversed(pending):
        following.append(after)
        after = after if block.reason else text
    return following[::-1]


def _unstretch(match: re.Match[str]) -> str:
    return match.group() if _ARTICLE.search(match.string[max(0, match.start() - 9) : match.start()]) else ""
