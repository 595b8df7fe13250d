"""A system's report: every score with its interval, beside its baselines; written with its predictions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from eval.agreement import alpha, kappa, positive_agreement
from eval.bands import bands, keep
from eval.baselines import SECOND
from eval.calibration import calibrate
from eval.curves import curves
from eval.evidence import evidence
from eval.gold import Bools, Floats, Gold, Ints, labels_of
from eval.intervals import FEW_DOCUMENTS, Statistics, count, interval, resample, statistics
from eval.metrics import mean, measure
from eval.mistakes import confusion, worst
from eval.output import as_json, write_folder
from eval.slices import slices
from eval.suspects import named, suspects
from eval.system import DECIMALS, System, check_names
from eval.words import many
from gongbao import __version__
from gongbao.doctor import installed
from gongbao.errors import GongbaoError
from gongbao.labels import Scheme
from gongbao.policy import Policy

FILES = ("report.json", "report.md", "report.html", "predictions.jsonl")
RESAMPLES = 1000
SEED = 12345


def score(
    system: System,
    gold: Gold,
    baselines: Sequence[System] = (),
    resamples: int = RESAMPLES,
    seed: int = SEED,
    notes: Sequence[str] = (),
    policies: Sequence[Policy] = (),
    runs: Sequence[System] = (),
    checks: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Score a system on a gold set and return the report, the content of `report.json`.

    `policies` are promises to check, `runs` the same system under other seeds, `checks` what `eval.behaviour` found.

    Every interval is the 95 % percentile interval over resampled documents; one set of resamples serves the system,
    its sentences and its baselines, whose differences from it are therefore paired. What cannot be computed is None,
    and `system.notes` says why. Raises GongbaoError if two systems bear one name.
    """
    check_systems(system, baselines, runs)
    # Floats once, instead of in every product.
    weights = resample(len(gold.documents), resamples, seed).astype(np.float64)
    paragraphs, own = _level(gold.truth, system.answer, system.scores, gold.document, weights, gold)
    thresholds = [None] * len(gold.scheme) if system.thresholds is None else map(float, system.thresholds)
    for label, threshold in zip(gold.scheme.ids, thresholds, strict=True):
        paragraphs["labels"][label]["threshold"] = threshold
    notes = [*system.notes, *notes]
    if gold.sentence_truth is None:
        notes.insert(0, "No sentence figures: the gold's labels are set on paragraphs.")
    notes += gold_notes(gold, resamples)
    return {
        "signature": signature(gold, resamples, seed),
        "gold": gold.describe() | {"agreement": _agreement(baselines, gold)},
        "system": {"name": system.name, "form": system.form, "notes": notes},
        **paragraphs,
        "sentence_level": _sentence_level(system, gold, weights),
        "evidence": evidence(system, gold, weights),
        "calibration": None if system.scores is None else calibrate(gold.truth, system.scores, gold.scheme.ids),
        "curves": curves(system, gold),
        "bands": bands(system, gold, weights),
        "policies": _policies(policies, system, gold, weights),
        "slices": slices(system, gold, weights),
        "confusion": confusion(gold.truth, system.answer, gold.scheme.ids),
        "errors": worst(system, gold),
        "suspects": None if system.scores is None else _suspects(system, gold),
        "seeds": _seeds(system, runs, gold) if runs else None,
        "behaviour": checks,
        "baselines": {other.name: _beside(own, paragraphs, other, gold, weights) for other in baselines},
        "provenance": provenance(system),
    }


def check_systems(system: System, baselines: Sequence[System], runs: Sequence[System]) -> None:
    """Raise GongbaoError if two systems bear one name: a report tells them apart by it."""
    check_names([system, *baselines], "name one with --name NAME or --baseline NAME=X")
    check_names([system, *runs], "name one with --seed-run NAME=X")


def gold_notes(gold: Gold, resamples: int) -> list[str]:
    """What a reader must know of a gold set before leaning on its figures."""
    notes = []
    if not gold.truth.any():
        notes.append("The gold has no label at all: macro-F1 has nothing to find, and is 0 or undefined.")
    if len(gold.documents) < 2 or not resamples:
        notes.append("No intervals: they take at least two documents and one resample.")
    elif len(gold.documents) < FEW_DOCUMENTS:
        few = f"{many(len(gold.documents), 'document')} are few to resample"
        notes.append(f"{few}: the intervals are too narrow to lean on.")
    return notes


def signature(gold: Gold, resamples: int, seed: int) -> str:
    """Say in one line what a macro-F1 rests on; scores of unlike signatures are not to be compared.

    Example: `macro_f1|gold:3f9a1c|n:412|docs:37|labels:policy-domains/1|boot:1000|seed:12345|gongbao:0.1.0`.
    """
    parts = (
        "macro_f1",
        f"gold:{gold.sha256[:6]}",
        f"n:{len(gold.examples)}",
        f"docs:{len(gold.documents)}",
        f"labels:{gold.scheme.signature}",
        f"boot:{resamples}",
        f"seed:{seed}",
        f"gongbao:{__version__}",
    )
    return "|".join(parts)


