"""Shares of an archive by label and group: as the model answers them, and corrected with a labelled sample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from eval.archive import MISSING, Archive
from eval.corrections import Estimate, Sums, add_up, is_unlike, prediction_powered, rates, raw, rogan_gladen
from eval.gold import Bools, Floats, Gold
from eval.words import PERCENT, many
from gongbao import __version__
from gongbao.labels import NONE

ALL = "all"
UNITS = ("paragraphs", "characters")
METHODS = ("raw", "corrected", "rogan_gladen")
FEW_PARAGRAPHS = 20
FEW_DOCUMENTS = 10
DECIMALS = 6


def shares(archive: Archive, gold: Gold | None = None) -> dict[str, Any]:
    """Compute the share of paragraphs, and of characters, per label and group: the content of `shares.json`.

    `gold` is a random sample of the archive's own paragraphs, or of its documents labelled whole, on which the model
    was neither trained nor tuned; its rows are found by id. `raw` is what the model answers. `corrected` is
    prediction-powered inference with the group's own labelled rows; in a group with fewer than 20 labelled paragraphs
    or 10 labelled documents (its `correction` is "pooled") Rogan-Gladen with the error rates of the whole sample, which
    assumes that the model errs alike in every group. `rogan_gladen` stands beside both. See `eval.corrections`.

    Every interval is a 95 % one over documents: the archive is taken for one draw of what might have been written, so
    that years and places can be compared. What cannot be computed is None, and `notes` say why. A paragraph counts for
    every label that it carries, hence shares add up to more than 1; `none` is no label. Raises GongbaoError if a
    labelled row is not in the archive.
    """
    everywhere = np.ones(len(archive.rows), dtype=np.bool_)
    sample = archive.sample(gold) if gold else None
    by = {
        key: {name: _group(archive, rows, sample) for name, rows in archive.groups(key).items()} for key in archive.by
    }
    whole = _group(archive, everywhere, sample)
    described = None
    if gold and sample:
        described = {"file": gold.name, "sha256": gold.sha256, **whole["labelled"]}
    return {
        "signature": signature(archive, gold),
        "archive": {"files": list(archive.files), "sha256": archive.sha256, "models": list(archive.models)},
        "gold": described,
        "names": {label.id: label.zh for label in archive.scheme} | {NONE: "无涉及"},
        "notes": list(_notes(archive, sample, whole, by)),
        ALL: whole,
        "by": by,
    }


def signature(archive: Archive, gold: Gold | None = None) -> str:
    """Say in one line what the shares rest on."""
    parts = (
        "shares",
        f"archive:{archive.sha256[:6]}",
        f"n:{len(archive.rows)}",
        f"docs:{len(archive.documents)}",
        f"gold:{gold.sha256[:6] if gold else NONE}",
        f"labels:{archive.scheme.signature}",
        f"gongbao:{__version__}",
    )
    return "|".join(parts)


def _group(archive: Archive, rows: Bools, sample: tuple[Bools, Bools] | None) -> dict[str, Any]:
    """The sizes and shares of a group, the archive's `rows`, corrected with the sample: who is labelled, and how."""
    labelled, truth = sample or (np.zeros_like(rows), np.zeros_like(archive.answer))
    known = rows & labelled
    documents = len(np.unique(archive.document[known]))
    # To a group that is the whole archive, or labelled to the last row, other groups have nothing to add.
    own = bool((known.sum() >= FEW_PARAGRAPHS and documents >= FEW_DOCUMENTS) or rows.all() or (known == rows).all())
    found: dict[str, Any] = {
        "paragraphs": int(rows.sum()),
        "documents": len(np.unique(archive.document[rows])),
        "characters": None if archive.characters is None else int(archive.characters[rows].sum()),
        "labelled": {"paragraphs": int(known.sum()), "documents": documents},
        "correction": ("own" if own else "pooled") if sample else None,
        "shares": {},
    }
    for unit, weight in zip(UNITS, (np.ones(len(rows)), archive.characters), strict=True):
        cells = None
        if weight is not None and weight[rows].any():
            alone = _sums(archive, weight, rows, known, truth)
            cells = _raw(archive, alone)
            if sample:
                pooled = alone if own else _sums(archive, weight, rows, labelled, truth)
                cells = _corrected(cells, alone if own else None, pooled)
        found["shares"][unit] = cells
    return found


def _sums(archive: Archive, weight: Floats, rows: Bools, labelled: Bools, truth: Bools) -> Sums:
    taken = rows | labelled
    parts = (archive.answer[taken], labelled[taken], truth[taken], rows[taken])
    return add_up(archive.document[taken], weight[taken], *parts)


def _raw(archive: Archive, sums: Sums) -> dict[str, dict[str, Any]]:
    plain = raw(sums)
    labels = (*archive.scheme.ids, NONE)
    return {label: {"raw": _cell(plain, n), "corrected": None, "rogan_gladen": None} for n, label in enumerate(labels)}


