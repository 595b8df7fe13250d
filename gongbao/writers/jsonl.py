"""Rows as JSON lines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from gongbao.labels import Scheme


class JsonlWriter:
    """Writes a row a line, UTF-8; the file appears under its name when it is complete."""

    def __init__(self, path: Path, scheme: Scheme | None = None) -> None:
        self.path = path
        self.partial = path.with_name(f".{path.name}.partial")
        self.file = self.partial.open("w", encoding="utf-8", newline="\n")

    def write(self, row: dict[str, Any]) -> None:
        self.file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")

    def close(self) -> None:
        self.file.close()
        os.replace(self.partial, self.path)

    def discard(self) -> None:
        self.file.close()
        self.partial.unlink(missing_ok=True)
