"""What a PDF may ask of its reader: streams that unpack to too much, and fonts that claim too many characters."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from gongbao.errors import GongbaoError
from gongbao.readers.reading import MEGABYTE, Reading

CHARACTERS = 100_000
"""Characters that a page may hold: a newspaper's has ten thousand."""
WORDS = 1_000_000
"""Words of drawing instructions that a page may hold, those of a form counted as often as it is drawn: a few seconds'
work. A document may hold as many, and ten more for each of its bytes."""
PACKED = 200 * MEGABYTE
"""Bytes that one stream may unpack to."""
CLAIMED = 300_000
"""Characters that a font's tables may cover: two bytes tell 65,536 apart. A document's fonts may have 50 times that."""


_STREAM = re.compile(rb"stream\r?\n(?=x[\x01\x5e\x9c\xda])")
_TWICE = re.compile(rb"/Fl(?:ateDecode)?\s*/Fl(?:ateDecode)?\b")
_RANGES = re.compile(rb"begin(?:bf|cid)range(.*?)(?:end(?:bf|cid)range|$)", re.DOTALL)
_RANGE = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<[^>]*>|\[[^\]]*\]|\d+)")


def refuse_bombs(data: bytes, reading: Reading) -> None:
    """Refuse a PDF with a stream that unpacks to more than the limit."""
    if _TWICE.search(data):
        raise GongbaoError(f"{reading.path}: a stream packed twice; a bomb?")
    most = min(PACKED, reading.limit)
    for match in _STREAM.finditer(data):
        at, end = match.end(), data.find(b"endstream", match.end())
        end = end if end >= 0 else len(data)
        # Deflate packs to a thousandth at best: only the large streams need a look.
        if (end - at) * 1040 <= most:
            continue
        unpacker, size = zlib.decompressobj(), 0
        try:
            while at < end and not unpacker.eof and size <= most:
                size += len(unpacker.decompress(data[at : at + 65536]))
                at += 65536
        except zlib.error:
            continue
        if size > most:
            raise GongbaoError(
                f"{reading.path}: a stream in it unpacks to more than {most // MEGABYTE} MB, the limit: a bomb?"
            )


def words(instructions: bytes) -> int:
    """Return about how many words drawing instructions have.

    >>> words(b"BT /F 12 Tf [(a)-20(b)]TJ ET")
    10
    """
    return len(instructions.split()) + sum(map(instructions.count, (b"(", b"<", b"[", b"/")))


def mapped(table: bytes) -> int:
    """Return how many characters the ranges of a character map cover.

    >>> mapped(b"2 beginbfrange <00> <ff> <4e00> <0100> <0102> [<41> <42> <43>] endbfrange")
    257
    """
    ranges = (found for part in _RANGES.findall(table) for found in _RANGE.findall(part))
    return sum(max(0, int(b"".join(high.split()), 16) - int(b"".join(low.split()), 16)) for low, high in ranges)


def widened(widths: Sequence[object], count: int) -> int:
    """Return how many characters the ranges of a table of widths cover, each of `count` numbers.

    >>> widened([1, [500, 600], 10, 90, 1000], 3)
    80
    """
    claimed = 0
    run: list[float] = []
    for item in widths:
        run = [*run, item] if isinstance(item, (int, float)) else []
        if len(run) == count:
            claimed += max(0, int(run[1]) - int(run[0]))
            run = []
    return claimed
