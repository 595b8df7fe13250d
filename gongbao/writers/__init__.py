"""Labelled rows to files: one file a format, the registry here; every file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from gongbao.labels import Scheme
from gongbao.writers.csv import write_csv
from gongbao.writers.jsonl import write_jsonl

Write = Callable[[dict[str, Any]], None]

WRITERS: dict[str, Callable[[Path, Scheme], AbstractContextManager[Write]]] = {".jsonl": write_jsonl, ".csv": write_csv}
"""How to write each suffix: a context manager that gives the function which writes a row."""
