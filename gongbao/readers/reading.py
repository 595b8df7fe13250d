"""What every reader is told about the file it reads, and the limits that hold for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from gongbao.documents import Ledger
from gongbao.errors import GongbaoError

MEGABYTE = 1_000_000
LIMIT = 500 * MEGABYTE
"""Bytes that a file may have where it must be held whole, packed files unpacked, and so may a row of a table."""


_OBJECT = re.compile(r"<_?[\w.]+(?: [^<>]*)?>")
_SIGNS = (
    (re.compile(rb"%PDF-"), "a PDF; name it .pdf"),
    (re.compile(rb"PK\x03\x04"), "a zip or an office file; name it .zip, .docx or .xlsx"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "an old office file (.doc, .xls); convert it to .docx or .xlsx"),
    (re.compile(rb"\{\\rtf"), "RTF; convert it to .docx"),
    (
        re.compile(rb"MIME-Version:|From: <Saved|[^<]{0,2000}\nContent-Type: multipart/related", re.I),
        "MHTML; name it .mhtml",
    ),
    (
        re.compile(rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype html|html|head|body)\b", re.I | re.S),
        "HTML; name it .html",
    ),
)


def hint(data: bytes) -> str:
    """Say what a file is by its first bytes, for an error about one with a wrong suffix; nothing if they do not tell.

    >>> hint(b"<!DOCTYPE html><title>"), hint(b"PNG")
    ('; it looks like HTML; name it .html', '')
    """
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((f"; it looks like {said}" for sign, said in _SIGNS if sign.match(head)), "")


@dataclass
class Reading:
    """A file being read: how errors name it (`path`), its document's id, what the user said, and its account.

    `column` is the column of a table that holds the text; `limit` is in bytes; `ledger` is told every piece of text.
    """

    path: str
    document: str
    encoding: str | None = None
    column: str | None = None
    limit: int = LIMIT
    ledger: Ledger = field(default_factory=Ledger)

    def whole(self, file: BinaryIO) -> bytes:
        """Return all bytes of a file; raises GongbaoError if they are more than the limit."""
        data = file.read(self.limit + 1)
        if len(data) > self.limit:
            raise self.too_large()
        return data

    def too_large(self, what: str = "") -> GongbaoError:
        return GongbaoError(
            f"{self.path}: {what or 'larger'} than {self.limit // MEGABYTE} MB, the limit; raise it with --max-mb"
        )

    @contextmanager
    def sound(self, kind: str, head: bytes = b"") -> Iterator[None]:
        """Turn what a library raises over a damaged file into one line; what is ours passes.

        By the `head` of the file the line says what it is instead.
        """
        try:
            yield
        except GongbaoError:
            raise
        except RecursionError as error:
            raise GongbaoError(f"{self.path}: nested too deeply") from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            # A parser met with a damaged file raises whatever it stumbles over.
            said = _OBJECT.sub("the file", " ".join(str(error).split()))[:120]
            looks = hint(head)
            looks = "" if "name it" in looks and kind in looks else looks
            raise GongbaoError(f"{self.path}: damaged, or no {kind} ({type(error).__name__}: {said}){looks}") from error
