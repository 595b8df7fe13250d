"""Plain text: bytes of any usual Chinese encoding, then `segment`."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import BinaryIO

from gongbao.documents import Document
from gongbao.errors import GongbaoError
from gongbao.segment import segment

# UTF-32 before UTF-16: the little-endian mark of the one begins with that of the other.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = ("gb18030", "big5")
_CONTROL = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_SAMPLE = 50_000
_PLAUSIBLE = 0.45
_ADVICE = "say which with --encoding (for example --encoding gb18030)"


def read_text(file: BinaryIO, path: str, document: str, encoding: str | None = None) -> Document:
    """Read a text file into a document; the encoding found or given is noted on it. Errors are those of `decode`."""
    text, name = decode(file.read(), path, encoding)
    made = segment(text, document)
    return Document(document, made.title, path, made.paragraphs, made.aside, name)


def decode(data: bytes, path: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text and the encoding it was read in; no character is ever replaced.

    In order: the encoding given; a byte order mark; UTF-8; then GB18030 or Big5, whichever gives the more usual
    Chinese, as almost any bytes are valid in the one or the other. Raises GongbaoError, in one line that says what to
    do, for bytes that fit none, or look like no text.

    >>> decode("公报".encode("gb18030"), "a.txt")
    ('公报', 'gb18030')
    """
    if encoding is not None:
        try:
            codec = codecs.lookup(encoding)
            text = data.decode(codec.name)
        except (LookupError, TypeError) as error:
            raise GongbaoError(f"{path}: no encoding is called {encoding!r}; try utf-8, gb18030 or big5") from error
        except UnicodeError as error:
            raise GongbaoError(f"{path}: not {encoding}: {_where(error)}; try without --encoding") from error
        return text.removeprefix("\ufeff"), codec.name
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name), name
            except UnicodeError as error:
                raise GongbaoError(f"{path}: marked as {name}, but {_where(error)}; {_ADVICE}") from error
    if b"\x00" in data:
        raise GongbaoError(
            f"{path}: binary, no text (if it is UTF-16 without a byte order mark, say --encoding utf-16-le)"
        )
    try:
        text, name = data.decode("utf-8"), "utf-8"
    except UnicodeError:
        text, name = _guess(data, path)
    if len(_CONTROL.findall(text[:_SAMPLE])) > 0.02 * len(text[:_SAMPLE]):
        raise GongbaoError(f"{path}: binary, no text")
    return text, name


def _guess(data: bytes, path: str) -> tuple[str, str]:
    read: list[tuple[float, str, str]] = []
    for name in _GUESSES:
        try:
            text = data.decode(name)
        except UnicodeError:
            continue
        read.append((_usual(text[:_SAMPLE], name), name, text))
    if not read:
        raise GongbaoError(f"{path}: neither UTF-8, GB18030 nor Big5; {_ADVICE}")
    share, name, text = max(read, key=lambda item: item[0])
    if share < _PLAUSIBLE:
        raise GongbaoError(f"{path}: read as {name} it is no Chinese text, perhaps binary; {_ADVICE}")
    return text, name


def _usual(text: str, encoding: str) -> float:
    """Return the share of the characters outside ASCII that are everyday ones: the first plane of either standard.

    Both put punctuation first and sort the rest into frequent and rare characters, GB 2312 at 0xD8, Big5 at 0xC9.
    """
    standard, rare = ("gb2312", 0xD8) if encoding == "gb18030" else ("big5", 0xC9)
    counts = Counter(char for char in text if char > "\x7f")
    usual = 0
    for char, count in counts.items():
        try:
            usual += count if char.encode(standard)[0] < rare else 0
        except UnicodeError:
            continue
    return usual / (counts.total() or 1)


def _where(error: UnicodeError) -> str:
    return f"byte {error.start + 1} does not fit" if isinstance(error, UnicodeDecodeError) else "some bytes do not fit"
