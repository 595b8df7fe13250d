"""A page's markup to passages: its blocks of text in document order, with what the elements around them say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gongbao.lines import inked, read_lines
from gongbao.readers.elements import (
    APART,
    ARTICLE,
    BLOCKS,
    BOLD,
    CELLS,
    HEADINGS,
    KEPT_SPACE,
    ROOM,
    STRONG,
    TITLE,
    Mark,
    Passage,
    Place,
    claim,
    name_of,
)
from gongbao.readers.layout import data_tables
from gongbao.readers.spaces import MARKUP_SPACE, collapse, plain_runs


class _State(NamedTuple):
    """What holds inside an element."""

    tag: str = "html"
    place: int = 0
    mark: int = -1
    apart: str | None = None
    level: int | None = None
    named: bool = False
    linked: bool = False
    bold: bool = False
    spaced: bool = False
    row: bool = False
    block: bool = True


@dataclass
class _Run:
    """Text since the last block began, of one kind; `linked` and `bold` count what is so of its ink."""

    parts: list[str] = field(default_factory=list)
    linked: int = 0
    bold: int = 0


class Markup:
    """The passages of a page, its places and its marks, from one walk over its tree (no recursion: it may be deep)."""

    def __init__(self, root: Any) -> None:
        self.passages: list[Passage] = []
        self.places = [Place("html", -1, False)]
        self.marks: list[Mark] = []
        self.title = ""
        self.deepest = self.elements = 0
        self._runs: dict[tuple[str | None, int], _Run] = {}
        self._inked = False
        self._gap = False
        self._walk(root)

    def _walk(self, root: Any) -> None:
        from lxml import etree

        tables = data_tables(root)
        stack = [_State()]
        for event, element in etree.iterwalk(root, events=("start", "end")):
            if event == "start":
                self.elements += 1
                state = self._enter(element, stack[-1], tables)
                stack.append(state)
                self.deepest = max(self.deepest, len(stack))
                self._text(element.text, state)
            else:
                self._leave(stack.pop(), stack[-1])
                self._text(element.tail, stack[-1])
        self._flush(stack[0])

    def _enter(self, element: Any, above: _State, tables: frozenset[Any]) -> _State:
        tag = element.tag
        style = element.get("style") or ""
        block = tag in BLOCKS
        whole = above.row
        if block and not whole:
            self._flush(above)
        if tag == "tr":
            whole = next(element.iterancestors("table"), None) in tables
        if tag == "br" and not whole:
            self._break(above)
        elif (block or tag == "br") and above.row:
            self._add(" ", above)
        self._gap = self._gap or (tag in ROOM and not whole)
        name = name_of(element)
        place = above.place
        if block and not whole:
            self.places.append(Place(tag, place, tag == "article" or ARTICLE.search(name) is not None))
            place = len(self.places) - 1
        return _State(
            tag,
            place,
            self._marked(element, name, above),
            above.apart or APART.get(tag),
            HEADINGS.get(tag, above.level),
            above.named or (block and TITLE.search(name) is not None and tag not in ("html", "body")),
            above.linked or tag == "a",
            above.bold or tag in STRONG or BOLD.search(style) is not None,
            above.spaced or tag in ("pre", "xmp", "plaintext", "listing") or KEPT_SPACE.search(style) is not None,
            whole,
            block,
        )

    def _marked(self, element: Any, name: str, above: _State) -> int:
        """The index of the innermost mark that holds inside an element."""
        reason, plain = claim(element, name, inside=self._in_article(above.place), row=above.row)
        if reason is None or (above.mark >= 0 and self.marks[above.mark].reason == reason == "footnote"):
            return above.mark
        self.marks.append(Mark(reason, above.mark, plain))
        return len(self.marks) - 1

    def _in_article(self, place: int) -> bool:
        for _ in range(50):
            if place <= 0:
                return False
            if self.places[place].tag in ("article", "main", "section"):
                return True
            place = self.places[place].parent
        return False

    def _leave(self, state: _State, above: _State) -> None:
        if state.tag in CELLS and state.row:
            for run in self._runs.values():
                run.parts.append("\t")
        elif state.row and state.tag != "tr" and state.block:
            self._text(" ", above)
        elif state.block:
            self._flush(state)
            self._gap = self._gap or state.tag in ROOM

    def _text(self, text: str | None, state: _State) -> None:
        if not text:
            return
        if state.apart == "page-title" and not self.title:
            self.title = text
        if state.spaced and not state.row:
            for index, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
                if index:
                    self._break(state)
                self._add(line.replace("\t", " "), state)
        elif text.strip(MARKUP_SPACE):
            self._add(plain_runs(text), state)
        else:
            self._add(" ", state)

    def _add(self, text: str, state: _State) -> None:
        run = self._runs.get((state.apart, state.mark))
        if run is None:
            run = self._runs[state.apart, state.mark] = _Run()
        run.parts.append(text)
        self._inked = self._inked or bool(text.strip())
        if state.linked or state.bold:
            ink = inked(text)
            run.linked += ink if state.linked else 0
            run.bold += ink if state.bold else 0

    def _break(self, state: _State) -> None:
        """End a line inside a block; two ends in a row leave a blank line."""
        if self._inked:
            self._flush(state)
        else:
            self._runs = {}
            self._gap = True

    def _flush(self, state: _State) -> None:
        """Make passages of the text so far, which stands in the element of `state`."""
        runs, self._runs, self._inked = self._runs, {}, False
        for (apart, mark), run in runs.items():
            text = collapse("".join(run.parts), keep=state.spaced and not state.row)
            for line in read_lines(text):
                ink = inked(line.text)
                bold = state.level is None and not state.row and ink <= 40 and run.bold >= ink
                self.passages.append(
                    Passage(
                        text=line.text,
                        indent=line.indent,
                        gap=self._gap,
                        level=None if apart else 7 if bold else state.level,
                        whole=state.row,
                        reason=apart,
                        place=state.place,
                        mark=mark,
                        linked=run.linked / max(ink, 1),
                        named=state.named,
                    )
                )
                self._gap = False
