"""Zip files looked at before they are opened: bombs, passwords and document types in their XML."""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

from gongbao.errors import GongbaoError
from gongbao.readers.reading import MEGABYTE, Reading

MEMBERS = 20_000
"""Files that a zip may hold."""
RATIO = 500
"""A member that unpacks to more than so many times its size, and to more than 10 MB, is a bomb."""

_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCRYPTED = b"\xd0\xcf\x11\xe0"


def open_zip(file: BinaryIO, reading: Reading, kind: str = "zip file") -> zipfile.ZipFile:
    """Open a zip whose directory is sound and whose members, unpacked, keep within the limits."""
    start = file.read(4096)
    file.seek(0)
    if start.startswith(_ENCRYPTED):
        raise GongbaoError(f"{reading.path}: protected by a password, or of an old format (.doc, .xls); save it anew")
    with reading.sound(kind, start):
        package = zipfile.ZipFile(file)
        members = package.infolist()
    if len(members) > MEMBERS:
        raise GongbaoError(f"{reading.path}: a zip of {len(members)} files; {MEMBERS} is the limit")
    if sum(member.file_size for member in members) > reading.limit:
        raise reading.too_large("unpacked it is larger")
    for member in members:
        if member.file_size > max(10 * MEGABYTE, RATIO * member.compress_size):
            raise GongbaoError(f"{reading.path}: {member.filename!r} unpacks to {RATIO} times its size: a bomb?")
    return package


def check_package(file: BinaryIO, reading: Reading, kind: str) -> None:
    """Refuse an office file that is no sound zip, has a password, or declares entities in its XML."""
    with open_zip(file, reading, kind) as package:
        for member in package.infolist():
            if member.flag_bits & 1:
                raise GongbaoError(f"{reading.path}: protected by a password; save it without one")
            if member.filename.endswith((".xml", ".rels")):
                with reading.sound(kind), package.open(member) as part:
                    # UTF-16 would hide the word from a search for its bytes.
                    if _DOCTYPE.search(part.read(4096).replace(b"\x00", b"")):
                        raise GongbaoError(f"{reading.path}: {member.filename} declares a document type; refused")
    file.seek(0)
