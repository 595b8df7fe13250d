"""Inputs: which files the paths given stand for, what their documents are called, and how they are opened."""

from __future__ import annotations

import glob
import os
import stat
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import BinaryIO, cast

from gongbao.errors import GongbaoError
from gongbao.files import ASIDE, ERRORS
from gongbao.readers.formats import CONVERT, KNOWN, ZIP, refuse
from gongbao.readers.package import MEMBERS, open_zip
from gongbao.readers.reading import LIMIT, Reading

STDIN = "-"
DEPTH = 3
"""Zips inside zips are read this deep."""


@dataclass(frozen=True)
class Source:
    """An input: a file, or `-` for standard input, and the id that its document gets, unique within a run.

    `member` names a file inside a zip, one name for each zip on the way; `size` is in bytes, 0 where it is not known.
    """

    path: Path | str
    id: str
    member: tuple[str, ...] = ()
    size: int = 0

    @property
    def name(self) -> str:
        """How errors name it: `archive.zip/page.docx` for a file in a zip."""
        return "/".join([str(self.path), *self.member])

    @property
    def suffix(self) -> str:
        return Path(self.member[-1] if self.member else self.path).suffix.lower()


def expand(paths: Iterable[str | Path], limit: int = LIMIT) -> list[Source]:
    """Return the files that the paths stand for, each once, with their document ids.

    A directory stands for the files below it whose suffix is known, in the order of their names; hidden files and
    links to directories are passed over, and a directory that may not be looked into fails when it is read. A path
    that is no file but has `*`, `?` or `[` stands for what it matches. A zip stands for the files in it. The id is the
    path below the directory, or the name of a file given by itself, followed by the path in the zip; a second one of
    the same id gets `~2`, and so on. Raises GongbaoError for a path that does not exist and for a directory with
    nothing to read.
    """
    found: list[Source] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    taken: set[str] = set()
    for given in paths:
        for file, name in _files(given):
            real = STDIN if file == STDIN else os.path.realpath(file)
            for source in _members(file, name, limit):
                if (real, source.member) in seen:
                    continue
                seen.add((real, source.member))
                unique, count = source.id, 1
                while unique in taken:
                    count += 1
                    unique = f"{source.id}~{count}"
                taken.add(unique)
                found.append(Source(source.path, unique, source.member, source.size))
    return found


