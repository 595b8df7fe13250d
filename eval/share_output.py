"""Shares as files: `shares.json`, the table `shares.csv`, and `shares.html`, a page that needs nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval import markdown
from eval.archive import MISSING, YEAR, number
from eval.output import as_json, open_template, write_folder
from eval.share_figures import Point, Row, heat_map, lines, percent, short
from eval.shares import ALL, METHODS, UNITS
from eval.words import INTERVAL, many
from gongbao.writers.csv import defused

FILES = ("shares.json", "shares.csv", "shares.html")
SHOWN = 30
"""How many groups of a key the page shows; the table has all of them."""


def write(folder: str | Path, found: dict[str, Any]) -> None:
    """Write shares (what `shares` returns) into a folder; a reader never sees half a file, and no date is in them."""
    contents = (as_json(found), _csv(found), render(found))
    write_folder(folder, dict(zip(FILES, contents, strict=True)), "shares")


def _csv(found: dict[str, Any]) -> str:
    """The table as a spreadsheet opens it right: a byte-order mark, cells that it would run defused."""
    file = io.StringIO(newline="")
    file.write("\ufeff")
    writer = csv.writer(file)
    for n, row in enumerate(table(found)):
        if not n:
            writer.writerow(row)
        writer.writerow([defused(cell) for cell in row.values()])
    return file.getvalue()


def table(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of `shares.csv`: one a group, unit and label; None is an empty cell."""
    for key, groups in ((ALL, {ALL: found[ALL]}), *found["by"].items()):
        for name, group in groups.items():
            sizes = {"by": key, "group": name} | {size: group[size] for size in ("paragraphs", "documents")}
            sizes |= {f"labelled_{size}": count for size, count in group["labelled"].items()}
            for unit in UNITS:
                for label, cell in (group["shares"][unit] or {}).items():
                    row = {"correction": group["correction"], "unit": unit, "label": label}
                    row["name"] = found["names"][label]
                    for method in METHODS:
                        low, high = _of(cell, method, "interval") or (None, None)
                        row |= {method: _of(cell, method, "share"), f"{method}_low": low, f"{method}_high": high}
                    rates = {rate: _of(cell, "rogan_gladen", rate) for rate in ("sensitivity", "specificity")}
                    yield sizes | row | rates


def render(found: dict[str, Any]) -> str:
    """Return the page: the whole archive's table, then for each key its heat maps, lines over years and tables."""
    template = open_template("shares.html.jinja", {"percent": percent, "short": short})
    method = "corrected" if found["gold"] else "raw"
    units = [unit for unit in UNITS if found[ALL]["shares"][unit]]
    sections = [_section(found, key, groups, method, units) for key, groups in found["by"].items()]
    page = template.render(found=found, all=found[ALL], method=method, units=units, sections=sections)
    return page.rstrip() + "\n"


def text(found: dict[str, Any]) -> str:
    """Return the whole archive's shares of paragraphs as Markdown, for the terminal, with the notes."""
    whole = found[ALL]
    methods = METHODS if found["gold"] else METHODS[:1]
    header = ["label", "名称", *(cell for method in methods for cell in (method.replace("_", "-"), INTERVAL))]
    rows = [
        [label, found["names"][label], *(part for method in methods for part in _percents(cell[method]))]
        for label, cell in whole["shares"]["paragraphs"].items()
    ]
    of = f"{many(whole['paragraphs'], 'paragraph')} of {many(whole['documents'], 'document')}"
    sizes = f"Shares of {of}, in percent."
    parts = [sizes, markdown.table(header, rows), *(f"- {note}" for note in found["notes"])]
    return "\n\n".join([*parts[:2], "\n".join(parts[2:])]).rstrip() + f"\n\nSignature: `{found['signature']}`\n"


def _section(found: dict[str, Any], key: str, groups: dict[str, Any], method: str, units: list[str]) -> dict[str, Any]:
    """The figures of one key; of more than `SHOWN` groups the largest are shown, and of numbers the last."""
    names = list(groups)
    if all(number(name) is not None for name in names if name != MISSING):
        names = names[-SHOWN:]
    shown = {name: groups[name] for name in names[:SHOWN]}
    figures = {}
    for unit in units:
        rows = [
            Row(name, [_of(cell, method, "share") for cell in group["shares"][unit].values()], _marked(group))
            for name, group in ((ALL, found[ALL]), *shown.items())
            if group["shares"][unit]
        ]
        title = f"Share of {unit} by {key} and label, in percent"
        figures[unit] = {"map": heat_map(rows, list(found["names"].values()), title), "lines": {}}
        years = {
            int(name): group
            for name, group in groups.items()
            if key == YEAR and name != MISSING and group["shares"][unit]
        }
        if len(years) > 1:
            points = {
                label: [
                    _point(year, group, group["shares"][unit][label], method) for year, group in sorted(years.items())
                ]
                for label in found["names"]
            }
            figures[unit]["lines"] = lines(points, f"Share of {unit} over years")
    return {"key": key, "groups": shown, "left_out": len(groups) - len(shown), "figures": figures}


def _point(year: int, group: dict[str, Any], cell: dict[str, Any], method: str) -> Point:
    beside = cell["raw"]["share"] if method != "raw" else None
    return Point(year, _of(cell, method, "share"), _of(cell, method, "interval"), beside, _marked(group))


def _percents(value: dict[str, Any]) -> tuple[str, str]:
    bounds = value["interval"]
    return percent(value["share"]), "–".join(map(percent, bounds)) if bounds else percent(None)


def _marked(group: dict[str, Any]) -> bool:
    return bool(group["correction"] == "pooled")


def _of(cell: dict[str, Any], method: str, value: str) -> Any:
    return cell[method] and cell[method][value]
