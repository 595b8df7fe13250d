"""Rows as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbao.files import draft
from gongbao.labels import Scheme


@contextmanager
def write_jsonl(path: Path, scheme: Scheme | None = None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes a row a line, UTF-8; the file appears when the block ends well."""
    with draft(path) as file:

        def write(row: dict[str, Any]) -> None:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

        yield write
