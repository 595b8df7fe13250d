"""Raw text to paragraphs and sentences, in stages: lines, asides, re-flow, headings, sentences.

    read_lines     the text's lines, invisible characters removed                     (lines.py)
    reflow         lines joined where print broke them                                (reflow.py)
    blocks         page numbers and the like out, re-flow, datelines and bylines cut off (asides.py)
    assemble       headings and their paths (headings.py), the title, sentences (sentences.py)

Nothing is lost: every character that is neither white space nor invisible is in exactly one block, in order. Readers of
formats that have paragraphs give each as one line: such lines are joined only if nearly all of them were hard-wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gongbao import asides, metadata
from gongbao.documents import Aside, Kind, Paragraph
from gongbao.headings import Outline, is_title
from gongbao.lines import Block, Line, read_lines, unstretched
from gongbao.reflow import ends_sentence, is_wrapped, reflow
from gongbao.sentences import split_sentences

__all__ = ["Segmented", "assemble", "blocks", "segment", "segment_lines", "split_sentences"]

_TITLE_LINES = 3
_CREDITS = 8
_TITLE_WITHIN = 20


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
    (Aside(text='新华社北京7月1日电', reason='dateline', line=5, page=None),)
    """
    return assemble(blocks(read_lines(text)), document, paged="\f" in text.rstrip())


def segment_lines(lines: Iterable[Line], document: str = "", *, paged: bool = False, own: bool = False) -> Segmented:
    """Make paragraphs of lines that a reader gives; `own` says that the format keeps each paragraph in one line."""
    return assemble(blocks(lines, own=own), document, paged=paged)


def blocks(given: Iterable[Line], *, own: bool = False) -> Iterator[Block]:
    """Yield the blocks of lines: paragraphs, and between them what is set apart, each with its reason."""
    kept: list[Line] = []
    gap = False
    lines = list(given)
    # Readers of formats with paragraphs know their heads themselves.
    heads: frozenset[int] = frozenset() if own else _running_heads(lines)
    for index, line in enumerate(lines):
        reason = line.reason
        if reason in (None, "running-head"):
            reason = asides.line_reason(line.text) or reason
        # The line 目录 goes with what it stands above.
        if reason is None and asides.is_contents_name(line.text) and index + 1 < len(lines):
            after = lines[index + 1]
            reason = "contents" if "contents" in (after.reason, asides.line_reason(after.text)) else None
        if reason is None and index in heads:
            reason = "running-head"
        if reason:
            gap = gap or line.gap
            yield Block((line,), reason=reason)
        else:
            kept.append(replace(line, gap=line.gap or gap) if gap else line)
            gap = False
    front, titled = True, False
    paragraphs = list(_paragraphs(kept, join=not own or is_wrapped([line for line in kept if line.level is None])))
    signed = _signature(paragraphs)
    for index, block in enumerate(paragraphs):
        if index in signed:
            yield replace(block, reason="issuer")
            continue
        for part in _set_apart(block, front=front, titled=titled, last=index == len(paragraphs) - 1):
            yield part
            front = front and (part.reason is not None or is_title(part.text))
            titled = titled or part.reason is None


def _paragraphs(lines: Sequence[Line], *, join: bool) -> Iterator[Block]:
    """Re-flow what stands between lines that are paragraphs beyond doubt."""
    run: list[Line] = []
    for line in lines:
        if join and not line.whole and line.level is None:
            run.append(line)
            continue
        yield from reflow(run)
        run = []
        yield Block((line,))
    yield from reflow(run)


def _signature(paragraphs: Sequence[Block]) -> set[int]:
    """The paragraphs that sign the document: organs' names right before a date that stands by itself."""
    found: set[int] = set()
    for index in range(len(paragraphs) - 2, 1, -1):
        text, after = paragraphs[index].text, paragraphs[index + 1].text
        if (index + 1 in found or metadata.is_date(after)) and len(text) <= 60 and metadata.is_issuer(text):
            found.add(index)
    return found


def assemble(made: Iterable[Block], document: str = "", *, paged: bool = False) -> Segmented:
    """Number the blocks' paragraphs, find title and headings, and split the sentences."""
    outline = Outline()
    paragraphs: list[Paragraph] = []
    aside: list[Aside] = []
    title: list[str] = []
    opening = True
    pending = [(block, block.text.replace("\t", " ")) for block in made]
    following = _following(pending)
    # A format's own word for the title counts more than the form of the lines above the text.
    named = any(block.lines[0].level == 0 for block, _ in pending[:_TITLE_WITHIN] if not block.reason)
    for (block, text), after in zip(pending, following, strict=True):
        if block.reason:
            aside.append(Aside(text, block.reason, block.lines[0].number, block.lines[0].page if paged else None))
            opening = opening and not (title and block.reason in ("note", "speaker"))
            continue
        level = block.lines[0].level
        if named:
            opening = level == 0 and len(title) < _TITLE_LINES and not any(p.kind == "body" for p in paragraphs)
        else:
            opening = opening and len(title) < _TITLE_LINES and is_title(text) and not (title and level)
        kind: Kind = "heading"
        path: tuple[str, ...] = ()
        if opening:
            title.append(text)
        else:
            kind, path = outline.place(text, after, level, row=block.lines[0].whole)
        if kind == "body" and block.wrapped:
            text = unstretched(text)
        number = len(paragraphs) + 1
        paragraphs.append(
            Paragraph(
                id=f"{document}#{number}",
                text=text,
                sentences=tuple(split_sentences(text)),
                kind=kind,
                heading=path,
                page=block.lines[0].page if paged else None,
                line=block.lines[0].number,
                document=document,
                number=number,
            )
        )
    aside.sort(key=lambda item: item.line)
    return Segmented(tuple(paragraphs), tuple(aside), " ".join(title) or None)


def _running_heads(given: Sequence[Line]) -> frozenset[int]:
    edges = []
    lines = [(place, line) for place, line in enumerate(given) if line.reason is None]
    for index, (place, line) in enumerate(lines):
        first = index == 0 or lines[index - 1][1].page != line.page
        last = index + 1 == len(lines) or lines[index + 1][1].page != line.page
        if (first or last) and not ends_sentence(line.text):
            edges.append((place, line.page, line.text))
    return asides.running_heads(edges)


def _set_apart(block: Block, *, front: bool, titled: bool, last: bool) -> Iterator[Block]:
    """Yield a paragraph in up to three parts: what opens it (a dateline), itself, what closes it (credits)."""
    reason = asides.block_reason(block.text, front=front, titled=titled)
    if reason:
        yield replace(block, reason=reason)
        return
    for reason, measure in (("jump", asides.jump), ("dateline", asides.dateline)):
        text = block.text
        if length := measure(text):
            head, block = block.cut(_inked(text[:length]))
            yield replace(head, reason=reason)
    closing: list[Block] = []
    # Nobody credits more in a line; a text made of nothing else would be read through as often as it has them.
    while len(closing) < _CREDITS and (found := asides.credit(text := block.text, last=last)):
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