def split_missing(paths: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the paths that stand for something (a file, a folder, standard input, a pattern that matches), and the
    others with what to say of each.
    """
    present: list[str] = []
    missing: list[tuple[str, str]] = []
    for path in paths:
        if path in (STDIN, "") or os.path.lexists(path) or (glob.has_magic(path) and glob.glob(path, recursive=True)):
            present.append(path)
        else:
            missing.append((path, f"{path}: no such file or directory"))
    return present, missing


def files_below(folder: str | Path) -> list[Path]:
    """Return the files below a directory that are read, or whose format is known and refused with advice, by name."""
    return [file for file in _walk(Path(folder)) if _readable(file)]


def passed_over(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files below the directories among `paths` that no reader knows."""
    folders = [Path(path) for path in paths if str(path) != STDIN and Path(path).is_dir()]
    return [file for folder in folders for file in _walk(folder) if not _readable(file)]


def source_of(given: Source | str | Path) -> Source:
    """Return the source that a bare path stands for: its document is called by the file's name."""
    if isinstance(given, Source):
        return given
    return Source(STDIN, "stdin") if str(given) == STDIN else Source(Path(given), printable(Path(given).name))


def printable(name: str) -> str:
    """Return a file's name, or text with one in it, as it can be written: bytes that are no UTF-8 as `\\\\xd6`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@contextmanager
def opened(source: Source, reading: Reading) -> Iterator[tuple[BinaryIO, str]]:
    """Give a source's open file and the suffix that says how to read it.

    Standard input is looked at: JSON lines, HTML, PDF, .docx and .xlsx are told from text by how they begin.
    """
    if str(source.path) == STDIN:
        yield _standard_input(reading)
        return
    suffix = source.suffix
    if suffix not in KNOWN and not os.path.isdir(source.path):
        raise refuse(source.name, suffix)
    with ExitStack() as stack:
        try:
            if not stat.S_ISREG(mode := os.stat(source.path).st_mode) and not stat.S_ISDIR(mode):
                raise GongbaoError(f"{source.name}: no regular file; pipe it in and name -, standard input")
            file: BinaryIO = stack.enter_context(Path(source.path).open("rb"))
            if source.member:
                file = BytesIO(_member(source, reading, os.stat(source.path).st_mtime_ns))
            if suffix == ZIP and len(source.member) >= DEPTH:
                raise GongbaoError(f"{source.name}: zips inside zips are read {DEPTH} deep; unpack it first")
            if suffix == ZIP:
                open_zip(file, reading).close()
                raise GongbaoError(f"{source.name}: no file in it that can be read (known: {', '.join(KNOWN)})")
            yield file, suffix
        except OSError as error:
            raise GongbaoError(f"{source.name}: cannot be read: {error.strerror or error}") from error


def _member(source: Source, reading: Reading, changed: int) -> bytes:
    """The bytes of a file in a zip; a zip inside a zip is unpacked once for all its files, which are read in turn."""
    data = _outer(str(source.path), source.member[:-1], changed, reading.limit) if source.member[1:] else None
    with ExitStack() as stack:
        file = BytesIO(data) if data is not None else stack.enter_context(Path(source.path).open("rb"))
        return _unpacked(stack.enter_context(open_zip(file, reading)), source.member[-1], reading)


@lru_cache(maxsize=1)
def _outer(path: str, member: tuple[str, ...], changed: int, limit: int) -> bytes:
    reading = Reading("/".join([path, *member]), "", limit=limit)
    return _member(Source(path, "", member), reading, changed)


def _files(given: str | Path) -> Iterator[tuple[Path | str, str]]:
    if str(given) == STDIN:
        yield STDIN, "stdin"
        return
    path = Path(given)
    if not str(given):
        raise GongbaoError("the name of an input is empty")
    if path.is_dir():
        known = files_below(path)
        if not known:
            raise GongbaoError(f"{path}: no file in it that can be read (known: {', '.join(KNOWN)})")
        for file in known:
            yield file, printable(file.relative_to(path).as_posix())
    elif path.exists() or path.is_symlink():
        yield path, printable(path.name)
    elif glob.has_magic(str(given)):
        matches = sorted(glob.glob(str(given), recursive=True))
        if not matches:
            raise GongbaoError(f"{given}: matches no file")
        for match in matches:
            if not Path(match).is_dir():
                yield Path(match), printable(Path(match).name)
    else:
        raise GongbaoError(f"{path}: no such file or directory")


def _readable(file: Path) -> bool:
    """Whether a file is read, or refused with advice; so is a folder that cannot be looked into."""
    return file.suffix.lower() in KNOWN or file.suffix.lower() in CONVERT or os.path.isdir(file)


def _walk(folder: Path) -> list[Path]:
    """The files below a directory, but for hidden ones and for what earlier runs set aside.

    A folder that cannot be looked into stands for itself.
    """
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=lambda error: files.append(Path(error.filename))):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            # `~$…` is the lock file that an office program leaves beside an open document.
            if not name.startswith((".", "~$")) and not name.endswith((ASIDE, ERRORS)) and _is_file(path):
                files.append(path)
    return sorted(files, key=lambda path: path.relative_to(folder).parts)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # It says so when it is read.
        return True


def _members(file: Path | str, name: str, limit: int) -> list[Source]:
    """A file as a source, or the files in it if it is a zip; one that cannot be opened fails when it is read."""
    size = 0 if file == STDIN else _size(file)
    whole = [Source(file, name, (), size)]
    if file == STDIN or Path(file).suffix.lower() != ZIP:
        return whole
    reading = Reading(str(file), name, limit=limit)
    try:
        with Path(file).open("rb") as stream:
            return _inside(stream, Source(file, name), reading, [0, 0]) or whole
    except (GongbaoError, OSError):
        return whole


def _inside(stream: BinaryIO, outer: Source, reading: Reading, used: list[int]) -> list[Source]:
    """The files in a zip and in the zips inside it; `used` are the bytes and the files that all of them hold so far."""
    found: list[Source] = []
    with open_zip(stream, reading) as package:
        names = package.namelist()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise GongbaoError(f"{reading.path}: two files in it are called {twice!r}; unpack it first")
        used[0] += sum(info.file_size for info in package.infolist())
        used[1] += len(names)
        if used[0] > reading.limit or used[1] > MEMBERS:
            raise reading.too_large("with the zips inside it, it is larger")
        for info in package.infolist():
            shown = _shown(info)
            parts = [part for part in shown.replace("\\", "/").split("/") if part not in ("", ".", "..")]
            if info.is_dir() or not parts or any(part.startswith((".", "~$", "__MACOSX")) for part in parts):
                continue
            member = Source(outer.path, f"{outer.id}/{'/'.join(parts)}", (*outer.member, info.filename), info.file_size)
            if member.suffix == ZIP and len(member.member) < DEPTH:
                try:
                    inner = BytesIO(_unpacked(package, info.filename, reading))
                    found += _inside(inner, member, reading, used) or [member]
                except GongbaoError:
                    if used[0] > reading.limit or used[1] > MEMBERS:
                        raise
                    found.append(member)
            elif member.suffix in KNOWN or member.suffix in CONVERT:
                found.append(member)
    return sorted(found, key=lambda source: source.id)


def _shown(info: zipfile.ZipInfo) -> str:
    """A member's name as its maker saw it: without the flag for UTF-8 it is in it all the same, or in GB18030."""
    if info.flag_bits & 0x800:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeError):
            return info.filename.encode("cp437").decode(encoding)
    return info.filename


