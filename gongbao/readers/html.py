"""Web pages: each block of text a line, the main text told from what stands around it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from gongbao.errors import GongbaoError
from gongbao.lines import Line, inked
from gongbao.readers.boilerplate import judge
from gongbao.readers.encoding import decode
from gongbao.readers.markup import Markup
from gongbao.readers.prose import is_sentence
from gongbao.readers.reading import Reading, hint

_DECLARED = re.compile(
    rb"<meta\b[^<>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)"
    rb"|<\?xml\b[^<>]{0,100}?\bencoding\s*=\s*[\"']([\w.:-]+)",
    re.I,
)
_HEAD = 8_192
# Any bytes fit a one-byte encoding, so that the word of a page for one proves nothing.
_MANY_BYTES = re.compile(r"utf-8|gb|big5|hz|euc|shift|iso2022|cp9[345]\d|johab")
_HAN = re.compile("[\u4e00-\u9fff]")
# libxml2 stops without a word at a depth of 2048 elements.
_DEEPEST = 2_000
_WRAPPERS = re.compile(
    r"</?(?:div|section|article|main|center|form|ul|ol|li|dl|dd|dt|blockquote|table|tbody|tr|td|th)\b[^<>]*>", re.I
)
_INLINE = re.compile(r"</?(?:span|font|b|i|u|em|a|strong|big|small|sub|sup|nobr)\b[^<>]*>", re.I)


def html_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield the blocks of a web page in order; what is no part of the main text comes with a reason to set it apart.

    A page's own word for its encoding is taken if its bytes bear it out; other errors are those of `decode`.
    """
    text, reading.ledger.encoding = _decoded(reading.whole(file), reading)
    yield from _page(text, reading)


def mhtml_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield the blocks of a web page saved with all its parts: the root page's, then those of its frames."""
    data = reading.whole(file)
    with reading.sound("MHTML"):
        pages = _pages(data)
    if not pages:
        raise GongbaoError(f"{reading.path}: no MHTML: no part of it is text/html{hint(data)}")
    read: list[list[Line]] = []
    for index, (body, charset) in enumerate(pages):
        text, encoding = _decoded(body, reading, charset)
        if index == 0:
            reading.ledger.encoding = encoding
        read.append(list(_page(text, reading)))
    wordy = [any(line.reason is None and is_sentence(line.text) for line in lines) for lines in read]
    number = start = 0
    for index, lines in enumerate(read):
        # A frame beside the page with no sentence in it is a menu or a box.
        beside = index > 0 and not wordy[index] and any(wordy)
        for line in lines:
            number += 1
            reason = "navigation" if beside and line.reason is None else line.reason
            yield replace(line, number=number, start=start, reason=reason)
            start += len(line.text) + 1


def _page(text: str, reading: Reading) -> Iterator[Line]:
    """The lines of one page."""
    number = start = 0
    with reading.sound(".html"):
        root = _tree(text)
        if root is None:
            return
        # Told apart from the walk over the blocks, so that the account would show what the walk lost.
        reading.ledger.take(root.xpath("string()"))
        passages = judge(Markup(root), root)
    for passage in passages:
        if not inked(passage.text):
            continue
        number += 1
        yield Line(
            number,
            start,
            passage.text,
            passage.indent,
            passage.gap and number > 1,
            level=passage.level,
            whole=passage.whole,
            reason=passage.reason,
        )
        start += len(passage.text) + 1


def _tree(text: str) -> Any:
    """The page's root element without scripts, styles, templates and comments; None if there is nothing in it."""
    for flatten in (False, True):
        if flatten:
            text = _WRAPPERS.sub("<br>", _INLINE.sub("", text))
        root = _parsed(text)
        if root is None or _depth(root) < _DEEPEST:
            return root
    raise RecursionError


def _parsed(text: str) -> Any:
    from lxml import etree, html

    # As bytes, as lxml refuses a string that declares an encoding.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    data = text.replace("\x00", "").encode()
    if not data.strip():
        return None
    try:
        root = html.document_fromstring(data, parser=parser)
    except etree.ParserError:
        return None
    etree.strip_elements(root, "script", "style", "template", with_tail=False)
    return root


def _depth(root: Any) -> int:
    from lxml import etree

    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _decoded(data: bytes, reading: Reading, declared: str | None = None) -> tuple[str, str]:
    """Decode a page: as the user says, as it begins, as it says itself if that fits, else as `decode` finds."""
    if reading.encoding is not None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data, reading.path, reading.encoding)
    if declared is None and (match := _DECLARED.search(data, 0, _HEAD)):
        declared = (match.group(1) or match.group(2)).decode("ascii", "ignore")
    fitting = _as_declared(data, declared or "")
    if fitting is None:
        return decode(data, reading.path)
    decode(fitting[0].encode(), reading.path)  # Refuses what is no text.
    return fitting


def _as_declared(data: bytes, declared: str) -> tuple[str, str] | None:
    """The text in the encoding declared and the codec's name, or None if it does not fit or says nothing."""
    try:
        name = codecs.lookup(declared.strip().lower().removeprefix("x-")).name
    except (LookupError, ValueError):
        return None
    if not _MANY_BYTES.match(name):
        return None
    name = "gb18030" if name in ("gb2312", "gbk") else name
    # Pages converted to UTF-8 often keep the old declaration; Chinese that is valid UTF-8 by chance does not occur.
    for codec in ("utf-8", name):
        try:
            text = data.decode(codec)
        except (UnicodeError, LookupError):
            continue
        if codec == name or _HAN.search(text):
            return text, codec
    return None


def _pages(data: bytes) -> list[tuple[bytes, str | None]]:
    """The text/html parts of a message, its root first, as (bytes, declared charset)."""
    from email import message_from_bytes, policy
    from email.message import EmailMessage

    message = message_from_bytes(data, policy=policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/html"]
    start = str(message.get_param("start") or "").strip()
    if start:
        parts.sort(key=lambda part: str(part.get("Content-ID", "")).strip() != start)
    pages = []
    for part in parts:
        body = part.get_payload(decode=True)
        if isinstance(part, EmailMessage) and isinstance(body, bytes):
            pages.append((body, part.get_content_charset()))
    return pages
