"""Behavioural checks: texts are changed in ways whose effect on the labels is known; a pass rate and failures each.

After CheckList (Ribeiro et al., Beyond accuracy, 2020). `cases.toml` holds the texts with the codebook's labels;
`eval.cases` makes the changes, always the same. A check is one of three kinds:

    invariance    the labels stay what they were, right or wrong
    no label      the change brings no label that the codebook does not give
    directional   the change brings or takes away its label, and no other label changes
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval import cases
from eval.cases import CASES, NO_LABEL, Case, Material, read_material
from eval.intervals import wilson
from eval.system import DECIMALS
from gongbao.documents import Prediction
from gongbao.labeler import Labeler

Kind = Literal["invariance", "no label", "directional"]


@dataclass(frozen=True)
class Check:
    """A check: its names, what it expects in a sentence, and how its cases are made."""

    name: str
    zh: str
    kind: Kind
    expects: str
    cases: Callable[[Material], Iterator[Case]]


CHECKS = (
    Check("line wrapping", "折行", "invariance",
          "A paragraph printed in lines comes back as one paragraph, with the same labels.", cases.wrapped),
    Check("column and page breaks", "分栏与分页", "invariance",
          "A paragraph cut by a column or page break comes back as one paragraph, with the same labels.", cases.broken),
    Check("full and half width", "全角与半角", "invariance",
          "Figures and letters in full width, or punctuation in half width, change no label.", cases.widths),
    Check("quotation marks", "引号与书名号", "invariance",
          "Straight quotation marks for “” and 《》, or none, change no label.", cases.marks),
    Check("year", "年份", "invariance",
          "An earlier year, or the year in characters, changes no label.", cases.years),
    Check("place name", "地名", "invariance",
          "The name of another province or city changes no label.", cases.places),
    Check("who speaks", "发言主体", "invariance",
          "Another speaker, or none, changes no label.", cases.speakers),
    Check("split paragraph", "分段", "invariance",
          "The two parts of a paragraph have between them the labels of the whole.", cases.divided),
    Check("joined paragraphs", "并段", "invariance",
          "Two paragraphs made one have the labels that they had between them.", cases.joined),
    Check("order of sentences", "句序", "invariance",
          "The sentences in reverse have the same labels.", cases.reordered),
    Check("slogan alone", "口号独立成段", "no label",
          "A slogan or formula that is a paragraph has no label.", cases.slogans),
    Check("slogan within", "段中口号", "no label",
          "A slogan or formula adds no label to a paragraph.", cases.slogans_within),
    Check("metaphor", "比喻与转义", "no label",
          "A word of a domain that is used in another sense adds no label.", cases.metaphors),
    Check("sentence added", "增句", "directional",
          "A labelled sentence adds its label to a paragraph, which keeps its own and gains no other.", cases.added),
    Check("sentence removed", "删句", "directional",
          "A label goes with the sentences that carry it; the others stay, and none comes.", cases.removed),
)  # fmt: skip


def behave(labeler: Labeler, path: str | Path = CASES) -> list[dict[str, Any]]:
    """Run every check on a labeller; returns a row each, ready for JSON.

    A row has `name`, `zh`, `kind`, `expects`, `n`, `passed`, `rate`, `interval` and `failures`. A failure has `change`,
    the texts `input` and `changed` (a line a paragraph), the labels `before`, `after` and `expected` (at least, at
    most), whether the paragraph came back `whole`, and the scores of every label that changed or should have. Each text
    is labelled once, in one call. Raises GongbaoError as `read_material` does, as for a labeller of another scheme.
    """
    material = read_material(path, labeler.scheme)
    made = [(check, list(check.cases(material))) for check in CHECKS]
    texts = list(dict.fromkeys(text for _, own in made for case in own for text in (*case.input, *case.changed)))
    answers = dict(zip(texts, labeler.label(texts), strict=True))
    rows = []
    for check, own in made:
        failures = [found for case in own if (found := _failure(case, check.kind, answers, labeler))]
        n, passed = len(own), len(own) - len(failures)
        row = {"name": check.name, "zh": check.zh, "kind": check.kind, "expects": check.expects, "n": n}
        rate = passed / n if n else None
        rows.append(row | {"passed": passed, "rate": rate, "interval": wilson(passed, n), "failures": failures})
    return rows


def _failure(case: Case, kind: Kind, answers: Mapping[str, Prediction], labeler: Labeler) -> dict[str, Any] | None:
    """What is reported of a case that fails; None for one that passes."""
    scheme = labeler.scheme
    old, new = ([answers[text] for text in texts] for texts in (case.input, case.changed))
    before, after = cases.union(old), cases.union(new)
    least, most = before, before
    if kind == "no label":
        least, most = NO_LABEL, before | case.labels
    elif kind == "directional":
        # Of the other labels, those that the model found, and rightly, are to be kept.
        least, most = case.adds | (before & case.labels), (before | case.labels) - case.takes
    # What was there cannot be added, and what was not there cannot be taken away.
    wrong = (least - after) | (after - most) | (case.adds & before) | (case.takes - before)
    if not wrong and case.whole:
        return None
    thresholds = dict(zip(scheme.ids, map(float, labeler.decision.thresholds), strict=True))
    return {
        "change": case.change,
        "input": "\n".join(case.input),
        "changed": "\n".join(case.changed),
        "before": scheme.check(before),
        "after": scheme.check(after),
        "expected": {"at_least": scheme.check(least), "at_most": scheme.check(most)},
        "whole": case.whole,
        "scores": {
            label: {"before": _score(old, label), "after": _score(new, label), "threshold": thresholds[label]}
            for label in scheme.check(wrong | (before ^ after))
        },
    }


def _score(answers: Sequence[Prediction], label: str) -> float | None:
    return max((round(answer.scores[label], DECIMALS) for answer in answers), default=None)
