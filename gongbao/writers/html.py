"""Labelled documents as pages to read: text with its labels, evidence and words in colour, and an index of them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from gongbao.answers import Words
from gongbao.errors import GongbaoError
from gongbao.files import BUSY, draft_folder
from gongbao.labels import Scheme
from gongbao.writers.sheets import Sheets, Tally, relative
from gongbao.writers.writer import Writer

LONGEST = 400
"""Paragraphs and lines set aside that a page holds; a longer document has several pages, of about the same length."""
_BEHIND = frozenset(("byline", "jump", "source"))
"""What is cut off a line's end; anything else that shares a line with a paragraph stood before it."""
_GENERATOR = '<meta name="generator" content="gongbao'
_NAME = re.compile(r"\d{4,}(?:-[\w-]+)?(?:\.\d+)?\.html")
_LISTED = ("title", "document", "date", "number", "issuer", "tally")


@contextmanager
def write_html(path: Path, scheme: Scheme, run: Mapping[str, Any]) -> Iterator[Writer]:
    """Give a writer of pages; they are in place when the block ends well, and nothing is left of them if it fails.

    One document of one page is `path` itself. Otherwise `path` is an index, and the pages lie beside it in the folder
    `<stem>.pages`, which is replaced as a whole. `run` is said at the foot of every page: model, decision, gongbao (its
    version), date, policy. What is held in memory is a page, never a document. Raises GongbaoError if that folder is
    there and holds something other than such pages.
    """
    folder = pages_of(path)
    if not _is_ours(folder):
        raise GongbaoError(f"{folder} holds other things than pages of gongbao: choose another name")
    draft = path.with_name(f".{path.name}.partial")
    with draft_folder(draft, BUSY.format(path)):
        (draft / "pages").mkdir()
        with ExitStack() as spools:
            pages = _Pages(draft, path, Sheets(scheme, run), spools)
            yield pages
            alone = pages.finish()
        _put_in_place(draft, path, None if alone else folder, folder)


def pages_of(path: Path) -> Path:
    """The folder beside an output that holds its pages, if they are many."""
    return path.with_name(f"{path.stem}.pages")


def _is_ours(folder: Path) -> bool:
    """Say whether a folder may be replaced: it is not there, or holds nothing but pages that a run has written."""
    if not folder.exists() and not folder.is_symlink():
        return True
    return folder.is_dir() and not folder.is_symlink() and all(map(_is_page, folder.iterdir()))


def _is_page(path: Path) -> bool:
    if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return _GENERATOR in file.read(1000)


def _put_in_place(draft: Path, path: Path, new: Path | None, old: Path) -> None:
    if old.exists():
        old.rename(draft / "old")
    try:
        if new:
            (draft / "pages").rename(new)
        os.replace(draft / "page", path)
    except BaseException:
        if new and new.exists():
            new.rename(draft / "pages")
        if (draft / "old").exists():
            (draft / "old").rename(old)
        raise


class _Spool:
    """Rows on disk, to be read again in the order in which they were put there."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w+", encoding="utf-8", errors="surrogatepass", newline="\n")
        self.close = self._file.close
        self.count = 0

    def put(self, row: Any) -> None:
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.count += 1

    def __iter__(self) -> Iterator[Any]:
        self._file.seek(0)
        return map(json.loads, self._file)

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.count = 0


class _Pages(Writer):
    """Writes the pages of each document when it ends, and the index at last, into a draft folder."""

    def __init__(self, draft: Path, path: Path, sheets: Sheets, spools: ExitStack) -> None:
        self._draft, self._path, self._sheets = draft, path, sheets
        self._paragraphs, self._asides, self._index = (
            spools.enter_context(closing(_Spool(draft / name))) for name in ("paragraphs", "asides", "index")
        )
        self._tally, self._total = Tally(), Tally()
        self._pages = 0

    def paragraph(self, row: dict[str, Any], words: Words) -> None:
        self._paragraphs.put((_place(row, 1), row, words))
        self._tally.add(row)

    def aside(self, row: dict[str, Any]) -> None:
        self._asides.put((_place(row, 2 if row["reason"] in _BEHIND else 0), row))

    def document(self, row: dict[str, Any]) -> None:
        title = " ".join((row.get("title") or row["document"]).split())
        about = {**row, "title": title, "tally": self._tally}
        number = self._index.count + 1
        count = self._paragraphs.count + self._asides.count
        pages = max(1, -(-count // LONGEST))
        names = [page_name(number, title, page) for page in range(pages)]
        items = merge(self._paragraphs, self._asides, key=lambda item: tuple(item[0]))
        for page, name in enumerate(names):
            held = [item[1:] for item in islice(items, count * (page + 1) // pages - count * page // pages)]
            if number == pages == 1:
                # Perhaps there will be no other.
                self._sheets.page(self._draft / "page", about, held)
            self._sheets.page(self._draft / "pages" / name, about, held, names, page, f"../{relative(self._path.name)}")
        first = f"./{relative(self._path.stem)}.pages/{relative(names[0])}"
        self._index.put({key: about.get(key) for key in _LISTED} | {"href": first, "tally": vars(self._tally)})
        self._total.merge(self._tally)
        self._tally = Tally()
        self._pages += pages
        self._paragraphs.clear()
        self._asides.clear()

    def finish(self) -> bool:
        """Write the index, unless one page is all there is; returns whether there are no pages beside."""
        if self._pages == 1:
            return True
        rows = ({**row, "tally": Tally(**row["tally"])} for row in self._index)
        self._sheets.index(self._draft / "page", self._path.stem, rows, self._index.count, self._total)
        return not self._pages


def _place(row: Mapping[str, Any], rank: int) -> tuple[int, int, int]:
    return row["page"] or 0, row["line"], rank


def page_name(number: int, title: str, page: int = 0) -> str:
    """Name a page's file: its number and the title's first letters, and from the second on the page's number.

    >>> page_name(1, "关于加快…的意见"), page_name(2, "../../etc/passwd", 1), page_name(3, "?")
    ('0001-关于加快-的意见.html', '0002-etc-passwd.2.html', '0003.html')
    """
    slug = re.sub(r"[^0-9A-Za-z一-鿿]+", "-", title).strip("-")[:24].strip("-")
    return f"{number:04d}{f'-{slug}' if slug else ''}{f'.{page + 1}' if page else ''}.html"
