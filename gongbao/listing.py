"""What a document was made into, to be looked at: its paragraphs, what was set apart, and the ledger."""

from __future__ import annotations

from typing import Any

from gongbao.documents import Aside, Document, Ledger, Paragraph
from gongbao.lines import in_one_line

_SHOWN = 60


def line_of(item: Paragraph | Aside | Document) -> str:
    """Return a line for reading; a document's, which comes last, is its ledger."""
    if isinstance(item, Paragraph):
        kind = "#" if item.kind == "heading" else " "
        page = f"p.{item.page} " if item.page else ""
        return f"{item.number:5d} {kind} {page}{short(item.text)}"
    if isinstance(item, Aside):
        where = f"p.{item.page}" if item.page else f"line {item.line}"
        return f"    -   {item.reason} ({where}): {short(item.text)}"
    known = [item.title, item.number, item.issuer, item.date, item.encoding]
    return f"{in_one_line(item.id)}: {', '.join(filter(None, known))}\n{balance(item.ledger)}"


def balance(ledger: Ledger) -> str:
    """Return the ledger in words.

    >>> from collections import Counter
    >>> balance(Ledger(10, 2, 5, Counter({"dateline": 3})))
    '10 characters = 5 in paragraphs + 3 set aside (dateline 3) + 2 blank'
    """
    apart = ", ".join(f"{reason} {count:,}" for reason, count in ledger.aside.most_common())
    text = (
        f"{ledger.characters:,} characters = {ledger.paragraphs:,} in paragraphs + {ledger.aside.total():,} set aside"
        f"{f' ({apart})' if apart else ''} + {ledger.blank:,} blank"
    )
    return text if not ledger.difference else f"{text}; DOES NOT BALANCE: {ledger.difference:,} missing"


def row_of(item: Paragraph | Aside | Document) -> dict[str, Any]:
    """Return a row of JSON: of a paragraph, of what was set apart (`reason`), or of the document (`ledger`)."""
    if isinstance(item, Paragraph):
        return {
            "id": item.id,
            "document": item.document,
            "number": item.number,
            "kind": item.kind,
            "heading": list(item.heading),
            "page": item.page,
            "line": item.line,
            "text": item.text,
            "sentences": [[sentence.start, sentence.end] for sentence in item.sentences],
        }
    if isinstance(item, Aside):
        return {"reason": item.reason, "line": item.line, "page": item.page, "text": item.text}
    ledger = item.ledger
    return {
        "document": item.id,
        "title": item.title,
        "date": item.date,
        "number": item.number,
        "issuer": item.issuer,
        "source": item.source,
        "encoding": item.encoding,
        "ledger": {
            "characters": ledger.characters,
            "paragraphs": ledger.paragraphs,
            "aside": dict(ledger.aside.most_common()),
            "blank": ledger.blank,
            "difference": ledger.difference,
        },
    }


def short(text: str) -> str:
    """Return the beginning of a text that is longer than a line."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