def _unpacked(package: zipfile.ZipFile, member: str, reading: Reading) -> bytes:
    with reading.sound("zip file"):
        if package.getinfo(member).flag_bits & 1:
            raise GongbaoError(f"{reading.path}: protected by a password; unpack it first")
        with package.open(member) as file:
            return reading.whole(cast(BinaryIO, file))


def _size(file: Path | str) -> int:
    try:
        return os.path.getsize(file)
    except OSError:
        return 0


def _standard_input(reading: Reading) -> tuple[BinaryIO, str]:
    if sys.stdin is None:
        raise GongbaoError("standard input is closed")
    stdin = sys.stdin.buffer
    # A stream that stands in for standard input may not let one look ahead.
    buffer = stdin if hasattr(stdin, "peek") else BufferedReader(cast(RawIOBase, stdin))
    head = buffer.peek(1)
    if head.startswith(b"%PDF"):
        return BytesIO(reading.whole(buffer)), ".pdf"
    if head.startswith(b"PK\x03\x04"):
        file = BytesIO(reading.whole(buffer))
        with open_zip(file, reading) as package:
            names = set(package.namelist())
        file.seek(0)
        for mark, suffix in (("word/document.xml", ".docx"), ("xl/workbook.xml", ".xlsx")):
            if mark in names:
                return file, suffix
        raise GongbaoError("-: a zip on standard input is read only if it is a .docx or .xlsx; give its path")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:200].lower().startswith((b"<!doctype html", b"<html")):
        return BytesIO(reading.whole(buffer)), ".html"
    if head.startswith(b"PAR1"):
        return BytesIO(reading.whole(buffer)), ".parquet"
    if start.startswith((b"From:", b"MIME-Version:")) and b"multipart/related" in head[:4096]:
        return BytesIO(reading.whole(buffer)), ".mhtml"
    return buffer, ".jsonl" if start.startswith(b"{") else ".txt"
