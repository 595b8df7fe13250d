"""JSON lines: a row is one paragraph, taken as it is."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace
from io import TextIOWrapper
from typing import Any, BinaryIO

from gongbao.documents import Paragraph, Sentence
from gongbao.errors import GongbaoError
from gongbao.readers.reading import Reading
from gongbao.rows import kind_of, parse_row
from gongbao.segment import split_sentences


def jsonl_paragraphs(file: BinaryIO, reading: Reading) -> Iterator[Paragraph]:
    """Yield a paragraph for each row, holding one row at a time and the ids seen.

    A row is `{"id", "text"}`, or a labelled example with `sentences` in place of `text`, whose sentences are then kept
    as they are. The text is never changed, joined or set apart. Other keys are kept in `extra`; `document` and
    `heading` are also read as what they say. Raises GongbaoError, `file:line: what is wrong`, for a row that is not
    such an object, an id that is missing or was used before, and text that no file can carry.
    """
    seen: dict[str, int] = {}
    number = 0
    reading.ledger.encoding = reading.encoding or "utf-8"
    for line_number, line in _lines(file, reading):
        if not line.strip():
            continue
        number += 1
        try:
            paragraph = replace(_paragraph(line, reading.document, number), line=line_number)
        except GongbaoError as error:
            raise GongbaoError(f"{reading.path}:{line_number}: {error}") from error
        if paragraph.id in seen:
            raise GongbaoError(
                f"{reading.path}:{line_number}: id {paragraph.id!r} was used before, at line {seen[paragraph.id]}"
            )
        seen[paragraph.id] = line_number
        reading.ledger.take(paragraph.text)
        yield paragraph


def _lines(file: BinaryIO, reading: Reading) -> Iterator[tuple[int, str]]:
    path, encoding, limit = reading.path, reading.encoding, reading.limit
    codec = _codec(encoding, path)
    if "\n".encode(codec) != b"\n":
        # The line feed has two bytes or four: lines cannot be told before decoding. U+2028 is no end of a row.
        wrapped = TextIOWrapper(file, codec, newline="\n")
        number = 0
        try:
            while text := wrapped.readline(limit + 1):
                number += 1
                if len(text) > limit:
                    raise reading.too_large(f"line {number} is longer")
                yield number, text.removeprefix("\ufeff")
        except UnicodeError as error:
            raise GongbaoError(f"{path}:{number + 1}: not {encoding}") from error
        finally:
            wrapped.detach()
        return
    number = 0
    while raw := file.readline(limit + 1):
        number += 1
        if len(raw) > limit:
            raise reading.too_large(f"line {number} is longer")
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError as error:
            advice = "leave --encoding out for UTF-8" if encoding else "say --encoding, or save the file as UTF-8"
            raise GongbaoError(f"{path}:{number}: not {encoding or 'UTF-8'}; {advice}") from error
        yield number, text.removeprefix("\ufeff") if number == 1 else text


def _codec(encoding: str | None, path: str) -> str:
    try:
        name = codecs.lookup(encoding or "utf-8").name
        "\n".encode(name)
    except (LookupError, TypeError) as error:
        raise GongbaoError(f"{path}: no encoding is called {encoding!r}; try utf-8, gb18030 or big5") from error
    return "utf-8" if name == "utf-8-sig" else name


def _paragraph(line: str, document: str, number: int) -> Paragraph:
    row = parse_row(line)
    row_id = row.pop("id", None)
    if isinstance(row_id, int) and not isinstance(row_id, bool):
        row_id = str(row_id)
    if not isinstance(row_id, str) or not row_id:
        raise GongbaoError("`id` is missing" if row_id is None else "`id`: text or a whole number is wanted")
    if "text" in row:
        text = row.pop("text")
        if not isinstance(text, str):
            raise GongbaoError(f"`text`: text is wanted, not {kind_of(text)}")
        sentences = tuple(split_sentences(text))
    elif "sentences" in row:
        text, sentences = _given(row.pop("sentences"))
    else:
        raise GongbaoError('`text` is missing; a row is {"id": …, "text": …}')
    own = row.get("document")
    heading = row.get("heading")
    heading = [heading] if isinstance(heading, str) and heading else heading
    return Paragraph(
        id=row_id,
        text=text,
        sentences=sentences,
        heading=tuple(heading) if isinstance(heading, list) and all(isinstance(h, str) for h in heading) else (),
        document=own if isinstance(own, str) and own else document,
        number=number,
        extra=row,
    )


def _given(rows: Any) -> tuple[str, tuple[Sentence, ...]]:
    if not isinstance(rows, list) or not rows:
        raise GongbaoError('`sentences`: a list of {"text": …} is wanted')
    sentences: list[Sentence] = []
    start = 0
    for index, row in enumerate(rows):
        text = row.get("text") if isinstance(row, dict) else row
        if not isinstance(text, str) or not text:
            raise GongbaoError(
                f"`sentences[{index}]`: text is wanted, not {'empty text' if text == '' else kind_of(text)}"
            )
        sentences.append(Sentence(text, start, start + len(text)))
        start += len(text)
    return "".join(sentence.text for sentence in sentences), tuple(sentences)
