"""A row as the cells of a table: lists joined, one score a column, what is nested as JSON."""

from __future__ import annotations

import json
from typing import Any

from gongbao.labels import Scheme

COLUMNS = ("id", "document", "number", "kind", "heading", "page", "line", "text", "labels", "review")
AFTER = ("evidence", "sentences", "model", "decision", "extra")


KNOWN = frozenset({*COLUMNS, "scores", *AFTER} - {"extra"})


def extra_of(row: dict[str, Any]) -> str | None:
    """The other keys of a table's row as JSON, None where there are none."""
    extra = {key: value for key, value in row.items() if key not in KNOWN}
    return json.dumps(extra, ensure_ascii=False) if extra else None


def columns_of(scheme: Scheme) -> list[str]:
    """The names of the columns: labels joined by `;`, a heading path by ` > `, one `score_<label>` a label."""
    return [*COLUMNS, *(f"score_{label}" for label in scheme.ids), *AFTER]


def cells_of(row: dict[str, Any], scheme: Scheme) -> list[Any]:
    """The cells of a row, in the order of `columns_of`; `evidence`, `sentences` and `extra` (other keys) are JSON."""
    return [
        row["id"],
        row["document"],
        row["number"],
        row["kind"],
        " > ".join(row["heading"]),
        row["page"],
        row["line"],
        row["text"],
        ";".join(row["labels"]),
        ";".join(row["review"]),
        *(row["scores"][label] for label in scheme.ids),
        _json(row["evidence"]),
        _json(row["sentences"]),
        row["model"],
        row["decision"],
        extra_of(row),
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
