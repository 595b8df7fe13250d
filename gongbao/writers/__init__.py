"""Labelled rows to files: one file a format, the registry here; every file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from gongbao.writers.csv import CsvWriter
from gongbao.writers.jsonl import JsonlWriter


class Writer(Protocol):
    """Takes rows; `close` puts the file in its place, `discard` leaves nothing behind."""

    def write(self, row: dict[str, Any]) -> None: ...

    def close(self) -> None: ...

    def discard(self) -> None: ...


WRITERS: dict[str, Callable[[Path, Scheme], Writer]] = {".jsonl": JsonlWriter, ".csv": CsvWriter}


def open_writer(path: Path, scheme: Scheme) -> Writer:
    """Open the writer for a file's suffix; raises GongbaoError, naming the known ones, for another."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise GongbaoError(
            f"{path}: cannot write {path.suffix or 'a file without a suffix'}; known: {', '.join(WRITERS)}"
        )
    try:
        return writer(path, scheme)
    except OSError as error:
        raise GongbaoError(f"cannot write {path}: {error.strerror}") from error
