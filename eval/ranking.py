"""Several systems on one gold set, each against each; the pages and files of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from eval import plots
from eval.compare import compare
from eval.gold import Gold, labels_of
from eval.html import marked, page
from eval.markdown import table
from eval.output import as_json, write_folder
from eval.report import gold_notes, signature
from eval.system import System, check_names
from eval.tables import BLANK, Table, figure, signed, signed_span
from eval.words import INTERVAL, many, plain, shorten

FILES = ("compare.json", "compare.md", "compare.html")
SHOWN = 100
"""Changed paragraphs of each kind that a page shows."""
WOULD_TELL = (
    "How many more paragraphs would tell: so many, if the difference is real, that is, if they differ as much as those "
    "that were seen."
)


def rank(systems: Sequence[System], gold: Gold, resamples: int, seed: int, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Compare every system with the first and with each other; returns what `compare.json` holds.

    `pairs` are `eval.compare.compare`'s, the earlier system as A; `ranking` is by macro-F1, best first. Raises
    GongbaoError if two systems bear one name.
    """
    check_names(systems, "name one otherwise, NAME=DIR")
    pairs = [compare(a, b, gold, resamples, seed) for a, b in combinations(systems, 2)]
    values = {pair[side]: pair["macro_f1"][side] for pair in pairs for side in ("a", "b")}
    order = sorted(values, key=lambda name: -1.0 if values[name] is None else -values[name])
    return {
        "signature": signature(gold, resamples, seed),
        "gold": gold.describe(),
        "systems": [
            {"name": s.name, "model": s.model, "decision": s.decision, "seconds": s.seconds, "bytes": s.size}
            for s in systems
        ],
        "ranking": [{"name": name, "macro_f1": values[name]} for name in order],
        "pairs": pairs,
        "notes": [*notes, *gold_notes(gold, resamples)],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def is_worse(found: dict[str, Any]) -> bool | None:
    """Whether the last system is worse than the first by the paired interval of macro-F1; None where there is none."""
    last = found["systems"][-1]["name"]
    pair = next(pair for pair in found["pairs"] if pair["a"] == found["systems"][0]["name"] and pair["b"] == last)
    span = pair["macro_f1"]["interval"]
    return None if span is None else bool(span[1] < 0)


def markdown(found: dict[str, Any]) -> str:
    """The comparison in words and tables."""
    gold = found["gold"]
    sizes = f"{many(gold['paragraphs'], 'paragraph')} of {many(gold['documents'], 'document')}"
    parts = [
        plain(f"# {' against '.join(row['name'] for row in reversed(found['systems']))} on {gold['file']}"),
        f"{sizes}. Signature: `{found['signature']}`",
        table(*system_table(found)),
    ]
    parts += [plain(f"- {note}") for note in found["notes"]]
    for pair in found["pairs"]:
        parts += [plain(f"## {pair['b']} against {pair['a']}"), plain(f"**{pair['verdict']}**")]
        parts.append(table(*pair_table(pair)))
        parts.append(table(*label_table(pair)))
        counts = {name: len(ids) for name, ids in pair["changes"].items()}
        parts.append(
            plain(f"Paragraphs that {pair['b']} mended: {counts['mended']}; broke: {counts['broken']}; ")
            + f"changed from one wrong answer to another: {counts['otherwise_wrong']}."
        )
    parts.append(
        f"A difference is B less A, with its paired {INTERVAL} interval over resampled documents. p: McNemar's exact "
        "test, Holm's correction over the labels; for macro-F1 approximate randomisation of whole documents."
    )
    if any("would tell" in pair["verdict"] for pair in found["pairs"]):
        parts.append(WOULD_TELL)
    return "\n\n".join(parts) + "\n"


def html(found: dict[str, Any], systems: Sequence[System], gold: Gold) -> str:
    """The comparison as one page, with the paragraphs that changed."""
    by_name = {system.name: system for system in systems}
    figures = {}
    shown = []
    for number, pair in enumerate(found["pairs"]):
        rows = [
            {"name": plots.two_lines(label, gold_name(found, label))} | row
            for label, row in [("macro-F1", pair["macro_f1"]), *pair["labels"].items()]
            if row["difference"] is not None
        ]
        if rows:
            figures[f"pair{number}"] = plots.differences(rows, f"F1 of {shorten(pair['b'])}\nless {shorten(pair['a'])}")
        a, b = by_name[pair["a"]], by_name[pair["b"]]
        shown.append({name: [_case(gold, id_, a, b) for id_ in ids[:SHOWN]] for name, ids in pair["changes"].items()})
    return page(
        "compare.html.jinja",
        found=found,
        figures=figures,
        cases=shown,
        most=SHOWN,
        would_tell=WOULD_TELL if any("would tell" in pair["verdict"] for pair in found["pairs"]) else None,
        systems=system_table(found),
        pairs=[pair_table(pair) for pair in found["pairs"]],
        labels=[label_table(pair) for pair in found["pairs"]],
    )


def system_table(found: dict[str, Any]) -> Table:
    """The systems, best first, with their size and the time that they took."""
    values = {row["name"]: row["macro_f1"] for row in found["ranking"]}
    systems = {row["name"]: row for row in found["systems"]}
    rows = [
        [
            name,
            figure(values[name]),
            BLANK if systems[name]["bytes"] is None else f"{systems[name]['bytes'] / 1e6:.1f}",
            BLANK if not systems[name]["seconds"] else f"{found['gold']['paragraphs'] / systems[name]['seconds']:.0f}",
        ]
        for name in values
    ]
    return ("system", "macro-F1", "MB", "paragraphs/s"), rows


def pair_table(pair: dict[str, Any]) -> Table:
    """The overall scores of both, with their difference."""
    rows = [
        ["macro-F1", *_cells(pair["macro_f1"]), _p(pair["macro_f1"]["p"])],
        ["micro-F1", *_cells(pair["micro_f1"]), BLANK],
        ["none-F1", *_cells(pair["none_f1"]), BLANK],
        ["exact match", *_cells(pair["exact_match"]), BLANK],
    ]
    if pair["common"]:
        rows.append([f"macro-F1, threshold {pair['common']['threshold']}", *_cells(pair["common"]["macro_f1"]), BLANK])
    return ("", pair["a"], pair["b"], "difference", f"{INTERVAL} (paired)", "p"), rows


def label_table(pair: dict[str, Any]) -> Table:
    """F1 by label, and the paragraphs on which one alone is right."""
    rows = [
        [label, *_cells(row), str(row["mended"]), str(row["broken"]), _p(row["p"]), _p(row["p_holm"])]
        for label, row in pair["labels"].items()
    ]
    return (
        "label",
        pair["a"],
        pair["b"],
        "difference",
        f"{INTERVAL} (paired)",
        "mended",
        "broken",
        "p",
        "p (Holm)",
    ), rows


def write(folder: str | Path, found: dict[str, Any], text: str, page: str) -> None:
    """Write the comparison's files into a folder; a reader never sees half a file."""
    write_folder(folder, dict(zip(FILES, (as_json(found), text, page), strict=True)), "comparison")


def gold_name(found: dict[str, Any], label: str) -> str:
    return str(found["gold"]["names"].get(label, ""))


def _case(gold: Gold, id_: str, a: System, b: System) -> dict[str, Any]:
    row = gold.row[id_]
    return {
        "id": id_,
        "sentences": marked(gold, id_),
        "gold": list(gold.examples[row].labels),
        "a": labels_of(a.answer[row], gold.scheme),
        "b": labels_of(b.answer[row], gold.scheme),
    }


def _cells(row: dict[str, Any]) -> list[str]:
    return [figure(row["a"]), figure(row["b"]), signed(row["difference"]), signed_span(row["interval"])]


def _p(value: float | None) -> str:
    return BLANK if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
