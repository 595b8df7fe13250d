"""How well re-flow gives wrapped text its paragraphs back, and how fast it is.

    python benchmarks/reflow.py DOCUMENT… [--widths 12 16 20 24 28 32 36 40] [--rounds 3]

Each document, a text whose paragraphs are lines, is set in columns of every width, its paragraphs marked by a
two-character indent or by a blank line, plain; with column breaks (a blank line every 8 to 40 lines, wherever it
falls); and with pages (a form feed, a running head and a page number every 20 to 60 lines). Printed are precision,
recall and F1 of paragraph boundaries, each known by the ten characters before and after it, over all documents; and
the speed of segmentation on one core.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from gongbao.segment import segment

HEAD = "澜江日报　要闻"
_UNIT = re.compile(r"[A-Za-z0-9.%]+|.")
_CLOSING = frozenset("，。、；：！？”’）》」』】〉")
AROUND = 10


def wrapped(paragraph: str, width: float, indent: float) -> list[str]:
    """Break a paragraph into lines: half-width characters take half, no line begins with a closing mark."""
    lines, current, room = [], "", width - indent
    for unit in _UNIT.findall(paragraph):
        size = sum(0.5 if char.isascii() else 1.0 for char in unit)
        if size > room and current and unit not in _CLOSING:
            lines.append(current)
            current, room = "", width
        current, room = current + unit, room - size
    return [*lines, current]


def printed(paragraphs: Sequence[str], width: int, marking: str, breaks: str, draw: random.Random) -> str:
    """Set paragraphs in print: `marking` is indent or blank, `breaks` is none, columns or pages."""
    lines: list[str] = []
    for paragraph in paragraphs:
        if marking == "blank" and lines:
            lines.append("")
        indent = 2 if marking == "indent" else 0
        first, *rest = wrapped(paragraph, width, indent)
        lines += [f"{'　' * indent}{first}", *rest]
    if breaks == "none":
        return "\n".join(lines)
    made: list[str] = []
    page, left = 1, draw.randint(*((8, 40) if breaks == "columns" else (20, 60)))
    for line in lines:
        if not left:
            if breaks == "columns":
                made.append("")
                left = draw.randint(8, 40)
            else:
                made += ["", f"- {page} -", f"\f{HEAD}", ""]
                page, left = page + 1, draw.randint(20, 60)
        made.append(line)
        left -= 1
    return "\n".join(made)


def boundaries(paragraphs: Sequence[str]) -> Counter[tuple[str, str]]:
    bare = ["".join(paragraph.split()) for paragraph in paragraphs]
    return Counter((a[-AROUND:], b[:AROUND]) for a, b in pairwise(bare))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=Path)
    parser.add_argument("--widths", nargs="+", type=int, default=list(range(12, 41, 4)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--show", action="store_true", help="print the boundaries that were missed or invented")
    options = parser.parse_args()
    documents = [
        [paragraph.text for paragraph in segment(path.read_text(encoding="utf-8")).paragraphs]
        for path in options.documents
    ]
    print(f"{len(documents)} documents, {sum(map(len, documents))} paragraphs")
    for marking in ("indent", "blank"):
        for breaks in ("none", "columns", "pages"):
            for width in options.widths:
                draw = random.Random(f"{marking} {breaks} {width}")
                hit = found = wanted = 0
                for paragraphs in documents:
                    for _ in range(1 if breaks == "none" else options.rounds):
                        raw = printed(paragraphs, width, marking, breaks, draw)
                        truth = boundaries(paragraphs)
                        seen = boundaries([paragraph.text for paragraph in segment(raw).paragraphs])
                        if options.show:
                            for name, rest in (("missed", truth - seen), ("invented", seen - truth)):
                                for a, b in rest:
                                    print(f"    {name}: {a}|{b}")
                        hit += (truth & seen).total()
                        found, wanted = found + seen.total(), wanted + truth.total()
                precision, recall = hit / max(found, 1), hit / max(wanted, 1)
                f1 = 2 * hit / max(found + wanted, 1)
                print(f"{marking:7} {breaks:8} {width:3}  P {precision:.4f}  R {recall:.4f}  F1 {f1:.4f}")
    speed(documents)


def speed(documents: Sequence[Sequence[str]]) -> None:
    """Time segmentation of text in lines and of the same in columns, 24 characters wide."""
    draw = random.Random(0)
    for name, texts in (
        ("paragraphs in lines", ["\n".join(paragraphs) for paragraphs in documents]),
        ("columns of 24", [printed(p, 24, "indent", "columns", draw) for p in documents]),
    ):
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        seconds = []
        for _ in range(5):
            started = time.process_time()
            for text in texts:
                segment(text)
            seconds.append(time.process_time() - started)
        print(f"{name}: {megabytes / statistics.median(seconds):.1f} MB/s")


if __name__ == "__main__":
    main()
