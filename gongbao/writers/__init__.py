"""Labelled rows to files: one file a format, the registry here; every file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from gongbao.writers.csv import write_csv
from gongbao.writers.jsonl import write_jsonl

Write = Callable[[dict[str, Any]], None]

WRITERS: dict[str, Callable[[Path, Scheme], AbstractContextManager[Write]]] = {".jsonl": write_jsonl, ".csv": write_csv}


def writer(path: Path, scheme: Scheme) -> AbstractContextManager[Write]:
    """Return the writer for a file's suffix; raises GongbaoError, naming the known ones, for another."""
    if path.suffix.lower() not in WRITERS:
        suffix = path.suffix or "a file without a suffix"
        raise GongbaoError(f"{path}: cannot write {suffix}; known: {', '.join(WRITERS)}")
    return WRITERS[path.suffix.lower()](path, scheme)
