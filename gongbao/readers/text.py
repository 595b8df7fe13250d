"""Plain text: its lines, in whatever encoding it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gongbao.lines import Line, read_lines
from gongbao.readers.encoding import decode
from gongbao.readers.reading import Reading


def text_lines(file: BinaryIO, reading: Reading) -> Iterator[Line]:
    """Yield a text file's lines, a new page at every form feed; errors are those of `decode`."""
    text, reading.ledger.encoding = decode(reading.whole(file), reading.path, reading.encoding)
    yield from read_lines(reading.ledger.take(text))
