"""Readers: files of any known format to documents.

One file a format; `READERS` maps a suffix to its reader. A reader takes an open binary file, the path to name in
errors, the document's id and an encoding or None, and returns a Document; one whose format has rows also streams.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from gongbao.documents import Aside, Document, Paragraph
from gongbao.errors import GongbaoError
from gongbao.readers.jsonl import read_jsonl, stream_jsonl
from gongbao.readers.text import read_text

Reader = Callable[[BinaryIO, str, str, str | None], Document]
Streamer = Callable[[BinaryIO, str, str, str | None], Iterator[Paragraph | Aside]]

READERS: dict[str, Reader] = {".txt": read_text, ".md": read_text, ".jsonl": read_jsonl}
STREAMERS: dict[str, Streamer] = {".jsonl": stream_jsonl}

STDIN = "-"
ASIDE = ".aside.jsonl"
"""How the files end in which runs keep the lines that they set aside: no documents."""


@dataclass(frozen=True)
class Source:
    """An input: a file, or `-` for standard input, and the id that its document gets, unique within a run."""

    path: Path | str
    id: str


def read(source: Source | str | Path, encoding: str | None = None) -> Document:
    """Read a file, or standard input for `-`, into a document; a bare path's document takes the file's name as its id.

    Standard input is `.jsonl` if it begins with `{`, and text otherwise. Raises GongbaoError, in one line, for a suffix
    that no reader knows, a file that cannot be read, and a file that its reader refuses.
    """
    source = _source(source)
    with _opened(source.path) as (file, suffix):
        return READERS[suffix](file, str(source.path), source.id, encoding)


def stream(source: Source | str | Path, encoding: str | None = None) -> Iterator[Paragraph | Aside]:
    """Yield a file's paragraphs and what was set apart, as `read` finds them; `.jsonl` is read row by row."""
    source = _source(source)
    with _opened(source.path) as (file, suffix):
        if suffix in STREAMERS:
            yield from STREAMERS[suffix](file, str(source.path), source.id, encoding)
            return
        made = READERS[suffix](file, str(source.path), source.id, encoding)
    yield from made.paragraphs
    yield from made.aside


def expand(paths: Iterable[str | Path]) -> list[Source]:
    """Return the files that the paths stand for, each once, with their document ids.

    A directory stands for the files below it whose suffix is known, in the order of their names; hidden files and
    links to directories are passed over. The id is the path below the directory, or the name of a file given by
    itself; a second one of the same id gets `~2`, and so on. Raises GongbaoError for a path that does not exist and for
    a directory with nothing to read.
    """
    found: list[Source] = []
    seen: set[str] = set()
    taken: set[str] = set()
    for given in paths:
        if str(given) == STDIN:
            candidates: list[tuple[Path | str, str]] = [(STDIN, _source(STDIN).id)]
        else:
            path = Path(given)
            if path.is_dir():
                known = [file for file in _walk(path) if file.suffix.lower() in READERS]
                candidates = [(file, file.relative_to(path).as_posix()) for file in known]
                if not candidates:
                    raise GongbaoError(f"{path}: no file in it that can be read (known: {_known()})")
            elif path.exists():
                candidates = [(path, path.name)]
            else:
                raise GongbaoError(f"{path}: no such file or directory")
        for file, name in candidates:
            real = STDIN if file == STDIN else os.path.realpath(file)
            if real in seen:
                continue
            seen.add(real)
            unique, count = name, 1
            while unique in taken:
                count += 1
                unique = f"{name}~{count}"
            taken.add(unique)
            found.append(Source(file, unique))
    return found


def passed_over(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files below the directories among `paths` that no reader knows."""
    folders = [Path(path) for path in paths if str(path) != STDIN and Path(path).is_dir()]
    return [file for folder in folders for file in _walk(folder) if file.suffix.lower() not in READERS]


def _walk(folder: Path) -> list[Path]:
    """The files below a directory, but for hidden ones and for what earlier runs set aside."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            # `~$…` is the lock file that an office program leaves beside an open document.
            if not name.startswith((".", "~$")) and not name.endswith(ASIDE) and path.is_file():
                files.append(path)
    return sorted(files, key=lambda path: path.relative_to(folder).parts)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, str]]:
    if str(path) == STDIN:
        if sys.stdin is None:
            raise GongbaoError("standard input is closed")
        stdin = sys.stdin.buffer
        # A stream that stands in for standard input may not let one look ahead.
        buffer = stdin if hasattr(stdin, "peek") else BufferedReader(cast(RawIOBase, stdin))
        head = buffer.peek(1).removeprefix(b"\xef\xbb\xbf").lstrip()
        yield buffer, ".jsonl" if head.startswith(b"{") else ".txt"
        return
    suffix = Path(path).suffix.lower()
    if suffix not in READERS:
        raise GongbaoError(f"{path}: cannot read {suffix or 'a file without a suffix'} (known: {_known()})")
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below; an error in reading is not one in opening
    except OSError as error:
        raise GongbaoError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        try:
            yield file, suffix
        except OSError as error:
            raise GongbaoError(f"{path}: cannot be read: {error.strerror}") from error


def _source(given: Source | str | Path) -> Source:
    if isinstance(given, Source):
        return given
    return Source(STDIN, "stdin") if str(given) == STDIN else Source(Path(given), Path(given).name)


def _known() -> str:
    return ", ".join(READERS)
