"""What a Word document holds beside its body: notes, heads, comments, and files that are put in by reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from gongbao.lines import Line, read_lines
from gongbao.readers.encoding import decode
from gongbao.readers.html import html_lines, mhtml_lines
from gongbao.readers.reading import Reading
from gongbao.readers.wordml import FALLBACK, A, W

# What stands beside the text, by the last word of its relationship's type.
_PARTS = {
    "header": "running-head",
    "footer": "running-head",
    "footnotes": "footnote",
    "endnotes": "footnote",
    "comments": "comment",
    "diagramData": "drawing",
}


def beside(document: Any) -> list[tuple[str, Any]]:
    """The root elements of the parts beside the body, each with the reason to set it apart."""
    return [
        (reason, _root(part))
        for kind, reason in _PARTS.items()
        for part in {id(rel.target_part): rel.target_part for rel in _related(document.part, kind)}.values()
    ]


def paragraphs_of(root: Any) -> Iterator[Any]:
    for paragraph in root.iter(f"{W}p", f"{A}p"):
        # A box in a head holds paragraphs that are read with the paragraph that it stands in.
        if not any(above.tag in (f"{W}p", FALLBACK) for above in paragraph.iterancestors()):
            yield paragraph


def chunk_lines(rel: Any, reading: Reading) -> Iterator[Line]:
    """Yield the lines of a page or a plain text that stands in the document; an empty one for what is neither."""
    part: Any = None if rel is None or rel.is_external else rel.target_part
    kind = "" if part is None else f"{part.content_type} {part.partname}".lower()
    if re.search(r"rfc822|mhtml?$", kind):
        yield from mhtml_lines(BytesIO(part.blob), reading)
    elif re.search(r"html?\b", kind):
        yield from html_lines(BytesIO(part.blob), reading)
    elif re.search(r"text/plain|\.txt$", kind):
        text, _ = decode(part.blob, reading.path)
        yield from read_lines(reading.ledger.take(text))
    else:
        yield Line(0, 0, "", reason="not-read")
    reading.ledger.encoding = None


def _related(part: Any, kind: str) -> list[Any]:
    return [rel for rel in part.rels.values() if not rel.is_external and rel.reltype.rsplit("/", 1)[-1] == kind]


def _root(part: Any) -> Any:
    from docx.oxml.parser import parse_xml

    return part.element if hasattr(part, "element") else parse_xml(part.blob)
