"""The main text of a page told from its navigation.

A paragraph lost costs more than a menu kept: what is in doubt stays. The main text runs from the first to the last
passage that reads as prose or that trafilatura keeps, and holds all of the smallest element that has most of the prose;
out of it go passages made of links, and those in elements whose tag or class says that they are no text, unless much
of the page's prose is in them.
"""

from __future__ import annotations

import logging
from typing import Any

from gongbao import asides
from gongbao.readers.elements import Passage
from gongbao.readers.markup import Markup
from gongbao.readers.prose import (
    LINKED,
    MUCH_PROSE,
    is_attached,
    is_colophon,
    is_furniture,
    is_prose,
    is_published,
    is_whole,
    may_count,
    shape_of,
)
from gongbao.readers.titles import entitle, list_of_links

_MOST = 0.8
# Beyond these trafilatura takes a time that grows with the square of the page, or recurses too deep.
_LARGEST = 20_000
_DEEPEST = 200


def judge(page: Markup, root: Any) -> list[Passage]:
    """Return the passages of a page, each that is no main text with a reason, the title at level 0."""
    passages = page.passages
    _honour(page)
    open_ = [index for index, passage in enumerate(passages) if passage.reason is None]
    kept = _kept(page, root) if open_ else frozenset()
    prose = [index for index in open_ if is_prose(passages[index])]
    chosen = [i for i in open_ if may_count(passages[i]) and shape_of(passages[i].text) in kept]
    chosen = [i for i in chosen if not is_published(passages[i].text)]
    if not prose and list_of_links(page, open_):
        return passages
    if not prose and not chosen:
        entitle(page, None)
        return passages
    inside, strong = _article(page, prose or chosen)
    # Before the article trafilatura also keeps what greets the reader, after it an annex.
    begun = min(inside) if strong else 0
    sure = sorted({*prose, *(index for index in chosen if index >= begun)})
    title = entitle(page, sure[0])
    first, last = _reach(passages, sure, inside, strong)
    first = first if title is None else min(first, title)
    after = max((i for i in sure if i in inside), default=last)
    for index in open_:
        passage = passages[index]
        within = first <= index <= last and _stays(passages, index, inside, end=index > after)
        if index < sure[0] and is_published(passage.text):
            passage.reason = "source"
        elif not within and index != title:
            credit = asides.block_reason(passage.text, front=False) if passage.linked < LINKED else None
            passage.reason = credit if credit in ("byline", "source") else "navigation"
    return passages


def _reach(passages: list[Passage], sure: list[int], inside: frozenset[int], strong: bool) -> tuple[int, int]:
    """The first and the last passage of the main text: all of the article, or what joins on to its prose."""
    first, last = sure[0], sure[-1]
    if strong:
        return min(first, *inside), max(last, *inside)

    def joins(index: int, *, end: bool) -> bool:
        if not 0 <= index < len(passages) or passages[index].reason in ("navigation", "page-title"):
            return False
        return passages[index].reason is not None or (index in inside and _stays(passages, index, inside, end=end))

    while joins(first - 1, end=False):
        first -= 1
    while joins(last + 1, end=True):
        last += 1
    return first, last


def _honour(page: Markup) -> None:
    """Give the passages in marked elements their reasons, unless the mark would take much of the page's prose."""
    passages, marks = page.passages, page.marks
    prose = any(passage.reason is None and is_prose(passage) for passage in passages)
    held = [0] * len(marks)
    total = 0
    for passage in passages:
        if passage.reason is None and (not prose or is_prose(passage)):
            total += len(passage.text)
            if passage.mark >= 0:
                held[passage.mark] += len(passage.text)
    for index in range(len(marks) - 1, 0, -1):
        if marks[index].parent >= 0:
            held[marks[index].parent] += held[index]
    reasons: list[str | None] = []
    for mark, weight in zip(marks, held, strict=True):
        above = reasons[mark.parent] if mark.parent >= 0 else None
        limit = 0.5 if mark.plain else MUCH_PROSE
        honoured = weight <= limit * total or (mark.plain and not prose)
        reasons.append(above or (mark.reason if honoured else None))
    if all(passage.reason or (passage.mark >= 0 and reasons[passage.mark]) for passage in passages):
        reasons = [mark.reason if mark.reason == "hidden" else None for mark in marks]
    for passage in passages:
        if passage.reason is None and passage.mark >= 0:
            passage.reason = reasons[passage.mark]


def _article(page: Markup, sure: list[int]) -> tuple[frozenset[int], bool]:
    """The passages of the smallest element with most of the prose, and whether it is surely the article's own."""
    passages, places = page.passages, page.places
    prose, count, ink, links, foot = ([0.0] * len(places) for _ in range(5))
    for index in sure:
        prose[passages[index].place] += len(passages[index].text)
    for passage in passages:
        if passage.reason in (None, "navigation"):
            count[passage.place] += 1
            ink[passage.place] += len(passage.text)
            links[passage.place] += len(passage.text) * min(passage.linked, 1)
            foot[passage.place] += is_colophon(passage.text, alone=False)
    best, total = 0, sum(prose)
    for index in range(len(places) - 1, 0, -1):
        for sums in (prose, count, ink, links, foot):
            sums[places[index].parent] += sums[index]
    inner = ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre")
    for index, place in enumerate(places):
        # Places stand in document order, so that the deepest that qualifies is the last one below the best so far.
        if place.parent == best and place.tag not in inner and prose[index] >= _MOST * total and count[index] > 1:
            best = index
    below = _below(page, best)
    inside = frozenset(i for i, passage in enumerate(passages) if below[passage.place] and passage.reason is None)
    strong = places[best].tag not in ("html", "body") and links[best] <= 0.3 * ink[best] and not foot[best]
    return inside, strong or (places[best].article and not foot[best])


def _below(page: Markup, best: int) -> list[bool]:
    below = [index == best for index in range(len(page.places))]
    for index in range(1, len(page.places)):
        below[index] = below[index] or below[page.places[index].parent]
    return below


def _stays(passages: list[Passage], index: int, inside: frozenset[int], *, end: bool) -> bool:
    """Whether a passage may be main text; at the `end` of the page, after its prose, its publisher's lines may not."""
    passage = passages[index]
    text = passage.text
    if is_furniture(text) or is_colophon(text, alone=end or index not in inside):
        return False
    if passage.linked < LINKED:
        return True
    return index in inside and (is_whole(text) or is_attached(passages, index))


def _kept(page: Markup, root: Any) -> frozenset[str]:
    """What trafilatura takes for main text, line by line, without punctuation; nothing of pages too large for it."""
    if page.deepest > _DEEPEST or page.elements > _LARGEST:
        return frozenset()
    from lxml import etree
    from trafilatura import bare_extraction

    # It fills a cell in as often as these say, a hundred thousand times if they say so.
    etree.strip_attributes(root, "colspan", "rowspan")

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        found = bare_extraction(root, favor_recall=True, fast=True, include_comments=False, include_tables=True)
    except Exception:
        # It is a second opinion: a page that it fails on has the first.
        return frozenset()
    text = getattr(found, "text", None) or ""
    return frozenset(filter(None, map(shape_of, text.split("\n"))))
