"""Rows as a table that spreadsheets open right: UTF-8 with a byte-order mark, formulas in cells defused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongbao.files import draft
from gongbao.labels import Scheme

COLUMNS = ("id", "document", "number", "kind", "heading", "page", "line", "text", "labels", "review")
AFTER = ("evidence", "sentences", "model", "decision", "extra")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def write_csv(path: Path, scheme: Scheme) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give a function that writes a row; the file appears when the block ends well.

    The columns are those of the JSONL row: labels joined by `;`, a heading path by ` > `, one `score_<label>` a label;
    `evidence`, `sentences` and `extra` (the other keys of a `.jsonl` input) are JSON.
    """
    with draft(path, "utf-8-sig") as file:
        table = csv.writer(file)
        table.writerow([*COLUMNS, *(f"score_{label}" for label in scheme.ids), *AFTER])

        def write(row: dict[str, Any]) -> None:
            known = {*COLUMNS, *AFTER, "scores"}
            extra = {key: value for key, value in row.items() if key not in known}
            cells = [
                row["id"],
                row["document"],
                row["number"],
                row["kind"],
                " > ".join(row["heading"]),
                "" if row["page"] is None else row["page"],
                row["line"],
                row["text"],
                ";".join(row["labels"]),
                ";".join(row["review"]),
                *(row["scores"][label] for label in scheme.ids),
                _json(row["evidence"]),
                _json(row["sentences"]),
                row["model"],
                row["decision"],
                _json(extra) if extra else "",
            ]
            table.writerow([defused(cell) for cell in cells])

        yield write


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def defused(cell: Any) -> Any:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