def provenance(system: System) -> dict[str, Any]:
    """Say which model gave the answers, and with what they were scored, when."""
    return {
        "model": system.model,
        "decision": system.decision,
        "record": _without_folders(system.record),
        "versions": {"python": platform.python_version()}
        | {name: installed(name) for name in ("torch", "transformers", "scikit-learn", "numpy")},
        "machine": platform.machine(),
        "seconds": None if system.seconds is None else round(system.seconds, 3),
        "weights_bytes": system.size,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def predictions(system: System, gold: Gold) -> list[dict[str, Any]]:
    """The system's answers as rows `{id, document, labels, scores, sentences}`, from which the report can be computed.

    Scores are probabilities with 6 decimals; `scores` and `sentences` are left out where the system gives none.
    """
    scheme = gold.scheme
    ends = np.cumsum(gold.lengths)
    rows = []
    for index, example in enumerate(gold.examples):
        row = {"id": example.id, "document": example.document, **_answer(system.answer, system.scores, index, scheme)}
        if system.review is not None:
            row["review"] = labels_of(system.review[index], scheme)
        if system.sentence_answer is not None:
            span = range(ends[index] - gold.lengths[index], ends[index])
            row["sentences"] = [_answer(system.sentence_answer, system.sentence_scores, n, scheme) for n in span]
        rows.append(row)
    return rows


def write(folder: str | Path, report: dict[str, Any], rows: Sequence[dict[str, Any]], markdown: str, html: str) -> None:
    """Write a report's files, those of `FILES`, into a folder; a reader never sees half a file."""
    lines = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    report = report | {"predictions": {"sha256": hashlib.sha256(lines.encode()).hexdigest()}}
    write_folder(folder, dict(zip(FILES, (as_json(report), markdown, html, lines), strict=True)), "report")


def _level(
    truth: Bools, answer: Bools, scores: Floats | None, document: Ints, weights: Floats, gold: Gold
) -> tuple[dict[str, Any], Statistics]:
    """The scores of one level, paragraphs or sentences, with their intervals; and the resampled statistics."""
    found = measure(truth, answer, gold.scheme.ids, scores)
    resampled = statistics(count(truth, answer, document), weights)
    for row, values in zip(found["labels"].values(), resampled.f1.T, strict=True):
        row["interval"] = interval(values)
    found["none"]["interval"] = interval(resampled.none)
    found["macro"]["interval"] = interval(resampled.macro)
    found["micro"]["interval"] = interval(resampled.micro)
    found["samples"]["interval"] = interval(resampled.samples)
    found["exact_match"]["interval"] = interval(resampled.exact)
    return found, resampled


def _sentence_level(system: System, gold: Gold, weights: Floats) -> dict[str, Any] | None:
    if gold.sentence_truth is None or system.sentence_answer is None:
        return None
    document = gold.sentence_document
    found, _ = _level(gold.sentence_truth, system.sentence_answer, system.sentence_scores, document, weights, gold)
    return found


def _beside(own: Statistics, paragraphs: dict[str, Any], other: System, gold: Gold, weights: Floats) -> dict[str, Any]:
    """A baseline's figures, and by how much the system's macro-F1 is above its own in the same resamples."""
    found, resampled = _level(gold.truth, other.answer, other.scores, gold.document, weights, gold)
    mine, theirs = paragraphs["macro"]["f1"], found["macro"]["f1"]
    return {
        "form": other.form,
        "model": other.model,
        **{key: found[key] for key in ("labels", "macro", "micro", "none")},
        "difference": {
            "macro_f1": None if mine is None or theirs is None else mine - theirs,
            "interval": interval(own.macro - resampled.macro),
        },
    }


def _agreement(baselines: Sequence[System], gold: Gold) -> dict[str, dict[str, float | None]] | None:
    """How far the second annotator agrees with gold, by label: the ceiling. None without one."""
    second = next((other for other in baselines if other.name == SECOND), None)
    if second is None:
        return None
    columns = zip(gold.scheme.ids, gold.truth.T, second.answer.T, strict=True)
    return {
        label: {"positive_agreement": positive_agreement(a, b), "kappa": kappa(a, b), "alpha": alpha(a, b)}
        for label, a, b in columns
    }


def _policies(policies: Sequence[Policy], system: System, gold: Gold, weights: Floats) -> list[dict[str, Any]] | None:
    if not policies:
        return None
    if system.labeler is None or system.scores is None:
        raise GongbaoError(f"--policy wants a model: {system.name} brings no tuning scores to set a threshold on")
    return keep(policies, system.labeler.decision, system, gold, weights)


def _suspects(system: System, gold: Gold) -> list[dict[str, Any]]:
    assert system.scores is not None
    return named(suspects(gold.truth, system.scores, gold.scheme.ids), gold)


def _seeds(system: System, runs: Sequence[System], gold: Gold) -> dict[str, Any]:
    """Macro-F1 of runs that differ in their seed alone: their mean and standard deviation (n - 1)."""
    values = {each.name: measure(gold.truth, each.answer, gold.scheme.ids)["macro"]["f1"] for each in (system, *runs)}
    defined = [value for value in values.values() if value is not None]
    spread = float(np.std(defined, ddof=1)) if len(defined) > 1 else None
    return {"macro_f1": values, "mean": mean(defined), "standard_deviation": spread}


def _answer(answer: Bools, scores: Floats | None, index: int, scheme: Scheme) -> dict[str, Any]:
    row: dict[str, Any] = {"labels": labels_of(answer[index], scheme)}
    if scores is not None:
        row["scores"] = {label: round(float(p), DECIMALS) for label, p in zip(scheme.ids, scores[index], strict=True)}
    return row


def _without_folders(value: Any) -> Any:
    """A record with absolute paths cut to their last part: a report goes to others."""
    if isinstance(value, dict):
        return {key: _without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    if isinstance(value, str) and (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()):
        return PureWindowsPath(value).name
    return value
