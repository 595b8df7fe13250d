"""Plain text to learn from: a paragraph a line, a blank line between documents; .txt, .xz or .gz."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from gongbao.errors import GongbaoError
from gongbao.examples import Example, LabelledSentence, read_examples
from gongbao.labels import Scheme
from gongbao.segment import split_sentences
from train.config import Text, Unlabelled

LONGEST = 1 << 20
"""Bytes in a line; a longer one is no paragraph."""


def read_documents(texts: Sequence[Text]) -> Iterator[list[str]]:
    """Yield documents, each a list of paragraphs, file after file.

    `"甲。\\n乙。\\n\\n丙。"` holds two: `["甲。", "乙。"]` and `["丙。"]`. Raises GongbaoError, `file:line`, for what
    is not UTF-8 text or cannot be decompressed, and for a file with no text in the lines asked for.
    """
    for text in texts:
        document: list[str] = []
        empty = True
        for line in _lines(text):
            if line:
                document.append(line)
                empty = False
            elif document:
                yield document
                document = []
        if document:
            yield document
        if empty:
            part = f" from line {text.first_line}" if text.first_line > 1 else ""
            part += f" to line {text.last_line}" if text.last_line else ""
            raise GongbaoError(f"{text.file}: no text{part}")


def read_unlabelled(settings: Unlabelled, scheme: Scheme, known: Iterable[Example]) -> list[Example]:
    """Read paragraphs of plain text as examples without labels: each text once, and none that is `known`."""
    if not settings.text:
        return []
    seen = {example.text for example in known}
    for file in settings.leave_out:
        seen |= {example.text for example in read_examples(file, scheme)}

    def paragraphs() -> Iterator[str]:
        for document in read_documents(settings.text):
            for text in document:
                if len(text) >= settings.shortest and text not in seen:
                    seen.add(text)
                    yield text

    return [
        Example(f"u{n}", "unlabelled", tuple(LabelledSentence(s.text, ()) for s in split_sentences(text)), ())
        for n, text in enumerate(islice(paragraphs(), settings.paragraphs))
    ]


def _lines(text: Text) -> Iterator[str]:
    number = 0
    try:
        with _open(Path(text.file)) as file:
            while line := file.readline(LONGEST):
                number += 1
                if text.last_line and number > text.last_line:
                    return
                if len(line) == LONGEST and not line.endswith(b"\n"):
                    raise GongbaoError(f"{text.file}:{number}: a line of more than {LONGEST:,} bytes; is this text?")
                if number < text.first_line:
                    continue
                decoded = line.decode("utf-8-sig" if number == 1 else "utf-8")
                if "\0" in decoded:
                    raise GongbaoError(f"{text.file}:{number}: not text: it holds NUL")
                yield decoded.strip()
    except UnicodeDecodeError as error:
        raise GongbaoError(f"{text.file}:{number}: not UTF-8 text; convert it, or check that it is text") from error
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise GongbaoError(f"{text.file}: not compressed as its name says, or damaged after line {number}") from error
    except OSError as error:
        raise GongbaoError(f"cannot read {text.file}: {error.strerror}") from error


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")
