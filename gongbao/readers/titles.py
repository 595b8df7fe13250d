"""The title of a web page, found among its passages, and pages that are lists of titles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gongbao.asides import form
from gongbao.headings import level_of
from gongbao.readers.elements import Passage
from gongbao.readers.markup import Markup
from gongbao.readers.prose import LINKED, has_sentence, is_furniture, is_published, is_sentence, shape_of

_ABOVE = 40
_SITE = re.compile(r"[-_|｜—–·>\s]+")
_ENTRIES = 5
_MOSTLY = 0.6


def entitle(page: Markup, first: int | None) -> int | None:
    """Find the title among the passages above the text, give it level 0, and return its index.

    What <title> repeats counts most, then a high heading, then a class that says so; of equals the nearest.
    """
    best, points = None, 0
    forms = Counter((passage.level, form(passage.text)) for passage in page.passages)
    for index, passage in enumerate(page.passages):
        if passage.reason not in (None, "navigation") or passage.whole:
            continue
        if first is not None and not first - _ABOVE <= index <= first + 2:
            continue
        text, shape = passage.text, shape_of(passage.text)
        if not 2 <= len(shape) <= 80 or has_sentence(text) or is_furniture(text) or is_published(text):
            continue
        told = _told(page.title, shape)
        if not told and (level_of(text) is not None or (not passage.named and _is_one_of(passage, forms))):
            continue
        level = passage.level if passage.level is not None and passage.level <= 6 else None
        worth = told + 2 * passage.named + (0 if level is None else (7 - level + 1) // 2)
        worth -= 7 * (passage.reason is not None) + 3 * (passage.linked >= LINKED)
        if worth > 0 and worth >= points:
            best, points = index, worth
    if best is not None:
        page.passages[best].level, page.passages[best].reason = 0, None
    return best


def _told(title: str, shape: str) -> int:
    """How far <title> bears a headline out: a page's own title stands first in it, the site's name last."""
    called = shape_of(title)
    if len(shape) >= 5:
        return 0 if shape not in called else 6 if called.startswith(shape) else 4
    # Two or three characters may stand in it by chance.
    parts = [shape_of(part) for part in _SITE.split(title)]
    return 0 if shape not in parts else 6 if shape == parts[0] else 4 if len(shape) == 4 else 0


def _is_one_of(own: Passage, forms: Counter[tuple[int | None, str]]) -> bool:
    """Whether a heading has fellows of its form: 第1问, 第2问, 第3问 are sections."""
    if own.level is None or not re.search(r"\d", own.text):
        return False
    return forms[own.level, form(own.text)] > 2


def list_of_links(page: Markup, open_: Sequence[int]) -> bool:
    """Set a page's entries apart if it is a list of titles that lead on; its own title is kept, if only in <title>."""
    passages = page.passages
    if any(is_sentence(passages[index].text) for index in open_):
        return False
    links = [index for index in open_ if passages[index].linked >= LINKED]
    ink = sum(len(passages[index].text) for index in open_)
    if len(links) < _ENTRIES or sum(len(passages[index].text) for index in links) < _MOSTLY * ink:
        return False
    for index in links:
        passages[index].reason = "navigation"
    named = next((passage for passage in passages if passage.reason == "page-title"), None)
    if entitle(page, None) is None and named is not None:
        named.level, named.reason = 0, None
    return True