def _corrected(cells: dict[str, dict[str, Any]], own: Sums | None, pooled: Sums) -> dict[str, dict[str, Any]]:
    gladen = rogan_gladen(pooled)
    best = prediction_powered(own) if own else gladen
    hits, wrong = (rate[0] for rate in rates(pooled.total()))
    for n, cell in enumerate(cells.values()):
        cell["corrected"] = _cell(best, n)
        cell["rogan_gladen"] = _cell(gladen, n)
        cell["rogan_gladen"] |= {"sensitivity": _rounded(hits[n]), "specificity": _rounded(1 - wrong[n])}
    return cells


def _cell(estimate: Estimate, n: int) -> dict[str, Any]:
    low, high = _rounded(estimate.low[n]), _rounded(estimate.high[n])
    return {"share": _rounded(estimate.share[n]), "interval": None if low is None else [low, high]}


def _rounded(value: float) -> float | None:
    # Adding zero turns -0.0 into 0.0.
    return None if np.isnan(value) else round(float(value), DECIMALS) + 0.0


def _notes(
    archive: Archive, sample: tuple[Bools, Bools] | None, whole: dict[str, Any], by: dict[str, Any]
) -> Iterator[str]:
    """What a reader must know before using the figures."""
    if sample is None:
        yield "Not corrected: without a labelled sample (--gold) these are the model's answers, errors included."
    else:
        yield from _sample_notes(archive, *sample, whole)
    if whole["documents"] < 2:
        yield "No intervals: they take at least two documents."
    bare = sum(row.text is None for row in archive.rows)
    if bare:
        come = "comes" if bare == 1 else "come"
        yield f"No shares of characters: {bare:,} of {many(len(archive.rows), 'row')} {come} without `text`."
    single = sum("document" not in row.keys for row in archive.rows)
    if single:
        name = f"{many(single, 'row')} {'names' if single == 1 else 'name'}"
        yield f"{name} no `document`: each counts as a document of its own, and intervals may be too short."
    if len(archive.models) > 1:
        yield f"The predictions come from {many(len(archive.models), 'model')}, which may err differently."
    for key, groups in by.items():
        if MISSING in groups:
            count = groups[MISSING]["paragraphs"]
            have = "has none and is" if count == 1 else "have none and are"
            yield f"By {key}: {many(count, 'paragraph')} {have} the group {MISSING}."
    few = {key: sum(group["correction"] == "pooled" for group in groups.values()) for key, groups in by.items()}
    if any(few.values()):
        counts = ", ".join(f"by {key} {count} of {len(by[key])}" for key, count in few.items() if count)
        yield (
            f"Marked †: groups with too few labelled paragraphs to correct alone, fewer than {FEW_PARAGRAPHS} or of "
            f"fewer than {FEW_DOCUMENTS} documents ({counts}). They take the error rates of the whole sample, which is "
            "right if the model errs alike in every group."
        )
    if sample is not None:
        yield from _labelled_notes(whole, by)


def _labelled_notes(whole: dict[str, Any], by: dict[str, Any]) -> Iterator[str]:
    """Where nothing is left to estimate, that an interval stands there all the same."""

    def is_labelled(group: dict[str, Any]) -> bool:
        return bool(group["labelled"]["paragraphs"] == group["paragraphs"])

    counts = {key: sum(map(is_labelled, groups.values())) for key, groups in by.items()}
    where = ["the archive"] if is_labelled(whole) else []
    where += [f"by {key} {count} of {len(by[key])}" for key, count in counts.items() if count and not where]
    if where:
        yield (
            f"Wholly labelled: {', '.join(where)}. Such a share is known; its interval still speaks of documents like "
            "these, of which they are one draw."
        )


def _sample_notes(archive: Archive, labelled: Bools, truth: Bools, whole: dict[str, Any]) -> Iterator[str]:
    size, documents = whole["labelled"].values()
    if size < FEW_PARAGRAPHS or documents < FEW_DOCUMENTS:
        sizes = f"{many(size, 'labelled paragraph')} of {many(documents, 'document')}"
        yield f"The sample is small, {sizes}: the correction is rough."
    labels = np.array([*archive.scheme.ids, NONE])
    unseen = labels[~truth.any(axis=0)].tolist()
    if unseen:
        yield f"Never in the labelled sample, so that their sensitivity is unknown: {', '.join(unseen)}."
    everywhere = np.ones_like(labelled)
    unlike = is_unlike(_sums(archive, np.ones(len(labelled)), everywhere, labelled, truth))
    for label, inside, overall in zip(
        labels[unlike], archive.answer[labelled].mean(axis=0)[unlike], archive.answer.mean(axis=0)[unlike], strict=True
    ):
        yield (
            f"Is the labelled sample a random one? The model answers {label} in {100 * inside:.1f}{PERCENT} of it and "
            f"in {100 * overall:.1f}{PERCENT} of the archive, more apart than chance has it."
        )
