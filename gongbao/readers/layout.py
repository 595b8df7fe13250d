"""Tables of data told from tables that lay a page out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gongbao.lines import inked

_TAGS = ("table", "tr", "td", "th", "p", "div", "li", "br", "h1", "h2", "h3", "h4")
_LONG = 300
_MANY = 3


@dataclass
class _Table:
    """What was seen of a table: its cells with the blocks in each, how many cells each row has, what is no data."""

    cells: list[Any] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    layout: bool = False

    def holds_data(self) -> bool:
        """Whether rows have several cells, and hardly a cell is a text of its own."""
        if self.layout or not any(row > 1 for row in self.rows):
            return False
        sizes = [inked("".join(cell.itertext())) for cell in self.cells]
        heavy = sum(size > _LONG or blocks > _MANY for size, blocks in zip(sizes, self.blocks, strict=True))
        return heavy <= 0.1 * sum(size > 0 for size in sizes)


def data_tables(root: Any) -> frozenset[Any]:
    """Return the elements of a page's tables of data; a table that holds a table or a heading is none."""
    from lxml import etree

    found: list[Any] = []
    stack: list[_Table] = []
    for event, element in etree.iterwalk(root, events=("start", "end"), tag=_TAGS):
        tag = element.tag
        if tag == "table":
            if event == "start":
                if stack:
                    stack[-1].layout = True
                stack.append(_Table(layout=element.get("role") in ("presentation", "none")))
            elif stack.pop().holds_data():
                found.append(element)
        elif event == "start" and stack:
            table = stack[-1]
            if tag == "tr":
                table.rows.append(0)
            elif tag in ("td", "th"):
                table.cells.append(element)
                table.blocks.append(0)
                table.rows = table.rows or [0]
                table.rows[-1] += 1
            elif tag.startswith("h"):
                table.layout = True
            elif table.blocks:
                table.blocks[-1] += 1
    return frozenset(found)
