"""Labelled rows to files: one file a format, the registry here; every file is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from gongbao.labels import Scheme
from gongbao.writers.csv import write_csv
from gongbao.writers.html import write_html
from gongbao.writers.jsonl import write_jsonl
from gongbao.writers.parquet import write_parquet
from gongbao.writers.writer import Writer
from gongbao.writers.xlsx import write_xlsx

Open = Callable[[Path, Scheme, Mapping[str, Any]], AbstractContextManager[Writer]]

WRITERS: dict[str, Open] = {
    ".jsonl": write_jsonl,
    ".csv": write_csv,
    ".xlsx": write_xlsx,
    ".parquet": write_parquet,
    ".html": write_html,
}
"""How to write each suffix, given the scheme and what the run is of (model, decision, version, date, policy)."""
SHOWING = (".html",)
"""Outputs that show the words which carry a label."""
