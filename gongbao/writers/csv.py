"""Rows as a table that spreadsheets open right: UTF-8 with a byte-order mark, formulas in cells defused."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from gongbao.labels import Scheme

COLUMNS = ("id", "document", "number", "kind", "heading", "page", "text", "labels", "review")
AFTER = ("evidence", "sentences", "model", "decision", "extra")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvWriter:
    """The columns of the JSONL row: labels joined by `;`, a heading path by ` > `, one `score_<label>` a label.

    `evidence`, `sentences` and `extra` (the other keys of a `.jsonl` input) are JSON.
    """

    def __init__(self, path: Path, scheme: Scheme) -> None:
        self.path = path
        self.scheme = scheme
        self.partial = path.with_name(f".{path.name}.partial")
        self.file = self.partial.open("w", encoding="utf-8-sig", newline="")
        self.table = csv.writer(self.file)
        self.table.writerow([*COLUMNS, *(f"score_{label}" for label in scheme.ids), *AFTER])

    def write(self, row: dict[str, Any]) -> None:
        known = {*COLUMNS, *AFTER, "scores"}
        extra = {key: value for key, value in row.items() if key not in known}
        cells = [
            row["id"],
            row["document"],
            row["number"],
            row["kind"],
            " > ".join(row["heading"]),
            "" if row["page"] is None else row["page"],
            row["text"],
            ";".join(row["labels"]),
            ";".join(row["review"]),
            *(row["scores"][label] for label in self.scheme.ids),
            _json(row["evidence"]),
            _json(row["sentences"]),
            row["model"],
            row["decision"],
            _json(extra) if extra else "",
        ]
        self.table.writerow([_defused(cell) for cell in cells])

    def close(self) -> None:
        self.file.close()
        os.replace(self.partial, self.path)

    def discard(self) -> None:
        self.file.close()
        self.partial.unlink(missing_ok=True)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _defused(cell: Any) -> Any:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
