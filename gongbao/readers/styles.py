"""What the styles of a Word document say: the level of a heading, that a line belongs to a table of contents."""

from __future__ import annotations

import re
from typing import Any

from gongbao.readers.wordml import W

_CONTENTS = re.compile(r"(?:toc|目录)\s*(?:[1-9]|heading|标题)?", re.IGNORECASE)
_HEADING = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)


def levels(styles: Any) -> dict[str, int]:
    """The heading level of each style that has one, by itself or from the style that it is based on; 0 is a title's."""
    own: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in styles.iter(f"{W}style"):
        key = style.get(f"{W}styleId", "")
        name = style.find(f"{W}name")
        called = name.get(f"{W}val", "") if name is not None else ""
        outline = outline_level(style)
        if called.lower() in ("title", "标题"):
            own[key] = 0
        elif match := _HEADING.fullmatch(called):
            own[key] = int(match.group(1))
        elif outline is not None:
            own[key] = outline
        parent = style.find(f"{W}basedOn")
        if parent is not None:
            based[key] = parent.get(f"{W}val", "")
    made = {}
    for key in {*own, *based}:
        seen: set[str] = set()
        at = key
        while at not in own and at in based and at not in seen:
            seen.add(at)
            at = based[at]
        if at in own:
            made[key] = own[at]
    return made


def outline_level(element: Any) -> int | None:
    """The level, from 1, that a paragraph or a style gives itself in the outline; None for body text."""
    outline = element.find(f"{W}pPr/{W}outlineLvl")
    given = 9 if outline is None else int(outline.get(f"{W}val", "9"))
    return given + 1 if given < 9 else None


def contents_styles(styles: Any) -> frozenset[str]:
    """The styles of a table of contents: TOC 1, 目录 2."""
    return frozenset(
        style.get(f"{W}styleId", "")
        for style in styles.iter(f"{W}style")
        for name in style.findall(f"{W}name")
        if _CONTENTS.fullmatch(name.get(f"{W}val", ""))
    )
