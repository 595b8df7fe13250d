"""Bytes of any usual Chinese encoding to text, no character replaced."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from io import StringIO, TextIOWrapper
from typing import BinaryIO, TextIO

from gongbao.errors import GongbaoError
from gongbao.language import chinese_share
from gongbao.readers.reading import Reading, hint

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


def decode(data: bytes, path: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text and the encoding it was read in; no character is ever replaced.

    In order: the encoding given; a byte order mark; UTF-8; UTF-16 if there are zero bytes; then GB18030 or Big5,
    whichever gives the more usual Chinese, as almost any bytes are valid in the one or the other; then what a
    detector says. Raises GongbaoError, in one line that says what to
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
    if b"\x00" in data[:_SAMPLE]:
        return _wide(data, path)
    try:
        text, name = data.decode("utf-8"), "utf-8"
    except UnicodeError:
        text, name = _guess(data, path)
    if _garbled(text):
        raise GongbaoError(f"{path}: binary, no text{hint(data)}")
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
        return _detect(data, path)
    share, name, text = max(read, key=lambda item: item[0])
    if share < _PLAUSIBLE:
        what = hint(data) or f", perhaps binary; {_ADVICE}"
        raise GongbaoError(f"{path}: read as {name} it is no Chinese text{what}")
    return text, name


def _wide(data: bytes, path: str) -> tuple[str, str]:
    """UTF-16 without a byte order mark: its half-width characters and line ends hold zero bytes."""
    for name in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(name)
        except UnicodeError:
            continue
        if "\x00" not in text and _usual(text[:_SAMPLE], "gb18030") >= _PLAUSIBLE and not _garbled(text):
            return text, name
    raise GongbaoError(f"{path}: binary, no text{hint(data)}")


def _detect(data: bytes, path: str) -> tuple[str, str]:
    """What is left to a detector of encodings: it is believed if what it finds reads as Chinese."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    if best is not None:
        try:
            text = data.decode(best.encoding)
        except (LookupError, UnicodeError):
            text = ""
        if text and chinese_share(text[:_SAMPLE]) >= _PLAUSIBLE:
            return text, best.encoding
    raise GongbaoError(f"{path}: neither UTF-8, GB18030, UTF-16 nor Big5{hint(data) or f'; {_ADVICE}'}")


def _garbled(text: str) -> bool:
    return len(_CONTROL.findall(text[:_SAMPLE])) > 0.02 * len(text[:_SAMPLE])


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


def open_text(file: BinaryIO, reading: Reading) -> TextIO:
    """Return a text stream over a file, its line ends left as they are; the encoding found goes to the ledger.

    UTF-8 is read in constant memory, once it is known to be UTF-8 to the end; anything else is held whole.
    """
    if reading.encoding is None and file.seekable():
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        start = file.tell()
        head = file.read(4)
        file.seek(start)
        wide = b"\x00" in head or any(head.startswith(mark) for mark, _ in _MARKS[1:])
        try:
            while not wide and (block := file.read(1 << 20)):
                decoder.decode(block)
            decoder.decode(b"", final=True)
            narrow = not wide
        except UnicodeError:
            narrow = False
        file.seek(start)
        if narrow:
            reading.ledger.encoding = "utf-8"
            return TextIOWrapper(file, "utf-8-sig", newline="")
    text, reading.ledger.encoding = decode(reading.whole(file), reading.path, reading.encoding)
    return StringIO(text, newline="")
