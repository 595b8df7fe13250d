"""What a page is made of, and what its elements say by their tags, classes and styles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Between blocks of these there is room on the page.
ROOM = frozenset(HEADINGS) | frozenset(("p", "blockquote", "ul", "ol", "dl", "table", "pre", "hr"))
CELLS = frozenset(("td", "th"))
BLOCKS = frozenset(
    re.findall(
        r"\w+",
        """address article aside body caption center dd details dialog dir div dt fieldset figcaption figure footer form
        frameset head header hgroup html iframe legend li main menu nav noframes noscript optgroup option section select
        summary svg tbody textarea tfoot thead title tr""",
    )
)
BLOCKS |= ROOM | CELLS
_CONTAINERS = frozenset(
    re.findall(r"\w+", "aside article center div dl fieldset footer form header main menu nav ol section table td ul")
)
_CAPTIONED = frozenset(("p", "div", "dd", "li"))
# What is no running text wherever it stands.
_CONTROLS = "audio button canvas datalist iframe label noframes noscript option select textarea video"
APART = dict.fromkeys(re.findall(r"\w+", _CONTROLS), "navigation")
APART |= {"title": "page-title", "rt": "ruby", "rp": "ruby", "figcaption": "caption", "svg": "caption"}
STRONG = frozenset(("b", "strong"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.I)
KEPT_SPACE = re.compile(r"white-space\s*:\s*(?:pre|break)", re.I)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FURNITURE = re.compile(
    r"(?<![a-z])(?:nav|navbar|navi|navigation|menu|submenu|topbar|header|footer|foot|bottom|copyright|share|sharebar|"
    r"bdshare\w*|breadcrumbs?|crumbs?|mbx|dqwz|location|position|weizhi|sidebar|related?|xgyd|xgxw|xglj|xgwj|recommend|"
    r"toolbar|tools|pager|pagination|comments?|login|search|banner|advert|friend-?links?|yqlj|qrcode|ewm|erweima|"
    r"font-?size)(?![a-z])"
)
# What Word makes of footnotes when it saves a page, and of the marks that lead to them.
_NOTE = re.compile(r"mso-element\s*:\s*(?:foot|end)note", re.I)
_NOTE_NAME = re.compile(r"(?<![a-z])mso-(?:foot|end)note")
_NOTE_LINK = re.compile(r"#_(?:ftn|edn)(?:ref)?\d")
ARTICLE = re.compile(r"(?<![a-z])(?:article|content|post|detail|entry|news|text|main|doc)(?![a-z])")
_CAPTION = re.compile(r"(?<![a-z])(?:caption|figcaption|(?:img|pic|photo)-?(?:desc|text|info|title)|tushuo)(?![a-z])")
TITLE = re.compile(r"(?<![a-z])(?:title|biaoti|headline)(?![a-z])")


@dataclass
class Passage:
    """A block of text. `place` and `mark` are indices into the page's; `linked` is the share of it that is links."""

    text: str
    indent: float
    gap: bool
    level: int | None
    whole: bool
    reason: str | None
    place: int
    mark: int
    linked: float
    named: bool


@dataclass
class Place:
    """A block element: its tag, the index of the one around it, and whether it is named as the article is."""

    tag: str
    parent: int
    article: bool


@dataclass
class Mark:
    """An element that says of itself that it is no text of the page: why, the one around it, and if its tag says so."""

    reason: str
    parent: int
    plain: bool


def name_of(element: Any) -> str:
    """An element's class and id as words of small letters with hyphens between them."""
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    return _CAMEL.sub("-", name).lower().replace("_", "-")


def claim(element: Any, name: str, *, inside: bool, row: bool) -> tuple[str | None, bool]:
    """Why an element says that it is no text of the page, and whether its tag or style does, not only its class.

    `inside` an article a header is the article's own; in the `row` of a table of data classes are about looks.
    """
    tag = element.tag
    if tag in ("html", "body"):
        return None, True
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return "hidden", True
    if _HIDDEN.search(element.get("style") or ""):
        return "hidden", True
    if tag in ("nav", "footer", "aside") or (tag == "header" and not inside):
        return "navigation", True
    if _NOTE.search(element.get("style") or "") or _NOTE_NAME.search(name):
        return "footnote", True
    if tag == "a" and _NOTE_LINK.match(element.get("href") or ""):
        return "footnote", True
    if row or name == " ":
        return None, False
    if tag in _CAPTIONED and _CAPTION.search(name):
        return "caption", False
    if tag in _CONTAINERS and _FURNITURE.search(name) and not ARTICLE.search(name):
        return "navigation", False
    return None, False
