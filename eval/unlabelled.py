"""Two models on documents without labels: how much they answer differently, by label, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.html import page
from eval.markdown import table
from eval.tables import Table, percent
from eval.words import many, plain
from gongbao.errors import GongbaoError
from gongbao.labeler import Labeler
from gongbao.labels import NONE
from gongbao.predict import predict

SHOWN = 200
"""Changed paragraphs that a page shows."""


def compare_on(a: str | Path, b: str | Path, inputs: list[str]) -> dict[str, Any]:
    """Label files or folders with both models and say what changes from A to B.

    Returns `paragraphs`; for each label and `none` how many paragraphs `a` and `b` give it, how many `gained` and
    `lost` it; `changed`, the rows (id, text, labels of both, evidence of both) on which they differ; and `errors`, the
    files that could not be read. Raises GongbaoError if a path does not exist, if nothing in them could be read, or if
    the models answer different labels.
    """
    for path in inputs:
        if not Path(path).exists():
            raise GongbaoError(f"{path}: no such file or directory")
    labelers = [Labeler.load(model) for model in (a, b)]
    first, second = labelers
    if first.scheme.ids != second.scheme.ids:
        raise GongbaoError(f"{a} answers {first.scheme.signature}, {b} {second.scheme.signature}: nothing to compare")
    found: list[list[dict[str, Any]]] = [[], []]
    for labeler, rows in zip(labelers, found, strict=True):
        done = predict(inputs, labeler, show=rows.append)
    errors = [message for _, message in done.errors]
    if not found[0]:
        raise GongbaoError("; ".join(errors) or f"nothing to label in {', '.join(inputs)}")
    labels = {}
    for label in (*first.scheme.ids, NONE):
        has = [[_has(row, label) for row in rows] for rows in found]
        pairs = list(zip(*has, strict=True))
        labels[label] = {
            "a": sum(has[0]),
            "b": sum(has[1]),
            "gained": sum(new and not old for old, new in pairs),
            "lost": sum(old and not new for old, new in pairs),
        }
    changed = [
        {"id": old["id"], "text": old["text"], "a": old["labels"], "b": new["labels"]}
        | {"evidence": _evidence(old, new)}
        for old, new in zip(*found, strict=True)
        if old["labels"] != new["labels"]
    ]
    return {
        "a": first.name,
        "b": second.name,
        "inputs": [Path(each).name for each in inputs],
        "paragraphs": len(found[0]),
        "labels": labels,
        "changed": changed,
        "errors": errors,
    }


def label_table(found: dict[str, Any]) -> Table:
    rows = [
        [label, str(row["a"]), str(row["b"]), str(row["gained"]), str(row["lost"])]
        for label, row in found["labels"].items()
    ]
    return ("label", found["a"], found["b"], "gained", "lost"), rows


def summary(found: dict[str, Any]) -> str:
    """How many paragraphs change, as a sentence."""
    changed, of = len(found["changed"]), found["paragraphs"]
    changes = "changes" if changed == 1 else "change"
    return f"{changed:,} of {many(of, 'paragraph')} {changes} ({percent(changed / of)})."


def markdown(found: dict[str, Any]) -> str:
    """What changes, in words and a table."""
    parts = [
        plain(f"# {found['b']} against {found['a']} on {', '.join(found['inputs'])}"),
        summary(found),
        table(*label_table(found)),
        *(plain(f"- not read: {error}") for error in found["errors"]),
    ]
    return "\n\n".join(parts) + "\n"


def html(found: dict[str, Any]) -> str:
    """The same as one page, with the paragraphs that change and the sentence that each change rests on."""
    return page(
        "unlabelled.html.jinja", figures={}, found=found, summary=summary(found), labels=label_table(found), most=SHOWN
    )


def _has(row: dict[str, Any], label: str) -> bool:
    return not row["labels"] if label == NONE else label in row["labels"]


def _evidence(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The sentence that each label that came or went rests on, as offsets, from the row that has the label."""
    moved = set(old["labels"]) ^ set(new["labels"])
    return [
        {"label": label, "start": e["start"], "end": e["end"]}
        for row in (old, new)
        for label, e in row["evidence"].items()
        if label in moved
    ]
